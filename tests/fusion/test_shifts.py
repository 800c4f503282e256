"""Laws of a shift: it is told once, soon, where levels move, and the new level is what the next is measured from."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from fusion.shifts import LATELY, LEAST_REFERENCE, MOVED, Shifts

Floats = NDArray[np.float64]


def take(rows: Floats, shifts: Shifts | None = None) -> Floats:
    """Decades of every row, NaN while nothing is known; every row is learned at once."""
    shifts = shifts or Shifts()
    told = []
    for row in rows.tolist():
        decades, differences = shifts.take({f"q{number}": value for number, value in enumerate(row)})
        shifts.learn(differences)
        told.append(np.nan if decades is None else decades)
    return np.array(told)


def life(seed: int, rows: int = 600, width: int = 2) -> Floats:
    return np.random.Generator(np.random.Philox(key=seed)).normal(20, 0.3, (rows, width))


def shifted(told: Floats) -> list[int]:
    return np.flatnonzero(told >= MOVED).tolist()


def test_nothing_is_told_before_it_is_known_how_much_levels_wander() -> None:
    told = take(life(1))
    assert np.isnan(told[: LATELY + LEAST_REFERENCE]).all()
    assert np.isfinite(told[120:]).all()


def test_quiet_life_hardly_ever_shifts() -> None:
    told = take(life(2, rows=6000, width=4))
    assert len(shifted(told)) <= 12


@pytest.mark.parametrize("width", [1, 4])
def test_each_move_to_another_level_is_told_once_and_soon(width: int) -> None:
    rows = life(3, width=width)
    rows[300:, 0] += 3
    rows[400:, 0] -= 3
    rows[470:, 0] += 6
    told = shifted(take(rows))
    for moved in (300, 400, 470):
        assert len([row for row in told if moved <= row < moved + LATELY]) == 1
    assert len(told) <= 4


def test_after_a_shift_what_lay_before_is_forgotten() -> None:
    rows = life(4)
    near, far = rows.copy(), rows.copy()
    near[300:] += 5
    far[300:] += 500
    told, other = take(near), take(far)
    first = next(row for row in shifted(told) if row >= 300)
    assert first < 300 + LATELY
    assert (told[first + 1 : first + LATELY + LEAST_REFERENCE - 1] == 0).all()
    assert_allclose(told[first + 1 :], other[first + 1 :], atol=1e-6)


def test_the_units_of_a_quantity_do_not_matter() -> None:
    rows = life(5)
    rows[350:, 1] += 2
    assert shifted(take(rows)) == shifted(take(rows * [1.0, 2.0**20]))


def test_a_quantity_without_a_value_is_left_out_for_that_row() -> None:
    shifts = Shifts()
    take(life(6, rows=300), shifts)
    decades, differences = shifts.take({"q1": 20.0})
    assert decades is not None
    assert differences.keys() == {"q1"}
