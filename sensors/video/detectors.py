"""How strange the motion in a picture is for its place.

1. `energy`: how much the picture changes.
2. `flow`: how fast it moves, on average over the picture.
3. `foreground`: how much of it is off the background.

Each is the logarithm of the measure against this camera's own past, in robust scales; more counts, less does not
alarm. Why logarithms: motion is multiplicative, and twice the usual should mean the same in a lobby and in a yard.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sensors.base import Arrays
from sensors.condition import Condition, Fault
from sensors.past import RobustPast
from sensors.types import NS, Features, Health, Modality, Quality, Score
from sensors.video.condition import Usual, find_fault
from sensors.video.layout import NAMES

Floats = NDArray[np.float64]

CHANNELS = (("energy", "", 1.0), ("flow", "heights/s", 1.0), ("foreground", "%", 100.0))
"""Name, unit and factor of each channel's value."""

FLOORS = np.array([0.2, 0.01, 0.003])
"""Added before the logarithm: energy of a still picture, flow's noise, a few pixels."""

SCALE_FLOOR = 0.1
"""Least scale of the logarithms: a tenth more is not strange anywhere."""

MEASURES = [NAMES.index(name) for name in ("energy", "flow_mean_heights_s", "foreground_ratio")]
LOOKS = [NAMES.index(name) for name in ("brightness", "contrast", "texture", "identical_s")]


class VideoDetector:
    """Energy, flow and foreground of a camera.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    capacity : int
        Past frames kept; with `spacing_ns` 6000 are 50 minutes of quiet and 120 kB.
    spacing_ns : int
        Least event time between two that are kept, nanoseconds.
    minimum : int
        Kept frames from which scores are given.
    """

    def __init__(self, stream: str, *, capacity: int = 6000, spacing_ns: int = NS // 2, minimum: int = 40) -> None:
        self.stream = stream
        self._past = RobustPast(
            6, capacity, spacing_ns=spacing_ns, minimum=minimum, floor=[SCALE_FLOOR] * 3 + [1e-3] * 3
        )
        self._condition = Condition(stream, onset_ns=NS, hold_ns=2 * NS)

    def score(self, features: Features) -> list[Score | Health]:
        """Scores of the three channels, and the camera's health."""
        measures = features.values[MEASURES]
        unknown = not bool(np.isfinite(measures).all())
        quality, changes = self._condition.judge(features.end_ns, self._fault(features.values), suspect=unknown)
        if quality is Quality.OK and not self._past.ready:
            quality = Quality.WARMING
        if quality is not Quality.OK:
            return [*changes, *(self._abstain(features, name, quality) for name, _, _ in CHANNELS)]
        deviations = (np.log(measures + FLOORS) - self._past.median[:3]) / self._past.scale[:3]
        usual = np.exp(self._past.median[:3]) - FLOORS
        told: list[Score | Health] = [*changes]
        for (name, unit, factor), raw, value, middle in zip(CHANNELS, deviations, measures, usual, strict=True):
            about = (self.stream, f"{self.stream}:{name}", Modality.VIDEO, features.end_ns, features.span_ns)
            seen, normal = float(value) * factor, max(0.0, float(middle)) * factor
            told.append(Score(*about, float(raw), Quality.OK, (), seen, normal, unit))
        return told

    def learn(self, features: Features) -> None:
        """Take this frame as normal, unless the camera was blind."""
        measures = features.values[MEASURES]
        if not np.isfinite(measures).all() or self._fault(features.values) is not None:
            return
        brightness, _, texture, identical_s = features.values[LOOKS]
        self._past.learn(np.array([*np.log(measures + FLOORS), brightness, texture, identical_s]), features.end_ns)

    def state(self) -> Arrays:
        """The past, as arrays."""
        return self._past.state()

    def restore(self, state: Arrays) -> None:
        """Begin with the past of an equal detector."""
        self._past.restore(state)

    def _fault(self, values: Floats) -> Fault | None:
        usual = None
        if self._past.ready:
            brightness, texture, still_s = (float(value) for value in self._past.median[3:])
            usual = Usual(brightness, texture, still_s + 3 * float(self._past.scale[5]))
        return find_fault(*(float(value) for value in values[LOOKS]), usual=usual)

    def _abstain(self, features: Features, name: str, quality: Quality) -> Score:
        channel = f"{self.stream}:{name}"
        return Score(self.stream, channel, Modality.VIDEO, features.end_ns, features.span_ns, None, quality)
