"""What is normal for one measured quantity: where it is, how it moves, what it was never like."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sensors.environment.features import Measured
from sensors.environment.patterns import Patterns
from sensors.environment.prediction import Prediction
from sensors.environment.quantities import Quantity
from sensors.environment.seasons import OUTER, Seasons
from sensors.environment.spread import Spread
from sensors.environment.swings import Swings
from sensors.past import RecentMedian, join_time, split_time

Floats = NDArray[np.float64]

RECENT_ROWS = 400
"""Learned rows that are the recent past."""

PLACE_ROWS = 8
"""Learned rows from which a place is known."""

TRUSTED_ROWS = 20
"""Recent rows that weigh as much as the long past in how wide a band is."""

LONG_ROWS = 800
"""Learned rows whose deviations make the scales."""

UNKNOWN_STEP = 1e-3
"""Smallest step that matters of a quantity that no table knows, as a share of its value."""

OUTER_TO_SIGMA = 1.645
"""Distance of the outer quantiles of a band from its middle, in standard deviations of a normal distribution."""

NARROWEST = 0.1
"""A band is at least this share of the long past's scale: an hour in which nothing ever moved is not a law."""

UNREST = 0.05
"""Least scale of `unrest`, a logarithm."""

DRIFT_ROWS, DRIFT_PLACES, DRIFT_LEAST = 50, 400, 8
"""A place is noted every so many learned rows; so many places are kept; from so many on, drift is told."""

SAME_NS = 1_000_000
"""Beginnings of a segment that differ by less are the same: they travel as seconds, nanoseconds."""


ASPECTS = ("level", "change", "step", "unrest", "pattern", "drift")
"""Aspects of a quantity that can be scored."""

ERRORS = frozenset({"change", "step", "unrest", "pattern"})
"""Those that are measured by how large errors of prediction usually are."""


class Found(NamedTuple):
    """How strange something is, larger is stranger; what was measured and what is usual, for people."""

    raw: float
    value: float
    usual: float


class Normal:
    """The learned past of one quantity, at most 64 kB.

    Parameters
    ----------
    quantity : Quantity or None
        What it is, None where no table knows.
    minimum : int
        Learned rows from which deviations are told.
    aspects : collection of str
        Which of `ASPECTS` are learned and told; what only others need costs nothing.

    Attributes
    ----------
    channels : tuple of str
        These, in the order of `look`.
    """

    def __init__(self, quantity: Quantity | None, minimum: int, aspects: Collection[str] = ASPECTS) -> None:
        self.quantity = quantity
        self.channels = tuple(aspect for aspect in ASPECTS if aspect in aspects)
        self._tells = frozenset(self.channels)
        self._errs = bool(self._tells & ERRORS)
        floor = quantity.resolution if quantity else 1e-12
        self._place = RecentMedian(RECENT_ROWS)
        self._seasons = Seasons()
        self._swings = Swings()
        self._prediction = Prediction()
        self._patterns = Patterns()
        self._least_rows = max(1, minimum - PLACE_ROWS)
        self._level_spread = Spread(LONG_ROWS, floor)
        self._error_spread = Spread(LONG_ROWS, floor)
        self._unrest_spread = Spread(LONG_ROWS, UNREST)
        self._places = Spread(DRIFT_PLACES, floor)
        self._began_ns: int | None = None
        self._learned_ns: int | None = None
        self._rows = 0

    def learn(self, reading: Measured, began_ns: int, at_ns: int) -> None:
        """Take a reading as normal.

        Parameters
        ----------
        reading : Measured
            As the extractor gives it; its value is physical.
        began_ns, at_ns : int
            Beginning of the stream's segment and time of the row, nanoseconds UTC.
        """
        value, before = reading.value, (reading.before, reading.earlier, reading.first)
        self._rows += 1
        if self._is_stale(began_ns, at_ns):
            self._place.forget()
            self._began_ns = began_ns
        self._learned_ns = at_ns
        if math.isfinite(reading.unrest) and len(self._place) >= PLACE_ROWS:
            self._level_spread.learn(value - self._place.median)
            if self._errs:
                error = self._prediction.error(value, before)
                self._error_spread.learn(error)
                self._swings.learn(abs(error), at_ns)
            if "unrest" in self._tells:
                self._unrest_spread.learn(reading.unrest)
        if self._errs and math.isfinite(reading.first):
            self._prediction.learn(value, before, max(self._error_spread.scale, self._least()))
            if "pattern" in self._tells:
                self._patterns.learn((value, *before))
        self._place.learn(value)
        self._seasons.learn(value, at_ns)
        if self._rows % DRIFT_ROWS == 0 and "drift" in self._tells:
            self._places.learn(self._place.median)

    def look(self, reading: Measured, began_ns: int, at_ns: int) -> tuple[Found | None, ...]:
        """How strange each aspect of a reading is; None where that is not known yet, NaN `raw` where it cannot be."""
        tells = self._tells
        if self._level_spread.count < self._least_rows:
            return (None,) * len(tells)
        least = self._least()
        level = self._level(reading.value, began_ns, at_ns, least)
        found = [level] if "level" in tells else []
        if self._errs:
            found += self._moves(reading, at_ns, least, placed=level is not None)
        if "drift" in tells:
            found.append(self._drift(least) if level else None)
        return tuple(found)

    def _moves(self, reading: Measured, at_ns: int, least: float, *, placed: bool) -> Iterator[Found | None]:
        """Aspects that are measured by how large errors of prediction usually are."""
        tells, known = self._tells, math.isfinite(reading.first)
        factor = self._swings.factor(at_ns)
        usual, scale = self._error_spread.median, max(self._error_spread.scale, least) * factor
        before = (reading.before, reading.earlier, reading.first)
        if "change" in tells:
            error = self._prediction.error(reading.value, before)
            yield None if not placed else Found(abs(error - usual) / scale, error, usual) if known else _UNKNOWN
        if "step" in tells:
            yield Found(abs(reading.step) / max(reading.spread, scale), reading.step, 0.0) if placed else None
        if "unrest" in tells:
            yield self._unrest(reading.unrest, factor) if known else _UNKNOWN
        if "pattern" in tells:
            distance = self._patterns.distance((reading.value, *before)) if known else math.nan
            yield None if distance is None else Found(distance / scale, distance, 0.0) if known else _UNKNOWN

    def _unrest(self, unrest: float, factor: float) -> Found:
        quiet = self._unrest_spread.median
        more = unrest - quiet
        more = max(0.0, more - 2 * math.log(factor)) if more > 0 else -more
        return Found(more / self._unrest_spread.scale, math.exp(unrest / 2), math.exp(quiet / 2))

    def state(self) -> dict[str, Floats]:
        """All of it, as arrays."""
        parts = {"counts": np.array([self._rows], np.float64), "began": split_time(self._began_ns)}
        parts["learned"] = split_time(self._learned_ns)
        parts["prediction"] = self._prediction.state()
        for name, part in self._parts().items():
            parts |= {f"{name}.{key}": array for key, array in part.state().items()}
        return parts

    def restore(self, state: Mapping[str, Floats]) -> None:
        """Continue from `state()`."""
        self._rows, self._began_ns = int(state["counts"][0]), join_time(state["began"])
        self._learned_ns = join_time(state["learned"])
        self._prediction.restore(state["prediction"])
        for name, part in self._parts().items():
            prefix = f"{name}."
            own = {key.removeprefix(prefix): a for key, a in state.items() if key.startswith(prefix)}
            if own:
                part.restore(own)

    def _parts(self) -> dict[str, RecentMedian | Seasons | Swings | Patterns | Spread]:
        """What is learned, by the name that its arrays begin with."""
        parts: dict[str, RecentMedian | Seasons | Swings | Patterns | Spread]
        parts = {"place": self._place, "seasons": self._seasons, "level": self._level_spread}
        if self._errs:
            parts |= {"swings": self._swings, "error": self._error_spread}
        others: dict[str, tuple[str, Patterns | Spread]] = {
            "pattern": ("patterns", self._patterns),
            "unrest": ("unrest", self._unrest_spread),
            "drift": ("places", self._places),
        }
        return parts | dict(part for aspect, part in others.items() if aspect in self._tells)

    def _level(self, value: float, began_ns: int, at_ns: int, least: float) -> Found | None:
        """How far a value lies from the middle of its band, in widths of that band."""
        known = len(self._place)
        if known < PLACE_ROWS or self._is_stale(began_ns, at_ns):
            return None
        long, place = max(self._level_spread.scale, least), self._place
        trust = known / (known + TRUSTED_ROWS)
        middle, loose = place.median, (1 - trust) * OUTER_TO_SIGMA * long
        low = middle - trust * (middle - place.quantile(OUTER)) - loose
        high = middle + trust * (place.quantile(1 - OUTER) - middle) + loose
        season = self._seasons.band(at_ns)
        if season is not None:
            band, weight = season
            low += weight * (band.low - low)
            middle += weight * (band.middle - middle)
            high += weight * (band.high - high)
        away = value - middle
        width = (high - middle if away > 0 else middle - low) / OUTER_TO_SIGMA
        return Found(abs(away) / max(width, NARROWEST * long, least), value, middle)

    def _drift(self, least: float) -> Found | None:
        """How far the recent past lies from the places that were usual for long."""
        places = self._places
        if places.count < DRIFT_LEAST:
            return None
        scale = max(places.scale, self._level_spread.scale, least)
        return Found(abs(self._place.median - places.median) / scale, self._place.median, places.median)

    def _is_stale(self, began_ns: int, at_ns: int) -> bool:
        """Whether the place was learned in another segment of the stream, or later in this one.

        Why later: `learn` lets the first half of a recording be judged by who learned the second. What was so at its
        end is no news of its beginning, and a minute of alarms there would be taken for what is usual.
        """
        if self._began_ns is None or self._learned_ns is None:
            return True
        return abs(began_ns - self._began_ns) > SAME_NS or at_ns < self._learned_ns

    def _least(self) -> float:
        """Smallest step that matters."""
        if self.quantity:
            return self.quantity.resolution
        return UNKNOWN_STEP * abs(self._place.median) if len(self._place) else 0.0


_UNKNOWN = Found(math.nan, math.nan, math.nan)
