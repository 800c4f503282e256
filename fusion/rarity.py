"""The fused statistic against its own past at this site: how many times a day chance alone would give this.

Why blocks: strange moments last, so ticks are not separate chances to be wrong. The largest statistic of each block of
some seconds is one chance; the share of quiet blocks at least as strange, times blocks per day, is the rate of false
alarms that a threshold here would give (the method of block maxima; Gumbel 1958, and PyCBC Live's inverse false-alarm
rate, doi:10.1103/PhysRevD.98.024050).

Why one past for each set of senses: with a sense missing the statistic is made of fewer parts. Ranked against the past
of the same set, the rate holds with any subset.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fusion.calibrate import Past, TailPrior
from fusion.calm import Calm, Disturbances
from sensors.types import NS

DAY_NS = 86_400 * NS

USUAL = TailPrior(40, 0.39)
"""How far the strangest of quiet blocks go beyond the one in ten, in decades, and what that is worth in blocks beyond.

In theory 1 / ln 10 = 0.43: -log10 of a true p-value has an exponential tail of that mean. Over the quiet recordings of
eighteen places the mean that makes them most likely is 0.39, and they differ from each other no more than chance makes
them: any weight of 40 and more is as likely (empirical Bayes), so the least of these."""


@dataclass(slots=True)
class _Block:
    number: int
    peaks: dict[int, float] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)


class Rarity:
    """Pasts of the fused statistic, one for each set of senses (a bit mask).

    Parameters
    ----------
    block_ns : int
        Length of a block, nanoseconds.
    tick_ns : int
        Distance of ticks, nanoseconds.
    least : int
        Blocks below which a past is too short to say anything.
    per_day : float
        The operator's setting: false alarms per day.
    """

    def __init__(self, block_ns: int, tick_ns: int, least: int, per_day: float) -> None:
        self._block_ns, self._least, self._per_day = block_ns, least, per_day
        self._full = block_ns // tick_ns
        self._blocks_per_day = DAY_NS / block_ns
        self._pasts: dict[int, Past] = {}
        self._block: _Block | None = None
        self._pending: deque[_Block] = deque()
        self._counted_ns: int | None = None

    def per_day(self, senses: int, statistic: float) -> tuple[float | None, bool]:
        """How often a day chance alone gives this.

        Parameters
        ----------
        senses : int
            Bit mask of the senses present.
        statistic : float
            -log10 of the combined p-value; larger is stranger.

        Returns
        -------
        per_day : float or None
            Rate per day; None while the past of this set of senses is too short.
        extrapolated : bool
            Rarer than anything in that past.
        """
        past = self._known(senses)
        if past is None:
            return None, False
        p_value, extrapolated = past.rank(statistic)
        return p_value * self._blocks_per_day, extrapolated

    def best_known(self, candidates: Collection[int]) -> int:
        """The set with most senses whose past is long enough; where none is, the set of all.

        Why not always all: a sense that has just come (back) must not silence those that are known.
        """
        every = max(candidates)
        if self._known(every) is not None:
            return every
        known = [senses for senses in candidates if self._known(senses) is not None]
        return max(known, key=lambda senses: (senses.bit_count(), senses), default=every)

    def observe(self, tick_ns: int, statistics: Mapping[int, float]) -> None:
        """Note the statistics of a tick, by set of senses; nothing is learned yet."""
        number = tick_ns // self._block_ns
        if self._block is None or self._block.number != number:
            if self._block is not None:
                self._pending.append(self._block)
            self._block = _Block(number)
        peaks, seen = self._block.peaks, self._block.seen
        for senses, statistic in statistics.items():
            seen[senses] = seen.get(senses, 0) + 1
            if statistic > peaks.get(senses, -1.0):
                peaks[senses] = statistic

    def settle(self, until_ns: int, disturbances: Disturbances) -> None:
        """Learn the blocks that ended by `until_ns`; of a censored span only that there was one, of others nothing."""
        while self._pending and (self._pending[0].number + 1) * self._block_ns <= until_ns:
            block = self._pending.popleft()
            start = block.number * self._block_ns
            span, calm = disturbances.touching(start, start + self._block_ns)
            usual = {senses: peak for senses, peak in block.peaks.items() if 2 * block.seen[senses] >= self._full}
            if calm is Calm.QUIET:
                self._learn(usual)
            elif calm is Calm.CENSORED and span != self._counted_ns:
                most = {senses: self.threshold(senses) for senses in usual}
                if any(peak >= most[senses] for senses, peak in usual.items()):
                    self._learn({senses: min(peak, most[senses]) for senses, peak in usual.items()})
                    self._counted_ns = span

    def threshold(self, senses: int) -> float:
        """The statistic whose rate is the operator's setting; infinite while the past is too short."""
        past = self._known(senses)
        return past.level(min(1.0, self._per_day / self._blocks_per_day)) if past is not None else float("inf")

    def pasts(self) -> dict[int, NDArray[np.float64]]:
        """What was learned: block maxima by set of senses, oldest first."""
        return {senses: past.values() for senses, past in sorted(self._pasts.items())}

    def restore(self, pasts: Mapping[int, NDArray[np.float64]]) -> None:
        """Begin with pasts learned before."""
        self._pasts = {senses: new_past().restore(values) for senses, values in pasts.items()}

    def _known(self, senses: int) -> Past | None:
        """The past of a set of senses, where it is long enough to say anything."""
        past = self._pasts.get(senses)
        return past if past is not None and len(past) >= self._least else None

    def _learn(self, peaks: Mapping[int, float]) -> None:
        for senses, peak in peaks.items():
            self._pasts.setdefault(senses, new_past()).learn(peak)


def new_past() -> Past:
    """An empty past of block maxima: extrapolated as far as need be, since its tail is known in theory."""
    return Past(depth=float("inf"), prior=USUAL, least=4)


PARTS = (Rarity, _Block)
"""Classes that hold something, see `freezing`."""
