"""Middle and scale of the last values of one thing: what `sensors.past.RobustPast` is for vectors, for single numbers.

Why another: a vector of one costs as much as one of a hundred, and a quantity has several of these in every row.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sensors.past import LARGEST, MAD_TO_SIGMA, TAILS_TO_SIGMA

Floats = NDArray[np.float64]

EVERY = 100
"""Most values between two computations of middle and scale."""

TAIL = 0.25
"""Share of the 5-95 % spread that a scale is at least: a light that is mostly off has no median deviation."""


class Spread:
    """The last `capacity` learned values, with their median and scale.

    Both are computed anew after every tenth part more was learned, at latest after `EVERY` values: a rule of the count
    alone, so that a stream gives the same twice.

    Parameters
    ----------
    capacity : int
        Values kept; 4 bytes each.
    floor : float
        Least scale, > 0, in the values' unit.

    Attributes
    ----------
    count : int
        Values learned.
    median, scale : float
        A standard normal past gives 0 and 1; NaN before the first value.
    """

    __slots__ = ("_due", "_floor", "_kept", "capacity", "count", "median", "scale")

    def __init__(self, capacity: int, floor: float) -> None:
        self.capacity, self._floor = capacity, floor
        self._kept = array("f")
        self._due = 1
        self.count = 0
        self.median = self.scale = float("nan")

    def learn(self, value: float) -> None:
        """Take a finite value."""
        value = min(max(value, -LARGEST), LARGEST)
        if len(self._kept) < self.capacity:
            self._kept.append(value)
        else:
            self._kept[self.count % self.capacity] = value
        self.count += 1
        if self.count >= self._due:
            self._due = self.count + min(1 + self.count // 10, EVERY)
            self._compute()

    def state(self) -> dict[str, Floats]:
        """All of it, as arrays."""
        numbers = np.array([self.count, self._due, self.median, self.scale], np.float64)
        return {"kept": np.array(self._kept, np.float64), "numbers": numbers}

    def restore(self, state: Mapping[str, Floats]) -> None:
        """Continue from `state()` of an equal spread."""
        self._kept = array("f", state["kept"].tolist())
        count, due, self.median, self.scale = state["numbers"].tolist()
        self.count, self._due = int(count), int(due)

    def _compute(self) -> None:
        ranked = np.sort(np.frombuffer(self._kept, np.float32))
        last = len(ranked) - 1
        median = (ranked[last // 2] + ranked[(last + 1) // 2]) / 2
        away = np.sort(np.abs(ranked - median))
        deviation = MAD_TO_SIGMA * float(away[last // 2] + away[(last + 1) // 2]) / 2
        tails = float(ranked[round(0.95 * last)] - ranked[round(0.05 * last)]) / TAILS_TO_SIGMA
        self.median = float(median)
        self.scale = max(deviation, TAIL * tails, self._floor)
