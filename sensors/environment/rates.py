"""What is normal for a switch: how often it is on, at which hours, and how much of the time lately.

1. `level`: how rare its present state is at this hour, in decades: -log10 of the state's share of all rows learned at
   this hour. Hours of which little is known borrow from all others (an average with `BORROWED` rows of the whole).
2. `rate`: how far the share of ones among the last 24 rows is from what it usually is, at this hour once other days are
   known: a motion sensor that never rests, a door that nobody has opened all day.

Laplace's rule keeps a state never seen from being infinitely rare: after n rows it is one in n + 2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sensors.environment.features import Measured
from sensors.environment.normal import Found
from sensors.environment.recent import LONG
from sensors.environment.seasons import HOURS, OUTER, Band, Seasons
from sensors.past import RecentMedian
from sensors.types import NS

Floats = NDArray[np.float64]

BORROWED = 50.0
"""Rows of the whole day that every hour is taken to have seen besides its own."""

FADING = 20_000
"""Rows of an hour after which what is older counts half."""

RECENT_ROWS, LEAST_ROWS = 400, 30
"""Learned rows that are the recent past of the share of ones, and from which it is told."""

NARROWEST = 1.0 / LONG
"""Least width of a band: one row of the window."""


class Rates:
    """The learned past of one switch.

    Parameters
    ----------
    minimum : int
        Learned rows from which anything is told.
    """

    channels = ("level", "rate")
    """Aspects of a switch that are scored, in the order of `look`."""

    def __init__(self, minimum: int) -> None:
        self._minimum = minimum
        self._hours = [[0.0, 0.0] for _ in range(HOURS)]
        self._all = [0.0, 0.0]
        self._shares = RecentMedian(RECENT_ROWS)
        self._seasons = Seasons()

    def learn(self, reading: Measured, began_ns: int, at_ns: int) -> None:
        """Take a reading as normal; `began_ns` is of no use here."""
        for counted in (self._hours[_hour(at_ns)], self._all):
            if counted[0] >= FADING:
                counted[:] = counted[0] / 2, counted[1] / 2
            counted[0] += 1
            counted[1] += reading.value > 0.5
        if math.isfinite(reading.long):
            self._shares.learn(reading.long)
            self._seasons.learn(reading.long, at_ns)

    def look(self, reading: Measured, began_ns: int, at_ns: int) -> tuple[Found | None, ...]:
        """How rare the state is, and how unusual the share of ones; None where that is not known yet."""
        rows, ones = self._all
        if rows < self._minimum:
            return None, None
        share = (ones + 1) / (rows + 2)
        seen, on = self._hours[_hour(at_ns)]
        usual = (on + BORROWED * share) / (seen + BORROWED)
        rarity = -math.log10(usual if reading.value > 0.5 else 1 - usual)
        return Found(rarity, reading.value, usual), self._rate(reading.long, at_ns)

    def state(self) -> dict[str, Floats]:
        """All of it, as arrays."""
        parts = {"hours": np.array([*self._hours, self._all], np.float64), "shares.kept": self._shares.state()["kept"]}
        return parts | {f"seasons.{key}": array for key, array in self._seasons.state().items()}

    def restore(self, state: Mapping[str, Floats]) -> None:
        """Continue from `state()`."""
        *self._hours, self._all = state["hours"].tolist()
        self._shares.restore({"kept": state["shares.kept"]})
        prefix = "seasons."
        self._seasons.restore({key.removeprefix(prefix): a for key, a in state.items() if key.startswith(prefix)})

    def _rate(self, share: float, at_ns: int) -> Found | None:
        if not math.isfinite(share):
            return Found(math.nan, math.nan, math.nan)
        if len(self._shares) < LEAST_ROWS:
            return None
        band = Band(self._shares.quantile(OUTER), self._shares.median, self._shares.quantile(1 - OUTER))
        season = self._seasons.band(at_ns)
        if season is not None:
            band = band.mixed(*season)
        away = share - band.middle
        width = band.high - band.middle if away > 0 else band.middle - band.low
        return Found(abs(away) / max(width, NARROWEST), share, band.middle)


def _hour(at_ns: int) -> int:
    return at_ns // (3600 * NS) % HOURS
