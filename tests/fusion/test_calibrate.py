from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fusion.calibrate import NO_PRIOR, RANKED, SMALLEST, Past, Tail, TailPrior, extremal_index, fit_tail

LAW = settings(deadline=None, derandomize=True, database=None)

VALUES = st.floats(-1e3, 1e3, width=16) | st.integers(0, 3).map(float)
PASTS = st.lists(VALUES, max_size=150)
PRIORS = st.sampled_from([NO_PRIOR, TailPrior(10, 1.0), TailPrior(20, 0.5)])


def learned(values: list[float], prior: TailPrior = NO_PRIOR, capacity: int = 20_000) -> Past:
    past = Past(capacity, prior=prior)
    for value in values:
        past.learn(value)
    return past


def exponential(count: int) -> list[float]:
    """An exponential past without chance in it: its quantiles, shuffled."""
    quantiles: NDArray[np.float64] = -np.log(np.arange(1, count + 1) / (count + 1))
    shuffled: list[float] = np.random.default_rng(0).permutation(quantiles).tolist()
    return shuffled


@LAW
@given(past=PASTS, prior=PRIORS, value=st.floats(-1e300, 1e300))
def test_a_p_value_is_above_zero_and_one_at_most(past: list[float], prior: TailPrior, value: float) -> None:
    p_value, saturated = learned(past, prior).rank(value)
    assert SMALLEST <= p_value <= 1
    assert saturated == all(value > known for known in past)


@LAW
@given(past=PASTS, prior=PRIORS, values=st.lists(VALUES | st.floats(0, 1e9), min_size=2))
def test_stranger_is_never_more_common(past: list[float], prior: TailPrior, values: list[float]) -> None:
    known = learned(past, prior)
    for low, high in pairwise(sorted(values)):
        assert known.rank(low)[0] >= known.rank(high)[0]


def test_where_nothing_is_known_nothing_is_strange() -> None:
    assert Past().rank(1e9) == (1.0, True)


@LAW
@given(past=st.lists(VALUES, max_size=2 * 8), value=VALUES)
def test_too_few_values_are_ranked_and_never_extrapolated(past: list[float], value: float) -> None:
    louder = sum(known >= value for known in past)
    assert learned(past).rank(value)[0] == (louder + 1) / (len(past) + 1)


@LAW
@given(past=st.lists(VALUES, min_size=RANKED, max_size=150), prior=PRIORS, data=st.data())
def test_in_the_body_the_plain_rank_is_the_answer(past: list[float], prior: TailPrior, data: st.DataObject) -> None:
    value = sorted(past)[-data.draw(st.integers(RANKED, len(past)))]
    louder = sum(known >= value for known in past)
    assert learned(past, prior).rank(value)[0] == (louder + 1) / (len(past) + 1)


def test_the_tenth_strangest_is_the_last_to_be_ranked() -> None:
    strangest = sorted(exponential(1000), reverse=True)
    known = learned(exponential(1000), TailPrior(1000, 0.1))
    assert known.rank(strangest[9])[0] == 11 / 1001
    assert known.rank(strangest[8])[0] < 9.5 / 1001


@LAW
@given(past=PASTS, value=VALUES)
def test_ranking_never_learns(past: list[float], value: float) -> None:
    known = learned(past)
    before = known.values()
    first = known.rank(value)
    assert all(known.rank(value) == first for _ in range(5))
    assert known.values().tolist() == before.tolist() == past


@LAW
@given(past=PASTS, capacity=st.integers(1, 40))
def test_the_oldest_leave_first(past: list[float], capacity: int) -> None:
    known = learned(past, capacity=capacity)
    kept = past[-capacity:]
    assert known.values().tolist() == kept
    for value in (-1e4, *kept[:3], 1e4):
        louder = sum(v >= value for v in kept)
        if louder >= RANKED or len(kept) <= 2 * 8:
            assert known.rank(value)[0] == (louder + 1) / (len(kept) + 1)


@LAW
@given(past=st.lists(VALUES, max_size=32), prior=PRIORS, value=VALUES | st.floats(0, 1e6))
def test_restoring_is_as_good_as_learning(past: list[float], prior: TailPrior, value: float) -> None:
    """Up to 32 values, where the tail is fitted anew with each."""
    restored = Past(prior=prior).restore(np.array(past))
    assert restored.rank(value) == learned(past, prior).rank(value)
    restored.learn(value)
    assert restored.values().tolist() == [*past, value]


def test_too_much_to_restore_is_thinned_evenly_and_keeps_its_order() -> None:
    kept = Past(100).restore(np.arange(1000.0)).values()
    assert len(kept) == 100
    assert (kept[0], kept[-1]) == (0, 999)
    assert set(np.diff(kept)) <= {10.0, 11.0}


@pytest.mark.parametrize("count", [100, 1000, 10_000])
def test_body_and_tail_meet_without_a_step(count: int) -> None:
    past = exponential(count)
    known = learned(past)
    by_rank = sorted(past, reverse=True)
    ranks = [known.rank(value)[0] for value in by_rank[: 2 * RANKED]]
    assert all(1 <= after / before < 2.1 for before, after in pairwise(ranks))
    last_ranked, first_fitted = ranks[RANKED - 1], ranks[RANKED - 2]
    assert last_ranked / first_fitted < 1.5


def test_the_fewer_values_the_heavier_the_tail() -> None:
    ranks = [learned(exponential(count)).rank(25.0)[0] for count in (50, 200, 1000, 10_000)]
    assert all(more > 2 * less for more, less in pairwise(ranks))


@pytest.mark.parametrize("depth", [1.0, 2.5])
def test_no_more_is_claimed_than_the_past_can_carry(depth: float) -> None:
    past = Past(depth=depth).restore(np.array(exponential(100)))
    assert past.rank(1e9)[0] == pytest.approx(101**-depth)


def test_a_constant_past_knows_its_rank_only() -> None:
    known = learned([1.0] * 99)
    assert known.rank(1.0) == (1.0, False)
    assert known.rank(1.0001) == known.rank(1e6) == (0.01, True)


def test_a_constant_past_with_a_prior_calls_a_flicker_unusual_and_a_flood_impossible() -> None:
    known = learned([1.0] * 99, TailPrior(10, 1.0))
    flicker, flood = known.rank(1.1)[0], known.rank(30.0)[0]
    assert 0.05 < flicker <= 0.11
    assert flood < 1e-4


def test_a_prior_fades_as_values_come() -> None:
    def change(count: int) -> float:
        plain, lean = (learned(exponential(count), prior).rank(12.0)[0] for prior in (NO_PRIOR, TailPrior(20, 4.0)))
        return math.log10(lean / plain)

    assert change(50) > 2 * change(10_000) > 0


@LAW
@given(st.lists(VALUES, max_size=16) | st.lists(VALUES, min_size=17, max_size=300), PRIORS)
def test_a_tail_is_never_surer_than_its_values_allow(past: list[float], prior: TailPrior) -> None:
    """A shape of at least 1 / k: the predictive distribution of an exponential tail known from k values."""
    tail = fit_tail(np.sort(np.array(past)), prior)
    if len(past) <= 2 * 8:
        assert tail is None
    else:
        assert tail is not None
        k = max(8, round(0.1 * len(past)))
        assert 1 / (k + prior.count) <= tail.shape <= 0.5
        assert tail.scale >= 0
        assert tail.weight == k / (len(past) + 1)


@LAW
@given(shape=st.floats(0.001, 0.5), scale=st.floats(0.01, 100), exponent=st.floats(0, 12))
def test_level_and_survival_of_a_tail_are_inverse(shape: float, scale: float, exponent: float) -> None:
    tail = Tail(3.0, scale, shape, 0.1)
    p_value = 0.1 * 10**-exponent
    assert tail.survival(tail.level(p_value)) == pytest.approx(p_value, rel=1e-6)
    assert tail.level(p_value) >= 3.0


@pytest.mark.parametrize("count", [40, 300, 5000])
@pytest.mark.parametrize("p_value", [1.0, 0.5, 0.2, 0.03, 0.004, 1e-4])
@pytest.mark.parametrize("overlap", [1, 4])
def test_the_level_of_a_p_value_has_that_p_value(count: int, p_value: float, overlap: int) -> None:
    """Within one rank in the body; the boundary between body and tail may shift it by half."""
    known = Past(depth=5.0, overlap=overlap).restore(np.array(exponential(count)))
    found = known.rank(known.level(p_value))[0]
    assert p_value / 1.6 <= found <= p_value * 1.6 or abs(found - p_value) <= 2 / (count + 1)


@pytest.mark.parametrize("length", [1, 2, 4, 8])
def test_moments_that_last_are_counted_once(length: int) -> None:
    """The largest of `length` neighbours: the textbook process whose extremal index is known, 1 / length."""
    drawn = np.random.default_rng(5).exponential(size=20_000)
    course = np.lib.stride_tricks.sliding_window_view(drawn, length).max(axis=1)
    index = extremal_index(course > np.quantile(course, 0.98))
    assert index == pytest.approx(1 / length, rel=0.2)


def test_one_long_stay_is_next_to_one_moment() -> None:
    course = np.arange(1000) >= 900
    assert extremal_index(course) * course.sum() < 3


@pytest.mark.parametrize("few", [[], [3]])
def test_what_never_comes_again_is_a_moment_of_its_own(few: list[int]) -> None:
    assert extremal_index(np.isin(np.arange(50), few)) == 1.0


def test_a_past_that_stays_where_it_is_is_less_sure_of_what_is_new() -> None:
    """The same values: in any order, or one slow way up and down."""
    shuffled, slow = Past(depth=2.25, overlap=4), Past(depth=2.25, overlap=4)
    values = exponential(480)
    for one in values:
        shuffled.learn(one)
    for one in [*sorted(values)[::2], *sorted(values, reverse=True)[::2]]:
        slow.learn(one)
    assert slow.independent < 0.2 * shuffled.independent
    for new in (8.0, 20.0, 100.0):
        assert slow.rank(new)[0] > 3 * shuffled.rank(new)[0]
