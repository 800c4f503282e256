"""Rules that the fusion is compared with: those with a name in statistics are what scipy makes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import combine_pvalues  # type: ignore[import-untyped]

from benchmarks.fusion_rules import RULES, Rule, fisher, stouffer

P_VALUES = st.lists(st.floats(1e-8, 1 - 1e-8), min_size=1, max_size=4)


@given(P_VALUES)
def test_fisher_and_stouffer_are_those_of_scipy(p_values: list[float]) -> None:
    for rule, method in ((fisher, "fisher"), (stouffer, "stouffer")):
        assert rule(p_values) == pytest.approx(combine_pvalues(p_values, method).pvalue, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@given(p_values=P_VALUES, place=st.integers(0, 3))
def test_a_stranger_sense_makes_no_moment_less_strange(rule: Rule, p_values: list[float], place: int) -> None:
    stranger = list(p_values)
    stranger[place % len(p_values)] /= 10
    assert 0 < rule(stranger) <= rule(p_values) * (1 + 1e-9) <= 1 + 1e-6


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@given(p_values=P_VALUES)
def test_the_order_of_senses_is_nothing_to_a_rule(rule: Rule, p_values: list[float]) -> None:
    assert rule(p_values[::-1]) == pytest.approx(rule(p_values))
