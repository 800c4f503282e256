"""What is normal for one quantity: where it is now, and how far it usually strays."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sensors.environment.quantities import Quantity
from sensors.past import RecentMedian, RobustPast, join_time, split_time

Floats = NDArray[np.float64]

RECENT_ROWS = 200
"""Learned rows whose median is the place of a quantity."""

PLACE_ROWS = 8
"""Learned rows from which that place is known."""

LONG_ROWS = 4000
"""Learned rows whose deviations make the scale."""

TAIL = 0.25
"""Share of the 5-95 % spread that the scale is at least: a light that is mostly off has no median deviation."""

UNKNOWN_STEP = 1e-3
"""Smallest step that matters of a quantity that no table knows, as a share of its value."""

SAME_NS = 1_000_000
"""Beginnings of a segment that differ by less are the same: they travel as seconds, nanoseconds."""


class Normal:
    """The learned past of one quantity.

    Parameters
    ----------
    quantity : Quantity or None
        What it is, None where no table knows.
    minimum : int
        Learned rows from which deviations are told.
    """

    def __init__(self, quantity: Quantity | None, minimum: int) -> None:
        self.quantity = quantity
        floor = quantity.resolution if quantity else 1e-12
        self._place = RecentMedian(RECENT_ROWS)
        self._spread = RobustPast(2, LONG_ROWS, minimum=max(1, minimum - PLACE_ROWS), floor=floor, tail=TAIL)
        self._minimum = minimum
        self._began_ns: int | None = None
        self._rows = self._ones = 0

    def learn(self, value: float, change: float, began_ns: int, at_ns: int) -> None:
        """Take a row as normal.

        Parameters
        ----------
        value, change : float
            As the extractor gives them; `value` is physical.
        began_ns, at_ns : int
            Beginning of the stream's segment and time of the row, nanoseconds UTC.
        """
        self._rows += 1
        self._ones += value > 0.5
        if self._is_stale(began_ns):
            self._place.forget()
            self._began_ns = began_ns
        if len(self._place) >= PLACE_ROWS and math.isfinite(change):
            self._spread.learn((value - self._place.median, change), at_ns)
        self._place.learn(value)

    def level(self, value: float, began_ns: int) -> tuple[float, float] | None:
        """How far a value is from its place, in scales, and that place; None while either is unknown."""
        if not self._spread.ready or len(self._place) < PLACE_ROWS or self._is_stale(began_ns):
            return None
        usual = self._place.median
        return abs(value - usual) / self._scale(0), usual

    def change(self, change: float) -> tuple[float, float] | None:
        """How far a change is from the usual one, in scales, and the usual one; None while unknown."""
        if not self._spread.ready:
            return None
        usual = float(self._spread.median[1])
        return abs(change - usual) / self._scale(1), usual

    def rarity(self, value: float) -> tuple[float, float] | None:
        """Decades of rarity of a switch's state, and the usual share of 1; None while unknown.

        Laplace's rule keeps a state never seen from being infinitely rare: after n rows it is one in n + 2.
        """
        if self._rows < self._minimum:
            return None
        ones = (self._ones + 1) / (self._rows + 2)
        return -math.log10(ones if value > 0.5 else 1 - ones), ones

    def state(self) -> dict[str, Floats]:
        """All of it, as arrays."""
        parts = {f"place.{key}": array for key, array in self._place.state().items()}
        parts |= {f"spread.{key}": array for key, array in self._spread.state().items()}
        return parts | {"counts": np.array([self._rows, self._ones], np.float64), "began": split_time(self._began_ns)}

    def restore(self, state: Mapping[str, Floats]) -> None:
        """Continue from `state()`."""
        self._place.restore(_under("place.", state))
        self._spread.restore(_under("spread.", state))
        self._began_ns = join_time(state["began"])
        self._rows, self._ones = (int(value) for value in state["counts"])

    def _is_stale(self, began_ns: int) -> bool:
        """Whether the place was learned in another segment of the stream."""
        return self._began_ns is None or abs(began_ns - self._began_ns) > SAME_NS

    def _scale(self, index: int) -> float:
        scale = float(self._spread.scale[index])
        if self.quantity or not len(self._place):
            return scale
        return max(scale, UNKNOWN_STEP * abs(self._place.median))


def _under(prefix: str, state: Mapping[str, Floats]) -> dict[str, Floats]:
    return {key.removeprefix(prefix): array for key, array in state.items() if key.startswith(prefix)}
