"""How strange each row of readings is: every channel beside its own past, and all of them together.

1. The detector scores the row's channels; each is ranked against the raw scores that it had before (`calibrate`).
2. `overall` is the mean of their Cauchy scores as -log10 of its p-value: of d quantities all that each does for itself
   weighs 1 / (d + 1), what they do together the rest, as far as both are known. It is ranked against its own past too.
3. `onset` is `overall` until it reaches `BEGUN`, and 0 for `REST_ROWS` rows after that: what lasts begins only once.
4. What is old enough is learned. A row that is strange together with its neighbours (`LASTING`) is not, until that has
   lasted so long that it is the new normal.

Why so much for the joint behaviour: forty quantities are forty chances to be strange by chance. Why slow drift is left
out of `overall`: it lasts by nature, and would speak over everything that happens meanwhile.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from fusion.calibrate import Past
from fusion.combine import p_value_of, surprise_of
from fusion.engine import EngineSettings
from fusion.senses import SPREAD
from sensors.base import Detector
from sensors.types import Features, Modality, Quality, Score

BEGUN, REST_ROWS = 2.5, 200
"""An `overall` from which something has begun, and rows for which it then goes on."""

ASPECTS = 5
"""Channels of one measured quantity that count."""

LASTING_ROWS, LASTING = 10, 1.5
"""A row is strange together with its neighbours where `overall` averages more than this over so many rows."""

PENDING_ROWS = 20_000
"""Most rows that wait to be learned, where the first rows made believe that they come seldom."""

DEPTH = 2.5
"""No p-value told is below (n + 1) ** -DEPTH for a past of n scores."""

OVERALL, ONSET = ":overall", ":onset"
"""Ends of the names of the channels of a row as a whole."""

_APART, _JOINT = ".drift", ":together."


@dataclass(frozen=True, slots=True)
class Judged:
    """A score, how rare it is here, and what it is good for: `p_value` is None unless `quality` is OK."""

    score: Score
    p_value: float | None
    quality: Quality


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
        self._pasts: dict[str, Past] = {}
        self._noted_ns: dict[str, int] = {}
        self._pending: deque[tuple[Features, list[tuple[Past, float]], bool]] = deque()
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

    def judge(self, features: Features, *, normal: bool = False) -> list[Judged]:
        """Learn what has become old enough, then score and rank a row; one that is `normal` is learned in any case."""
        self._learn(features.end_ns - self._settings.learn_after_ns)
        noted: list[tuple[Past, float]] = []
        alone: list[float] = []
        joint: list[float] = []
        told = []
        for one in self._detector.score(features):
            if isinstance(one, Score):
                judged, p_value = self._rank(one, noted)
                told.append(judged)
                if p_value is not None and not one.channel.endswith(_APART):
                    (joint if _JOINT in one.channel else alone).append(surprise_of(p_value))
        overall = self._combine(alone, joint)
        told += self._together(features, overall, noted)
        self._pending.append((features, noted, not normal and self._is_lasting(features.end_ns, overall)))
        return told

    def _combine(self, alone: list[float], joint: list[float]) -> float | None:
        if not alone and not joint:
            return None
        weight = ASPECTS / (ASPECTS + len(alone)) if joint else 1.0
        surprise = weight * sum(alone) / max(len(alone), 1) + (1 - weight) * sum(joint) / max(len(joint), 1)
        return -math.log10(p_value_of(surprise))

    def _together(self, features: Features, overall: float | None, noted: list[tuple[Past, float]]) -> list[Judged]:
        onset = None if overall is None else 0.0 if self._resting else overall
        self._resting = REST_ROWS if onset is not None and onset >= BEGUN else max(0, self._resting - 1)
        told = []
        for name, raw in ((OVERALL, overall), (ONSET, onset)):
            quality = Quality.WARMING if raw is None else Quality.OK
            channel = features.stream + name
            score = Score(
                features.stream, channel, Modality.ENVIRONMENT, features.end_ns, features.span_ns, raw, quality
            )
            told.append(self._rank(score, noted)[0])
        return told

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
        while pending and (until_ns is None or pending[0][0].end_ns <= until_ns or len(pending) > PENDING_ROWS):
            features, noted, strange = self._pending.popleft()
            if strange:
                continue
            self._detector.learn(features)
            for past, raw in noted:
                past.learn(raw)

    def _rank(self, score: Score, noted: list[tuple[Past, float]]) -> tuple[Judged, float | None]:
        if score.raw is None:
            return Judged(score, None, score.quality), None
        past = self._pasts.get(score.channel)
        if past is None:
            past = self._pasts[score.channel] = Past(depth=math.inf, prior=SPREAD)
        before_ns = self._noted_ns.get(score.channel)
        if before_ns is None or score.end_ns - before_ns >= self._settings.learn_every_ns:
            self._noted_ns[score.channel] = score.end_ns
            noted.append((past, score.raw))
        if len(past) < self._settings.least_scores:
            return Judged(score, None, Quality.WARMING), None
        p_value = past.rank(score.raw)[0]
        return Judged(score, max(p_value, (len(past) + 1) ** -DEPTH), score.quality), p_value
