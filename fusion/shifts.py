"""When quantities move to another level, beside the level they had since the last time that they did.

Of every quantity the mean of its newest `LATELY` values is compared with that of up to `REFERENCE` values before them,
in scales of how large this difference usually is. How rare that is under a normal law is averaged over the quantities
as Cauchy scores (Liu and Xie 2020, doi:10.1080/01621459.2018.1554485): decades of rarity. From `MOVED` on it is a
shift: what lay before is forgotten, and what comes now is the level that the next shift is measured from.

Why beside `onset`: something strange begins once and may last for long, but while it lasts the place may move on, and
be mended; each of these is a point in time that somebody wants to know. Why a sum over the window and no running sum: a
stream that is resumed gives the same. Chosen on every other file of SKAB, where a mean found more than a median.

References
----------
Page, E. S. (1954). Continuous inspection schemes. Biometrika 41, 100-115. doi:10.1093/biomet/41.1-2.100
Basseville, M. and Nikiforov, I. V. (1993). Detection of Abrupt Changes, section 2.1. Prentice Hall.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import numpy as np

from fusion.combine import p_value_of, surprise_of

LATELY, REFERENCE, LEAST_REFERENCE = 8, 60, 12
"""Values of the newest mean; most and fewest values of the mean before."""

MOVED = 3.0
"""Decades of rarity from which something moved."""

USUAL, LEAST_USUAL, EVERY = 400, 40, 40
"""Usual differences kept of each quantity, from how many on it is measured, and how often their scale is taken anew."""

DEEPEST, TAIL, SMALLEST = 8.0, 0.5, 1e-12
"""Most scales of a difference; least scale as a share of the outer quantile's, and of the values."""

OUTER, OUTER_TO_SIGMA, MAD_TO_SIGMA = 0.95, 1.96, 1.4826
"""Quantile of absolute differences that is the outer one, and what makes it and their median standard deviations."""


class Shifts:
    """The level of each quantity since the last shift, and how much it usually wanders."""

    def __init__(self) -> None:
        self._levels: dict[str, _Level] = {}

    def take(self, values: Mapping[str, float]) -> tuple[float | None, dict[str, float]]:
        """Take the values of a row.

        Parameters
        ----------
        values : mapping of str to float
            Finite, by quantity; one without a value is not there.

        Returns
        -------
        decades : float or None
            How rare a move of all together is, >= 0; None while nothing is known of any.
        differences : dict of str to float
            To be given to `learn` when the row turns out to have been ordinary.
        """
        differences: dict[str, float] = {}
        surprises = []
        for name, value in values.items():
            level = self._levels.get(name)
            if level is None:
                level = self._levels[name] = _Level()
            difference = level.take(value)
            if difference is None:
                continue
            differences[name] = difference
            if level.scale > 0:
                far = min(abs(difference) / (level.scale * level.rougher()), DEEPEST)
                surprises.append(surprise_of(max(math.erfc(far / math.sqrt(2)), 1e-300)))
        if not surprises:
            known = any(level.scale > 0 for level in self._levels.values())
            return (0.0 if known else None), differences
        decades = -math.log10(p_value_of(sum(surprises) / len(surprises)))
        if decades >= MOVED:
            for level in self._levels.values():
                level.forget()
        return decades, differences

    def learn(self, differences: Mapping[str, float]) -> None:
        """Take differences of a row as usual."""
        for name, difference in differences.items():
            self._levels[name].learn(difference)


class _Level:
    """One quantity: its last values, and how large differences of its means usually are."""

    def __init__(self) -> None:
        self._values: deque[float] = deque(maxlen=LATELY + REFERENCE)
        self._usual: deque[float] = deque(maxlen=USUAL)
        self._learned = 0
        self.scale = 0.0

    def take(self, value: float) -> float | None:
        """Difference of the two means, once there are enough values."""
        self._values.append(value)
        if len(self._values) < LATELY + LEAST_REFERENCE:
            return None
        values = list(self._values)
        return sum(values[-LATELY:]) / LATELY - sum(values[:-LATELY]) / (len(values) - LATELY)

    def rougher(self) -> float:
        """How many times larger a difference from a short reference is by chance than from a whole one."""
        behind = len(self._values) - LATELY
        return math.sqrt((1 / LATELY + 1 / behind) / (1 / LATELY + 1 / REFERENCE))

    def forget(self) -> None:
        """Nothing but the newest value is where it is now."""
        newest = self._values[-1]
        self._values.clear()
        self._values.append(newest)

    def learn(self, difference: float) -> None:
        """Take a difference as usual."""
        self._usual.append(abs(difference))
        self._learned += 1
        if self._learned % EVERY == 0 and len(self._usual) >= LEAST_USUAL:
            middle, outer = np.quantile(np.array(self._usual), (0.5, OUTER)).tolist()
            least = SMALLEST * max(1.0, max(map(abs, self._values)))
            self.scale = max(MAD_TO_SIGMA * middle, TAIL * outer / OUTER_TO_SIGMA, least)
