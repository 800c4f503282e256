"""The fast ways of the pure core beside slow ones, and beside scipy."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]

from fusion.calibrate import RANKED, SMALLEST, Past, Tail, fit_tail
from fusion.combine import Dependence, combine, gamma_survival, p_value_of, surprise_of

LAW = settings(deadline=None, derandomize=True, database=None)

SAMPLERS: dict[str, Callable[[np.random.Generator, int], NDArray[np.float64]]] = {
    "normal": lambda chance, count: chance.standard_normal(count),
    "lognormal": lambda chance, count: chance.lognormal(size=count),
    "t3": lambda chance, count: chance.standard_t(3, count),
    "uniform": lambda chance, count: chance.random(count),
}


class SlowPast:
    """`Past`, with the list sorted again for every question."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.values, self.since, self.tail = capacity, list[float](), 0, Tail(0, 0, 1, 1)

    def learn(self, value: float) -> None:
        self.values = [*self.values, value][-self.capacity :]
        self.since += 1
        if 32 * self.since >= len(self.values):
            self.tail = fit_tail(np.array(sorted(self.values))) or Tail(0, 0, 1, 1)
            self.since = 0

    def rank(self, value: float) -> tuple[float, bool]:
        louder, n, tail = sum(v >= value for v in self.values), len(self.values), self.tail
        p_value = (louder + 1) / (n + 1)
        if louder < RANKED and tail.scale > 0 and value > tail.threshold:
            beyond = 1 + tail.shape * (value - tail.threshold) / tail.scale
            p_value = min(tail.weight * beyond ** (-1 / tail.shape), (RANKED + 1) / (n + 1))
            p_value = max(p_value, (n + 1) ** -2.5, SMALLEST)
        return p_value, not louder


@LAW
@given(st.lists(st.floats(-100, 100, width=16) | st.integers(0, 2).map(float), max_size=120), st.integers(5, 90))
def test_a_past_ranks_as_its_slow_twin(values: list[float], capacity: int) -> None:
    fast, slow = Past(capacity), SlowPast(capacity)
    for value in values:
        for asked in (value, 2 * abs(value) + 1):
            (p_value, saturated), (expected, alone) = fast.rank(asked), slow.rank(asked)
            assert p_value == pytest.approx(expected, rel=1e-9)
            assert saturated == alone
        fast.learn(value)
        slow.learn(value)


@pytest.mark.parametrize("kind", SAMPLERS)
def test_p_values_of_what_comes_next_are_uniform(kind: str) -> None:
    """Whatever the scores are distributed like: by Kolmogorov-Smirnov, and by a count of the small ones.

    Beyond the ranks they may be too large (a bounded law looks unbounded), never too small.
    """
    values = SAMPLERS[kind](np.random.default_rng(7), 6000).tolist()
    past = Past(4000).restore(np.array(values[:1000]))
    p_values = []
    for value in values[1000:]:
        p_values.append(past.rank(value)[0])
        past.learn(value)
    assert stats.kstest(p_values, "uniform").pvalue > 0.01
    for level, side in ((0.1, "two-sided"), (0.01, "two-sided"), (0.001, "greater")):
        found = sum(p_value <= level for p_value in p_values)
        assert stats.binomtest(found, len(p_values), level, side).pvalue > 0.01


def fits(shape: float) -> list[Tail]:
    """Sixty fits to 2,500 values each."""
    samples = (stats.genpareto.rvs(shape, scale=2.0, size=2500, random_state=seed) for seed in range(60))
    return [tail for sample in samples if (tail := fit_tail(np.sort(sample)))]


@pytest.mark.parametrize("shape", [0.05, 0.2])
def test_the_fitted_tail_is_that_of_a_pareto_law(shape: float) -> None:
    tails = fits(shape)
    assert np.median([tail.shape for tail in tails]) == pytest.approx(shape, abs=0.03)
    for p_value in (1e-2, 1e-3, 1e-4):
        true = stats.genpareto.isf(p_value, shape, scale=2.0)
        assert np.median([tail.level(p_value) for tail in tails]) == pytest.approx(true, rel=0.05)


@pytest.mark.parametrize("shape", [0.3, 0.5])
@pytest.mark.parametrize("p_value", [1e-3, 1e-4])
def test_a_very_heavy_tail_is_never_taken_for_a_lighter_one(shape: float, p_value: float) -> None:
    """The largest of the values counts for much there: p-values are too large, by a factor 5 at most."""
    true = stats.genpareto.isf(p_value, shape, scale=2.0)
    assert 1 <= np.median([tail.survival(true) for tail in fits(shape)]) / p_value <= 5


@LAW
@given(st.floats(0.01, 0.5), st.floats(0.1, 10), st.floats(-5, 5), st.floats(0, 50))
def test_survival_is_that_of_scipy(shape: float, scale: float, threshold: float, beyond: float) -> None:
    ours = Tail(threshold, scale, shape, 0.1).survival(threshold + beyond)
    assert ours == pytest.approx(0.1 * stats.genpareto.sf(beyond, shape, scale=scale), rel=1e-6, abs=1e-300)


@LAW
@given(st.lists(st.floats(1e-12, 0.4999), min_size=1, max_size=6))
def test_a_mean_of_cauchy_scores_is_that_of_scipy(p_values: list[float]) -> None:
    expected = stats.cauchy.sf(np.mean(stats.cauchy.isf(p_values)))
    assert p_value_of(sum(map(surprise_of, p_values)) / len(p_values)) == pytest.approx(expected, rel=1e-6)


SHAPES = pytest.mark.parametrize("shape", [0.5, 0.75, 1.0, 2.0, 5.0, 10.0])


@SHAPES
def test_the_gamma_law_is_close_where_it_matters(shape: float) -> None:
    """In log10: within 0.08 down to 1e-3, and 0.22 down to 1e-4."""
    for exponent in np.linspace(0.1, 4, 40):
        found = math.log10(gamma_survival(float(stats.gamma.isf(10**-exponent, shape)), shape))
        assert abs(found + exponent) < (0.08 if exponent <= 3 else 0.22)


@SHAPES
def test_the_gamma_law_never_makes_much_of_little(shape: float) -> None:
    """Further out it errs on the side of too common, by a sixth of the exponent at most down to 1e-9."""
    for exponent in np.linspace(0.1, 9, 60):
        found = math.log10(gamma_survival(float(stats.gamma.isf(10**-exponent, shape)), shape))
        assert -0.03 < found + exponent < 0.08 + exponent / 6


def independent() -> Dependence:
    """What a million independent p-values would have taught."""
    known = Dependence(("a", "b", "c"))
    pairs = {f"{a}+{b}": np.array([1e6, 2, 2, 4.0 * (a == b)]) for a, b in ("aa", "ab", "ac", "bb", "bc", "cc")}
    known.restore(pairs)
    return known


@LAW
@given(st.lists(st.floats(1e-3, 1), min_size=2, max_size=3))
def test_of_independent_senses_the_sum_is_fishers(p_values: list[float]) -> None:
    expected = stats.combine_pvalues(p_values, "fisher").pvalue
    found = independent().p_value(dict(enumerate(p_values)))
    assert math.log10(found) == pytest.approx(math.log10(expected), abs=0.08 - math.log10(expected) / 6)


def correlated(rho: float, count: int, seed: int) -> NDArray[np.float64]:
    """P-values of three senses with that correlation (count, 3)."""
    chance = np.random.default_rng(seed)
    common = chance.standard_normal((count, 1))
    p_values: NDArray[np.float64] = stats.norm.sf(
        math.sqrt(rho) * common + math.sqrt(1 - rho) * chance.standard_normal((count, 3))
    )
    return p_values


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6])
def test_whatever_senses_have_in_common_small_p_values_come_as_often_as_they_say(rho: float) -> None:
    """Brown's sum and the whole, at 1 in 100: within a factor 1.5 once the dependence was learned."""
    known = Dependence(("a", "b", "c"))
    for row in correlated(rho, 4000, 1).tolist():
        known.learn(dict(enumerate(row)))
    fresh = [dict(enumerate(row)) for row in correlated(rho, 20_000, 2).tolist()]
    for rule in (known.p_value, lambda said: combine(known, said)):
        often = np.mean([rule(said) <= 0.01 for said in fresh])
        assert 0.01 / 1.5 <= often <= 0.01 * 1.5
