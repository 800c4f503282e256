from __future__ import annotations

import time

import pytest

from sensors.clock import ManualClock, ReplayClock, SystemClock
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
