"""Events that an ear found beside those that were there: thresholds, recall, F1, delay."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.ears import Rules, Trace
from benchmarks.soundscapes import SNRS_DB, Occurrence
from sensors.audio.events import Event, EventFinder
from sensors.audio.packs import ALERTS, Facts, Pack, Rule

COLLAR_S = 0.5
TRANSIENTS = ("glass_break", "gunshot", "explosion", "dog_bark")
HIGHEST, LOWEST, PER_UNIT = 14, -10, 8
"""Shifts of thresholds that are tried, in log-odds: from highest to lowest, so many a unit."""


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """How one class fared.

    Attributes
    ----------
    true, found, paired : int
        Occurrences, events, and pairs of the two whose onsets lie within the collar.
    heard : ndarray (S, 3) int
        For each of `SNRS_DB`: occurrences during which an event of their class began, those that were paired, all.
    """

    true: int
    found: int
    paired: int
    heard: NDArray[np.int64]

    def __add__(self, other: Matches) -> Matches:
        return Matches(
            self.true + other.true, self.found + other.found, self.paired + other.paired, self.heard + other.heard
        )

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall of the onsets."""
        return 2 * self.paired / (self.true + self.found) if self.true + self.found else math.nan


def find_events(trace: Trace, rules: Rules) -> list[Event]:
    """Events as `kizashi audio` makes them of scores, at these thresholds."""
    facts = Facts(
        format=1, name="ear", version="", kind="window", model="model", sha256="0" * 64, licence="", source="",
        labels=ALERTS, alert=dict(rules),
    )  # fmt: skip
    finder = EventFinder(Pack(Path(), facts))
    opens = np.array([rules[label].open for label in ALERTS])
    above = np.any(trace.scores >= opens, axis=1).tolist()
    events: list[Event] = []
    for index in range(len(above)):
        if above[index] or finder.active:
            start_s, end_s, onset_s = trace.start_s[index], trace.end_s[index], trace.onset_s[index]
            events += finder.add(float(start_s), float(end_s), trace.scores[index], float(onset_s))
    return sorted(events + finder.finish(), key=lambda event: (event.start_s, event.label))


def shift_rules(rules: Rules, shifts: Mapping[str, float]) -> dict[str, Rule]:
    """Both thresholds of each class moved in log-odds."""
    moved = {}
    for label, rule in rules.items():
        opens, closes = (_moved(level, shifts[label]) for level in (rule.open, rule.close))
        moved[label] = Rule(rule.scale, rule.offset, opens, closes, rule.hold_s, rule.lasts_s)
    return moved


def count_alarms(traces: Sequence[Trace], rules: Rules) -> NDArray[np.int64]:
    """Events of each alert class, (8,)."""
    counts = np.zeros(len(ALERTS), np.int64)
    for trace in traces:
        for event in find_events(trace, rules):
            counts[ALERTS.index(event.label)] += 1
    return counts


def loosen(
    traces: Sequence[Trace], rules: Rules, fine: Callable[[NDArray[np.int64]], NDArray[np.bool_]]
) -> dict[str, float]:
    """Lowest shift of each class's thresholds up to which, coming from high ones, the false alarms are still fine.

    Parameters
    ----------
    traces : sequence of Trace
        Sound without events.
    rules : mapping
        Thresholds that are shifted, all alike.
    fine : callable (8,) int -> (8,) bool
        Whether so many alarms of each class are few enough, for each class.
    """
    best = np.full(len(ALERTS), float(HIGHEST))
    going = np.ones(len(ALERTS), bool)
    for step in range(HIGHEST * PER_UNIT, LOWEST * PER_UNIT - 1, -1):
        shift = step / PER_UNIT
        going &= fine(count_alarms(traces, shift_rules(rules, dict.fromkeys(rules, shift))))
        if not going.any():
            break
        best[going] = shift
    return dict(zip(ALERTS, best.tolist(), strict=True))


def match(occurrences: Sequence[Occurrence], events: Sequence[Event], label: str) -> Matches:
    """Pair each occurrence of a class with the first event not yet paired that begins within the collar."""
    true = sorted((one for one in occurrences if one.label == label), key=lambda one: one.onset_s)
    starts = sorted(event.start_s for event in events if event.label == label)
    free = list(starts)
    heard = np.zeros((len(SNRS_DB), 3), np.int64)
    for one in true:
        near = next((start for start in free if abs(start - one.onset_s) <= COLLAR_S), None)
        if near is not None:
            free.remove(near)
        during = any(one.onset_s - COLLAR_S <= start <= one.end_s + COLLAR_S for start in starts)
        heard[SNRS_DB.index(one.snr_db)] += (during, near is not None, 1)
    return Matches(len(true), len(starts), int(heard[:, 1].sum()), heard)


def onset_delays(trace: Trace, occurrences: Sequence[Occurrence], rules: Rules) -> list[tuple[Occurrence, float]]:
    """Of each transient: seconds from its onset to the end of the first window above the threshold; inf if none was.

    Windows count that end after the onset and at most a second after the end.
    """
    delays = []
    for one in occurrences:
        if one.label not in TRANSIENTS:
            continue
        above = trace.scores[:, ALERTS.index(one.label)] >= rules[one.label].open
        ends = trace.end_s[above & (trace.end_s > one.onset_s) & (trace.end_s <= one.end_s + 1.0)]
        delays.append((one, float(ends[0]) - one.onset_s if len(ends) else math.inf))
    return delays


def _moved(probability: float, shift: float) -> float:
    return 1.0 / (1.0 + math.exp(-(math.log(probability / (1.0 - probability)) + shift)))
