"""Far is what this site has not sounded like."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sensors.audio.novelty import PROTOTYPES, VALUES, WIDEST, NeighbourPast, direction
from sensors.types import NS


def places(count: int, width: int = 32, seed: int = 0) -> NDArray[np.float64]:
    centres = np.random.default_rng(9).normal(0, 1, (3, width))
    rng = np.random.default_rng(seed)
    return np.asarray(centres[rng.integers(0, 3, count)] + rng.normal(0, 0.3, (count, width)))


def filled(count: int = 300, width: int = 32) -> NeighbourPast:
    past = NeighbourPast(spacing_ns=NS, minimum=10)
    for index, place in enumerate(places(count, width)):
        past.learn(place, index * NS)
    return past


def test_the_usual_is_about_1_and_the_strange_is_far() -> None:
    past = filled()
    usual = [past.distance(place) for place in places(100, seed=1)]
    strange = [past.distance(place) for place in np.random.default_rng(2).normal(0, 1, (100, 32))]
    assert np.median(np.array(usual, float)) == pytest.approx(1.0, abs=0.15)
    assert min(np.array(strange, float)) > max(np.array(usual, float))


def test_before_the_minimum_nothing_is_said() -> None:
    past = NeighbourPast(spacing_ns=NS, minimum=10)
    for index, place in enumerate(places(10)):
        assert past.distance(place) is None
        past.learn(place, index * NS)
    assert past.distance(places(1)[0]) is not None


def test_neighbours_in_time_are_learned_once() -> None:
    past = NeighbourPast(spacing_ns=NS, minimum=10)
    for index, place in enumerate(places(40)):
        past.learn(place, index * NS // 4)
    assert past.count == 10


def test_the_nearest_are_those_of_the_slow_twin() -> None:
    past = filled(200)
    kept = past.state()["chosen"]
    for place in places(20, seed=3):
        unit = place / np.linalg.norm(place)
        nearest = np.sort(np.linalg.norm(kept - unit, axis=1))[:5].mean() / past.usual
        assert past.distance(place) == pytest.approx(nearest, rel=1e-3)


def test_what_has_no_direction_is_neither_judged_nor_learned() -> None:
    past = filled()
    for bad in (np.zeros(32), np.full(32, np.nan), np.full(32, np.inf)):
        assert past.distance(bad) is None
        before = past.count
        past.learn(bad, 10_000 * NS)
        assert past.count == before


@pytest.mark.parametrize("width", [3, 256, 1024])
def test_a_past_is_bounded(width: int) -> None:
    past = filled(1500, width)
    state = past.state()
    assert len(state["chosen"]) <= PROTOTYPES
    assert state["places"].size <= VALUES
    assert sum(array.nbytes for array in state.values()) < 3_000_000


def test_projection_keeps_distances() -> None:
    wide = np.random.default_rng(5).normal(0, 1, (30, 1024))
    short = [direction(row) for row in wide]
    units = wide / np.linalg.norm(wide, axis=1)[:, None]
    for one in range(0, 30, 2):
        a, b = short[one], short[one + 1]
        assert a is not None
        assert b is not None
        assert len(a) == WIDEST
        expected = np.linalg.norm(units[one] - units[one + 1])
        assert np.linalg.norm(a - b) == pytest.approx(expected, rel=0.2)


def test_a_restored_past_goes_on_bit_for_bit() -> None:
    past, again = filled(50), NeighbourPast(spacing_ns=NS, minimum=10)
    again.restore({name: array.copy() for name, array in past.state().items()})
    for index, place in enumerate(places(900, seed=4)):
        past.learn(place, (100 + index) * NS)
        again.learn(place, (100 + index) * NS)
        assert past.distance(place) == again.distance(place)
    assert all(past.state()[name].tobytes() == array.tobytes() for name, array in again.state().items())
