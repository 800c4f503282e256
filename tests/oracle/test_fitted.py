"""Compiled detectors beside PyOD's: the same score for every row, near and far, of every kind."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from fusion.baseline.fitting import Sample, fit, fitted, unscaled
from sensors.fitted import FAR, KINDS, SEPARATOR, Fitted

Floats = NDArray[np.float64]

TOLERANCE = 1e-9
"""How far a score may be from PyOD's, as a share of it."""


def life(seed: int, rows: int, width: int) -> Floats:
    """Quantities that follow each other, one of them in whole numbers, in two states."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(0, 1, (rows, 2)) + 3 * (rng.random((rows, 1)) < 0.3)
    found = hidden @ rng.normal(0, 1, (2, width)) + rng.normal(0, 0.3, (rows, width))
    found[:, 0] = np.round(found[:, 0])
    return found


def arrays_of(kind: str, rows: Floats) -> tuple[dict[str, Floats], Floats]:
    """The compiled arrays, scales left as they are, and PyOD's own scores of rows near, far and very far."""
    model, width = fitted(kind, rows), rows.shape[1]
    asked = np.concatenate([rows[:40], life(2, 60, width), np.linspace(-FAR, FAR, 30)[:, None] * np.ones(width)])
    return unscaled(kind, model, width), np.column_stack([asked, model.decision_function(asked)])


@pytest.mark.parametrize("width", [2, 20])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_scores_as_pyod_does(kind: str, width: int) -> None:
    arrays, told = arrays_of(kind, life(1, 500, width))
    detector = Fitted(arrays)
    scores = [detector.score(row) for row in told[:, :-1]]
    assert_allclose(np.array(scores, np.float64), told[:, -1], rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_fitted_does_not_hang_on_the_units(kind: str) -> None:
    rows, asked = life(3, 400, 4), life(4, 30, 4) * 2
    units, zeros = np.array([1.0, 1000.0, 0.01, 25.4]), np.array([0.0, 300.0, -5.0, 100.0])
    plain, other = Fitted(fit(kind, rows)), Fitted(fit(kind, rows * units + zeros))
    ours = np.array([plain.score(row) for row in asked], np.float64)
    theirs = np.array([other.score(row * units + zeros) for row in asked], np.float64)
    assert np.corrcoef(ours, theirs)[0, 1] > 0.99


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_law_is_stranger_than_what_was_learned_of_it(kind: str) -> None:
    rng = np.random.default_rng(5)
    driver = rng.normal(0, 1, 600)
    rows = np.column_stack([driver, driver + rng.normal(0, 0.05, 600), rng.normal(0, 1, 600)])
    detector = Fitted(fit(kind, rows))
    usual = np.quantile([detector.score(row) or 0.0 for row in rows], 0.99)
    far = detector.score([9.0, -9.0, 9.0])
    assert far is not None
    assert far > usual


@pytest.mark.parametrize("kind", KINDS)
def test_twice_the_same_and_restored_the_same(kind: str) -> None:
    rows = life(6, 300, 3)
    first, again = fit(kind, rows), fit(kind, rows)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    restored = Fitted(Fitted(first).state())
    assert [restored.score(row) for row in rows] == [Fitted(first).score(row) for row in rows]


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_with_something_missing_is_not_scored(kind: str) -> None:
    assert Fitted(fit(kind, life(7, 300, 3))).score([0.0, np.nan, 0.0]) is None


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_that_are_not_those_of_the_kind_are_refused(kind: str) -> None:
    good = fit(kind, life(8, 300, 3))
    name = next(iter(good))
    last = list(good)[-1]
    damaged = [
        {n: a for n, a in good.items() if n != name},
        {**good, name: good[name][..., :-1]},
        {**good, last: np.full_like(good[last], np.nan)},
        {**good, f"{kind}{SEPARATOR}more": np.zeros(3)},
        {**good, f"{kind}{SEPARATOR}scale": np.zeros(3)},
        {f"other{SEPARATOR}{n.partition(SEPARATOR)[2]}": a for n, a in good.items()},
        {},
    ]
    for arrays in damaged:
        with pytest.raises(ValueError, match=r"."):
            Fitted(arrays)


def test_a_sample_is_spread_evenly_over_all_that_was_learned() -> None:
    sample = Sample(most=400)
    for number in range(5000):
        sample.take("all", (float(number), 1.0))
        sample.take("gaps", (np.nan if number % 3 == 0 else float(number), 1.0))
        sample.take("nothing", (np.nan, 1.0))
    rows = sample.rows()
    assert 200 <= len(rows["all"]) <= 400
    assert np.ptp(np.diff(rows["all"][:, 0])) == 0
    assert rows["all"][-1, 0] > 4900
    assert np.isfinite(rows["gaps"]).all()
    assert "nothing" not in rows
