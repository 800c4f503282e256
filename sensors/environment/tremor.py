"""How far the last readings jump to and fro, whatever way they go as a whole.

With x the newest value and x_k the one k rows before it, d = |x - 2 x_1 + x_2| is 0 on any straight line and about 2.4
standard deviations in white noise. `tremor` is the median of the last seven d: one step, a spike or the corner of a
ramp makes at most three of them large and leaves the median alone, but noise makes all of them large at once. It is 0
while the rows go somewhere, as a fire does however much it flickers: |x - x_7| above 2.5 times that median, which in
white noise is one row in two hundred.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

ROWS = 7
"""Second differences of which the median is taken; odd."""


GOES = 2.5
"""Way in seven rows, in median jumps, from which they go somewhere."""


class Tremor:
    """The last rows of one quantity in one segment of its stream."""

    def __init__(self) -> None:
        self._before = self._earlier = math.nan
        self._jumps: deque[float] = deque(maxlen=ROWS)
        self._values: deque[float] = deque(maxlen=ROWS + 1)

    def take(self, value: float) -> float:
        """Median jump, in the quantity's unit, once `value` is taken; NaN while too few rows came before."""
        jump = abs(value - 2 * self._before + self._earlier)
        self._before, self._earlier = value, self._before
        self._values.append(value)
        if math.isnan(jump):
            return math.nan
        self._jumps.append(jump)
        if len(self._jumps) < ROWS:
            return math.nan
        usual = sorted(self._jumps)[ROWS // 2]
        return usual if abs(value - self._values[0]) <= GOES * usual else 0.0

    def state(self) -> dict[str, NDArray[np.float64]]:
        """What is remembered, as arrays."""
        return {
            "before": np.array([self._before, self._earlier], np.float64),
            "jumps": np.array(self._jumps, np.float64),
            "values": np.array(self._values, np.float64),
        }

    def restore(self, state: Mapping[str, NDArray[np.float64]]) -> None:
        """Continue from `state()`."""
        self._before, self._earlier = state["before"].tolist()
        self._jumps = deque(state["jumps"].tolist(), maxlen=ROWS)
        self._values = deque(state["values"].tolist(), maxlen=ROWS + 1)

    def forget(self) -> None:
        """Begin another segment."""
        self._before = self._earlier = math.nan
        self._jumps.clear()
        self._values.clear()
