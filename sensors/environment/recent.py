"""What the last rows of one quantity say together: they are looked at, not learned from.

With x the newest value, and x_k the one k rows before it:

- `step` = mean of x .. x_3 - mean of the 24 before, and `spread`, the standard deviation of the two windows pooled:
  where a level has just changed, their ratio is large at once, and small again when the new level fills both windows
  (the two-window statistic of Basseville and Nikiforov, Detection of Abrupt Changes, 1993, section 2.1).
- `unrest` = ln of the mean square of the last eight differences: a quantity that begins to shake, or falls silent.
- `lately`, `meanwhile`, `long` = means of the last 6, 12 and 24 rows.
- `before`, `earlier`, `first` = x_1, x_2, x_3.

Why sums over the window and no running sums: a running sum keeps the rounding of all that ever passed through it, so a
stream that is resumed would differ from one that never stopped.
"""

from __future__ import annotations

import math
from collections import deque

SHORT, BASE = 4, 24
"""Rows of the newest window, and of the one before it."""

DIFFERENCES = 8
"""Differences of neighbours in `unrest`."""

LATELY, MEANWHILE, LONG = 6, 12, 24
"""Rows of the three means."""

SHARE, STEPS = 1e-4, 0.1
"""Least movement: as a share of the value where no table knows the quantity, else of the step that matters."""

NOTHING = (math.nan,) * 9


class Recent:
    """The last rows of one quantity in one segment of its stream."""

    def __init__(self) -> None:
        self._kept: deque[float] = deque(maxlen=SHORT + BASE)

    def take(self, value: float, resolution: float) -> tuple[float, ...]:
        """Take the next value.

        Parameters
        ----------
        value : float
            Finite, in the quantity's unit.
        resolution : float
            Smallest step that matters, in the same unit; 0 where nobody knows.

        Returns
        -------
        tuple of 9 float
            `step`, `spread`, `unrest`, `lately`, `meanwhile`, `long`, `before`, `earlier`, `first`; NaN where too few
            came before.
        """
        kept = self._kept
        kept.append(value)
        count = len(kept)
        if count < SHORT:
            return NOTHING
        least = max(STEPS * resolution, SHARE * abs(value) if resolution <= 0 else 0.0, 1e-12) ** 2
        values = list(kept)
        lately = sum(values[-LATELY:]) / LATELY if count >= LATELY else math.nan
        meanwhile = sum(values[-MEANWHILE:]) / MEANWHILE if count >= MEANWHILE else math.nan
        long = sum(values[-LONG:]) / LONG if count >= LONG else math.nan
        unrest = math.nan
        if count > DIFFERENCES:
            tail = values[-DIFFERENCES - 1 :]
            unrest = math.log(sum((b - a) ** 2 for a, b in zip(tail, tail[1:], strict=False)) / DIFFERENCES + least)
        step, spread = _step(values) if count == SHORT + BASE else (math.nan, math.nan)
        return step, spread, unrest, lately, meanwhile, long, values[-2], values[-3], values[-4]

    def forget(self) -> None:
        """Begin another segment."""
        self._kept.clear()

    def state(self) -> list[float]:
        """The rows that are remembered, oldest first."""
        return list(self._kept)

    def restore(self, values: list[float]) -> None:
        """Continue from `state()`."""
        self._kept.clear()
        self._kept.extend(values)


def _step(values: list[float]) -> tuple[float, float]:
    older, newer = values[:BASE], values[BASE:]
    before, now = sum(older) / BASE, sum(newer) / SHORT
    pooled = sum([(x - before) ** 2 for x in older]) / BASE + sum([(x - now) ** 2 for x in newer]) / SHORT
    return now - before, math.sqrt(pooled / 2)
