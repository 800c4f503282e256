"""For every row, its values, how far each moved from the rows just before, and for how many rows it has not moved."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from statistics import median
from typing import NamedTuple

import numpy as np

from sensors.environment.quantities import LARGEST, Quantity, quantity_of
from sensors.environment.recent import Recent
from sensors.environment.tremor import Tremor
from sensors.past import MAD_TO_SIGMA
from sensors.types import NS, Chunk, Features

RECENT_ROWS = 10
"""Rows before the newest that it is compared with."""

GAPS = 9
"""Distances between rows from which the usual one is taken."""

LONG_GAP_NS = 900 * NS
"""A longer pause begins a new segment of the stream, if it is also 20 times the usual distance; nanoseconds."""

SENTINELS = frozenset({-200.0, -999.0, -9999.0, -99999.0})
"""What loggers write where there is no value; only believed where the quantity is not usually near."""

CODES = frozenset(
    (85.0, -127.0, -200.0, -999.0, -999.9, -9999.0, 9999.0, 32767.0, -32768.0, 65535.0, 327.67, 3276.7, 655.35, 6553.5)
)
"""What sensors give instead of an error; not remembered where the quantity is not usually near."""

FAR, SHARE, ENOUGH = 50.0, 1e-3, 5
"""Scales that a sentinel lies from the recent median; least scale as a share of that median; recent values needed."""

PAUSE = 4
"""Usual distances of values after which one is not compared any more with those before: what moved meanwhile?"""

SEGMENT = "segment_s"
"""Name of the last value of a row: seconds since the stream began or returned after a long gap."""


class Measured(NamedTuple):
    """One quantity of a row: its value, and what the extractor adds to it, NaN where too little came before.

    Attributes
    ----------
    name : str
        The quantity, with its unit.
    value : float
        As measured.
    change : float
        Value less the median of up to ten values before it.
    repeats : float
        How many values before it in a row are the same.
    tremor : float
        See `tremor.Tremor`: how far the last rows jump to and fro.
    since_s : float
        Seconds since the value before it.
    step, spread, unrest, lately, meanwhile, long : float
        See `recent`: difference of two windows and their spread, log of how much it moves, means of 6, 12, 24 rows.
    before, earlier, first : float
        The three values before it, newest first.
    """

    name: str
    value: float
    change: float
    repeats: float
    tremor: float = math.nan
    since_s: float = math.nan
    step: float = math.nan
    spread: float = math.nan
    unrest: float = math.nan
    lately: float = math.nan
    meanwhile: float = math.nan
    long: float = math.nan
    before: float = math.nan
    earlier: float = math.nan
    first: float = math.nan


ADDED = Measured._fields[2:]
"""What is added to each quantity, as the suffix of a name: `<quantity>.change`."""


def unpack(features: Features) -> tuple[int, list[Measured]]:
    """Beginning of the segment, nanoseconds UTC, and the readings of a row."""
    values = features.values.tolist()
    count = (len(values) - 1) // (1 + len(ADDED))
    parts = [values[start : start + count] for start in range(0, len(values) - 1, count)]
    return features.end_ns - round(values[-1] * NS), list(map(Measured, features.names, *parts))


_NOTHING = (math.nan,) * len(ADDED)


def is_physical(value: float, quantity: Quantity | None) -> bool:
    """Whether a sensor of this quantity can mean this value; NaN, infinity and absurd numbers never."""
    if not abs(value) <= LARGEST:
        return False
    return quantity is None or quantity.low <= value <= quantity.high


@dataclass(slots=True)
class _Column:
    """What is remembered of one quantity."""

    quantity: Quantity | None
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT_ROWS))
    trace: Recent = field(default_factory=Recent)
    tremor: Tremor = field(default_factory=Tremor)
    repeats: int = 0
    lowest: float = 0.0
    last_ns: int | None = None
    gaps_ns: deque[int] = field(default_factory=lambda: deque(maxlen=GAPS))

    def is_sentinel(self, value: float) -> bool:
        """Whether a value of a quantity that no table knows means that there is none."""
        if self.quantity is not None or value not in SENTINELS:
            return False
        if self.lowest >= 0:
            return True
        return self.is_far(value)

    def is_far(self, value: float) -> bool:
        """Whether a value is far from the last ones."""
        if len(self.recent) < ENOUGH:
            return False
        middle = median(self.recent)
        scale = MAD_TO_SIGMA * median(abs(one - middle) for one in self.recent)
        return abs(value - middle) > FAR * max(scale, SHARE * abs(middle))

    def take(self, value: float, at_ns: int) -> tuple[float, ...]:
        """What is added to the next value, in the order of `ADDED`."""
        if not is_physical(value, self.quantity) or (value in CODES and self.is_far(value)):
            return _NOTHING
        self.lowest = min(self.lowest, value)
        since_s = self._since_s(at_ns)
        change, recent = math.nan, self.recent
        if recent:
            self.repeats = self.repeats + 1 if value == recent[-1] else 0
            ranked, half = sorted(recent), len(recent) // 2
            change = value - (ranked[half] if len(ranked) % 2 else (ranked[half - 1] + ranked[half]) / 2)
        recent.append(value)
        least = self.quantity.resolution if self.quantity else 0.0
        return change, float(self.repeats), self.tremor.take(value), since_s, *self.trace.take(value, least)

    def _since_s(self, at_ns: int) -> float:
        """Seconds since the value before; after an unusually long time nothing is compared."""
        before_ns, self.last_ns = self.last_ns, at_ns
        if before_ns is None:
            return math.nan
        gaps, gap_ns = sorted(self.gaps_ns), at_ns - before_ns
        if gaps and gap_ns > PAUSE * max(gaps[len(gaps) // 2], 1):
            self.pause()
        self.gaps_ns.append(gap_ns)
        return gap_ns / NS

    def pause(self) -> None:
        """Do not compare what comes with what came before."""
        self.recent.clear()
        self.trace.forget()
        self.tremor.forget()
        self.repeats = 0

    def forget(self) -> None:
        """Begin another segment."""
        self.pause()
        self.last_ns = None


@dataclass(slots=True)
class _Rhythm:
    """When rows with the same quantities came."""

    names: tuple[str, ...]
    last_ns: int | None = None
    gaps_ns: deque[int] = field(default_factory=lambda: deque(maxlen=GAPS))

    def take(self, at_ns: int) -> int:
        """Time since the row before, at most three times the usual; nanoseconds."""
        before_ns, self.last_ns = self.last_ns, at_ns
        if before_ns is None:
            return 0
        gap_ns = max(0, at_ns - before_ns)
        self.gaps_ns.append(gap_ns)
        return min(gap_ns, 3 * self.usual_ns)

    @property
    def usual_ns(self) -> int:
        """Median distance of rows, nanoseconds; 0 before the second."""
        return sorted(self.gaps_ns)[len(self.gaps_ns) // 2] if self.gaps_ns else 0


class EnvironmentExtractor:
    """Features of an environmental sensor; a stream may bring different quantities in different rows.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    """

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self._columns: dict[str, _Column] = {}
        self._rhythms: dict[tuple[str, ...], _Rhythm] = {}
        self._began_ns: int | None = None
        self._last_ns = 0

    def extract(self, chunk: Chunk) -> Iterator[Features]:
        """Features of every row; `span_ns` is the time since the last row with the same quantities."""
        names = chunk.names
        rhythm = self._rhythms.get(names)
        if rhythm is None:
            described = (*names, *(f"{name}.{added}" for added in ADDED for name in names), SEGMENT)
            rhythm = self._rhythms[names] = _Rhythm(described)
            for name in names:
                self._columns.setdefault(name, _Column(quantity_of(name)[0]))
        for index, row in enumerate(chunk.data.tolist()):
            at_ns = chunk.time_ns(index)
            segment_s = self._segment_s(at_ns, rhythm.usual_ns)
            span_ns = rhythm.take(at_ns)
            columns = [self._columns[name] for name in names]
            seen = [math.nan if own.is_sentinel(value) else value for own, value in zip(columns, row, strict=True)]
            added = zip(*[own.take(value, at_ns) for own, value in zip(columns, seen, strict=True)], strict=True)
            values = [*seen, *chain.from_iterable(added), segment_s]
            yield Features(self.stream, at_ns, span_ns, rhythm.names, np.array(values, np.float64))

    def _segment_s(self, at_ns: int, usual_ns: int) -> float:
        if self._began_ns is None or at_ns - self._last_ns > max(LONG_GAP_NS, 20 * usual_ns):
            self._began_ns = at_ns
            for column in self._columns.values():
                column.forget()
        self._last_ns = at_ns
        return (at_ns - self._began_ns) / NS
