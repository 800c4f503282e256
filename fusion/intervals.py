"""How sure a share is that was counted."""

from __future__ import annotations

import math

Z_95 = 1.959963984540054
"""Half the width of a 95 % interval, in standard deviations of a normal law."""


def wilson_interval(hits: int, total: int) -> tuple[float, float]:
    """95 % score interval of a share; NaN for a `total` of 0.

    References
    ----------
    Wilson (1927), J. Am. Stat. Assoc. 22(158), doi:10.1080/01621459.1927.10502953.
    """
    if total == 0:
        return math.nan, math.nan
    weight = Z_95**2
    centre = (hits + weight / 2) / (total + weight)
    half = math.sqrt(weight * (hits * (total - hits) / total + weight / 4)) / (total + weight)
    return max(0.0, centre - half), min(1.0, centre + half)
