"""Our classes on YAMNet's embedding, for those who have YAMNet: one logistic regression a class, as plain arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.audio.packs import ALERTS
from sensors.audio.training.corpus import OTHER, UNKNOWN, Clip, load_corpus
from sensors.audio.training.examine import ordinary_limits, precisions
from sensors.audio.training.fold import NAMES
from sensors.audio.training.scenes import HOP, LENGTH
from sensors.audio.training.teachers import WINDOW, Yamnet

Floats = NDArray[np.float32]

STRENGTH = 0.002
"""Inverse of the penalty on large weights."""

ENDS = range(WINDOW, LENGTH + 1, 2 * HOP)
"""Samples of a scene at which the windows end that are heard of it."""


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

    def highest(sounds: Sequence[Floats]) -> NDArray[np.float64]:
        heard = np.stack([[teacher.hear(sound[end - WINDOW : end])[0] for end in ENDS] for sound in sounds])
        return np.asarray(((heard - mean) / scale @ weights.T + bias).max(axis=1), np.float64)

    limits = ordinary_limits(highest, labels, clips, hours)
    bias -= np.array([limits[label].level if label in limits else 0.0 for label in labels], np.float32)
    np.savez(out, weights=weights, bias=bias, mean=mean, scale=scale)
    return out


def embed(clips: Sequence[Clip], teacher: Yamnet) -> tuple[Floats, NDArray[np.int64]]:
    """Embeddings of all windows with half overlap, and the index of the clip that each is from."""
    found, owners = [], []
    for index, clip in enumerate(clips):
        for window in cut_windows(clip):
            found.append(teacher.hear(window)[0])
            owners.append(index)
    return np.stack(found), np.array(owners)


def cut_windows(clip: Clip) -> list[Floats]:
    """Windows of a clip with half overlap; one with silence after it where the clip is shorter."""
    sound = np.pad(clip.sound, (0, max(0, WINDOW - len(clip.samples))))
    return [sound[begin : begin + WINDOW] for begin in range(0, len(sound) - WINDOW + 1, WINDOW // 2)]


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


def judge_teacher(teacher: Yamnet, heard: Sequence[Clip], unseen: Sequence[Clip]) -> dict[str, dict[str, float]]:
    """Average precision of the teacher on clips never heard: by its own classes, and by ours on its embedding.

    Parameters
    ----------
    teacher : Yamnet
        Whom to judge.
    heard, unseen : sequence of Clip
        What our classes are fitted on; what is judged.
    """
    heard = [clip for clip in heard if clip.label != UNKNOWN]
    unseen = [clip for clip in unseen if clip.label != UNKNOWN]
    known = sorted({clip.label for clip in heard} & set(ALERTS))
    windows, owners = embed(heard, teacher)
    mean, scale = windows.mean(axis=0), windows.std(axis=0) + np.float32(0.05)
    weights, bias = fit((windows - mean) / scale, owners, heard, known)
    named, fitted = [], []
    for clip in unseen:
        told = [teacher.hear(window) for window in cut_windows(clip)]
        named.append(np.max([[scores[list(NAMES[label])].max() for label in known] for _, scores in told], axis=0))
        places = (np.stack([place for place, _ in told]) - mean) / scale
        fitted.append((places @ weights.T + bias).max(axis=0))
    return {
        "YAMNet's own classes": precisions(np.array(named, np.float64), known, unseen),
        "regression on its embedding": precisions(np.array(fitted, np.float64), known, unseen),
    }
