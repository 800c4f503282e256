"""Events begin once, end once, and lie where the scores were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sensors.audio.events import Event, EventFinder, find_rise
from sensors.audio.packs import Facts, Pack, Rule

LABELS = ("glass_break", "speech", "siren", "alarm")
PACK = Pack(
    Path("p"),
    Facts(
        format=1, name="p", version="", kind="streaming", model="m", sha256="0" * 64, licence="", source="",
        labels=LABELS, alert={"glass_break": Rule(), "siren": Rule(hold_s=0.0), "alarm": Rule(lasts_s=0.75)},
    ),
)  # fmt: skip
STEP_S = 0.25


def find(glass: list[float], siren: list[float] | None = None) -> list[Event]:
    finder = EventFinder(PACK)
    found = []
    for index, (one, other) in enumerate(zip(glass, siren or [0.0] * len(glass), strict=True)):
        scores = np.array([one, 0.99, other, 0.0])
        found += finder.add(index * STEP_S, (index + 1) * STEP_S, scores)
    return found + finder.finish()


def test_an_event_lasts_from_the_first_window_above_to_the_last_that_holds_it() -> None:
    assert find([0.1, 0.6, 0.9, 0.4, 0.3, 0.1, 0.1]) == [Event("glass_break", 0.25, 1.0, 0.9)]


def test_a_score_that_wavers_is_one_event() -> None:
    assert len(find([0.6, 0.4, 0.6, 0.3, 0.6, 0.4, 0.4, 0.0, 0.0, 0.0])) == 1


def test_a_pause_longer_than_the_patience_makes_two() -> None:
    assert [event.start_s for event in find([0.6, 0.1, 0.1, 0.1, 0.6])] == [0.0, 1.0]


def test_without_patience_the_first_low_window_ends_it() -> None:
    assert find([0.0] * 4, [0.9, 0.1, 0.9, 0.1]) == [Event("siren", 0.0, 0.25, 0.9), Event("siren", 0.5, 0.75, 0.9)]


def last(alarm: list[float], skipped: int = 0) -> list[Event]:
    finder, found = EventFinder(PACK), []
    for index, score in enumerate(alarm):
        late = index + skipped * (index > 1)
        found += finder.add(late * STEP_S, (late + 1) * STEP_S, np.array([0.0, 0.0, 0.0, score]))
    return found + finder.finish()


def test_what_must_last_counts_from_its_beginning_once_it_has_lasted() -> None:
    assert last([0.9, 0.6]) == []
    assert last([0.1, 0.9, 0.6, 0.7, 0.4]) == [Event("alarm", 0.25, 1.25, 0.9)]
    assert last([0.9, 0.6, 0.1, 0.9, 0.6]) == []


def test_what_must_last_may_not_have_a_hole() -> None:
    assert len(last([0.9, 0.9, 0.9])) == 1
    assert last([0.9, 0.9, 0.9], skipped=2) == []


def test_between_the_thresholds_nothing_begins() -> None:
    assert find([0.4, 0.49, 0.4]) == []


def test_classes_do_not_disturb_each_other_and_only_alerts_make_events() -> None:
    both = find([0.9, 0.9, 0, 0, 0], [0, 0.9, 0.9, 0, 0])
    assert {(event.label, event.start_s) for event in both} == {("glass_break", 0.0), ("siren", 0.25)}


def test_what_is_open_at_the_end_is_told() -> None:
    assert find([0.1, 0.9]) == [Event("glass_break", 0.25, 0.5, 0.9)]
    assert EventFinder(PACK).finish() == []


def test_an_onset_inside_the_window_counts() -> None:
    finder = EventFinder(PACK)
    finder.add(0.0, 0.25, np.array([0.9, 0, 0, 0]), 0.125)
    assert [event.start_s for event in finder.finish()] == [0.125]


@given(st.lists(st.floats(0.001, 0.999), max_size=60))
def test_events_of_a_class_follow_each_other_and_were_all_heard(scores: list[float]) -> None:
    found = find(scores)
    ends = [0.0]
    for event in found:
        assert ends[-1] <= event.start_s < event.end_s <= len(scores) * STEP_S
        inside = scores[round(event.start_s / STEP_S) : round(event.end_s / STEP_S)]
        assert event.score == max(inside)
        assert inside[0] >= 0.5
        assert inside[-1] >= 0.35
        ends.append(event.end_s)
    covered = sum(round((event.end_s - event.start_s) / STEP_S) for event in found)
    assert covered >= sum(score >= 0.5 for score in scores)


def burst(at: int, level: float = 0.3, floor: float = 0.01) -> NDArray[np.float32]:
    sound = np.random.default_rng(4).normal(0, floor, 4000)
    sound[at:] += np.random.default_rng(5).normal(0, level, 4000 - at)
    return sound.astype(np.float32)


@pytest.mark.parametrize("at", [0, 500, 1999, 3700])
def test_a_rise_is_found_where_it_is(at: int) -> None:
    rise_s, _ = find_rise(burst(at), 1e-4, 16_000.0)
    assert rise_s == pytest.approx(at / 16_000, abs=250 / 16_000)


def test_what_goes_on_as_before_does_not_rise() -> None:
    rise_s, power = find_rise(burst(4000), 1e-4, 16_000.0)
    assert rise_s is None
    assert power == pytest.approx(1e-4, rel=0.1)
    assert find_rise(np.zeros(4000, np.float32), 0.0, 16_000.0) == (None, 0.0)
