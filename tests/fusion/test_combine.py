from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.combine import Dependence, combine, gamma_survival, p_value_of, shares, surprise_of

LAW = settings(deadline=None, derandomize=True, database=None)

P_VALUES = st.floats(-25.0, 0.0).map(lambda exponent: 10.0**exponent)
SENSES = ("audio", "environment", "video")
SAID = st.dictionaries(st.integers(0, 2), P_VALUES, min_size=1)


def independent() -> Dependence:
    """Senses that have nothing in common."""
    known = Dependence(SENSES)
    for p_values in 1 - np.random.default_rng(0).random((3000, 3)):
        known.learn(dict(enumerate(p_values.tolist())))
    return known


def identical(senses: int = 2) -> Dependence:
    """Senses that always say the same."""
    known = Dependence(SENSES)
    for p_value in (1 - np.random.default_rng(0).random(3000)).tolist():
        known.learn(dict.fromkeys(range(senses), p_value))
    return known


INDEPENDENT, IDENTICAL = independent(), identical()
DEPENDENCES = st.sampled_from([Dependence(SENSES), INDEPENDENT, IDENTICAL])


@LAW
@given(st.floats(1e-30, 0.499))
def test_a_cauchy_score_and_its_p_value_are_inverse(p_value: float) -> None:
    assert p_value_of(surprise_of(p_value)) == pytest.approx(p_value, rel=1e-9)


@LAW
@given(st.floats(0.5, 1.0))
def test_what_is_ordinary_has_no_surprise_and_silences_nobody(p_value: float) -> None:
    assert surprise_of(p_value) == 0.0


@LAW
@given(P_VALUES, DEPENDENCES)
def test_a_sense_alone_is_taken_at_its_word(p_value: float, known: Dependence) -> None:
    assert combine(known, {1: p_value}) == p_value


@pytest.mark.parametrize(("known", "kept"), [(Dependence(SENSES), 0.3), (INDEPENDENT, 0.5)])
@pytest.mark.parametrize("exponent", [3, 6, 12])
def test_one_strange_sense_is_strange_whatever_the_others_say(known: Dependence, kept: float, exponent: int) -> None:
    """Among three that are not the same it keeps a good part of its exponent."""
    assert combine(known, {0: 10.0**-exponent, 1: 0.5, 2: 0.5}) < 10 ** (-exponent * kept)


@LAW
@given(SAID, DEPENDENCES, st.data())
def test_a_stranger_sense_never_makes_the_whole_less_strange(
    said: dict[int, float], known: Dependence, data: st.DataObject
) -> None:
    index = data.draw(st.sampled_from(sorted(said)))
    stranger = {**said, index: said[index] * data.draw(st.floats(1e-5, 1.0))}
    assert combine(known, stranger) <= combine(known, said) * (1 + 1e-9)


@LAW
@given(st.permutations([0, 1, 2]), st.tuples(P_VALUES, P_VALUES, P_VALUES))
def test_the_order_in_which_senses_are_named_does_not_matter(order: list[int], said: tuple[float, ...]) -> None:
    fresh = Dependence(SENSES)
    usual = combine(fresh, dict(enumerate(said)))
    assert combine(fresh, {index: said[index] for index in order}) == pytest.approx(usual, rel=1e-9)


@pytest.mark.parametrize("p_value", [0.05, 0.01, 1e-3])
def test_three_senses_a_little_strange_are_more_together_than_each(p_value: float) -> None:
    assert combine(INDEPENDENT, dict.fromkeys(range(3), p_value)) < p_value / 2
    assert combine(Dependence(SENSES), dict.fromkeys(range(3), p_value)) < p_value


@pytest.mark.parametrize("p_value", [0.2, 0.01, 1e-4, 1e-8])
def test_who_always_says_the_same_adds_nothing(p_value: float) -> None:
    both = combine(IDENTICAL, {0: p_value, 1: p_value})
    assert p_value**1.2 < both < p_value**0.8
    assert combine(INDEPENDENT, {0: p_value, 1: p_value}) < both


def test_means_and_covariances_are_those_of_what_was_learned() -> None:
    chance = np.random.default_rng(3)
    common = chance.exponential(size=(4000, 1))
    logs = 0.5 * common + 0.5 * chance.exponential(size=(4000, 2))
    known = Dependence(("a", "b"))
    for row in np.exp(-logs).tolist():
        known.learn(dict(enumerate(row)))
    x = 2 * logs
    for name, (i, j) in {"a+a": (0, 0), "a+b": (0, 1), "b+b": (1, 1)}.items():
        count, *means, covariance = known.state()[name]
        assert count == 4000
        np.testing.assert_allclose(means, x.mean(axis=0)[[i, j]], rtol=0.01)
        assert covariance == pytest.approx(np.cov(x.T)[i, j], rel=0.05)


def test_a_pair_learns_only_when_both_are_there() -> None:
    known = Dependence(SENSES)
    before = known.state()
    known.learn({0: 0.2, 2: 0.1})
    changed = {name for name, values in known.state().items() if values.tolist() != before[name].tolist()}
    assert {name for name in changed if known.state()[name][0] != before[name][0]} == {
        "audio+audio", "audio+video", "video+video"}  # fmt: skip


def test_senses_that_hardly_ever_move_are_not_trusted_beyond_theory() -> None:
    still = Dependence(SENSES)
    for _ in range(5000):
        still.learn(dict.fromkeys(range(3), 0.6))
    theory = Dependence(SENSES)
    theory.restore({name: np.array([1, 2, 2, 4.0 * (name in ("audio+audio", "video+video", "environment+environment"))])
                    for name in still.state()})  # fmt: skip
    said = {0: 0.05, 1: 0.05, 2: 0.05}
    assert still.p_value(said) == pytest.approx(theory.p_value(said), rel=0.01)


def test_old_observations_fade() -> None:
    known = Dependence(("a", "b"), memory=100)
    for _ in range(1000):
        known.learn({0: 1.0, 1: 1.0})
    for _ in range(1000):
        known.learn({0: math.exp(-4), 1: 1.0})
    assert known.state()["a+b"][:3] == pytest.approx([100, 8.0, 0.0], abs=0.01)


def test_a_restored_dependence_is_the_same() -> None:
    again = Dependence(SENSES)
    again.restore(INDEPENDENT.state())
    for name, values in INDEPENDENT.state().items():
        assert again.state()[name].tolist() == values.tolist()
    said = {0: 0.01, 1: 0.02, 2: 0.5}
    assert combine(again, said) == combine(INDEPENDENT, said)


def test_senses_in_another_place_are_known_by_name_and_new_ones_begin_anew() -> None:
    fewer = Dependence(("smell", "video"))
    fewer.restore(IDENTICAL.state())
    assert fewer.state()["video+video"].tolist() == IDENTICAL.state()["video+video"].tolist()
    assert fewer.state()["smell+video"][[0, 3]].tolist() == Dependence(("a", "b")).state()["a+b"][[0, 3]].tolist()


@LAW
@given(x=st.floats(0, 500), more=st.floats(0, 50), shape=st.floats(0.5, 20))
def test_more_is_never_more_likely(x: float, more: float, shape: float) -> None:
    assert 1 >= gamma_survival(x, shape) >= gamma_survival(x + more, shape) > 0


@LAW
@given(SAID)
def test_shares_add_up_to_one(said: dict[int, float]) -> None:
    share = shares(said)
    assert share.keys() == said.keys()
    assert all(0 <= part <= 1 for part in share.values())
    assert sum(share.values()) == pytest.approx(1.0)


WEIGHTS = st.dictionaries(st.sampled_from(SENSES), st.floats(0.5, 1.0))


@LAW
@given(SAID, WEIGHTS, st.data())
def test_with_weights_too_shares_add_up_and_more_is_never_less_strange(
    said: dict[int, float], weights: dict[str, float], data: st.DataObject
) -> None:
    known = Dependence(SENSES)
    known.restore(INDEPENDENT.state())
    known.weigh(weights)
    share = shares(said, known.weights)
    assert sum(share.values()) == pytest.approx(1.0)
    assert all(0 <= part <= 1 for part in share.values())
    index = data.draw(st.sampled_from(sorted(said)))
    stranger = {**said, index: said[index] * data.draw(st.floats(1e-5, 1.0))}
    assert combine(known, stranger) <= combine(known, said) * (1 + 1e-9)


@LAW
@given(SAID, st.floats(0.5, 1.0))
def test_only_what_senses_weigh_beside_each_other_counts(said: dict[int, float], weight: float) -> None:
    known = Dependence(SENSES)
    known.weigh(dict.fromkeys(SENSES, weight))
    assert combine(known, said) == pytest.approx(combine(Dependence(SENSES), said), rel=1e-6)


def test_the_weighed_sum_has_the_tail_that_it_is_said_to_have() -> None:
    """Of independent uniform p-values with one sense at half weight, as many are below a level as its p-value says."""
    known = Dependence(SENSES)
    known.restore(INDEPENDENT.state())
    known.weigh({"audio": 0.5})
    drawn = (1 - np.random.default_rng(8).random((40_000, 3))).tolist()
    told = np.array([known.p_value(dict(enumerate(row))) for row in drawn])
    for level in (0.5, 0.1, 0.01):
        assert np.mean(told <= level) == pytest.approx(level, rel=0.2)


def test_weights_can_be_taken_back() -> None:
    known, said = Dependence(SENSES), {0: 1e-4, 1: 0.3, 2: 0.2}
    before = combine(known, said)
    known.weigh({"audio": 0.5, "smell": 0.5})
    assert combine(known, said) > before
    known.weigh({})
    assert combine(known, said) == before


@LAW
@given(SAID)
def test_the_strangest_sense_has_the_largest_share(said: dict[int, float]) -> None:
    share = shares(said)
    assert share[min(said, key=lambda index: said[index])] >= max(share.values()) * (1 - 1e-9)


def test_what_senses_say_together_is_shared_by_how_much_each_said() -> None:
    assert shares({0: 0.01, 1: 0.5})[1] < 0.15
    assert shares({0: 0.01, 1: 0.01})[1] == pytest.approx(0.5)
