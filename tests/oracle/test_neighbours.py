"""Normal motion beside PyOD: the eye compares with its past as that library's nearest neighbours do, fitted to it."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose
from pyod.models.knn import KNN  # type: ignore[import-untyped]

from sensors.types import NS
from sensors.video.layout import COLUMNS, ROWS
from sensors.video.places import NEIGHBOURS, NormalMotion, describe, neighbour_distance


def walks(seed: int, frames: int = 200) -> NormalMotion:
    rng = np.random.default_rng(seed)
    normal = NormalMotion(spacing_ns=0, minimum=20)
    for number in range(frames):
        speed = 0.1 * rng.lognormal(0, 0.2, (ROWS, COLUMNS))
        turn = rng.normal(0, 0.3, (ROWS, COLUMNS))
        normal.learn(describe(speed, speed * np.cos(turn), speed * np.sin(turn)), number * NS // 10)
    return normal


def test_distances_are_those_of_pyod_fitted_to_what_was_kept() -> None:
    rng = np.random.default_rng(3)
    for band in walks(1).bands:
        fitted = KNN(n_neighbors=NEIGHBOURS, method="mean").fit(band.normal)
        fast = band.normal[:, 0].max() + rng.uniform(0.1, 1.0, 50)
        asked = np.column_stack([fast, rng.normal(0, 0.3, (50, 2))])
        assert_allclose(neighbour_distance(asked, band.normal), fitted.decision_function(asked), rtol=1e-9)


def test_what_is_ordinary_is_what_pyod_gives_to_motions_of_another_day() -> None:
    known, other = walks(1), walks(2)
    for band, stranger in zip(known.bands, other.bands, strict=True):
        fitted = KNN(n_neighbors=NEIGHBOURS, method="mean").fit(band.normal)
        strange = fitted.decision_function(stranger.normal) > band.reach
        assert strange.mean() < 0.04
