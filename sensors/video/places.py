"""The motion that is normal at each height of the picture, and how far from it what moves now is.

Why bands of the picture: what is far away is small, slow and high up. A band pools what its cells saw, so that ten
seconds of past already say something about every place; a cell alone would need an hour.

Why nearest neighbours: people walk both ways, cars and dogs share the street. A band has many normal motions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.past import join_time, split_time
from sensors.types import NS
from sensors.video.layout import COLUMNS, ROWS

Floats = NDArray[np.float64]

KEPT = 512
"""Motions kept of each band."""

MEMORY = 20 * KEPT
"""Motions of a band after which old ones are forgotten as fast as new ones come."""

NEIGHBOURS = 3
"""Nearest of the past that count."""

MOVING_HEIGHTS_S = 0.02
"""A cell that is slower on average holds nothing that moves, picture heights a second."""

STILLNESS_HEIGHTS_S = 0.005
"""Added to speeds before the logarithm: flow's noise."""

DIRECTION = 0.5
"""Weight of the direction beside the logarithm of the speed; the other way counts as 2.7 times as fast."""

DIRECTED_HEIGHTS_S = 0.02
"""Velocity at which a direction counts half."""

ORDINARY = 0.98
"""Share of a band's own past that is not strange."""

LEAST_REACH = 0.3
"""Nothing nearer to the past than this is strange: a third faster."""

APART_S = 1.0
"""Motions of the past are compared with others at least this far away in time: neighbours are the same motion."""

ENOUGH = 40
"""Motions that a band needs for itself; with fewer it asks the bands beside it as well."""


BLOCK = 64
"""Motions that are compared at a time: what is held meanwhile stays small."""


@dataclass(frozen=True, slots=True)
class Band:
    """What a band is compared with.

    Attributes
    ----------
    normal : ndarray (n, 3)
        Motions: logarithm of the speed, weighted direction.
    reach : float
        Distance up to which a motion is ordinary.
    fast : float
        Logarithm of the speed that `ORDINARY` of the motions do not exceed.
    """

    normal: Floats
    reach: float
    fast: float


class NormalMotion:
    """Motions of the past, thinned in time, drawn evenly from all that came.

    What is drawn depends on the count alone, so that a stream gives the same twice.

    Parameters
    ----------
    spacing_ns : int
        Least event time between two frames that are learned, nanoseconds.
    minimum : int
        Learned frames from which it is `ready`.

    References
    ----------
    Ramaswamy, S., Rastogi, R. and Shim, K. (2000). Efficient algorithms for mining outliers from large data sets.
    ACM SIGMOD Record 29(2), 427-438. doi:10.1145/335191.335437
    Vitter, J. S. (1985). Random sampling with a reservoir. ACM Transactions on Mathematical Software 11(1), 37-57.
    doi:10.1145/3147.3165
    """

    def __init__(self, *, spacing_ns: int, minimum: int) -> None:
        self.minimum = minimum
        self._spacing_ns = spacing_ns
        self._kept = np.zeros((ROWS, KEPT, 3))
        self._times_s = np.zeros((ROWS, KEPT))
        self._counts = np.zeros(ROWS, np.int64)
        self._last_ns: int | None = None
        self._due = minimum
        self.count = 0
        self.bands: tuple[Band, ...] = ()

    @property
    def ready(self) -> bool:
        """Enough was learned to say what is strange."""
        return bool(self.bands)

    def due(self, at_ns: int) -> bool:
        """Whether a frame of that event time would be taken: the last one taken is not too near."""
        return self._last_ns is None or not 0 <= at_ns - self._last_ns < self._spacing_ns

    def learn(self, motions: Floats, at_ns: int) -> None:
        """Take the motions of a frame as normal, unless the last one taken is too near in time.

        Parameters
        ----------
        motions : ndarray (ROWS, COLUMNS, 3)
            As `describe` gives them; finite.
        at_ns : int
            Its event time, nanoseconds UTC; an earlier one than before begins another day.
        """
        if not self.due(at_ns):
            return
        self._last_ns = at_ns
        for band, some in enumerate(motions):
            for motion in some[some[:, 0] > _SLOWEST]:
                self._take(band, motion, at_ns / NS)
        self.count += 1
        if self.bands:
            self._renew(self.count - self._due)
        elif self.count >= self._due:
            self.bands = tuple(self._band(row) for row in range(ROWS))
            self._put_off()

    def strangeness(self, motions: Floats) -> Floats:
        """By how much the distance of each cell from its band's past exceeds what is ordinary.

        Parameters
        ----------
        motions : ndarray (ROWS, COLUMNS, 3)
            As `describe` gives them.

        Returns
        -------
        ndarray (ROWS, COLUMNS)
            >= 0; 1 is 2.7 times as fast as what is ordinary, or the same the other way round.
        """
        out = np.zeros((ROWS, COLUMNS))
        for row, (band, some) in enumerate(zip(self.bands, motions, strict=True)):
            moving = some[:, 0] > _SLOWEST
            if moving.any():
                out[row, moving] = np.maximum(neighbour_distance(some[moving], band.normal) - band.reach, 0.0)
        return out

    def haste(self, motions: Floats) -> Floats:
        """By how much the logarithm of each cell's speed exceeds what is ordinary in its band, (ROWS, COLUMNS) >= 0."""
        fast = np.array([max(band.fast, _SLOWEST) for band in self.bands])
        return np.asarray(np.maximum(motions[..., 0] - fast[:, None] - LEAST_REACH, 0.0))

    def state(self) -> dict[str, Floats]:
        """All of it, as arrays."""
        most = int(min(self._counts.max(), KEPT))
        return {
            "motions": self._kept[:, :most].copy(),
            "motion_times_s": self._times_s[:, :most].copy(),
            "motion_counts": np.array([self.count, self._due, *self._counts], np.float64),
            "motion_clock": split_time(self._last_ns),
            "reach": np.array([(band.reach, band.fast) for band in self.bands]).reshape(-1, 2),
            "pool": np.array([len(band.normal) for band in self.bands], np.float64),
            "normal": np.concatenate([band.normal for band in self.bands] or [np.zeros((0, 3))]),
        }

    def restore(self, state: Mapping[str, Floats]) -> None:
        """Continue from `state()`."""
        most = state["motions"].shape[1]
        self._kept[:, :most], self._times_s[:, :most] = state["motions"], state["motion_times_s"]
        self.count, self._due = (int(value) for value in state["motion_counts"][:2])
        self._counts = state["motion_counts"][2:].astype(np.int64)
        self._last_ns = join_time(state["motion_clock"])
        ends = np.cumsum(state["pool"].astype(int))
        pools = np.split(state["normal"], ends[:-1]) if len(ends) else []
        told = zip(pools, state["reach"].tolist(), strict=True)
        self.bands = tuple(Band(normal.copy(), reach, fast) for normal, (reach, fast) in told)

    def _renew(self, row: int) -> None:
        """Take one band anew, if there is one of that number: one a frame, since all at once take 100 ms."""
        if 0 <= row < ROWS:
            self.bands = (*self.bands[:row], self._band(row), *self.bands[row + 1 :])
        if row >= ROWS - 1:
            self._put_off()

    def _put_off(self) -> None:
        """The first band is taken anew after a tenth more, or a hundred frames."""
        self._due = self.count + min(1 + self.count // 10, 100)

    def _take(self, band: int, motion: Floats, at_s: float) -> None:
        count = int(self._counts[band])
        self._counts[band] += 1
        place = count if count < KEPT else _draw(count * ROWS + band) % min(count + 1, MEMORY)
        if place < KEPT:
            self._kept[band, place], self._times_s[band, place] = motion, at_s

    def _band(self, row: int) -> Band:
        """A band with its own past, or with as much of the bands beside it as it needs."""
        width = 0
        rows = [row]
        while sum(self._held(one) for one in rows) < ENOUGH and len(rows) < ROWS:
            width += 1
            rows = [one for one in range(row - width, row + width + 1) if 0 <= one < ROWS]
        normal = np.concatenate([self._kept[one, : self._held(one)] for one in rows])
        times_s = np.concatenate([self._times_s[one, : self._held(one)] for one in rows])
        if len(normal) <= NEIGHBOURS:
            return Band(normal, LEAST_REACH, _SLOWEST)
        apart = np.abs(times_s[:, None] - times_s) >= APART_S
        own = neighbour_distance(normal, normal, apart)
        own = own[np.isfinite(own)]
        reach = float(np.quantile(own, ORDINARY)) if len(own) else LEAST_REACH
        return Band(normal, max(reach, LEAST_REACH), float(np.quantile(normal[:, 0], ORDINARY)))

    def _held(self, row: int) -> int:
        return int(min(self._counts[row], KEPT))


_SLOWEST = float(np.log(MOVING_HEIGHTS_S + STILLNESS_HEIGHTS_S))


def describe(speed: Floats, dx: Floats, dy: Floats) -> Floats:
    """Motions of cells: the logarithm of the speed, and the direction as far as there is one.

    Parameters
    ----------
    speed, dx, dy : ndarray (ROWS, COLUMNS)
        Mean speed and mean velocity of each cell, picture heights a second.

    Returns
    -------
    ndarray (ROWS, COLUMNS, 3)
    """
    weight = DIRECTION / (np.hypot(dx, dy) + DIRECTED_HEIGHTS_S)
    return np.stack([np.log(speed + STILLNESS_HEIGHTS_S), dx * weight, dy * weight], axis=-1)


def neighbour_distance(motions: Floats, normal: Floats, allowed: NDArray[np.bool_] | None = None) -> Floats:
    """Mean distance of motions to the nearest normal ones; slower than normal is no distance.

    Standing still is normal everywhere and counts among the neighbours.

    Parameters
    ----------
    motions : ndarray (m, 3)
        As `describe` gives them.
    normal : ndarray (n, 3)
        The past.
    allowed : ndarray (m, n) bool, optional
        Which may be neighbours.

    Returns
    -------
    ndarray (m,)
        >= 0; infinite where `allowed` leaves none.
    """
    count = min(NEIGHBOURS, len(normal))
    nearest = np.full((len(motions), max(count, 1)), np.inf)
    for first in range(0, len(motions) if count else 0, BLOCK):
        some = slice(first, first + BLOCK)
        squares = _squares(motions[some], normal)
        if allowed is not None:
            squares[~allowed[some]] = np.inf
        nearest[some] = np.partition(squares, count - 1, axis=1)[:, :count]
    still = np.hypot(motions[:, 0] - _SLOWEST, np.hypot(motions[:, 1], motions[:, 2]))
    distance = np.sqrt(nearest).mean(axis=1)
    return np.asarray(distance if allowed is not None else np.minimum(distance, np.maximum(still, 0.0)))


def _squares(motions: Floats, normal: Floats) -> Floats:
    """Squared distances (m, n) of motions (m, 3) from normal ones (n, 3); slower than normal is no distance."""
    faster = np.maximum(motions[:, :1] - normal[:, 0], 0.0)
    squares = faster * faster
    for axis in (1, 2):
        away = motions[:, axis : axis + 1] - normal[:, axis]
        away *= away
        squares += away
    return squares


def _draw(number: int) -> int:
    """A number that looks drawn at random, 63 bits: splitmix64."""
    mixed = (number * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) & _ALL
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _ALL
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _ALL
    return (mixed ^ (mixed >> 31)) >> 1


_ALL = (1 << 64) - 1
