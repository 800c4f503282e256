"""A sense that cries wolf weighs less: within bounds, for nobody's order of labels, and only among others."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.combine import MOST_DOUBT, Dependence, combine
from fusion.events import Reliability
from fusion.experience import Label, gather, trust
from fusion.reliability import LEAST, PRIOR, Carried, even_shares, weigh
from sensors.types import Modality

LAW = settings(deadline=None, derandomize=True, database=None)
AUDIO, AIR, VIDEO = Modality.AUDIO, Modality.ENVIRONMENT, Modality.VIDEO
P_VALUES = st.floats(-25.0, -0.01).map(lambda exponent: 10.0**exponent)
CARRIED = st.builds(
    lambda p_values, worth: Carried(even_shares(p_values), worth),
    st.dictionaries(st.sampled_from([str(sense) for sense in Modality]), P_VALUES, min_size=1),
    st.booleans(),
)
LABELS = st.lists(CARRIED, max_size=40)


def carried(sense: Modality, worth: bool, many: int, share: float = 0.9) -> list[Carried]:
    """Incidents in which one of three senses has that share, and the others the rest in equal parts."""
    others = {str(other): (1 - share) / 2 for other in Modality if other is not sense}
    return [Carried({str(sense): share, **others}, worth)] * many


def weights(labels: list[Carried]) -> dict[Modality, float]:
    return {one.sense: one.weight for one in weigh(labels)}


@LAW
@given(LABELS)
def test_no_sense_is_silenced_and_none_weighs_more_than_before(labels: list[Carried]) -> None:
    for one in weigh(labels):
        assert 0 < LEAST <= one.weight <= 1
        assert 0 <= one.false <= one.carried <= len(labels)


@LAW
@given(LABELS, st.randoms(use_true_random=False))
def test_the_order_of_labels_does_not_matter(labels: list[Carried], chance: object) -> None:
    mixed = list(labels)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert weigh(mixed) == weigh(labels)


def test_without_labels_nothing_is_said_of_any_sense() -> None:
    assert weigh([]) == ()
    assert weigh([Carried({}, False)] * 9) == ()
    assert gather([Label({"at night": 1.0}, 0)] * 9).reliability == ()


def test_a_sense_that_was_alone_is_not_compared_with_others() -> None:
    assert weigh([Carried({"audio": 1.0}, False)] * 9) == ()


def test_a_sense_of_which_no_label_tells_is_not_named() -> None:
    assert {one.sense for one in weigh([Carried({"audio": 0.9, "video": 0.1}, False)] * 9)} == {AUDIO, VIDEO}


def test_a_sense_that_cries_wolf_weighs_less_and_the_others_as_before() -> None:
    labels = carried(AUDIO, False, 9) + carried(VIDEO, True, 4)
    told = weigh(labels)
    assert [(one.sense, one.carried, one.false) for one in told] == [(AUDIO, 9, 9), (AIR, 0, 0), (VIDEO, 4, 0)]
    assert weights(labels) == {AUDIO: LEAST, AIR: 1.0, VIDEO: 1.0}


def test_the_weight_is_what_it_should_carry_of_what_is_false_over_what_it_carries() -> None:
    labels = carried(AUDIO, False, 6) + carried(AUDIO, True, 3) + carried(VIDEO, True, 3) + carried(AIR, False, 1)
    should = 7 * (3 * 0.9 + 3 * 0.05 + PRIOR / 3) / (6 + PRIOR)
    assert weights(labels)[AUDIO] == round((PRIOR + should) / (PRIOR + 6 * 0.9 + 0.05), 2) < 1


def test_who_sees_most_may_be_mistaken_most() -> None:
    """One incident in three is false, and the sound carries them all: so it does what is worth telling."""
    assert weights(carried(AUDIO, True, 60) + carried(AUDIO, False, 30))[AUDIO] > 0.95


@pytest.mark.parametrize("worth", [0, 1, 27])
@pytest.mark.parametrize("seer", list(Modality))
def test_a_single_false_label_moves_a_weight_by_little(worth: int, seer: Modality) -> None:
    labels = carried(seer, True, worth) + carried(AUDIO, False, 1, share=1.0)
    assert weights(labels)[AUDIO] >= 0.8
    assert {weights(labels)[VIDEO], weights(labels)[AIR]} == {1.0}


def test_more_false_incidents_never_raise_the_weight_of_who_carries_them() -> None:
    told = [weights(carried(VIDEO, True, 5) + carried(AUDIO, False, many))[AUDIO] for many in range(1, 30)]
    assert told == sorted(told, reverse=True)
    assert told[0] > 0.8
    assert told[-1] == LEAST


@pytest.mark.parametrize("worth", [True, False])
def test_a_place_where_all_is_false_or_all_is_worth_telling_blames_nobody_who_is_as_good_as_the_others(
    worth: bool,
) -> None:
    labels = [one for sense in Modality for one in carried(sense, worth, 7)]
    assert set(weights(labels).values()) == {1.0}


def test_a_label_that_is_taken_back_counts_as_it_was_said_last() -> None:
    """The same incident, first false, then worth telling: nothing is left of the blame."""
    shares = carried(AUDIO, True, 1)[0].shares
    others = [Label({}, 2, one.shares) for one in carried(VIDEO, True, 3)]
    assert trust([*others, Label({}, 0, shares)])[0].weight < trust([*others, Label({}, 1, shares)])[0].weight == 1.0


def test_shares_are_those_of_equal_weights() -> None:
    assert even_shares({"video": 1e-4, "audio": 1e-2}) == pytest.approx({"video": 2 / 3, "audio": 1 / 3})


def known(weight: float = 1.0) -> Dependence:
    dependence = Dependence([str(sense) for sense in sorted(Modality)])
    dependence.weigh({str(AUDIO): weight})
    return dependence


@pytest.mark.parametrize("p_value", [1e-4, 1e-6, 1e-9, 1e-12])
def test_what_only_a_sense_of_the_least_weight_sees_is_doubted_by_a_factor_of_ten_at_most(p_value: float) -> None:
    said = {0: p_value, 1: 0.5, 2: 0.5}
    assert combine(known(), said) < combine(known(LEAST), said) <= MOST_DOUBT * combine(known(), said)


@LAW
@given(st.dictionaries(st.integers(0, 2), P_VALUES, min_size=1), st.floats(LEAST, 1.0))
def test_doubt_ends_whoever_says_what(said: dict[int, float], weight: float) -> None:
    assert combine(known(weight), said) <= MOST_DOUBT * combine(known(), said) * (1 + 1e-9)
    statistics = known(weight).statistics(said)
    assert 10 ** -statistics[max(statistics)] == pytest.approx(combine(known(weight), said), rel=1e-9)


@LAW
@given(P_VALUES)
def test_a_sense_alone_is_taken_at_its_word_whatever_it_weighs(p_value: float) -> None:
    assert combine(known(LEAST), {0: p_value}) == p_value


@LAW
@given(st.dictionaries(st.integers(0, 2), P_VALUES, min_size=1))
def test_a_weight_of_one_changes_nothing_to_the_last_bit(said: dict[int, float]) -> None:
    assert known().weights == {}
    plain = Dependence([str(sense) for sense in sorted(Modality)])
    assert known().statistics(said) == plain.statistics(said)
    assert combine(known(), said) == combine(plain, said) == plain.joined(
        said, tuple(said), sum(map(math.log, said.values()))
    )  # fmt: skip


def test_a_reliability_that_is_told_twice_is_equal() -> None:
    assert weigh(carried(AUDIO, False, 2))[0] == Reliability(AUDIO, weights(carried(AUDIO, False, 2))[AUDIO], 2, 2)
