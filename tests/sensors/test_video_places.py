from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sensors.types import NS
from sensors.video.evidence import Evidence
from sensors.video.layout import COLUMNS, ROWS
from sensors.video.places import ENOUGH, NormalMotion, describe

Floats = NDArray[np.float64]
WALK, RUN = 0.1, 0.4


def still() -> tuple[Floats, Floats, Floats]:
    return np.zeros((ROWS, COLUMNS)), np.zeros((ROWS, COLUMNS)), np.zeros((ROWS, COLUMNS))


def frame(row: int, column: int, vx: float, vy: float = 0.0) -> Floats:
    """Motions of a frame in which one thing moves."""
    speed, dx, dy = still()
    speed[row, column], dx[row, column], dy[row, column] = np.hypot(vx, vy), vx, vy
    return describe(speed, dx, dy)


def street(rows: tuple[int, ...] = (2, 4), seconds: int = 60, seed: int = 1) -> NormalMotion:
    """A place where people walk to the right, ten frames a second, somewhere in these bands."""
    rng = np.random.default_rng(seed)
    normal = NormalMotion(spacing_ns=0, minimum=20)
    for number in range(10 * seconds):
        one = frame(
            int(rng.choice(rows)), int(rng.integers(COLUMNS)), WALK * rng.lognormal(0, 0.1), rng.normal(0, 0.01)
        )
        normal.learn(one, number * NS // 10)
    return normal


def test_who_walks_as_others_do_is_not_strange_even_where_nobody_walked_yet() -> None:
    normal = street()
    assert normal.ready
    assert max(normal.strangeness(frame(2, column, WALK)).max() for column in range(COLUMNS)) == 0


def test_running_is_strange_and_faster_is_stranger() -> None:
    normal = street()
    found = [normal.strangeness(frame(2, 3, speed)).max() for speed in (WALK, 2 * WALK, RUN, 2 * RUN)]
    assert found == sorted(found)
    assert found[0] == 0
    assert found[2] > 0.5
    assert normal.haste(frame(2, 3, RUN))[2, 3] > 0.5
    assert normal.haste(frame(2, 3, WALK)).max() == 0


def test_the_wrong_way_is_strange_and_no_haste() -> None:
    normal = street()
    assert normal.strangeness(frame(2, 3, -WALK)).max() > 0.3
    assert normal.haste(frame(2, 3, -WALK)).max() == 0


def test_slower_than_usual_and_standing_still_are_not_strange() -> None:
    normal = street()
    assert normal.strangeness(describe(*still())).max() == 0
    assert normal.strangeness(frame(2, 3, 0.5 * WALK)).max() == 0


def test_far_bands_have_their_own_speed() -> None:
    rng = np.random.default_rng(4)
    normal = NormalMotion(spacing_ns=0, minimum=20)
    for number in range(600):
        row = int(rng.integers(2))
        vx = (0.05 if row == 0 else 0.5) * rng.lognormal(0, 0.1)
        normal.learn(frame(5 * row, int(rng.integers(COLUMNS)), vx), number * NS // 10)
    assert normal.strangeness(frame(5, 2, 0.5)).max() == 0
    assert normal.strangeness(frame(0, 2, 0.5)).max() > 0.5


def test_a_band_without_a_past_asks_its_neighbours() -> None:
    normal = street(rows=(3,))
    assert len(normal.bands[0].normal) >= ENOUGH
    assert normal.strangeness(frame(0, 1, WALK)).max() == 0


def test_where_nothing_ever_moved_anything_that_moves_is_strange() -> None:
    normal = NormalMotion(spacing_ns=0, minimum=20)
    for number in range(100):
        normal.learn(describe(*still()), number * NS // 10)
    assert normal.strangeness(frame(3, 3, WALK)).max() > 0.3


def test_what_is_kept_is_bounded_and_drawn_from_all_that_came() -> None:
    normal = NormalMotion(spacing_ns=0, minimum=20)
    for number in range(4000):
        normal.learn(frame(2, number % COLUMNS, WALK * (1 + number / 4000)), number * NS // 10)
    state = normal.state()
    kept = np.exp(state["motions"][2, :, 0])
    assert state["motions"].shape[1] == 512
    assert np.histogram(kept, bins=4, range=(WALK, 2 * WALK))[0].min() > 60


def test_learning_twice_gives_the_same_and_state_restores_it() -> None:
    one, other = street().state(), street().state()
    assert {name: array.tobytes() for name, array in one.items()} == {k: v.tobytes() for k, v in other.items()}
    again = NormalMotion(spacing_ns=0, minimum=20)
    again.restore(one)
    assert np.array_equal(again.strangeness(frame(2, 3, RUN)), street().strangeness(frame(2, 3, RUN)))


def test_no_frame_takes_more_than_one_band_anew_and_each_gets_its_turn() -> None:
    normal = street()
    renewed = [0] * ROWS
    for number in range(600, 1200):
        before = normal.bands
        normal.learn(frame(number % ROWS, number % COLUMNS, WALK), number * NS // 10)
        anew = [old is not new for old, new in zip(before, normal.bands, strict=True)]
        assert sum(anew) <= 1
        renewed = [count + new for count, new in zip(renewed, anew, strict=True)]
    assert min(renewed) == max(renewed) > 2


def test_who_is_stopped_between_two_bands_goes_on_with_the_next() -> None:
    normal, number = street(), 600
    before = normal.bands
    while sum(old is not new for old, new in zip(before, normal.bands, strict=True)) != 2:
        normal.learn(frame(3, number % COLUMNS, RUN), number * NS // 10)
        number += 1
    again = NormalMotion(spacing_ns=0, minimum=20)
    again.restore(normal.state())
    for later in range(number, number + 200):
        for one in (normal, again):
            one.learn(frame(later % ROWS, later % COLUMNS, RUN), later * NS // 10)
    assert {n: a.tobytes() for n, a in again.state().items()} == {n: a.tobytes() for n, a in normal.state().items()}


def test_evidence_rises_with_what_lasts_and_one_frame_is_little() -> None:
    def gathered(raws: list[float]) -> list[float]:
        evidence = Evidence(2.0)
        return [evidence.add(n * NS // 10, raw) for n, raw in enumerate(raws)]

    lasting, blip = gathered([0.0] * 10 + [5.0] * 200), gathered([0.0] * 10 + [5.0] + [0.0] * 199)
    assert all(after >= before for before, after in zip(lasting, lasting[1:], strict=False))
    assert lasting[-1] == pytest.approx(2.0 * np.log(6.0), rel=1e-3)
    assert max(blip) < 0.06 * lasting[-1]
    assert blip[-1] < 1e-3


def test_one_frame_of_wild_motion_is_less_evidence_than_a_second_of_strange_motion() -> None:
    wild, strange = Evidence(2.0), Evidence(2.0)
    wild.add(0, 0.0)
    strange.add(0, 0.0)
    lasting = [strange.add(n * NS // 10, 5.0) for n in range(1, 11)]
    assert wild.add(NS // 10, 500.0) < 0.5 * lasting[-1]


def test_evidence_does_not_depend_on_the_frame_rate() -> None:
    told = []
    for rate in (10, 30):
        evidence = Evidence(2.0)
        told.append([evidence.add(n * NS // rate, 3.0) for n in range(5 * rate + 1)][-1])
    assert told[0] == pytest.approx(told[1])


def test_what_is_less_than_usual_makes_up_for_nothing() -> None:
    evidence = Evidence(2.0)
    evidence.add(0, 0.0)
    evidence.add(NS, 4.0)
    before = evidence.add(NS + 1, 4.0)
    assert 0 < evidence.add(2 * NS, -50.0) < before
