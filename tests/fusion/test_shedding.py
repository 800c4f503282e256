"""What gives way: a step at a time while there is too much to do, and back when there is not."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fusion.live.shedding import ALL, LOWER_NS, PATIENT, RAISE_NS, Shedder
from sensors.types import NS

TICK_NS = NS // 10


def run(strained: list[bool]) -> list[int]:
    """Levels, a tenth of a second each, where every moment that is strained brings a hurried verdict."""
    shedder, hurried, levels = Shedder(), 0, []
    for number, strain in enumerate(strained):
        hurried += strain
        shedder.observe(number * TICK_NS, hurried, 0)
        levels.append(shedder.level)
    return levels


def test_a_box_with_time_sheds_nothing() -> None:
    assert set(run([False] * 1000)) == {0}
    assert set(run([number % 60 == 0 for number in range(1000)])) == {0}


def test_too_much_to_do_sheds_a_step_a_second_until_nothing_is_left() -> None:
    levels = run([True] * 100)
    assert levels[-1] == ALL
    changes = [number for number, (a, b) in enumerate(pairwise(levels)) if a != b]
    assert all(b - a >= RAISE_NS // TICK_NS for a, b in pairwise(changes))


def test_one_step_is_enough_where_it_helps_and_is_taken_back_after_a_while() -> None:
    levels = run([True] * 11 + [False] * 400)
    assert max(levels) == 1
    assert levels[-1] == 0
    assert levels.count(1) >= LOWER_NS // TICK_NS


def test_a_box_at_its_limit_does_not_swing() -> None:
    """Too much at level 0, well at level 1."""
    shedder, hurried, changes = Shedder(), 0, 0
    for number in range(10 * 60 * 10):
        hurried += shedder.level == 0
        changes += shedder.observe(number * TICK_NS, hurried, 0)
    assert changes <= 2 * (600 * NS / (PATIENT * LOWER_NS)) + 4


def test_whatever_is_dropped_is_too_much() -> None:
    shedder = Shedder()
    assert not shedder.observe(0, 0, 0)
    assert shedder.observe(RAISE_NS, 0, 1)
    assert shedder.level == 1


@given(st.lists(st.booleans(), max_size=400))
def test_levels_move_by_one_and_stay_in_range(strained: list[bool]) -> None:
    levels = run(strained)
    assert all(abs(a - b) <= 1 for a, b in pairwise(levels))
    assert set(levels) <= set(range(ALL + 1))
