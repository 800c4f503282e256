"""What a network is worth on sources it never heard, and from which logit on it may raise its voice."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from sensors.audio.frontend import RATE_HZ, Samples
from sensors.audio.packs import ALERTS
from sensors.audio.training.corpus import UNKNOWN, Clip
from sensors.audio.training.network import Ear, Memory
from sensors.audio.training.scenes import HOP, HOPS, Composer
from sensors.audio.training.shards import log_mel

Floats = NDArray[np.float64]

TAIL_HOPS = 3
"""Silence after a clip, so that what sounds at its very end is still heard."""

PER_HOUR = 1.0
"""False alarms of all classes together for which the thresholds stand."""

ORDINARY = frozenset(
    "crowd_laughter door footsteps household human_other machinery music rain_wind_water room_tone speech "
    "vehicle".split()
)
"""What a place sounds like when all is well, hour after hour. Thunder, bells, fireworks, fires and animals are heard
for what they resemble, but are too rare to be counted by the hour."""

SUSTAINED = {"alarm": 3, "baby_cry": 3, "siren": 3}
"""Classes that last, and for how many hops they must be heard before they count."""

LEAST = 2
"""Clips of a class from which a figure is told: one clip is no measure."""

LARGEST = 60
"""Scenes whose maxima tell the tail."""


class Limit(NamedTuple):
    """What ordinary sound makes of one class.

    Attributes
    ----------
    level : float
        Logit that it passes so seldom that all classes together make `PER_HOUR` false alarms an hour.
    spread : float
        By so much more, and it happens 1/e as often.
    """

    level: float
    spread: float


@dataclass(frozen=True, slots=True)
class Examination:
    """What came out.

    Attributes
    ----------
    sources : list of str
        Held out.
    clips : int
        How many clips were heard.
    precision : dict of str to float
        Average precision of each alert class that is among them.
    macro : float
        Their mean.
    margins : dict of str to float
        How much higher the threshold of each class had to be on held-out sources than it was chosen, in logits.
    counts : dict of str to int
        Clips of each class that were heard; empty where nobody counted.
    beside : dict of str to dict of str to float
        Average precision of others on the same clips, by what they are called.
    """

    sources: list[str]
    clips: int
    precision: dict[str, float]
    macro: float
    margins: dict[str, float]
    counts: dict[str, int] = field(default_factory=dict)
    beside: dict[str, dict[str, float]] = field(default_factory=dict)

    def told(self) -> dict[str, object]:
        """As JSON takes it."""
        return asdict(self)


def examine(
    ear: Ear, labels: list[str], limits: Mapping[str, Limit], unseen: Sequence[Clip], hours: float
) -> Examination:
    """Hear clips of held-out sources, and ordinary sound made of them; `limits` are the thresholds of those heard."""
    unseen = [clip for clip in unseen if clip.label != UNKNOWN]
    scores = np.stack([hear(ear, clip_frames(clip)[None])[0].max(axis=0) for clip in unseen])
    precision = precisions(scores[:, [labels.index(label) for label in ALERTS if label in labels]], labels, unseen)
    wanted = thresholds(ear, labels, unseen, hours)
    margins = {label: round(wanted[label].level - limit.level, 3) for label, limit in limits.items()}
    sources = sorted({clip.source for clip in unseen})
    macro = float(np.mean(list(precision.values()))) if precision else float("nan")
    counts = {label: sum(clip.label == label for clip in unseen) for label in precision}
    return Examination(sources, len(unseen), precision, macro, margins, counts)


def precisions(scores: Floats, labels: Sequence[str], clips: Sequence[Clip]) -> dict[str, float]:
    """Average precision of each alert class that `LEAST` of the clips have.

    Parameters
    ----------
    scores : ndarray (clips, alert classes)
        Highest of each clip, in the order of `ALERTS`, those alone that are among the labels.
    labels : sequence of str
        All classes that are known.
    clips : sequence of Clip
        What was heard.
    """
    from sklearn.metrics import average_precision_score  # type: ignore[import-untyped]

    truth = np.array([clip.label for clip in clips])
    known = [label for label in ALERTS if label in labels]
    return {
        label: float(average_precision_score(truth == label, scores[:, column]))
        for column, label in enumerate(known)
        if (truth == label).sum() >= LEAST
    }


def clip_frames(clip: Clip) -> NDArray[np.float32]:
    """Frames of a clip and of the silence after it: (16 hops, 64)."""
    hops = -(-len(clip.samples) // HOP) + TAIL_HOPS
    return log_mel(np.pad(clip.sound, (0, hops * HOP - len(clip.samples))))


def hear(ear: Ear, frames: NDArray[np.float32]) -> Floats:
    """Logits (batch, hops, classes) of frames (batch, 16 hops, 64)."""
    ear.eval()
    with torch.no_grad():
        logits, _, _ = ear(torch.from_numpy(np.asarray(frames, np.float32)), Memory())
    return np.asarray(logits.numpy(), np.float64)


def thresholds(ear: Ear, labels: list[str], clips: Sequence[Clip], hours: float) -> dict[str, Limit]:
    """How far up ordinary sound drives each alert class of the network; `SUSTAINED` ones by what lasts."""

    def highest(sounds: Sequence[Samples]) -> Floats:
        logits = hear(ear, np.stack([log_mel(sound) for sound in sounds]))
        return np.stack([lasting(logits[:, :, i], SUSTAINED.get(label, 1)) for i, label in enumerate(labels)], 1)

    return ordinary_limits(highest, labels, clips, hours)


def ordinary_limits(
    highest: Callable[[Sequence[Samples]], Floats], labels: Sequence[str], clips: Sequence[Clip], hours: float
) -> dict[str, Limit]:
    """How far up each alert class is driven by ordinary sound, whoever hears it.

    Scenes of 4 s are made of `ORDINARY` sounds; the tail of the scenes' maxima is taken as exponential beyond the
    `LARGEST` largest (Pickands 1975, doi:10.1214/aos/1176343003, shape 0). Its spread comes from their median, so that
    a few clips that hold more than their label says do not stretch it.

    Parameters
    ----------
    highest : callable
        Largest logit of each class in each of some scenes: (scenes, classes).
    labels : sequence of str
        The classes.
    clips : sequence of Clip
        Where to take ordinary sounds from.
    hours : float
        How much to hear.
    """
    composer = Composer([clip for clip in clips if clip.label in ORDINARY], labels, made=False)
    random = np.random.default_rng(7)
    count = max(LARGEST * 4, int(hours * 3600 / (HOPS * HOP / RATE_HZ)))
    sizes = [min(64, count - begin) for begin in range(0, count, 64)]
    maxima = np.concatenate([highest([composer.compose(random).samples for _ in range(size)]) for size in sizes])
    alerts = [label for label in ALERTS if label in labels]
    return {label: per_hour_limit(maxima[:, list(labels).index(label)], len(alerts)) for label in alerts}


def lasting(logits: Floats, hops: int) -> Floats:
    """Level that each scene, (scenes, hops), keeps up for so many hops on end: (scenes,)."""
    windows = np.lib.stride_tricks.sliding_window_view(logits, hops, axis=1)
    return np.asarray(windows.min(axis=2).max(axis=1))


def per_hour_limit(maxima: Floats, classes: int) -> Limit:
    """What maxima of 4 s pass so seldom that `classes` classes together do it `PER_HOUR` times an hour.

    Parameters
    ----------
    maxima : ndarray (n,)
        Largest value of each scene, n > `LARGEST`.
    classes : int
        Classes that share the false alarms equally.
    """
    ordered = np.sort(maxima)[::-1]
    many = min(LARGEST, len(ordered) - 1)
    per_scene = PER_HOUR / classes / (3600 / (HOPS * HOP / RATE_HZ))
    spread = float(np.median(ordered[:many]) - ordered[many]) / math.log(2)
    return Limit(float(ordered[many]) + spread * math.log(many / len(ordered) / per_scene), spread)
