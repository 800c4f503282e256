"""Events beside occurrences: who is paired, where thresholds come to lie, how late the first score is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.detections import Matches, count_alarms, find_events, loosen, match, onset_delays, shift_rules
from benchmarks.ears import Trace
from benchmarks.soundscapes import SNRS_DB, Occurrence
from sensors.audio.events import Event
from sensors.audio.packs import ALERTS, Rule

RULES = {label: Rule() for label in ALERTS}
GLASS = ALERTS.index("glass_break")


def trace(heard: dict[int, float], windows: int = 40) -> Trace:
    """Breaking glass in these windows of 0.25 s, next to nothing elsewhere."""
    scores = np.full((windows, len(ALERTS)), 0.01)
    for index, score in heard.items():
        scores[index, GLASS] = score
    start_s = np.arange(windows, dtype=np.float64) * 0.25
    return Trace(start_s, start_s + 0.25, start_s.copy(), scores)


def glass(onset_s: float, snr_db: float = 6.0, lasts_s: float = 1.0) -> Occurrence:
    return Occurrence("glass_break", snr_db, onset_s, onset_s + lasts_s)


def event(start_s: float) -> Event:
    return Event("glass_break", start_s, start_s + 0.5, 0.9)


def test_an_event_is_paired_once_and_within_half_a_second() -> None:
    fared = match([glass(1.0), glass(1.2)], [event(1.1), event(5.0)], "glass_break")
    assert (fared.true, fared.found, fared.paired) == (2, 2, 1)
    assert fared.f1 == pytest.approx(0.5)
    assert match([glass(1.0)], [event(1.501)], "glass_break").paired == 0


def test_a_late_event_is_heard_but_its_onset_is_wrong() -> None:
    fared = match([glass(1.0, lasts_s=4.0)], [event(4.0)], "glass_break")
    assert fared.heard[SNRS_DB.index(6.0)].tolist() == [1, 0, 1]


def test_an_event_that_never_ends_hears_nothing() -> None:
    fared = match([glass(10.0), glass(20.0)], [event(0.0)], "glass_break")
    assert fared.heard.sum(axis=0).tolist() == [0, 0, 2]


def test_matches_add_up() -> None:
    one = match([glass(1.0)], [event(1.0)], "glass_break")
    both: Matches = one + one
    assert (both.true, both.paired, both.heard.sum()) == (2, 2, 2 * one.heard.sum())


def test_f1_of_nothing_is_unknown() -> None:
    assert math.isnan(match([], [], "siren").f1)


def test_events_wait_for_half_a_second_of_quiet() -> None:
    found = find_events(trace({4: 0.9, 6: 0.9, 20: 0.6}), RULES)
    assert [(one.start_s, one.end_s) for one in found] == [(1.0, 1.75), (5.0, 5.25)]


def test_shifting_by_nothing_changes_nothing_and_up_means_fewer() -> None:
    same = shift_rules(RULES, dict.fromkeys(ALERTS, 0.0))
    assert all(same[label].open == pytest.approx(RULES[label].open) for label in ALERTS)
    higher = shift_rules(RULES, dict.fromkeys(ALERTS, 2.0))
    assert all(higher[label].open > RULES[label].open for label in ALERTS)


def test_the_loosest_thresholds_keep_the_allowed_number() -> None:
    quiet = [trace({4: 0.3, 12: 0.8, 20: 0.95})]
    for allowed in (0, 1, 2):
        shifts = loosen(quiet, RULES, lambda counts, most=allowed: counts <= most)  # type: ignore[misc]
        assert count_alarms(quiet, shift_rules(RULES, shifts))[GLASS] == allowed
        lower = {label: shift - 0.125 for label, shift in shifts.items()}
        assert count_alarms(quiet, shift_rules(RULES, lower))[GLASS] > allowed


def test_delay_runs_from_the_onset_to_the_end_of_the_first_window_above() -> None:
    true = [glass(1.1), glass(6.0), Occurrence("siren", 6.0, 1.0, 3.0)]
    delays = onset_delays(trace({5: 0.7, 6: 0.9}), true, RULES)
    assert [seconds for _, seconds in delays] == [pytest.approx(0.4), math.inf]
