"""How a quantity behaves while its sensor is well: learned, so that a fault shows.

All of it grows with care. A longest rest, a longest silence and the span of values grow at most by their own size at
once: one fault that was learned does not hide the next, and what is so by nature is understood after a few times.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

import numpy as np

from sensors.base import Arrays
from sensors.environment.features import Measured
from sensors.environment.quantities import quantity_of

UNKNOWN_STEP = 1e-3
"""Smallest step that matters of a quantity that no table knows, as a share of its value."""

ENOUGH = 20
"""Learned rows from which a span is known."""

STILL_ROWS, STILL_RUNS = 10, 5
"""A quantity is stuck after more equal rows than this, and more than so many times the longest run learned;"""

WHOLE_ROWS, WHOLE_RUNS = 4, 3
"""a whole row likewise: that all its quantities rest at once by chance is rarer."""

MOVES, MOVE_ROWS = 10, 100
"""Learned movements, and rows, from which standing still is strange."""

SMOOTH = frozenset({"temperature", "humidity", "air_pressure", "water_level", "battery"})
"""Quantities that neither leap to and fro by nature nor tell of danger by it, as smoke and gas do."""

BLOCK_ROWS, BLOCKS, LEAST_BLOCKS = 50, 16, 4
"""Rows of a block of tremor, blocks remembered, and blocks from which the usual tremor is known."""

SILENCES, SIGNS_OF_LIFE = 5.0, 10.0
"""A quantity is silent after so many times its longest silence, and so many times what is usual for its like."""

NEIGHBOUR_GROWTH = 1e-3
"""How much a learned row widens the span of a difference of neighbours, as a share of that span."""


class Span:
    """Between which values something lies.

    Parameters
    ----------
    growth : float
        Most that one value adds on either side, as a share of the span; the first `ENOUGH` count as they are.
    """

    def __init__(self, growth: float) -> None:
        self._growth, self._count = growth, 0
        self.low, self.high = math.inf, -math.inf

    @property
    def known(self) -> bool:
        """Whether enough values were learned."""
        return self._count >= ENOUGH

    @property
    def width(self) -> float:
        """Its width; infinite before anything was learned."""
        return self.high - self.low if self._count else math.inf

    def beyond(self, value: float, spans: float, least: float) -> bool:
        """Whether a value lies further outside than so many spans, and than `least`."""
        reach = max(spans * (self.high - self.low), least)
        return self.known and not self.low - reach <= value <= self.high + reach

    def learn(self, value: float, least: float) -> None:
        """Take a value; `least` stands for the span where that is smaller."""
        more = self._growth * max(self.high - self.low, least) if self.known else math.inf
        self._count = min(self._count + 1, ENOUGH)
        self.low = max(min(self.low, value), self.low - more) if self._count > 1 else value
        self.high = min(max(self.high, value), self.high + more) if self._count > 1 else value

    def state(self) -> list[float]:
        """All of it."""
        return [self._count, self.low, self.high]

    def restore(self, state: Sequence[float]) -> None:
        """Continue from `state()`."""
        self._count, self.low, self.high = int(state[0]), state[1], state[2]


class Rest:
    """For how many rows something stands still.

    Parameters
    ----------
    rows, runs : int
        It is stuck after more equal rows than this, and more than so many times the longest run learned.
    """

    def __init__(self, rows: int = STILL_ROWS, runs: int = STILL_RUNS) -> None:
        self._least, self._runs = rows, runs
        self._rows = self._moves = self._longest = self._run = 0

    @property
    def moves(self) -> bool:
        """Whether it was seen to move at all, so that standing still tells something."""
        return self._moves >= MOVES and self._rows >= MOVE_ROWS

    def is_stuck(self, repeats: float) -> bool:
        """Whether what usually moves has not moved for so many rows."""
        return self.moves and repeats > max(self._least, self._runs * self._longest)

    def learn(self, repeats: float) -> None:
        """Take a row; a run counts when it ends, and at most as twice the longest before."""
        self._rows += 1
        self._moves += repeats == 0
        if repeats == 0:
            self._longest = max(self._longest, min(self._run, max(self._least, 2 * self._longest)))
        self._run = int(repeats)

    def state(self) -> list[float]:
        """All of it."""
        return [self._rows, self._moves, self._longest, self._run]

    def restore(self, state: Sequence[float]) -> None:
        """Continue from `state()`."""
        self._rows, self._moves, self._longest, self._run = (int(value) for value in state)


class Ceiling:
    """How large something usually gets: the median of the largest values of the last blocks of rows."""

    def __init__(self) -> None:
        self._maxima: deque[float] = deque(maxlen=BLOCKS)
        self._largest, self._count, self._usual = 0.0, 0, math.nan

    @property
    def usual(self) -> float:
        """Usual largest value of a block; NaN while too few are known."""
        return self._usual

    def learn(self, value: float) -> None:
        """Take a value >= 0."""
        self._largest, self._count = max(self._largest, value), self._count + 1
        if self._count == BLOCK_ROWS:
            self._maxima.append(self._largest)
            self._largest, self._count = 0.0, 0
            self._settle()

    def state(self) -> list[float]:
        """All of it."""
        return [self._largest, self._count, *self._maxima]

    def restore(self, state: Sequence[float]) -> None:
        """Continue from `state()`."""
        self._largest, self._count = state[0], int(state[1])
        self._maxima = deque(state[2:], maxlen=BLOCKS)
        self._settle()

    def _settle(self) -> None:
        ranked = sorted(self._maxima)
        self._usual = ranked[len(ranked) // 2] if len(ranked) >= LEAST_BLOCKS else math.nan


class Habit:
    """What is learned of one quantity.

    Parameters
    ----------
    name : str
        The quantity, with its unit: "temperature_c".
    """

    def __init__(self, name: str) -> None:
        self.quantity = quantity_of(name)[0]
        self.smooth = self.quantity is not None and self.quantity.name in SMOOTH
        self.switch = self.quantity is not None and self.quantity.binary
        self.values, self.apart = Span(1.0), Span(NEIGHBOUR_GROWTH)
        self.rest, self.tremor = Rest(), Ceiling()
        self._silence_s, self._heard_s = 0.0, 0.0

    @property
    def step(self) -> float:
        """Smallest step that matters, in the quantity's unit."""
        if self.quantity is not None:
            return self.quantity.resolution
        return UNKNOWN_STEP * max(abs(self.values.low), abs(self.values.high)) if self.values.known else 0.0

    def rests_at(self, value: float) -> bool:
        """Whether it may stand still there for long: where nothing flows, and at the ends of what was learned."""
        if value == 0 and (self.quantity is None or self.quantity.low <= 0 and self.quantity.name not in SMOOTH):
            return True
        return self.values.known and value in (self.values.low, self.values.high)

    @property
    def heard_s(self) -> float:
        """For how long it was learned, seconds."""
        return self._heard_s

    def most_silent_s(self) -> float:
        """Seconds after which it is missed; infinite while that is not known."""
        if not self.values.known:
            return math.inf
        return max(SILENCES * self._silence_s, SIGNS_OF_LIFE * (self.quantity.report_s if self.quantity else 60.0))

    def learn(self, reading: Measured) -> None:
        """Take a reading that was believed as usual."""
        if not math.isnan(reading.repeats):
            self.rest.learn(reading.repeats)
        self.values.learn(reading.value, self.step)
        if not math.isnan(reading.tremor):
            self.tremor.learn(reading.tremor)
        if not math.isnan(reading.since_s):
            longer_s = 2 * self._silence_s if self.values.known else math.inf
            self._silence_s = max(self._silence_s, min(reading.since_s, longer_s))
            self._heard_s += min(reading.since_s, self._silence_s)

    def state(self) -> Arrays:
        """All of it, as arrays."""
        counts = [self._silence_s, self._heard_s, *self.rest.state(), *self.values.state(), *self.apart.state()]
        return {"counts": np.array(counts, np.float64), "tremor": np.array(self.tremor.state(), np.float64)}

    def restore(self, state: Arrays) -> None:
        """Continue from `state()`."""
        counts = state["counts"].tolist()
        self._silence_s, self._heard_s = counts[:2]
        self.rest.restore(counts[2:6])
        self.values.restore(counts[6:9])
        self.apart.restore(counts[9:12])
        self.tremor.restore(state["tremor"].tolist())
