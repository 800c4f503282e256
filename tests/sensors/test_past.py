from __future__ import annotations

import numpy as np
import pytest

from sensors.past import MAD_TO_SIGMA, RecentMedian, RobustPast, join_time, split_time
from sensors.types import NS


def test_statistics_are_those_of_what_is_kept() -> None:
    rng = np.random.default_rng(0)
    past = RobustPast(3, 50, every=1)
    rows = rng.normal(size=(70, 3))
    for at, row in enumerate(rows):
        past.learn(row, at)
    kept = rows[-50:].astype(np.float32)
    median = np.median(kept, axis=0)
    np.testing.assert_array_equal(past.median, median)
    np.testing.assert_allclose(past.scale, MAD_TO_SIGMA * np.median(np.abs(kept - median), axis=0))


def test_a_third_of_outliers_moves_the_median_little() -> None:
    past = RobustPast(1, 300)
    for at, value in enumerate(np.random.default_rng(1).normal(size=300)):
        past.learn([1e6 if at % 3 == 0 else value], at)
    assert abs(past.median[0]) < 1.0
    assert past.scale[0] < 5.0


def test_an_absurd_number_is_learned_as_a_large_one_and_forgotten() -> None:
    past = RobustPast(1, 5, every=1, tail=0.25)
    for at, value in enumerate([1e300, -1e300, 1e39, 1.0, 2.0, 3.0, 4.0, 5.0]):
        past.learn([value], at)
        assert np.isfinite(past.scale[0])
    assert past.median[0] == 3.0
    past.restore({**past.state(), "kept": np.array([[1e300]])})


def test_learning_is_thinned_in_event_time() -> None:
    past = RobustPast(1, 10, spacing_ns=NS)
    for at_ns in (0, NS // 2, NS, NS + 1, 3 * NS):
        past.learn([0.0], at_ns)
    assert past.count == 3


def test_an_earlier_day_is_learned_too() -> None:
    past = RobustPast(1, 10, spacing_ns=NS)
    past.learn([0.0], 5 * NS)
    past.learn([0.0], 2 * NS)
    assert past.count == 2


def test_not_ready_before_the_minimum() -> None:
    past = RobustPast(1, 10, minimum=3)
    for at in range(3):
        assert not past.ready
        past.learn([1.0], at)
    assert past.ready


def test_the_scale_never_falls_below_its_floor() -> None:
    past = RobustPast(2, 10, floor=[0.5, 2.0])
    for at in range(10):
        past.learn([7.0, 7.0], at)
    assert past.scale.tolist() == [0.5, 2.0]


def test_a_tail_gives_scale_to_what_mostly_stands_still() -> None:
    past = RobustPast(1, 100, tail=0.25, every=1)
    for at in range(100):
        past.learn([100.0 if at % 10 == 0 else 0.0], at)
    assert past.scale[0] > 5.0


@pytest.mark.parametrize("learned", [3, 17, 40])
def test_restored_pasts_continue_bit_for_bit(learned: int) -> None:
    rows = np.random.default_rng(2).normal(size=(80, 2))
    one, other = RobustPast(2, 30, every=7), RobustPast(2, 30, every=7)
    for at in range(learned):
        one.learn(rows[at], at)
    other.restore(one.state())
    for at in range(learned, 80):
        assert one.learn(rows[at], at) == other.learn(rows[at], at)
        assert one.deviation(rows[at]).tobytes() == other.deviation(rows[at]).tobytes()


def test_a_past_of_another_shape_is_refused() -> None:
    past = RobustPast(2, 30)
    past.learn([0.0, 0.0], 0)
    with pytest.raises(ValueError, match="cannot hold"):
        RobustPast(3, 30).restore(past.state())


def test_the_recent_median_is_exact_and_survives_restoring() -> None:
    values = np.random.default_rng(3).integers(0, 9, 60).astype(float)
    one = RecentMedian(9)
    for at, value in enumerate(values):
        one.learn(float(value))
        assert one.median == np.median(values[max(0, at - 8) : at + 1])
        other = RecentMedian(9)
        other.restore(one.state())
        assert (other.median, len(other)) == (one.median, len(one))


@pytest.mark.parametrize("at_ns", [None, 0, -1, 1_700_000_000_123_456_789])
def test_times_survive_as_floats(at_ns: int | None) -> None:
    assert join_time(split_time(at_ns)) == at_ns
