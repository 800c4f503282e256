"""How much wilder than usual it usually is at this hour: lights go on at eight, an office empties at six.

Of the size of every movement the largest in half an hour is kept, by hour of the day as `seasons` keeps readings. Where
the outer quantile of an hour is larger than that of half of the hours, movements in this hour and the next are measured
by as much coarser a scale, with the weight of the days that are known. No hour makes a movement stranger than it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

import numpy as np
from numpy.typing import NDArray

from sensors.environment.seasons import HOURS, Seasons
from sensors.past import join_time, split_time
from sensors.types import NS

Floats = NDArray[np.float64]

KNOWN_HOURS = 12
"""Hours of the day that must be known before one is compared with the others."""

PER_HOUR = 2
"""Largest movements of an hour of one day that are kept."""

_HOUR_NS = 3600 * NS
_SLOT_NS = _HOUR_NS // PER_HOUR


class Swings:
    """The usual size of movements of one quantity in each hour of the day."""

    def __init__(self) -> None:
        self._peaks = Seasons(PER_HOUR)
        self._peak = 0.0
        self._slot = -1
        self._slot_ns: int | None = None
        self._factors = [1.0] * HOURS
        self._hour = -1

    def learn(self, size: float, at_ns: int) -> None:
        """Take the size of a movement, >= 0 and finite, as usual at its time, nanoseconds UTC."""
        slot = at_ns // _SLOT_NS
        if slot != self._slot:
            if self._slot_ns is not None:
                self._peaks.learn(self._peak, self._slot_ns)
            self._slot, self._slot_ns, self._peak = slot, slot * _SLOT_NS, 0.0
            if at_ns // _HOUR_NS != self._hour:
                self._hour = at_ns // _HOUR_NS
                self._compare()
        self._peak = max(self._peak, size)

    def factor(self, at_ns: int) -> float:
        """How many times coarser the scale of movements is at a time than usually, >= 1."""
        hour = at_ns // _HOUR_NS % HOURS
        return max(self._factors[hour], self._factors[hour - 1])

    def state(self) -> dict[str, Floats]:
        """All of it, as arrays."""
        return self._peaks.state() | {
            "factors": np.array(self._factors, np.float64),
            "slot": np.array([self._slot, self._peak, self._hour], np.float64),
            "began": split_time(self._slot_ns),
        }

    def restore(self, state: Mapping[str, Floats]) -> None:
        """Continue from `state()`."""
        self._peaks.restore(state)
        self._factors = state["factors"].tolist()
        slot, self._peak, hour = state["slot"].tolist()
        self._slot, self._hour, self._slot_ns = int(slot), int(hour), join_time(state["began"])

    def _compare(self) -> None:
        """Compare the hours with each other."""
        bands = [self._peaks.band(hour * _HOUR_NS) for hour in range(HOURS)]
        highs = [known[0].high for known in bands if known is not None]
        if len(highs) < KNOWN_HOURS:
            return
        usual = max(median(highs), 1e-12)
        self._factors = [1 + known[1] * (max(known[0].high / usual, 1.0) - 1) if known else 1.0 for known in bands]
