"""What is normal at a place, who cries wolf there, and how long until a rate can be counted.

1. `take` is told all that strangers' detectors said of the quiet recordings: values by hour of the day, and conditions.
2. `compare` ranks the windows of each channel against those of the other folds, as the fusion will rank tomorrow's.
3. `findings` adds the past of the fused statistic, and sums it up.

Why moments and not values: what lies beyond a high threshold comes in clusters, and n values of which a share of s are
moments of their own (the extremal index, `calibrate`) cannot show anything rarer than 1 / (n s + 1). A rate of r a day
is counted, and not extrapolated, from 1 / p - 1 such moments on, p = r / (blocks a day).

Why strangers: a channel that is strange to its own past by p in more than p of all quiet moments will cry wolf. Only
what is surely more (the lower end of a 95 % Poisson interval) is called so: some channel is always the loudest.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fusion.baseline.findings import Condition, Conduct, Findings, Prospect, Spread, Usual
from fusion.calibrate import extremal_index
from fusion.engine import EngineSettings, Memory
from fusion.lately import OVERLAP, spacing_ns
from fusion.rarity import DAY_NS
from fusion.report.metrics import poisson_interval
from fusion.senses import MEAN, new_past
from sensors.types import NS, Health, Modality, Quality, Score, State

RARE = 0.01
"""So rare a window should be for one in a hundred."""

LEAST_DAYS = 2
"""An hour of the day is known when it was heard on so many of them."""

MOST_VALUES = 4000
"""Values of a quantity that are kept, for each hour and for all together."""

MEASURED = ("level", "motion", "foreground")
"""Channels that tell a quantity itself; of tables those whose name ends in `.level`."""

RATES = (1.0, 1 / 7, 12 / 365.25)
"""One a day, a week, a month."""

Windows = Mapping[str, Sequence[float]]


class _Values:
    """Values of one quantity: every one at first, every second, every fourth ... once there are too many."""

    def __init__(self) -> None:
        self.kept: list[float] = []
        self.days: set[int] = set()
        self._every, self._seen = 1, 0

    def take(self, value: float, day: int) -> None:
        """Take a value that was measured on a day."""
        self.days.add(day)
        if self._seen % self._every == 0:
            self.kept.append(value)
            if len(self.kept) > MOST_VALUES:
                self.kept, self._every = self.kept[::2], 2 * self._every
        self._seen += 1

    def spread(self) -> Spread:
        """Where they lie."""
        low, middle, high = np.quantile(self.kept, (0.05, 0.5, 0.95)).tolist()
        return Spread(low, middle, high, sum(self.kept) / len(self.kept), self._seen)


@dataclass
class _Quantity:
    """One that is measured: whose, in which unit, and its values by hour of the day."""

    score: Score
    whole: _Values = field(default_factory=_Values)
    hours: dict[int, _Values] = field(default_factory=dict)


class Census:
    """Gathers while a baseline is learned.

    Parameters
    ----------
    settings : EngineSettings
        Windows and blocks.
    per_day : float
        False alarms a day that the operator sets, > 0.
    utc_offset_s : int or None
        Offset of local time from UTC; None where the recordings do not tell the time of day.
    """

    def __init__(self, settings: EngineSettings, per_day: float, utc_offset_s: int | None) -> None:
        self._settings, self._per_day, self._utc_offset_s = settings, per_day, utc_offset_s
        self._quantities: dict[str, _Quantity] = {}
        self._about: dict[str, Score] = {}
        self._usable: dict[str, Counter[bool]] = {}
        self._troubles: dict[str, Counter[str]] = {}
        self._conduct: list[Conduct] = []

    def take(self, item: Score | Health) -> None:
        """Take what a sensor said; of what could not be believed only that it was said."""
        if isinstance(item, Health):
            if item.state is not State.UP:
                self._troubles.setdefault(item.stream, Counter())[item.reason or str(item.state)] += 1
            return
        if item.quality is not Quality.WARMING:
            self._usable.setdefault(item.stream, Counter())[item.quality is Quality.OK] += 1
        self._about.setdefault(item.channel, item)
        if item.quality is Quality.OK and item.value is not None and math.isfinite(item.value):
            self._measure(item, item.value)

    def compare(self, folds: Sequence[int], windows: Sequence[Windows]) -> None:
        """Rank the peaks of every channel against those of the other folds.

        Parameters
        ----------
        folds : sequence of int
            Fold of each segment.
        windows : sequence of mapping
            Peaks and averages of each segment, by channel, in the order of time: as `learn.window_scores` gives them.
        """
        names = sorted({name for one in windows for name in one if not name.endswith(MEAN)})
        ranked = {name: self._strangers(name, folds, windows) for name in names if name in self._about}
        self._conduct = [self._judge(name, *told) for name, told in ranked.items() if told[0]]

    def findings(self, memory: Memory, seconds: float, streams: Mapping[str, Modality]) -> Findings:
        """Sum it up.

        Parameters
        ----------
        memory : Memory
            What was learned; at least one set of senses has a past.
        seconds : float
            Length of all recordings, > 0.
        streams : mapping of str to Modality
            Sensors of which anything was learned.
        """
        senses = max(memory.blocks, key=lambda name: (name.count("+"), len(memory.blocks[name]), name))
        rates = sorted({*RATES, self._per_day}, reverse=True)
        block_s = self._settings.block_ns / NS
        moments = independent_moments(memory.blocks[senses])
        prospects = tuple(_prospect(rate, block_s, moments, seconds) for rate in rates)
        usual = tuple(self._usual(name) for name in sorted(self._quantities))
        own = tuple(conduct for conduct in self._conduct if conduct.channel.rpartition(":")[0] in streams)
        sensors = tuple(self._condition(stream) for stream in sorted(streams))
        return Findings(seconds, block_s, senses, prospects, usual, own, sensors)

    def _measure(self, score: Score, value: float) -> None:
        what = score.channel.rpartition(":")[2]
        if what not in MEASURED and not what.endswith(".level"):
            return
        known = self._quantities.setdefault(score.channel, _Quantity(score))
        local_ns = score.end_ns + (self._utc_offset_s or 0) * NS
        day, of_day_ns = divmod(local_ns, DAY_NS)
        known.whole.take(value, day)
        if self._utc_offset_s is not None:
            known.hours.setdefault(of_day_ns // (3600 * NS), _Values()).take(value, day)

    def _usual(self, channel: str) -> Usual:
        known = self._quantities[channel]
        hours = {hour: told.spread() for hour, told in sorted(known.hours.items()) if len(told.days) >= LEAST_DAYS}
        return Usual(channel, str(known.score.modality), known.score.unit, known.whole.spread(), hours)

    def _strangers(
        self, name: str, folds: Sequence[int], windows: Sequence[Windows]
    ) -> tuple[list[list[float]], list[float]]:
        """P-values of each segment's windows, where its others are enough, and shares of independent moments."""
        told, shares = [], []
        for fold, own in zip(folds, windows, strict=True):
            others = [one.get(name, ()) for of, one in zip(folds, windows, strict=True) if of != fold]
            past = new_past(self._about[name].log_odds).restore(
                np.array([v for one in others for v in one], np.float64)
            )
            if len(past) >= self._settings.least_scores and own.get(name):
                told.append([past.rank(value)[0] for value in own[name]])
                shares.append(past.independent)
        return told, shares

    def _judge(self, name: str, told: list[list[float]], shares: list[float]) -> Conduct:
        score = self._about[name]
        window_ns = self._settings.windows_ns[score.modality]
        count = sum(map(len, told))
        share = sum(part * len(one) for part, one in zip(shares, told, strict=True)) / count
        rare = sum(p <= RARE for one in told for p in one)
        days = count * spacing_ns(window_ns, self._settings.learn_every_ns) / DAY_NS
        alarms, expected = sum(_spells(one, self._per_day * window_ns / DAY_NS) for one in told), self._per_day * days
        surely = poisson_interval(math.floor(rare * share))[0] > RARE * count * share
        noisy = surely or poisson_interval(alarms)[0] > expected
        own = (name, str(score.modality), score.unit, count * share)
        return Conduct(*own, rare / count, RARE, alarms, expected, noisy)

    def _condition(self, stream: str) -> Condition:
        usable = self._usable.get(stream, Counter())
        share = usable[True] / usable.total() if usable else 0.0
        return Condition(stream, share, dict(sorted(self._troubles.get(stream, Counter()).items())))


def independent_moments(past: NDArray[np.float64]) -> float:
    """How many of the values (n,) of a past, in the order of time, are moments of their own: in (0, n]."""
    if not len(past):
        return 0.0
    return len(past) * extremal_index(past > np.sort(past)[len(past) - 1 - len(past) // 10])


def _prospect(per_day: float, block_s: float, moments: float, seconds: float) -> Prospect:
    """How far a rate is from being counted, at the rate at which moments came so far."""
    needed = 86_400 / block_s / per_day - 1
    return Prospect(per_day, needed, moments, max(0.0, (needed - moments) / moments * seconds))


def _spells(p_values: Sequence[float], most: float) -> int:
    """Separate times at which windows in a row rank at `most` or less; windows that overlap are of one time."""
    spells, quiet = 0, OVERLAP
    for p_value in p_values:
        spells += p_value <= most and quiet >= OVERLAP
        quiet = 0 if p_value <= most else quiet + 1
    return spells
