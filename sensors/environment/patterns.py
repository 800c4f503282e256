"""How unlike anything learned the last four rows are: the distance to the nearest stretch of four rows in the past.

A spike that comes every hour is near its predecessors; one that comes at a new height, a step where there never was
one, a day that stays flat, are near nothing. This is the left matrix profile for one short length, over a bounded past:
nothing is assumed of the form that ordinary life has.

References
----------
Yeh, C.-C. M. et al. (2016). Matrix Profile I. IEEE ICDM, 1317-1322. doi:10.1109/ICDM.2016.0179
Ishimtsev, V. et al. (2017). Conformal k-NN anomaly detector for univariate data streams. PMLR 60, 213-227.
arXiv:1706.03412
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROWS = 4
"""Rows of a stretch."""

CAPACITY = 800
"""Stretches kept, the newest."""

LEAST = 60
"""Stretches below which nothing is told."""


class Patterns:
    """The last stretches that were learned; 13 kB, kept as distances from the first value ever learned."""

    def __init__(self) -> None:
        self._kept = np.zeros((ROWS, CAPACITY), np.float32)
        self._count = 0
        self._origin = 0.0

    def learn(self, stretch: Sequence[float]) -> None:
        """Take a stretch as usual.

        Parameters
        ----------
        stretch : sequence of 4 float
            Values of neighbouring rows, finite.
        """
        if not self._count:
            self._origin = stretch[0]
        self._kept[:, self._count % CAPACITY] = [value - self._origin for value in stretch]
        self._count += 1

    def distance(self, stretch: Sequence[float]) -> float | None:
        """Root mean square difference to the nearest stretch, in the quantity's unit; None while too few are known.

        Parameters
        ----------
        stretch : sequence of 4 float
            Values of the last rows, in the order that was learned.
        """
        if self._count < LEAST:
            return None
        known = self._kept if self._count >= CAPACITY else self._kept[:, : self._count]
        away = known - np.array([[value - self._origin] for value in stretch], np.float32)
        return math.sqrt(float(np.einsum("ij,ij->j", away, away).min()) / ROWS)

    def state(self) -> dict[str, Floats]:
        """All of it, as arrays."""
        kept = self._kept[:, : min(self._count, CAPACITY)].astype(np.float64)
        return {"kept": kept, "counts": np.array([self._count, self._origin], np.float64)}

    def restore(self, state: Mapping[str, Floats]) -> None:
        """Continue from `state()`."""
        kept = state["kept"]
        self._kept[:, : kept.shape[1]] = kept
        self._count, self._origin = int(state["counts"][0]), float(state["counts"][1])
