"""The published rule on cases that can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.changepoints import changepoint_score
from benchmarks.numenta import PROFILES, Judged, best_score, row_worths, score_at

STANDARD = PROFILES["standard"]
WINDOW = (60, 69)


def alarms(*rows: int, count: int = 100) -> Judged:
    scores = np.zeros(count)
    scores[list(rows)] = 1.0
    return Judged(scores, [WINDOW])


def at(file: Judged) -> float:
    return score_at([file], STANDARD, 0.5)


def test_silence_is_worth_nothing_and_a_window_met_at_its_beginning_all() -> None:
    assert at(alarms()) == pytest.approx(0.0)
    assert at(alarms(60)) == pytest.approx(100.0)


def test_a_later_alarm_is_worth_less_and_further_ones_nothing_more() -> None:
    by_hand = (2 / (1 + math.exp(-5 * 0.5)) - 1) / (2 / (1 + math.exp(-5)) - 1)
    assert at(alarms(65)) == pytest.approx(100 * (by_hand + 1) / 2)
    assert at(alarms(65, 67, 69)) == at(alarms(65))


def test_a_false_alarm_far_from_any_window_costs_all_of_its_price() -> None:
    assert at(alarms(30)) == pytest.approx(-100 * 0.11 / 2)
    assert at(alarms(99)) == pytest.approx(-100 * 0.11 / 2)


def test_a_false_alarm_just_behind_a_window_costs_less() -> None:
    by_hand = 2 / (1 + math.exp(5 * 2 / 9)) - 1
    assert at(alarms(71)) == pytest.approx(100 * 0.11 * by_hand / 2)


def test_the_first_rows_are_not_scored_at_all() -> None:
    assert at(alarms(0, 5, 14)) == pytest.approx(0.0)
    assert at(alarms(15)) < 0
    assert (row_worths(20_000, [])[0] == -2).sum() == 750


def test_the_best_threshold_is_the_best_of_all() -> None:
    rng = np.random.Generator(np.random.Philox(key=3))
    files = [Judged(rng.random(200).round(2), [(50, 60), (120, 135)]), Judged(rng.random(100).round(2), [])]
    for profile in PROFILES.values():
        best, threshold = best_score(files, profile)
        tried = [score_at(files, profile, one) for one in np.unique(files[0].scores)]
        assert best == pytest.approx(max(0.0, *tried))
        assert best == pytest.approx(max(0.0, score_at(files, profile, threshold)))


def test_a_changepoint_met_at_once_is_worth_all_and_one_missed_nothing() -> None:
    silent, met, late = np.zeros(100, bool), np.zeros(100, bool), np.zeros(100, bool)
    met[40], late[70] = True, True
    assert changepoint_score([(silent, [40])], 30) == pytest.approx(0.0)
    assert changepoint_score([(met, [40])], 30) == pytest.approx(100.0)
    assert changepoint_score([(late, [40])], 30) == pytest.approx(100 * (1 - 0.11) / 2)


def test_alarms_outside_all_windows_cost_each() -> None:
    wild = np.zeros(100, bool)
    wild[:10] = True
    assert changepoint_score([(wild, [40])], 30) == pytest.approx(-100 * 10 * 0.11 / 2)
