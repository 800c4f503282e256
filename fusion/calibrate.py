"""Raw score to p-value against this site's past.

Why a conformal body with a fitted tail: ranks are right whatever the scores are distributed like, but n past values
cannot show a p-value below 1 / (n + 1); a tail alone is wrong in the middle. So the rank is used as long as at least
`RANKED` past values are as strange, and a generalised Pareto tail beyond. The shape is never negative: a bounded tail
gives p = 0 as soon as something new happens.

Why not as many values as there are: windows overlap, and slow quantities stay where they are for minutes, so that a
thousand values may be twenty moments. What is beyond a high threshold comes in clusters, and the share of independent
moments among the values is read from how these lie in time (the extremal index). So many count, wherever a past says
how sure it is of itself.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

RANKED = 10
"""Past values that must be as strange for the plain rank to be used."""

SMALLEST = 1e-30
"""No p-value is smaller: nothing measured says more."""

YOUNG = 64
"""A past that outgrows so many values takes the room for all that it may ever hold."""


@dataclass(frozen=True, slots=True)
class Tail:
    """A generalised Pareto tail: P(X > x) = weight * (1 + shape (x - threshold) / scale)^(-1 / shape).

    Attributes
    ----------
    threshold : float
        Where it begins, in units of the raw score.
    scale : float
        >= 0, in units of the raw score; 0 where all values beyond the threshold are equal.
    shape : float
        > 0.
    weight : float
        Share of all values beyond the threshold, in (0, 1).
    """

    threshold: float
    scale: float
    shape: float
    weight: float

    def survival(self, value: float) -> float:
        """Probability of more than `value`, in [0, weight]; 0 only for a tail without scale."""
        if self.scale <= 0:
            return 0.0
        return self.weight * math.exp(-math.log1p(self.shape * (value - self.threshold) / self.scale) / self.shape)

    def level(self, p_value: float) -> float:
        """The value that is exceeded with probability `p_value`, 0 < p_value <= weight."""
        growth = math.expm1(-self.shape * math.log(p_value / self.weight))
        return self.threshold + self.scale * growth / self.shape


@dataclass(frozen=True, slots=True)
class TailPrior:
    """What is known of a tail before anything was seen: as good as `count` excesses with this mean."""

    count: float
    mean: float


NO_PRIOR = TailPrior(0.0, 0.0)


def fit_tail(
    ascending: NDArray[np.float64],
    prior: TailPrior = NO_PRIOR,
    share: float = 0.1,
    least: int = 8,
    most: int = 250,
    heavy: float = 0.0,
    independent: float = 1.0,
) -> Tail | None:
    """Fit the upper tail by probability-weighted moments.

    The shape is at least 1 / k for k values beyond the threshold. Why: that is the predictive distribution of an
    exponential tail whose scale was estimated from k values (a Gamma posterior mixed in), so the fit is never surer
    of itself than k values allow. The scale is at least half of what the whole range of the values suggests: where
    most values are equal, a tail of a few of them would call any new value impossible.

    Parameters
    ----------
    ascending : ndarray (n,)
        Past values, sorted.
    prior : TailPrior
        What is known of the excesses before any was seen.
    share : float
        Part of the values taken as tail, in (0, 1).
    least, most : int
        Bounds on the number k of values taken.
    heavy : float
        The shape is at least this, in [0, 0.5].
    independent : float
        Share of the values that are moments of their own, in (0, 1]: k values count as so many fewer.

    Returns
    -------
    Tail or None
        None where n <= 2 `least`: too few to fit.

    References
    ----------
    Hosking & Wallis (1987), Technometrics 29(3), doi:10.1080/00401706.1987.10488243.
    """
    n = len(ascending)
    if n <= 2 * least:
        return None
    k = min(max(round(share * n), least), most)
    threshold = float(ascending[n - k - 1])
    excess = ascending[n - k :] - threshold
    mean = float(np.add.reduce(excess)) / k
    if mean > 0:
        first = float(np.add.reduce(excess * _falling(k) / (k - 1))) / k
        shape = 2 - mean / (mean - 2 * first) if mean > 2 * first else 0.5
    else:
        shape = 0.0
    moments = k * independent
    known = moments + prior.count
    mean = (moments * mean + prior.count * prior.mean) / known
    shape = min(max(shape * moments / known, 1 / known, heavy), 0.5)
    range_scale = 0.5 * float(ascending[-1] - ascending[n // 2]) / math.log(n)
    # Of independent values, k of n + 1 lie beyond; fewer moments may be one more than were counted.
    weight = (moments + 1 - independent) / (n * independent + 1)
    return Tail(threshold, max(mean * (1 - shape + 1 / known), range_scale), shape, weight)


@lru_cache(maxsize=256)
def _falling(count: int) -> NDArray[np.int64]:
    return np.arange(count - 1, -1, -1)


def extremal_index(beyond: NDArray[np.bool_]) -> float:
    """Share of independent moments among values beyond a threshold, by the intervals between them.

    Values beyond a high threshold that come alone wait exponentially long for each other; clusters make many short
    waits and few long ones. The wait from the last one to the first one, around the end, counts too: one long stay
    has no other.

    Parameters
    ----------
    beyond : ndarray (n,)
        Whether each value, in the order of time, lies beyond the threshold; where it begins does not matter, since
        the end is taken to be followed by the beginning.

    Returns
    -------
    float
        In (0, 1]; 1 where fewer than two lie beyond.

    References
    ----------
    Ferro & Segers (2003), J. R. Stat. Soc. B 65(2), doi:10.1111/1467-9868.00401.
    """
    places = np.flatnonzero(beyond)
    if len(places) < 2:
        return 1.0
    longer = places[1:] - places[:-1] - 1
    last = int(places[0]) + len(beyond) - int(places[-1]) - 1
    total = int(np.add.reduce(longer)) + last
    squares = int(longer @ longer) + last * last
    if squares == total:
        return 1.0
    return min(1.0, 2 * total**2 / (len(places) * (squares - total)))


class Past:
    """A bounded window of past values, against which new ones are ranked. Ranking never learns.

    Memory is 16 bytes a value, taken for the whole capacity as soon as there are more than `YOUNG`: a watch that lasts
    needs after some minutes what it will need after months.

    Parameters
    ----------
    capacity : int
        Values kept; the oldest leave first.
    depth : float
        No rank is below (n + 1) ** -depth for n moments: how far they may be extrapolated.
    prior : TailPrior
        What is known of the tail before any value was seen.
    least : int
        Fewest values that a tail is fitted to.
    heavy : float
        Least shape of the tail, in [0, 0.5].
    overlap : int
        Values in a row that are made of shared scores, >= 1; where it is 1, every value is a moment of its own.

    Attributes
    ----------
    independent : float
        Share of the values that are moments of their own, in (0, 1].
    common : float
        A value up to this one ranks at 1/2 or more, whoever needs to know no more; -inf where there is none such.
    """

    def __init__(
        self,
        capacity: int = 20_000,
        depth: float = 2.5,
        prior: TailPrior = NO_PRIOR,
        least: int = 8,
        heavy: float = 0.0,
        overlap: int = 1,
    ) -> None:
        self._capacity, self._depth, self._prior, self._least, self._heavy = capacity, depth, prior, least, heavy
        self._overlap, self.independent = overlap, 1 / overlap
        self._window, self._ranked = array("d"), array("d")
        self._count = self._next = 0
        self._tail: Tail | None = None
        self._since_fit = 0
        self.common = -math.inf
        self._ranked_last: tuple[float, tuple[float, bool]] | None = None

    def __len__(self) -> int:
        return self._count

    def learn(self, value: float) -> None:
        """Take one more value as normal."""
        if self._count == self._capacity:
            self._forget(self._window[self._next])
        elif self._count == len(self._ranked):
            self._take_room()
        n, place = self._count, bisect_left(self._ranked, value, 0, self._count)
        self._ranked[place + 1 : n + 1] = self._ranked[place:n]
        self._ranked[place] = self._window[self._next] = value
        self._count, self._next = n + 1, (self._next + 1) % self._capacity
        self._since_fit += 1
        if self._since_fit * 32 >= self._count:
            self._fit()
        self._renew()

    def lighten(self) -> None:
        """From now on the tail may be as light as the values say, as far as they are enough to say it."""
        self._heavy = 0.0
        self._fit()
        self._renew()

    def rank(self, value: float) -> tuple[float, bool]:
        """Rank `value` against the past.

        Returns
        -------
        p_value : float
            Share of the past at least as strange, in (0, 1]; 1 where there is no past.
        saturated : bool
            Nothing in the past was as strange.
        """
        # The strongest moment of a window is the same for many ticks, and so is its rank.
        last = self._ranked_last
        if last is None or last[0] != value:
            last = self._ranked_last = value, self._rank(value)
        return last[1]

    def _rank(self, value: float) -> tuple[float, bool]:
        n, share = self._count, self.independent
        louder = n - bisect_left(self._ranked, value, 0, n)
        ranked = (louder * share + 1) / (n * share + 1)
        tail = self._tail
        if louder >= RANKED or tail is None or tail.scale <= 0 or value <= tail.threshold:
            return ranked, louder == 0
        floor = max((n * share + 1) ** -self._depth, SMALLEST)
        return max(min(tail.survival(value), (RANKED * share + 1) / (n * share + 1)), floor), louder == 0

    def level(self, p_value: float) -> float:
        """The value whose rank is `p_value`, in (0, 1]; the largest value known where no tail could be fitted."""
        n, share = self._count, self.independent
        louder = math.floor((p_value * (n * share + 1) - 1) / share)
        if louder >= RANKED or self._tail is None or self._tail.scale <= 0 or p_value > self._tail.weight:
            return self._ranked[max(0, min(n - 1, n - 1 - louder))]
        return self._tail.level(p_value)

    def values(self) -> NDArray[np.float64]:
        """The window, oldest first."""
        begin = self._next if self._count == self._capacity else 0
        window = np.frombuffer(self._window, np.float64, self._count) if self._count else np.empty(0)
        return np.concatenate((window[begin:], window[:begin]))

    def restore(self, values: NDArray[np.float64]) -> Past:
        """Begin with `values`, oldest first, thinned evenly where they are more than the capacity."""
        self._hold(values)
        self._fit()
        self._renew()
        return self

    def kept(self) -> dict[str, object]:
        """All that it holds, see `freezing.Dense`: unlike `values`, with the tail as it was fitted last."""
        made = self._capacity, self._depth, self._prior, self._least, self._heavy, self._overlap
        fitted = self._tail, self.independent, self._since_fit
        return {"made": made, "values": self.values(), "fitted": fitted}

    def regain(self, kept: Mapping[str, Any]) -> None:
        """Be what was kept."""
        self._capacity, self._depth, self._prior, self._least, self._heavy, self._overlap = kept["made"]
        self._hold(kept["values"])
        self._tail, self.independent, self._since_fit = kept["fitted"]
        self._renew()

    def _hold(self, values: NDArray[np.float64]) -> None:
        kept = np.asarray(values, np.float64)
        if len(kept) > self._capacity:
            kept = kept[np.linspace(0, len(kept) - 1, self._capacity).astype(int)]
        self._window, self._ranked = (array("d", part.tobytes()) for part in (kept, np.sort(kept)))
        self._count, self._next = len(kept), len(kept) % self._capacity
        if self._count > YOUNG:
            self._take_room()

    def _forget(self, value: float) -> None:
        place = bisect_left(self._ranked, value, 0, self._count)
        self._count -= 1
        self._ranked[place : self._count] = self._ranked[place + 1 : self._count + 1]

    def _take_room(self) -> None:
        room = min(YOUNG, self._capacity) if self._count < YOUNG else self._capacity
        for part in (self._window, self._ranked):
            part.frombytes(bytes(part.itemsize * (room - len(part))))

    def _renew(self) -> None:
        """Take that the past is another: what was worked out of it before holds no more."""
        n, share = self._count, self.independent
        half = max(RANKED, math.ceil(((n * share + 1) / 2 - 1) / share) + 1)
        self.common = self._ranked[n - half] if n >= half else -math.inf
        self._ranked_last = None

    def _fit(self) -> None:
        if not self._count:
            return
        ascending = np.frombuffer(self._ranked, np.float64, self._count)
        self.independent = 1 / self._overlap
        if self._overlap > 1:
            threshold = ascending[self._count - 1 - self._count // 10]
            window = np.frombuffer(self._window, np.float64, self._count)
            self.independent = min(extremal_index(window > threshold), self.independent)
        self._tail = fit_tail(
            ascending, self._prior, least=self._least, heavy=self._heavy, independent=self.independent
        )
        self._since_fit = 0


PARTS = (Past, Tail, TailPrior)
"""Classes that hold something, see `freezing`."""
