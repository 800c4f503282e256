from __future__ import annotations

from sensors.condition import Condition, Fault
from sensors.types import Health, Quality, State

BROKEN = Fault(State.DEGRADED, "broken")


def test_a_fault_is_told_once_after_its_onset_and_ends_after_the_hold() -> None:
    condition = Condition("s", onset_ns=2, hold_ns=2)
    script = [None, BROKEN, BROKEN, BROKEN, BROKEN, None, None, None, None]
    told = [condition.judge(at, fault) for at, fault in enumerate(script)]
    assert [quality for quality, _ in told] == [
        Quality.OK,
        *[Quality.GAP] * 2,
        *[Quality.DEGRADED] * 4,
        *[Quality.OK] * 2,
    ]
    assert [change for _, changes in told for change in changes] == [
        Health("s", 3, State.DEGRADED, "broken"),
        Health("s", 7, State.UP),
    ]


def test_a_short_fault_is_a_gap_and_nothing_more() -> None:
    condition = Condition("s", onset_ns=5)
    assert condition.judge(0, BROKEN) == (Quality.GAP, [])
    assert condition.judge(1, None) == (Quality.OK, [])


def test_suspicion_delays_the_return() -> None:
    condition = Condition("s")
    condition.judge(0, BROKEN)
    assert condition.judge(1, None, suspect=True) == (Quality.DEGRADED, [])
    assert condition.judge(2, None) == (Quality.OK, [Health("s", 2, State.UP)])


def test_another_reason_is_told_too() -> None:
    condition = Condition("s")
    condition.judge(0, BROKEN)
    worse = Fault(State.TAMPERED, "covered")
    assert condition.judge(1, worse) == (Quality.DEGRADED, [Health("s", 1, State.TAMPERED, "covered")])
