"""How strange each row of readings is: every channel beside its own past, and all of them together.

1. The detector scores the row's channels; each is ranked against the raw scores that it had before (`calibrate`).
2. `overall` is the mean of their Cauchy scores as -log10 of its p-value: of d quantities all that each does for itself
   weighs 1 / (d + 1), what they do together the rest, as far as both are known. It is ranked against its own past too.
3. `onset` is the same of where quantities are (`PLACES`) and what they do together, until it reaches `BEGUN`; then it
   is 0 for `REST_ROWS` rows: what lasts begins only once.
4. `shift` says how rare a move of all quantities to another level is, beside the level since the last (`shifts`).
5. What is old enough is learned. A row that is strange together with its neighbours (`LASTING`) is not, until that has
   lasted so long that it is the new normal.

Why so much for the joint behaviour: forty quantities are forty chances to be strange by chance. Why slow drift is left
out of `overall`: it lasts by nature, and would speak over everything that happens meanwhile. Why `onset` hears no
movements: on half of NAB's folders it scored 54 with them and 73 without, on the other half then 55 and 65.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from fusion.calibrate import Past
from fusion.combine import p_value_of, surprise_of
from fusion.engine import EngineSettings
from fusion.senses import SPREAD
from fusion.shifts import Shifts
from sensors.base import Detector
from sensors.types import Features, Modality, Quality, Score

BEGUN, REST_ROWS = 2.5, 200
"""An `overall` from which something has begun, and rows for which it then goes on."""

PLACES = (".level", ".rate")
"""Aspects that say where a quantity is."""

ASPECTS = 5
"""Channels of one measured quantity that count."""

LASTING_ROWS, LASTING = 10, 1.5
"""A row is strange together with its neighbours where `overall` averages more than this over so many rows."""

PENDING_ROWS = 20_000
"""Most rows that wait to be learned, where the first rows made believe that they come seldom."""

DEPTH = 2.5
"""No p-value told is below (n + 1) ** -DEPTH for a past of n scores."""

OVERALL, ONSET, SHIFT = ":overall", ":onset", ":shift"
"""Ends of the names of the channels of a row as a whole."""

_APART, _JOINT, _LEVEL = ".drift", ":together.", ".level"


@dataclass(frozen=True, slots=True)
class Judged:
    """A score, how rare it is here, and what it is good for: `p_value` is None unless `quality` is OK."""

    score: Score
    p_value: float | None
    quality: Quality


class _Channel:
    """The past of a channel, what it counts for, and when it was last noted to be learned."""

    __slots__ = ("counts", "joint", "level", "noted_ns", "past", "place")

    def __init__(self, name: str) -> None:
        self.past = Past(depth=math.inf, prior=SPREAD)
        self.noted_ns: int | None = None
        self.joint, self.counts = _JOINT in name, not name.endswith(_APART)
        self.place, self.level = name.endswith(PLACES), name.endswith(_LEVEL)


class RowJudge:
    """A detector, and the past of each of its channels.

    Parameters
    ----------
    detector : Detector
        Fresh, or with what it learned before.
    settings : EngineSettings
        When scores are learned.
    """

    def __init__(self, detector: Detector, settings: EngineSettings) -> None:
        self._detector, self._settings = detector, settings
        self._channels: dict[str, _Channel] = {}
        self._pending: deque[_Row] = deque()
        self._shifts = Shifts()
        self._resting = 0
        self._lately: deque[float] = deque(maxlen=LASTING_ROWS)
        self._strange_ns: int | None = None
        self._known = False

    def taught(self) -> None:
        """All that was normal has been told: from here on nothing that lasts is taken for a new normal."""
        self._learn(None)
        self._known = True
        self._strange_ns = None
        self._lately.clear()

    def know(self, channel: str, raws: Iterable[float]) -> None:
        """Take scores as the past of a channel that the detector has only told of since."""
        past = self._channel(channel).past
        for raw in raws:
            past.learn(raw)

    def judge(self, features: Features, *, normal: bool = False) -> list[Judged]:
        """Learn what has become old enough, then score and rank a row; one that is `normal` is learned in any case."""
        self._learn(features.end_ns - self._settings.learn_after_ns)
        noted: list[tuple[Past, float]] = []
        alone: list[float] = []
        places: list[float] = []
        joint: list[float] = []
        values: dict[str, float] = {}
        told = []
        for one in self._detector.score(features):
            if not isinstance(one, Score):
                continue
            channel = self._channel(one.channel)
            judged, p_value = self._rank(channel, one, noted)
            told.append(judged)
            if channel.level and one.value is not None:
                values[one.channel] = one.value
            if p_value is not None and channel.counts:
                surprise = surprise_of(p_value)
                (joint if channel.joint else alone).append(surprise)
                if channel.place:
                    places.append(surprise)
        overall = _combine(alone, joint, ASPECTS)
        onset = self._begin(_combine(places, joint, 1))
        shift, differences = self._shifts.take(values)
        for name, raw in ((OVERALL, overall), (ONSET, onset), (SHIFT, shift)):
            told.append(self._whole(features, name, raw, noted))
        strange = not normal and self._is_lasting(features.end_ns, overall)
        self._pending.append(_Row(features, noted, differences, strange))
        return told

    def _begin(self, onset: float | None) -> float | None:
        """Silence what goes on since something began."""
        if onset is not None and self._resting:
            onset = 0.0
        self._resting = REST_ROWS if onset is not None and onset >= BEGUN else max(0, self._resting - 1)
        return onset

    def _whole(self, features: Features, name: str, raw: float | None, noted: list[tuple[Past, float]]) -> Judged:
        quality = Quality.WARMING if raw is None else Quality.OK
        stream = features.stream
        score = Score(stream, stream + name, Modality.ENVIRONMENT, features.end_ns, features.span_ns, raw, quality)
        return self._rank(self._channel(score.channel), score, noted)[0]

    def _is_lasting(self, at_ns: int, overall: float | None) -> bool:
        self._lately.append(overall or 0.0)
        if sum(self._lately) / LASTING_ROWS <= LASTING:
            self._strange_ns = None
            return False
        if self._strange_ns is None:
            self._strange_ns = at_ns
        return self._known or at_ns - self._strange_ns < self._settings.accept_after_ns

    def _learn(self, until_ns: int | None) -> None:
        """Learn what ended by a moment, or everything."""
        pending = self._pending
        while pending and (until_ns is None or pending[0].features.end_ns <= until_ns or len(pending) > PENDING_ROWS):
            row = pending.popleft()
            if row.strange:
                continue
            self._detector.learn(row.features)
            self._shifts.learn(row.differences)
            for past, raw in row.noted:
                past.learn(raw)

    def _channel(self, name: str) -> _Channel:
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = _Channel(name)
        return channel

    def _rank(self, channel: _Channel, score: Score, noted: list[tuple[Past, float]]) -> tuple[Judged, float | None]:
        raw, past = score.raw, channel.past
        if raw is None:
            return Judged(score, None, score.quality), None
        if channel.noted_ns is None or score.end_ns - channel.noted_ns >= self._settings.learn_every_ns:
            channel.noted_ns = score.end_ns
            noted.append((past, raw))
        count = len(past)
        if count < self._settings.least_scores:
            return Judged(score, None, Quality.WARMING), None
        p_value = past.rank(raw)[0]
        return Judged(score, max(p_value, (count + 1) ** -DEPTH), score.quality), p_value


class _Row(NamedTuple):
    """A row that waits to be learned: its features, scores with the pasts that take them, whether it was strange."""

    features: Features
    noted: list[tuple[Past, float]]
    differences: dict[str, float]
    strange: bool


def _combine(alone: list[float], joint: list[float], aspects: int) -> float | None:
    """Decades of rarity of a mean of Cauchy scores; None where there are none."""
    if not alone and not joint:
        return None
    weight = aspects / (aspects + len(alone)) if joint else 1.0
    surprise = weight * sum(alone) / max(len(alone), 1) + (1 - weight) * sum(joint) / max(len(joint), 1)
    return -math.log10(p_value_of(surprise))
