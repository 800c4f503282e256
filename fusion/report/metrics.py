"""Incidents judged against labels: what was found, how fast, and how often an alarm was false.

1. A label is hit by an alarm that overlaps the label's interval, extended by `BEFORE_S` before and `AFTER_S` after it.
2. An alarm that overlaps no such interval is one false alarm.
3. Every full `PATIENCE_S` that an alarm stays open outside these intervals is one false alarm more, whether it hits or
   not: an alarm that never closes is not free.
4. Rates are per time outside the intervals. The delay runs from the label's start to the opening of the first alarm
   that hits; earlier counts as 0.

Intervals that touch overlap. What lies outside the recording is cut off first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fusion.intervals import wilson_interval
from fusion.recording import Label
from sensors.types import NS

BEFORE_S, AFTER_S, PATIENCE_S = 1.0, 10.0, 60.0
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """An incident on the clock of its recording.

    Attributes
    ----------
    start_s, end_s : float
        Seconds since the start of the recording, `end_s` >= `start_s`.
    """

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Hit:
    """What became of one label.

    Attributes
    ----------
    label : Label
        Which.
    delay_s : float or None
        Seconds >= 0 from its start to the first alarm; None where no alarm hit it.
    """

    label: Label
    delay_s: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The judgement on one recording; outcomes of several add up.

    Attributes
    ----------
    hits : tuple of Hit
        One a label, in order.
    alarms, false_alarms : int
        How many there were; false ones can be more than all, for rule 3.
    quiet_s : float
        Time outside the extended labels, seconds >= 0.
    """

    hits: tuple[Hit, ...] = ()
    alarms: int = 0
    false_alarms: int = 0
    quiet_s: float = 0.0

    def __add__(self, other: Outcome) -> Outcome:
        """Both together, as if one recording had followed the other."""
        return Outcome(
            self.hits + other.hits,
            self.alarms + other.alarms,
            self.false_alarms + other.false_alarms,
            self.quiet_s + other.quiet_s,
        )

    @property
    def delays_s(self) -> list[float]:
        """Delays of the labels that were hit, seconds."""
        return [hit.delay_s for hit in self.hits if hit.delay_s is not None]

    @property
    def recall(self) -> float:
        """Share of labels hit, in [0, 1]; NaN without labels."""
        return len(self.delays_s) / len(self.hits) if self.hits else math.nan

    @property
    def recall_95(self) -> tuple[float, float]:
        """Wilson interval of the recall."""
        return wilson_interval(len(self.delays_s), len(self.hits))

    @property
    def delay_median_s(self) -> float:
        """Median delay, seconds; NaN where nothing was hit."""
        return self._delay(50)

    @property
    def delay_p95_s(self) -> float:
        """Delay that 95 % of the hits stay below, seconds; NaN where nothing was hit."""
        return self._delay(95)

    def false_per(self, period_s: float) -> tuple[float, float, float]:
        """False alarms in `period_s` seconds of quiet time, with the 95 % interval; NaN without quiet time."""
        if self.quiet_s <= 0:
            return math.nan, math.nan, math.nan
        low, high = poisson_interval(self.false_alarms)
        factor = period_s / self.quiet_s
        return self.false_alarms * factor, low * factor, high * factor

    def recall_by_kind(self) -> dict[str, tuple[int, int]]:
        """Hits and labels of each kind, by name."""
        return self._grouped([hit.label.kind for hit in self.hits])

    def recall_by_modalities(self) -> dict[str, tuple[int, int]]:
        """Hits and labels by how many senses can notice them, "1", "2", "3"; "0" where the label does not tell."""
        return self._grouped([str(len(hit.label.modalities)) for hit in self.hits])

    def _grouped(self, names: list[str]) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for name, hit in sorted(zip(names, self.hits, strict=True), key=lambda pair: pair[0]):
            hits, labels = found.get(name, (0, 0))
            found[name] = (hits + (hit.delay_s is not None), labels + 1)
        return found

    def _delay(self, percent: float) -> float:
        return float(np.percentile(self.delays_s, percent)) if self.delays_s else math.nan


def alarm_between(opened_ns: int, closed_ns: int | None, start_ns: int, seconds: float) -> Alarm:
    """An incident on the clock of a recording that starts at `start_ns`; one still open lasts to its end."""
    start_s = (opened_ns - start_ns) / NS
    end_s = seconds if closed_ns is None else (closed_ns - start_ns) / NS
    return Alarm(start_s, max(start_s, end_s))


def hit_interval(label: Label, seconds: float) -> tuple[float, float]:
    """The extended interval of a label inside a recording of `seconds` length, seconds."""
    return _clip(label.start_s - BEFORE_S, seconds), _clip(label.end_s + AFTER_S, seconds)


def match(labels: Sequence[Label], alarms: Iterable[Alarm], seconds: float) -> Outcome:
    """Judge the alarms of one recording.

    Parameters
    ----------
    labels : sequence of Label
        The truth; may overlap one another.
    alarms : iterable of Alarm
        What a system raised; may overlap one another.
    seconds : float
        Length of the recording, >= 0.

    Returns
    -------
    Outcome
        As the rules in this module's docstring say.
    """
    raised = [Alarm(_clip(alarm.start_s, seconds), _clip(alarm.end_s, seconds)) for alarm in alarms]
    watched = [hit_interval(label, seconds) for label in labels]
    hits = []
    for label, (start_s, end_s) in zip(labels, watched, strict=True):
        first_s = min((a.start_s for a in raised if a.start_s <= end_s and start_s <= a.end_s), default=None)
        hits.append(Hit(label, None if first_s is None else max(0.0, first_s - label.start_s)))
    islands = _islands(watched)
    false = 0
    for alarm in raised:
        shared = [
            min(end_s, alarm.end_s) - max(start_s, alarm.start_s)
            for start_s, end_s in islands
            if alarm.start_s <= end_s and start_s <= alarm.end_s
        ]
        false += 0 if shared else 1
        false += int((alarm.end_s - alarm.start_s - sum(shared)) // PATIENCE_S)
    return Outcome(tuple(hits), len(raised), false, seconds - sum(end_s - start_s for start_s, end_s in islands))


def poisson_interval(count: int) -> tuple[float, float]:
    """Exact 95 % interval of the mean of a Poisson variable seen once as `count` (Garwood 1936, doi:10.2307/2333958).

    Why the inverse incomplete gamma function: it is the chi-squared quantile of the textbook formula, without the
    price of importing scipy.stats.
    """
    from scipy.special import gammaincinv  # type: ignore[import-untyped]

    low = float(gammaincinv(count, 0.025)) if count else 0.0
    return low, float(gammaincinv(count + 1, 0.975))


def _clip(moment_s: float, seconds: float) -> float:
    return min(max(moment_s, 0.0), seconds)


def _islands(intervals: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for start_s, end_s in sorted(intervals):
        if joined and start_s <= joined[-1][1]:
            start_s, last_s = joined.pop()
            end_s = max(end_s, last_s)
        joined.append((start_s, end_s))
    return joined
