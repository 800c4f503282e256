"""How well scores rank clips, and how far that can be trusted: average precision, AUROC, bootstrap over sources."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sensors.errors import BadInputError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

TRIES = 1000
"""Draws for one draw that is kept, at most."""


def average_precision(positive: Flags, scores: Floats, weights: Floats) -> Floats:
    """Area under the steps of precision over recall; equal scores are one step.

    Parameters
    ----------
    positive : ndarray (N,) bool
        Which clips are of the class.
    scores : ndarray (N,)
        Larger is more likely.
    weights : ndarray (D, N)
        How often each clip counts, >= 0, in each of D draws; each draw holds a positive.

    Returns
    -------
    ndarray (D,)
        In (0, 1].
    """
    hits, others = _counts(positive, scores, weights)
    precision = hits / np.maximum(hits + others, np.finfo(np.float64).tiny)
    recall = hits / hits[:, -1:]
    return np.asarray((np.diff(recall, axis=1, prepend=0.0) * precision).sum(axis=1))


def auroc(positive: Flags, scores: Floats, weights: Floats) -> Floats:
    """Chance that a clip of the class scores above one that is not; equal scores count half.

    Parameters
    ----------
    positive, scores, weights
        As for `average_precision`; each draw holds a clip that is not positive, too.

    Returns
    -------
    ndarray (D,)
        In [0, 1].
    """
    hits, others = (np.pad(counts, ((0, 0), (1, 0))) for counts in _counts(positive, scores, weights))
    return np.asarray(np.trapezoid(hits / hits[:, -1:], others / others[:, -1:], axis=1))


def draw_sources(sources: Sequence[str], classes: Flags, draws: int, rng: np.random.Generator) -> Floats:
    """How often each clip counts when sources, and inside them clips, are drawn with replacement.

    Parameters
    ----------
    sources : sequence of N str
        Where each clip comes from.
    classes : ndarray (C, N) bool
        Clips of each class. A draw without any of a class, or with nothing but these, is drawn again.
    draws : int
        Draws that are kept.
    rng : Generator
        Where chance comes from.

    Returns
    -------
    ndarray (draws, N)
        Whole numbers >= 0.

    References
    ----------
    Davison, A. C., Hinkley, D. V. (1997). Bootstrap Methods and their Application, section 3.8.
    doi:10.1017/CBO9780511802843
    """
    names, place = np.unique(np.asarray(sources), return_inverse=True)
    members = [np.flatnonzero(place == index) for index in range(len(names))]
    kept: list[Floats] = []
    for _ in range(TRIES * draws):
        if len(kept) == draws:
            break
        drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)))
        if (drawn[place[None, :]] * classes).sum(axis=1).min() == 0:
            continue
        weights = np.zeros(len(sources))
        for times, clips in zip(drawn, members, strict=True):
            weights[clips] = rng.multinomial(times * len(clips), np.full(len(clips), 1 / len(clips)))
        found = classes @ weights
        if found.min() > 0 and found.max() < weights.sum():
            kept.append(weights)
    if len(kept) < draws:
        raise BadInputError("some class is too rare to draw from", where="clips", mend="hold out more sources")
    return np.array(kept)


def interval(values: Floats) -> tuple[float, float]:
    """Where the middle 95 % of the draws lie."""
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def _counts(positive: Flags, scores: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Clips of the class, and others, at or above each distinct score from the highest down, (D, distinct)."""
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    hits = np.cumsum((weights * positive)[:, order], axis=1)[:, last]
    others = np.cumsum((weights * ~positive)[:, order], axis=1)[:, last]
    return hits, others
