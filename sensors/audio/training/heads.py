"""Our classes on YAMNet's embedding, for those who have YAMNet: one logistic regression a class, as plain arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.audio.packs import ALERTS
from sensors.audio.training.corpus import OTHER, UNKNOWN, Clip, load_corpus
from sensors.audio.training.examine import ORDINARY, per_hour_limit
from sensors.audio.training.scenes import HOP, HOPS, Composer
from sensors.audio.training.teachers import WINDOW, Yamnet

Floats = NDArray[np.float32]

STRENGTH = 0.002
"""Inverse of the penalty on large weights."""


def train_heads(data: Path, yamnet: Path, out: Path, hours: float = 2.0) -> Path:
    """Fit and store the heads: weights (C, 1024), bias (C,), mean (1024,), scale (1024,), labels.

    Parameters
    ----------
    data : Path
        A corpus.
    yamnet : Path
        YAMNet as TFLite.
    out : Path
        The file to write, `.npz`.
    hours : float
        Ordinary sound from which the thresholds of the alert classes are taken: logit 0 stands for one false alarm
        an hour of all of them together.

    Returns
    -------
    Path
        `out`.
    """
    clips, teacher = [clip for clip in load_corpus(data) if clip.label not in (UNKNOWN, OTHER)], Yamnet(yamnet)
    labels = sorted({clip.label for clip in clips})
    windows, owners = embed(clips, teacher)
    mean, scale = windows.mean(axis=0), windows.std(axis=0) + np.float32(0.05)
    weights, bias = fit((windows - mean) / scale, owners, clips, labels)
    limits = ordinary_limits(clips, labels, teacher, weights, bias, mean, scale, hours)
    bias -= np.array([limits.get(label, 0.0) for label in labels], np.float32)
    np.savez(out, weights=weights, bias=bias, mean=mean, scale=scale)
    return out


def embed(clips: Sequence[Clip], teacher: Yamnet) -> tuple[Floats, NDArray[np.int64]]:
    """Embeddings of all windows with half overlap, and the index of the clip that each is from."""
    found, owners = [], []
    for index, clip in enumerate(clips):
        sound = np.pad(clip.sound, (0, max(0, WINDOW - len(clip.samples))))
        for begin in range(0, len(sound) - WINDOW + 1, WINDOW // 2):
            found.append(teacher.hear(sound[begin : begin + WINDOW])[0])
            owners.append(index)
    return np.stack(found), np.array(owners)


def fit(
    places: Floats, owners: NDArray[np.int64], clips: Sequence[Clip], labels: Sequence[str]
) -> tuple[Floats, Floats]:
    """Weights and bias of each class against all others; every clip counts the same within its class and source."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    own = Counter(int(owner) for owner in owners)
    families = Counter((clip.label, clip.source) for clip in clips)
    share = np.array([families[clips[o].label, clips[o].source] ** -0.5 / own[int(o)] for o in owners])
    truth = np.array([clips[o].label for o in owners])
    weights, bias = [], []
    for label in labels:
        mine = truth == label
        balance = np.where(mine, share / share[mine].sum(), share / share[~mine].sum()) * len(share) / 2
        model = LogisticRegression(C=STRENGTH, max_iter=300).fit(places, mine, sample_weight=balance)
        weights.append(model.coef_[0])
        bias.append(model.intercept_[0])
    return np.array(weights, np.float32), np.array(bias, np.float32)


def ordinary_limits(
    clips: Sequence[Clip], labels: Sequence[str], teacher: Yamnet,
    weights: Floats, bias: Floats, mean: Floats, scale: Floats, hours: float,
) -> dict[str, float]:  # fmt: skip
    """Logit of each alert class that ordinary sound passes so seldom that all make one false alarm an hour."""
    composer = Composer([clip for clip in clips if clip.label in ORDINARY], labels, made=False)
    random = np.random.default_rng(7)
    count = max(1, int(hours * 3600 / (HOPS * HOP / 16_000)))
    maxima = np.full((count, len(labels)), -np.inf)
    for row in range(count):
        sound = composer.compose(random).samples
        ends = range(WINDOW, len(sound) + 1, 2 * HOP)
        heard = np.stack([teacher.hear(sound[end - WINDOW : end])[0] for end in ends])
        maxima[row] = ((heard - mean) / scale @ weights.T + bias).max(axis=0)
    alerts = [label for label in ALERTS if label in labels]
    return {label: per_hour_limit(maxima[:, list(labels).index(label)], len(alerts)) for label in alerts}
