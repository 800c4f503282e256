"""Evidence gathered over moments: one number for how strange a scene has become."""

from __future__ import annotations

import math

from sensors.types import NS

MEMORY_S = 2.0
"""Time in which gathered evidence fades to a third, seconds."""


class Evidence:
    """A leaky sum of the logarithms of scores over time.

    Why a sum: a single frame in which everything moves is a splice or a lamp; people who keep running are not. The sum
    starts to rise with the first strange frame, so that little time is lost, and goes on rising while more is seen.

    Why logarithms: what is summed should be how unlikely each moment is. The tail of strange motion is heavy, such
    that ten times the score is rarer by a factor, not by an exponent; then log(1 + score) is that measure, and no
    single frame, however wild, weighs like many.

    Parameters
    ----------
    memory_s : float
        Time in which the sum fades to 1 / e, seconds > 0.

    References
    ----------
    Page, E. S. (1954). Continuous inspection schemes. Biometrika 41(1/2), 100-115. doi:10.2307/2333009
    """

    def __init__(self, memory_s: float = MEMORY_S) -> None:
        self._memory_s = memory_s
        self._sum = 0.0
        self._at_ns: int | None = None

    def add(self, end_ns: int, raw: float) -> float:
        """Take a score and give the sum.

        Parameters
        ----------
        end_ns : int
            Event time, nanoseconds UTC; grows.
        raw : float
            In usual spreads; what is below 0 counts as 0.

        Returns
        -------
        float
            >= 0, seconds; a score that stays at r leads to `memory_s` * log(1 + r).
        """
        span_s = 0.0 if self._at_ns is None else min((end_ns - self._at_ns) / NS, self._memory_s)
        faded = math.exp(-span_s / self._memory_s)
        self._at_ns = end_ns
        self._sum = self._sum * faded + math.log1p(max(raw, 0.0)) * self._memory_s * (1.0 - faded)
        return self._sum
