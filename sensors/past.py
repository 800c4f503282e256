"""What was learned, and what is usual in it: medians and median deviations of a bounded past.

Why medians: the past that a site gives us is never clean. Up to half of it may be wrong before a median moves far.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sensors.types import NS

Floats = NDArray[np.float64]

MAD_TO_SIGMA = 1.4826
"""Median absolute deviation times this is the standard deviation of a normal distribution."""

LARGEST = 1e30
"""What is larger counts as this: differences of two still fit into 32 bits."""

TAILS_TO_SIGMA = 3.2897
"""Distance of the 5 % and 95 % quantiles of a normal distribution, in standard deviations."""


class RobustPast:
    """The last `capacity` learned vectors, thinned in time, with their medians and scales.

    The statistics are computed anew after every tenth part more was learned, at latest every `every` vectors: a
    rule of the count alone, so that a stream gives the same twice.

    Parameters
    ----------
    width : int
        Values in a vector.
    capacity : int
        Vectors kept; memory is 4 * width * capacity bytes, taken at once.
    spacing_ns : int
        Least event time between kept vectors, nanoseconds; 0 keeps all.
    minimum : int
        Vectors from which the past is `ready`.
    every : int
        Most vectors between two computations of the statistics.
    floor : float or array_like (width,)
        Least scale of each value, > 0, in the value's unit.
    tail : float
        Least scale as a share of what the 5 % and 95 % quantiles would give, in [0, 1]: for values that mostly
        stand still, whose median deviation is 0.

    References
    ----------
    Rousseeuw, P. J. and Croux, C. (1993). Alternatives to the median absolute deviation. Journal of the American
    Statistical Association 88(424), 1273-1283. doi:10.1080/01621459.1993.10476408
    """

    def __init__(
        self,
        width: int,
        capacity: int,
        *,
        spacing_ns: int = 0,
        minimum: int = 20,
        every: int = 100,
        floor: ArrayLike = 1e-9,
        tail: float = 0.0,
    ) -> None:
        self.width, self.capacity, self.minimum = width, capacity, minimum
        self._spacing_ns, self._every, self._tail = spacing_ns, every, tail
        self._floor = np.broadcast_to(np.asarray(floor, np.float64), (width,)).copy()
        # Not zeros: of those the system gives a page when it is first written, hours later.
        self._kept = np.full((width, capacity), np.nan, np.float32)
        self._last_ns: int | None = None
        self._due = 1
        self.count = 0
        self.median: Floats = np.full(width, np.nan)
        self.scale: Floats = np.full(width, np.nan)

    @property
    def ready(self) -> bool:
        """Enough was learned to say what is usual."""
        return self.count >= self.minimum

    @property
    def vectors(self) -> NDArray[np.float32]:
        """What is kept, (width, n), in no order."""
        return self._kept[:, : min(self.count, self.capacity)]

    def learn(self, vector: Floats | Sequence[float], at_ns: int) -> bool:
        """Take a vector as usual, unless the last one taken is too near in time.

        Parameters
        ----------
        vector : ndarray or sequence (width,)
            Finite values.
        at_ns : int
            Its event time, nanoseconds UTC; an earlier one than before begins another day.

        Returns
        -------
        bool
            Whether the statistics were computed anew.
        """
        if self._last_ns is not None and 0 <= at_ns - self._last_ns < self._spacing_ns:
            return False
        self._kept[:, self.count % self.capacity] = np.clip(vector, -LARGEST, LARGEST)
        self._last_ns = at_ns
        self.count += 1
        if self.count < self._due:
            return False
        self._due = self.count + min(1 + self.count // 10, self._every)
        self._compute()
        return True

    def deviation(self, vector: Floats) -> Floats:
        """How far each value is from its median, in scales; NaN before anything was learned.

        Parameters
        ----------
        vector : ndarray (width,)
            Values in the unit that was learned.

        Returns
        -------
        ndarray (width,)
            Signed; a standard normal past gives a standard normal deviation.
        """
        return np.asarray((vector - self.median) / self.scale)

    def state(self) -> dict[str, Floats]:
        """All of it, as arrays."""
        return {
            "kept": self.vectors.astype(np.float64),
            "median": self.median.copy(),
            "scale": self.scale.copy(),
            "counts": np.array([self.count, self._due], np.float64),
            "clock": split_time(self._last_ns),
        }

    def restore(self, state: Mapping[str, Floats]) -> None:
        """Continue from `state()` of a past of equal shape.

        Raises
        ------
        ValueError
            If the shapes differ.
        """
        kept = state["kept"]
        if kept.ndim != 2 or kept.shape[0] != self.width or kept.shape[1] > self.capacity:
            raise ValueError(f"a past of {self.width} x {self.capacity} cannot hold {kept.shape}")
        self._kept[:, : kept.shape[1]] = np.clip(kept, -LARGEST, LARGEST)
        self.count, self._due = (int(value) for value in state["counts"])
        self._last_ns = join_time(state["clock"])
        self.median, self.scale = np.array(state["median"]), np.array(state["scale"])

    def _compute(self) -> None:
        vectors = self.vectors
        median = np.median(vectors, axis=1)
        spread = np.median(np.abs(vectors - median[:, None]), axis=1)
        self.median = median.astype(np.float64)
        self.scale = np.maximum(MAD_TO_SIGMA * spread.astype(np.float64), self._floor)
        if self._tail:
            low, high = np.quantile(vectors, (0.05, 0.95), axis=1).astype(np.float64)
            self.scale = np.maximum(self.scale, self._tail * (high - low) / TAILS_TO_SIGMA)


class RecentMedian:
    """The exact median of the last `capacity` learned values, at the price of a sorted list.

    Parameters
    ----------
    capacity : int
        Values kept.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._kept = array("d")
        self._ranked = array("d")
        self._oldest = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def median(self) -> float:
        """Median of what is kept, at least one value."""
        ranked, half = self._ranked, len(self._ranked) // 2
        return ranked[half] if len(ranked) % 2 else (ranked[half - 1] + ranked[half]) / 2

    def quantile(self, share: float) -> float:
        """The value below which a share in [0, 1) of what is kept lies; at least one value is kept."""
        return self._ranked[int(share * len(self._ranked))]

    def learn(self, value: float) -> None:
        """Take a finite value."""
        if len(self._kept) < self.capacity:
            self._kept.append(value)
        else:
            del self._ranked[bisect_left(self._ranked, self._kept[self._oldest])]
            self._kept[self._oldest] = value
            self._oldest = (self._oldest + 1) % self.capacity
        insort(self._ranked, value)

    def forget(self) -> None:
        """Begin anew."""
        self._oldest = 0
        del self._kept[:], self._ranked[:]

    def state(self) -> dict[str, Floats]:
        """All of it, as arrays; values from the oldest to the newest."""
        return {"kept": np.array(self._kept[self._oldest :] + self._kept[: self._oldest], np.float64)}

    def restore(self, state: Mapping[str, Floats]) -> None:
        """Continue from `state()`."""
        values = state["kept"].tolist()
        self._kept, self._ranked, self._oldest = array("d", values), array("d", sorted(values)), 0


def split_time(at_ns: int | None) -> Floats:
    """A time as float64 array: whether it is known, seconds, nanoseconds; one float holds only 53 bits.

    Parameters
    ----------
    at_ns : int or None
        Nanoseconds UTC.

    Returns
    -------
    ndarray (3,)
        1 or 0, whole seconds, the rest in nanoseconds.
    """
    seconds, rest = divmod(at_ns or 0, NS)
    return np.array([at_ns is not None, seconds, rest], np.float64)


def join_time(parts: Floats) -> int | None:
    """The time that `split_time` took apart, nanoseconds UTC."""
    known, seconds, rest = (int(value) for value in parts)
    return seconds * NS + rest if known else None
