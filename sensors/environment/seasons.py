"""What is usual at this hour of the day, and at this hour of a working day or a weekend once enough of them are known.

Twenty-four bins, an hour each in UTC. A bin keeps readings of its last days, a few of each hour; their median
and outer quantiles are taken anew when an hour is over, never while one is scored. Days decide, not readings: a bin
that knows d days speaks with weight (d - 1) / (d + 1), the recent past with the rest, so that a history of a day
changes nothing and one of a fortnight nearly all.

Why UTC: summer time shifts the day of people by an hour, which a bin sees as one strange hour twice a year; a time
zone would have to be told for every sensor.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sensors.past import join_time, split_time
from sensors.types import NS

Floats = NDArray[np.float64]

HOURS = 24
"""Bins of a day."""

DAYS = 14
"""Days that a bin remembers."""

KIND_DAYS = 3
"""Days of one kind (working, weekend) from which a bin speaks of that kind alone."""

OUTER = 0.05
"""Share of readings below the lower and above the upper end of a band."""

_HOUR_NS = 3600 * NS

_KINDS, _FIELDS = 3, 4
_UNKNOWN = (0.0, 0.0, 0.0, 0.0)


class Band(NamedTuple):
    """Where readings usually are: 5 % of them lie below `low`, half below `middle`, 5 % above `high`."""

    low: float
    middle: float
    high: float

    def mixed(self, other: Band, weight: float) -> Band:
        """Moved towards another band by a weight in [0, 1]."""
        return Band(*(mine + weight * (theirs - mine) for mine, theirs in zip(self, other, strict=True)))


class Seasons:
    """The usual course of a day of one quantity, however long it is taught.

    Parameters
    ----------
    per_hour : int
        Readings of an hour of one day that are kept, evenly spaced; 2 kB each.
    """

    def __init__(self, per_hour: int = 6) -> None:
        self._spacing_ns = _HOUR_NS // per_hour
        self._most = DAYS * per_hour
        self._kept = np.zeros((HOURS, self._most), np.float32)
        self._days = np.zeros((HOURS, self._most), np.uint16)
        self._counts = [0] * HOURS
        self._bands = array("d", [0.0]) * (HOURS * _KINDS * _FIELDS)
        self._last_ns = self._open = -1

    def learn(self, value: float, at_ns: int) -> None:
        """Take a finite reading as usual at its time, nanoseconds UTC."""
        if self._last_ns >= 0 and 0 <= at_ns - self._last_ns < self._spacing_ns:
            return
        self._last_ns = at_ns
        hour = at_ns // _HOUR_NS
        if hour != self._open and self._open >= 0:
            self._close(self._open % HOURS)
        self._open = hour
        index = hour % HOURS
        place = self._counts[index] % self._most
        self._kept[index, place], self._days[index, place] = value, hour // HOURS % 65_536
        self._counts[index] += 1

    def band(self, at_ns: int) -> tuple[Band, float] | None:
        """What is usual at this hour, and with what weight; None while fewer than two days are known.

        Parameters
        ----------
        at_ns : int
            Event time, nanoseconds UTC.

        Returns
        -------
        tuple of (Band, float) or None
            The weight is in (0, 1).
        """
        hour = at_ns // _HOUR_NS
        start = hour % HOURS * _KINDS * _FIELDS
        kind = start + (2 if _is_weekend(hour // HOURS) else 1) * _FIELDS
        if self._bands[kind] >= KIND_DAYS:
            start = kind
        days, low, middle, high = self._bands[start : start + _FIELDS]
        return (Band(low, middle, high), (days - 1) / (days + 1)) if days > 1 else None

    def state(self) -> dict[str, Floats]:
        """All of it, as arrays."""
        return {
            "kept": self._kept.astype(np.float64),
            "days": self._days.astype(np.float64),
            "counts": np.array(self._counts, np.float64),
            "bands": np.array(self._bands, np.float64),
            "last": split_time(self._last_ns if self._last_ns >= 0 else None),
            "open": np.array([self._open], np.float64),
        }

    def restore(self, state: Mapping[str, Floats]) -> None:
        """Continue from `state()`."""
        self._kept[:], self._days[:] = state["kept"], state["days"]
        self._counts = [int(count) for count in state["counts"]]
        self._bands = array("d", state["bands"].tolist())
        last_ns = join_time(state["last"])
        self._last_ns = -1 if last_ns is None else last_ns
        self._open = int(state["open"][0])

    def _close(self, index: int) -> None:
        """Take the bands of an hour anew: of all its days, of working days, of weekends."""
        used = min(self._counts[index], self._most)
        kept = list(zip(self._days[index, :used].tolist(), self._kept[index, :used].tolist(), strict=True))
        working = [one for one in kept if not _is_weekend(one[0])]
        weekend = [one for one in kept if _is_weekend(one[0])]
        known = (*_known(kept), *_known(working), *_known(weekend))
        size = _KINDS * _FIELDS
        self._bands[index * size : (index + 1) * size] = array("d", known)


def _known(kept: Sequence[tuple[int, float]]) -> tuple[float, float, float, float]:
    """Days, and the band of their readings, for pairs of day and reading."""
    if not kept:
        return _UNKNOWN
    ranked, last = sorted([value for _, value in kept]), len(kept) - 1
    low, middle, high = (ranked[round(share * last)] for share in (OUTER, 0.5, 1 - OUTER))
    return float(len({day for day, _ in kept})), low, middle, high


def _is_weekend(day: int) -> bool:
    """Whether a day since 1970-01-01, a Thursday, is a Saturday or Sunday."""
    return (day + 3) % 7 >= 5
