"""Which readings of a sensor can be believed; what cannot is neither scored nor learned, and becomes `Health`.

- A dropout is a value that no sensor of the quantity can mean, or a code that sensors give instead of an error where
  the quantity was never near it.
- Stuck is what usually moves and has not moved for far longer than it was ever seen to rest: one quantity, or all of
  a row together, which shows sooner. What stands at nothing (a lamp at night, a pump that is off) or at the end of its
  scale is not stuck.
- Noise is what jumps to and fro far beyond its own past while its middle stays where it always was, in a quantity that
  nature does not let leap. A step, a ramp or a spike is none of it: `tremor`.
- Apart is one of several sensors of one quantity in the same row that has crept away from the median of the others.
  One that leaves them at a bound is not: that may be the world. Neighbours in other streams are not looked at: a stream
  does not say with whom it shares a place, and what differs between rooms is for the fusion to know.
- Silent is a quantity that does not report any more while others of the same sensor do.

Whether a reading is believed follows from its row and from what was learned, so that it is judged alike when it is
scored and when it is learned, much later. What is remembered besides is only what was told to people, and silence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

import numpy as np
from numpy.typing import NDArray

from sensors.base import Arrays
from sensors.condition import Condition, Fault
from sensors.environment.features import CODES, Measured, is_physical
from sensors.environment.habits import SMOOTH, WHOLE_ROWS, WHOLE_RUNS, Habit, Rest
from sensors.environment.quantities import DAY_S, quantity_of
from sensors.types import NS, Health, Quality, State

FAR_SPANS, FAR_STEPS = 2.0, 20.0
"""One of `features.CODES` is an error beyond so many spans of what was learned, and so many steps that matter."""

NOISY, NOISY_STEPS, STAYS = 6.0, 5.0, 0.5
"""Noise is this many times the usual largest tremor, and so many steps, within the span of values and this share."""

APART_SPANS, APART_STEPS, BOUND_SPANS = 1.5, 5.0, 0.5
"""Apart is this many spans beyond the usual difference, and so many steps, unless a row moved by this many spans."""

LEAST_NEIGHBOURS = 3
"""Sensors of one quantity in a row from which it is known who left whom."""

MOST_TOLD = 4
"""Quantities whose faults a reason tells one by one."""

PART = ":faults."
"""Between the name of a quantity and what is learned of it here."""

CHECK_NS = NS
"""Silence is looked for no more often, nanoseconds."""


class Look(StrEnum):
    """How a quantity looks at an instant."""

    GOOD = "good"
    STILL = "still"
    STUCK = "stuck"
    DROPOUT = "dropout"
    NOISY = "noise"
    APART = "apart"
    SILENT = "silent"

    @property
    def believed(self) -> bool:
        """Whether the reading may be scored and learned."""
        return self in (Look.GOOD, Look.STILL)


ONSET = {Look.DROPOUT: 3, Look.NOISY: 5, Look.APART: 10}
"""Readings in a row for which a fault of one quantity lasts before it is told; one for all others."""

WELL_ALONE = frozenset({Look.GOOD, Look.STILL, Look.APART})
"""Looks of what can be compared with its neighbours."""

WELL = 3
"""Good readings in a row after which it is over."""


@dataclass(slots=True)
class _Seen:
    """What was lately seen of one quantity."""

    look: Look = Look.GOOD
    value: float = math.nan
    last_ns: int = 0
    bad: int = 0
    well: int = 0
    bound: bool = False
    told: str = ""

    def take(self, name: str, look: Look, value: float) -> None:
        """Count good and bad readings; `told` is what people should know."""
        before, self.look, self.value = self.look, look, value
        if look.believed:
            self.bad, self.well = 0, self.well + 1
            if self.well >= WELL or before is Look.SILENT:
                self.told = ""
            return
        self.bad, self.well = (self.bad + 1 if look is before else 1), 0
        if self.bad >= ONSET.get(look, 1) and (not self.told or look is not before or self.bad == ONSET.get(look, 1)):
            self.told = _words(name, look, value)


class Faults:
    """Judges the readings of one sensor.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    """

    def __init__(self, stream: str) -> None:
        self._habits: dict[str, Habit] = {}
        self._rests: dict[str, Rest] = {}
        self._groups: dict[tuple[str, ...], list[list[int]]] = {}
        self._seen: dict[str, _Seen] = {}
        self._condition = Condition(stream)
        self._checked_ns = 0
        self._all_at_fault = False

    def judge(self, began_ns: int, at_ns: int, row: Sequence[Measured]) -> tuple[dict[str, Quality], list[Health]]:
        """What the readings of a row are good for.

        Parameters
        ----------
        began_ns, at_ns : int
            Beginning of the stream's segment, and time of the row, nanoseconds UTC.
        row : sequence of Measured
            As `features.unpack` gives them.

        Returns
        -------
        qualities : dict of str to Quality
            By quantity: OK, GAP where it is at fault, DEGRADED while the whole sensor is.
        changes : list of Health
            What there is to tell: of the whole sensor, or with the quantities at fault as `channels`.
        """
        looks = self.looks(row)
        for reading in row:
            seen = self._seen.get(reading.name)
            if seen is None:
                seen = self._seen[reading.name] = _Seen()
            looks[reading.name] = self._at_a_bound(seen, reading, looks[reading.name])
            seen.take(reading.name, looks[reading.name], reading.value)
            if is_physical(reading.value, None):
                seen.last_ns = at_ns
        self._miss(began_ns, at_ns)
        whole = self._whole()
        if self._all_at_fault and not whole:
            self._come_back()
        self._all_at_fault = whole is not None
        quality, changes = self._condition.judge(at_ns, whole or self._partial())
        if whole:
            return dict.fromkeys(looks, quality), changes
        return {name: Quality.OK if look.believed else Quality.GAP for name, look in looks.items()}, changes

    def looks(self, row: Sequence[Measured]) -> dict[str, Look]:
        """How the readings of a row look, beside what was learned, by quantity."""
        rest = self._rests.get(_key(row))
        if rest is not None and rest.is_stuck(_repeats(row)):
            return {reading.name: Look.STUCK for reading in row}
        looks = {reading.name: self._look(reading) for reading in row}
        if left := self._who_left(self._apart(row, looks)):
            looks[left] = Look.APART
        return looks

    def learn(self, row: Sequence[Measured]) -> frozenset[str]:
        """Take as usual what is not at fault; the quantities that were taken."""
        looks = self.looks(row)
        taken = frozenset(name for name, look in looks.items() if look.believed)
        for name, difference in self._apart(row, looks).items():
            self._habits[name].apart.learn(difference, self._habits[name].step)
        for reading in row:
            if reading.name in taken:
                if reading.name not in self._habits:
                    self._habits[reading.name] = Habit(reading.name)
                self._habits[reading.name].learn(reading)
        if len(row) > 1 and len(taken) == len(row):
            self._rests.setdefault(_key(row), _whole_rest()).learn(_repeats(row))
        return taken

    def state(self) -> Arrays:
        """What was learned of every quantity, as arrays named "<quantity>:faults.<part>"."""
        habits = {f"{n}{PART}{part}": array for n, h in self._habits.items() for part, array in h.state().items()}
        return habits | {f"{key}{PART}row": np.array(rest.state(), np.float64) for key, rest in self._rests.items()}

    def restore(self, state: Arrays) -> None:
        """Continue from `state()`; arrays of other names are left alone."""
        self._habits.clear()
        self._rests.clear()
        parts: dict[str, dict[str, NDArray[np.float64]]] = {}
        for key, array in state.items():
            name, mine, part = key.rpartition(PART)
            if mine:
                parts.setdefault(name, {})[part] = array
        for name, known in parts.items():
            if "counts" in known:
                self._habits[name] = Habit(name)
                self._habits[name].restore(known)
            if "row" in known:
                self._rests[name] = _whole_rest()
                self._rests[name].restore(known["row"].tolist())

    def _look(self, reading: Measured) -> Look:
        value, habit = reading.value, self._habits.get(reading.name)
        if habit is None:
            return Look.GOOD if is_physical(value, quantity_of(reading.name)[0]) else Look.DROPOUT
        if not is_physical(value, habit.quantity):
            return Look.DROPOUT
        if value in CODES and habit.values.beyond(value, FAR_SPANS, FAR_STEPS * habit.step):
            return Look.DROPOUT
        if reading.repeats > 0:
            if not habit.switch and habit.rest.is_stuck(reading.repeats) and not habit.rests_at(value):
                return Look.STUCK
            return Look.STILL if habit.switch or not habit.rest.moves else Look.GOOD
        if habit.smooth and reading.tremor > max(NOISY * habit.tremor.usual, NOISY_STEPS * habit.step):
            middle = value - reading.change
            return Look.GOOD if habit.values.beyond(middle, STAYS, habit.step) else Look.NOISY
        return Look.GOOD

    def _who_left(self, apart: dict[str, float]) -> str:
        """The quantity that has left its neighbours furthest; after a day with them: each has its own sun and shade.

        Only one at a time: who leaves takes the median of the others' neighbours along.
        """
        left = [
            (abs(difference - (habit.apart.low + habit.apart.high) / 2) / max(habit.apart.width, habit.step), name)
            for name, difference in apart.items()
            if (habit := self._habits[name]).heard_s >= DAY_S
            and habit.apart.beyond(difference, APART_SPANS, APART_STEPS * habit.step)
        ]
        return max(left)[1] if left else ""

    def _at_a_bound(self, seen: _Seen, reading: Measured, look: Look) -> Look:
        """A quantity that has left its neighbours at a bound is believed until it returns: that may be the world."""
        if look is not Look.APART:
            seen.bound = False
            return look
        if seen.look is not Look.APART and not seen.bound:
            habit = self._habits[reading.name]
            seen.bound = abs(reading.change) > BOUND_SPANS * habit.apart.width
        return Look.GOOD if seen.bound else look

    def _apart(self, row: Sequence[Measured], looks: dict[str, Look]) -> dict[str, float]:
        """Of each quantity that has well neighbours in the row: how far it is from the median of the others."""
        names = tuple(reading.name for reading in row)
        groups = self._groups.get(names)
        if groups is None:
            groups = self._groups[names] = _neighbours(names)
        out = {}
        for group in groups:
            readings = [one for one in map(row.__getitem__, group) if looks[one.name] in WELL_ALONE]
            readings = [one for one in readings if one.name in self._habits]
            if len(readings) < LEAST_NEIGHBOURS:
                continue
            for reading in readings:
                out[reading.name] = reading.value - median(o.value for o in readings if o is not reading)
        return out

    def _miss(self, began_ns: int, at_ns: int) -> None:
        """Look for quantities that do not report any more."""
        if 0 <= at_ns - self._checked_ns < CHECK_NS:
            return
        self._checked_ns = at_ns
        for name, seen in self._seen.items():
            habit = self._habits.get(name)
            since_s = (at_ns - max(began_ns, seen.last_ns)) / NS
            if habit is not None and since_s > habit.most_silent_s() and not seen.told:
                seen.take(name, Look.SILENT, math.nan)

    def _come_back(self) -> None:
        """A sensor that was at fault as a whole is well with the first good row."""
        for seen in self._seen.values():
            seen.told = "" if seen.look.believed else seen.told

    def _whole(self) -> Fault | None:
        """What is wrong with the sensor as a whole: nothing, as long as one quantity is seen to live."""
        alive = [seen for seen in self._seen.values() if seen.look is not Look.SILENT]
        looks = {seen.look for seen in alive}
        if not looks or Look.GOOD in looks:
            return None
        if Look.STUCK in looks:
            return Fault(State.DEGRADED, "stuck: the same values again and again")
        if Look.STILL in looks:
            return None
        if Look.DROPOUT not in looks:
            return Fault(State.DEGRADED, "noise: all values jump to and fro")
        codes = sorted({f"{seen.value:g}" for seen in alive if math.isfinite(seen.value)})
        return Fault(State.DEGRADED, f"dropout: reads {', '.join(codes[:3])}" if codes else "dropout: no values")

    def _partial(self) -> Fault | None:
        """What is wrong with single quantities."""
        told = {name: seen.told for name, seen in sorted(self._seen.items()) if seen.told}
        if not told:
            return None
        more = f" and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
        return Fault(State.DEGRADED, ", ".join(list(told.values())[:MOST_TOLD]) + more, tuple(told))


def _whole_rest() -> Rest:
    return Rest(WHOLE_ROWS, WHOLE_RUNS)


def _neighbours(names: Sequence[str]) -> list[list[int]]:
    """Where in a row several sensors of one smooth quantity stand."""
    groups: dict[object, list[int]] = {}
    for index, name in enumerate(names):
        quantity = quantity_of(name)[0]
        if quantity is not None and quantity.name in SMOOTH:
            groups.setdefault(quantity, []).append(index)
    return [group for group in groups.values() if len(group) >= LEAST_NEIGHBOURS]


def _repeats(row: Sequence[Measured]) -> float:
    """For how many rows nothing in a row has moved; 0 where something in it is no value."""
    repeats = [reading.repeats for reading in row]
    return 0.0 if any(map(math.isnan, repeats)) else min(repeats, default=0.0)


def _key(row: Sequence[Measured]) -> str:
    return "|".join(reading.name for reading in row)


def _words(name: str, look: Look, value: float) -> str:
    """A fault in words: "temperature_c stuck at 21.3"."""
    if look is Look.STUCK:
        return f"{name} stuck at {value:g}"
    if look is Look.DROPOUT:
        return f"{name} reads {value:g}" if math.isfinite(value) else f"{name} has no values"
    return {Look.NOISY: f"{name} jumps to and fro", Look.APART: f"{name} has drifted from its neighbours"}.get(
        look, f"{name} is silent"
    )
