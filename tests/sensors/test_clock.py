from __future__ import annotations

import time

import pytest

from sensors.clock import STEP_NS, ManualClock, ReplayClock, SteadyClock, SystemClock
from sensors.types import NS


def test_a_manual_clock_never_goes_back() -> None:
    clock = ManualClock(5)
    clock.advance(9)
    clock.advance(7)
    assert clock.now_ns() == 9


def test_a_replay_passes_at_its_own_pace_from_its_own_start() -> None:
    life = ManualClock(100 * NS)
    recording = ReplayClock(7 * NS, 2.0, life)
    assert recording.now_ns() == 7 * NS
    life.advance(103 * NS)
    assert recording.now_ns() == 13 * NS


def test_a_replay_never_stands_or_goes_back() -> None:
    with pytest.raises(ValueError, match="forward"):
        ReplayClock(0, 0.0, ManualClock())


def test_the_system_clock_counts_from_the_epoch() -> None:
    before = time.time_ns()
    assert before <= SystemClock().now_ns() <= time.time_ns()


class Set:
    """A system's clock that somebody sets, beside one that nobody can."""

    def __init__(self) -> None:
        self.now, self.steady = 1_000 * NS, 5 * NS

    def now_ns(self) -> int:
        return self.now

    def steady_ns(self) -> int:
        return self.steady

    def pass_by(self, ns: int, set_by_ns: int = 0) -> None:
        self.steady += ns
        self.now += ns + set_by_ns


def test_a_clock_that_is_set_back_is_not_followed() -> None:
    told = Set()
    clock = SteadyClock(told, told.steady_ns)
    told.pass_by(NS, -3600 * NS)
    assert clock.now_ns() == 1_001 * NS
    assert clock.ahead_ns == 3600 * NS


def test_a_clock_that_is_set_forward_is_followed_but_not_by_a_little() -> None:
    told = Set()
    clock = SteadyClock(told, told.steady_ns)
    told.pass_by(NS, STEP_NS)
    assert clock.now_ns() == 1_001 * NS
    told.pass_by(NS, 3600 * NS)
    assert clock.now_ns() == told.now
    assert clock.ahead_ns == 0
