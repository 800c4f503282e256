"""Blocks of ten seconds, ticks of one; sets of senses are bit masks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fusion.calm import Disturbances
from fusion.rarity import DAY_NS, Rarity
from sensors.types import NS

LAW = settings(deadline=None, derandomize=True, database=None)

BLOCKS_PER_DAY = 8640
A, B, C = 1, 2, 4
LEAST = 5


def rarity(setting: float = 24.0) -> Rarity:
    return Rarity(10 * NS, NS, LEAST, setting)


def undisturbed() -> Disturbances:
    return Disturbances(0, 0.0)


def show(place: Rarity, statistics: Mapping[int, float], first: int, ticks: int = 10) -> None:
    for second in range(first, first + ticks):
        place.observe(second * NS, statistics)


def exponential(count: int, seed: int = 0) -> NDArray[np.float64]:
    """Block maxima as -log10 of p-values, plus what ten looks add."""
    return 1 + np.random.default_rng(seed).exponential(1 / np.log(10), count)


def known(pasts: Mapping[int, int], setting: float = 24.0) -> Rarity:
    """Pasts of that many blocks."""
    place = rarity(setting)
    place.restore({senses: exponential(count) for senses, count in pasts.items()})
    return place


def counts(place: Rarity) -> dict[int, int]:
    return {senses: len(values) for senses, values in place.pasts().items()}


def test_a_block_is_its_strangest_moment() -> None:
    place = rarity()
    for second in range(30):
        place.observe(second * NS, {A: float(second % 10 == second // 10) * (1 + second)})
    place.settle(30 * NS, undisturbed())
    assert place.pasts()[A].tolist() == [1.0, 12.0]


def test_a_block_is_learned_when_it_is_old_enough_and_not_before() -> None:
    place = rarity()
    show(place, {A: 1.0}, 0, 25)
    place.settle(10 * NS - 1, undisturbed())
    assert counts(place) == {}
    place.settle(10 * NS, undisturbed())
    assert counts(place) == {A: 1}


def test_sets_of_senses_have_pasts_of_their_own() -> None:
    place = known({A: 300, A + B: 300})
    strange = known({A: 300})
    strange.restore({A: exponential(300), A + B: exponential(300) + 2})
    assert place.per_day(A, 3.0) == strange.per_day(A, 3.0) == place.per_day(A + B, 3.0)
    rate, extrapolated = strange.per_day(A + B, 3.0)
    assert rate == pytest.approx(BLOCKS_PER_DAY, rel=0.05)
    assert not extrapolated


@pytest.mark.parametrize(("seconds", "learned"), [(4, {A: 1}), (5, {A: 1, A + B: 1}), (10, {A: 1, A + B: 1})])
def test_half_empty_blocks_are_not_learned(seconds: int, learned: dict[int, int]) -> None:
    place = rarity()
    show(place, {A: 1.0, A + B: 2.0}, 0, seconds)
    show(place, {A: 1.0}, seconds, 11 - seconds)
    place.settle(DAY_NS, undisturbed())
    assert counts(place) == learned


def test_a_past_that_is_too_short_says_nothing() -> None:
    assert known({}).per_day(A, 9.0) == known({A: LEAST - 1}).per_day(A, 9.0) == (None, False)
    assert known({A: LEAST}).per_day(A, 9.0)[0] is not None
    assert known({A: LEAST - 1}).threshold(A) == float("inf")


@pytest.mark.parametrize(
    ("pasts", "candidates", "best"),
    [
        pytest.param({A: 9, B: 9, A + B: 9}, {A, B, A + B}, A + B, id="more senses are better"),
        pytest.param({A: 9, B: 9, A + B: 4}, {A, B, A + B}, B, id="but never a set that is not known"),
        pytest.param({A: 9, B: 4, A + B: 4}, {A, B, A + B}, A, id="a newcomer silences nobody"),
        pytest.param({B: 9, C: 9, A + B + C: 9}, {B, C, B + C}, C, id="never a sense that is not there"),
        pytest.param({C: 9, A + B: 9}, {A, B, C, A + B, A + C, B + C, A + B + C}, A + B, id="two are more than one"),
        pytest.param({}, {A, B, A + B}, A + B, id="where none is known all are named"),
    ],
)
def test_the_most_senses_that_are_known_together_are_asked(
    pasts: dict[int, int], candidates: set[int], best: int
) -> None:
    assert known(pasts).best_known(candidates) == best


def test_nothing_is_learned_of_an_alarm_that_is_not_chance() -> None:
    place, spans = rarity(), Disturbances(0, 0.0)
    for second in range(120):
        spans.mark(second * NS, 35 <= second < 55)
        place.observe(second * NS, {A: 9.0 if 30 <= second < 60 else 1.0 + second / 1000})
    place.settle(DAY_NS, spans)
    learned = place.pasts()[A]
    assert len(learned) == 11 - 3
    assert learned.max() < 2


def test_an_alarm_that_may_be_chance_counts_once_and_as_just_strange_enough() -> None:
    place, spans = known({A: 500}, setting=100.0), Disturbances(0, 1e-8)
    expected = place.threshold(A)
    for second in range(121):
        spans.mark(second * NS, 35 <= second < 55)
        place.observe(second * NS, {A: 9.0 if 30 <= second < 60 else 1.0 + second / 1000})
    place.settle(DAY_NS, spans)
    learned = place.pasts()[A][500:]
    assert len(learned) == 12 - 3 + 1
    assert learned.max() == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("setting", [0.01, 1.0, 24.0, 500.0])
@pytest.mark.parametrize("count", [20, 300, 5000])
def test_the_threshold_has_the_rate_of_the_setting(setting: float, count: int) -> None:
    """Near ten ranks the past can tell rates apart by steps of one block only."""
    place = known({A: count}, setting)
    rate, _ = place.per_day(A, place.threshold(A))
    assert rate == pytest.approx(setting, rel=0.6, abs=2 * BLOCKS_PER_DAY / count if setting > 100 else 0)


@LAW
@given(st.floats(0, 30), st.floats(0, 10))
def test_stranger_is_never_more_frequent(statistic: float, more: float) -> None:
    place = known({A: 200})
    rate, _ = place.per_day(A, statistic)
    rarer, _ = place.per_day(A, statistic + more)
    assert rate is not None
    assert rarer is not None
    assert BLOCKS_PER_DAY >= rate >= rarer > 0


def test_what_was_never_seen_is_said_to_be_extrapolated() -> None:
    place = known({A: 200})
    largest = float(place.pasts()[A].max())
    assert not place.per_day(A, largest)[1]
    assert place.per_day(A, largest + 0.01)[1]


@pytest.mark.parametrize("blocks", [12, 120, 1000])
@pytest.mark.parametrize("setting", [24.0, 1.0])
@pytest.mark.parametrize("decades", [0.39, 1 / np.log(10)])
def test_however_short_the_past_what_is_set_is_what_comes(blocks: int, setting: float, decades: float) -> None:
    """A few minutes are not mistaken for knowledge, nor a day for ignorance: over many places, near what is set."""
    rng = np.random.default_rng(blocks)
    exceeded = []
    for _ in range(200):
        place = rarity(setting)
        place.restore({A: 1 + rng.exponential(decades, blocks)})
        exceeded.append(BLOCKS_PER_DAY * np.exp((1 - place.threshold(A)) / decades))
    assert 0.5 * setting < np.mean(exceeded) < 1.6 * setting


def test_restored_pasts_are_the_same() -> None:
    place = known({A: 50, A + C: 30})
    again = rarity()
    again.restore(place.pasts())
    assert {s: v.tolist() for s, v in again.pasts().items()} == {s: v.tolist() for s, v in place.pasts().items()}
    assert again.per_day(A + C, 2.5) == place.per_day(A + C, 2.5)


def test_an_alarm_teaches_nothing_to_a_past_that_is_too_short() -> None:
    place, spans = rarity(), Disturbances(0, 1e-8)
    for second in range(31):
        spans.mark(second * NS, 15 <= second < 18)
        place.observe(second * NS, {A: 9.0 if second == 15 else 1.0})
    place.settle(DAY_NS, spans)
    assert place.pasts()[A].tolist() == [1.0, 1.0]


def test_an_alarm_that_may_be_chance_counts_although_its_onset_was_ordinary() -> None:
    place, spans = known({A: 500}, setting=100.0), Disturbances(10 * NS, 1e-8)
    expected = place.threshold(A)
    for second in range(121):
        spans.mark(second * NS, 35 <= second < 55)
        place.observe(second * NS, {A: 9.0 if 30 <= second < 60 else 1.0 + second / 1000})
    place.settle(DAY_NS, spans)
    learned = place.pasts()[A][500:]
    assert learned.max() == pytest.approx(expected, abs=0.01)
