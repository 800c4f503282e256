"""Which readings of a sensor can be believed; a change of mind becomes `Health`.

A reading is a dropout where no sensor of its quantity can mean it, or where it is one of the codes that sensors give
instead of an error and the quantity was never near it. It is stuck where a quantity that usually moves has not moved
for far longer than it was ever seen to rest. What is at fault is neither scored nor learned.

All of it follows from the row itself and from what was learned, so that a row is judged alike when it is scored and
when it is learned, much later. Only what was told to people is remembered apart from that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sensors.base import Arrays
from sensors.condition import Condition, Fault
from sensors.environment.features import Measured, is_physical
from sensors.environment.quantities import quantity_of
from sensors.types import Health, Quality, State

CODES = frozenset({85.0, -127.0, -999.0, -9999.0, 9999.0, 32767.0, 65535.0})
"""Readings that sensors give instead of an error; only believed where the quantity was seen near them."""

FAR, LEAST = 2.0, 20.0
"""A code is an error beyond so many spans of what was learned, and so many steps that matter."""

ENOUGH_ROWS = 20
"""Learned rows from which a code is told from a value."""

UNKNOWN_STEP = 1e-3
"""Smallest step that matters of a quantity that no table knows, as a share of its value."""

STILL_ROWS, STILL_RUNS = 10, 5
"""A quantity is stuck after more equal rows than this, and more than so many times the longest run learned."""

MOVES = 10
"""Learned movements from which standing still is strange."""

PART = ":faults"
"""After the name of a quantity: what is learned of it here."""


class Look(StrEnum):
    """How a quantity looks at an instant."""

    GOOD = "good"
    STILL = "still"
    STUCK = "stuck"
    DROPOUT = "dropout"

    @property
    def believed(self) -> bool:
        """Whether the reading may be scored and learned."""
        return self in (Look.GOOD, Look.STILL)


class Habit:
    """How one quantity behaves while its sensor is well.

    A run of equal values counts when it ends, and at most as twice the longest before: one stuck sensor does not make
    the next one unseen, and a quantity that naturally rests for long is understood after a few rests. The span of
    values grows likewise, by its own width at most.

    Parameters
    ----------
    name : str
        The quantity, with its unit: "temperature_c".
    """

    def __init__(self, name: str) -> None:
        self.quantity = quantity_of(name)[0]
        self._rows = self._moves = self._longest = self._run = 0
        self._low, self._high = math.inf, -math.inf

    @property
    def switch(self) -> bool:
        """Whether only 0 and 1 occur."""
        return self.quantity is not None and self.quantity.binary

    @property
    def moves(self) -> bool:
        """Whether this quantity was seen to move at all, so that standing still tells something."""
        return self._moves >= MOVES

    @property
    def _step(self) -> float:
        """Smallest step that matters."""
        return self.quantity.resolution if self.quantity else UNKNOWN_STEP * max(abs(self._low), abs(self._high))

    def is_far(self, value: float) -> bool:
        """Whether a value lies far from all that was learned."""
        if self._rows < ENOUGH_ROWS:
            return False
        reach = max(FAR * (self._high - self._low), LEAST * self._step)
        return not self._low - reach <= value <= self._high + reach

    def is_stuck(self, repeats: float) -> bool:
        """Whether a value that is usually moving has not moved for so many rows."""
        return self.moves and repeats > max(STILL_ROWS, STILL_RUNS * self._longest)

    def learn(self, reading: Measured) -> None:
        """Take a reading that was believed as usual."""
        self._rows += 1
        self._moves += reading.repeats == 0
        if reading.repeats == 0:
            self._longest = max(self._longest, min(self._run, max(STILL_ROWS, 2 * self._longest)))
        self._run = int(reading.repeats)
        if self._rows <= ENOUGH_ROWS:
            self._low, self._high = min(self._low, reading.value), max(self._high, reading.value)
            return
        more = max(self._high - self._low, self._step)
        self._low = max(min(self._low, reading.value), self._low - more)
        self._high = min(max(self._high, reading.value), self._high + more)

    def state(self) -> NDArray[np.float64]:
        """All of it, as one array (6,)."""
        return np.array([self._rows, self._moves, self._longest, self._run, self._low, self._high], np.float64)

    def restore(self, state: Sequence[float]) -> None:
        """Continue from `state()`."""
        self._rows, self._moves, self._longest, self._run = (int(value) for value in state[:4])
        self._low, self._high = state[4:]


class Faults:
    """Judges the readings of one sensor.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    """

    def __init__(self, stream: str) -> None:
        self._habits: dict[str, Habit] = {}
        self._looks: dict[str, tuple[Look, float]] = {}
        self._condition = Condition(stream)

    def judge(self, at_ns: int, row: Iterable[Measured]) -> tuple[dict[str, Quality], list[Health]]:
        """What the readings of a row are good for.

        Parameters
        ----------
        at_ns : int
            Event time, nanoseconds UTC.
        row : iterable of Measured
            As `features.unpack` gives them.

        Returns
        -------
        qualities : dict of str to Quality
            By quantity: OK, GAP where it is at fault, DEGRADED while the whole sensor is.
        changes : list of Health
            What there is to tell.
        """
        looks = {}
        for reading in row:
            looks[reading.name] = look = self.look(reading)
            self._looks[reading.name] = look, reading.value
        quality, changes = self._condition.judge(at_ns, self._fault())
        if quality is not Quality.OK:
            return dict.fromkeys(looks, quality), changes
        return {name: Quality.OK if look.believed else Quality.GAP for name, look in looks.items()}, changes

    def look(self, reading: Measured) -> Look:
        """How a reading looks, beside what was learned of its quantity."""
        habit = self._habits.get(reading.name)
        if habit is None:
            return Look.GOOD if is_physical(reading.value, quantity_of(reading.name)[0]) else Look.DROPOUT
        if not is_physical(reading.value, habit.quantity):
            return Look.DROPOUT
        if reading.value in CODES and habit.is_far(reading.value):
            return Look.DROPOUT
        if reading.repeats and not habit.switch and habit.is_stuck(reading.repeats):
            return Look.STUCK
        return Look.STILL if reading.repeats > 0 and (habit.switch or not habit.moves) else Look.GOOD

    def learn(self, reading: Measured) -> bool:
        """Take a reading as usual, unless it is at fault; whether it was taken."""
        if not self.look(reading).believed:
            return False
        habit = self._habits.get(reading.name)
        if habit is None:
            habit = self._habits[reading.name] = Habit(reading.name)
        habit.learn(reading)
        return True

    def state(self) -> Arrays:
        """What was learned of every quantity, as arrays named "<quantity>:faults"."""
        return {f"{name}{PART}": habit.state() for name, habit in self._habits.items()}

    def restore(self, state: Arrays) -> None:
        """Continue from `state()`; arrays of other names are left alone."""
        self._habits.clear()
        for key, array in state.items():
            if key.endswith(PART):
                name = key.removesuffix(PART)
                self._habits[name] = Habit(name)
                self._habits[name].restore(array.tolist())

    def _fault(self) -> Fault | None:
        """What is wrong with the sensor as a whole: nothing, as long as one quantity is seen to live."""
        looks = [look for look, _ in self._looks.values()]
        if Look.GOOD in looks:
            return None
        if Look.STUCK in looks:
            return Fault(State.DEGRADED, "stuck: the same values again and again")
        if Look.STILL in looks or not looks:
            return None
        codes = sorted({f"{value:g}" for _, value in self._looks.values() if math.isfinite(value)})
        return Fault(State.DEGRADED, f"dropout: reads {', '.join(codes[:3])}" if codes else "dropout: no values")
