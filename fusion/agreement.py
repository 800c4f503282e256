"""Senses that should agree and do not, because somebody fools one of them.

Where a camera sees a crowd, a microphone hears one and the air fills. Which sensors go together here, and how closely,
is learned; so is how far apart they are when all is well. A sensor that is suddenly further from all its companions
than ever, while those agree with one another, is suspected: a muffled microphone, a picture held before a lens. Of two
that contradict only each other the one that notices less is named: it is easier to silence a sensor than to feed it.

1. `take` averages what each witness measured over blocks of minutes: loudness, foreground, people, motion, CO2.
2. `judge` ranks, for every pair that goes together (correlation r at least `TOGETHER`), the gap
   |z_a - z_b| / sqrt(2 - 2 r) against its own past; z are a block's means in standard deviations.
3. `settle` learns blocks in which nothing happened.

The bound: a gap counts only below `RARE`, shared out over all pairs, so that chance gives one suspicion in a month; a
sensor is suspected once a day at most. Whoever is suspected goes on being heard: a thief may be silent, and what is
suspected must not be what blinds us.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fusion.calibrate import Past
from fusion.calm import Calm
from fusion.events import Missing
from sensors.types import NS, Health, Quality, Score, State

MINUTE_NS, DAY_NS = 60 * NS, 86_400 * NS

BLOCK_NS = 3 * MINUTE_NS
"""Long enough that sound, picture and motion sensors of one room tell of the same people."""

LEAST = 240
"""Blocks (half a day) from which a witness is known, and again from which a pair is."""

MOST = 4800
"""Blocks (ten days) that are remembered."""

TOGETHER = 0.5
"""Correlation from which two witnesses should agree."""

RARE = BLOCK_NS / (30 * DAY_NS)
"""A gap so rare is a contradiction: by chance one in a month."""

AGAIN = 0.05
"""A gap that is more common than this is agreement."""

MOST_WITNESSES = 12

WITNESSES = ("level", "foreground", "people.level", "motion.level", "occupancy.level", "co2*.level")
"""Parts of channels' names behind the stream, as patterns: what people make, in any unit."""

_MOMENTS, _GAPS = ":moments", ":gaps"


class _Witness:
    """One channel, and its sum in each block that is not judged yet."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.sums: dict[int, tuple[float, int]] = {}


class _Pair:
    """How closely two witnesses go together, and how far apart they are when all is well.

    `moments` are count, both means, both variances and the covariance of the means of blocks; beyond `MOST` blocks old
    ones fade.
    """

    def __init__(self) -> None:
        self.moments = np.zeros(6)
        self.gaps = Past(MOST, depth=float("inf"))

    def correlation(self) -> float:
        """Of the means of blocks, 0 while it is not known."""
        count, _, _, aa, bb, ab = self.moments.tolist()
        return ab / math.sqrt(aa * bb) if count >= LEAST and aa > 0 and bb > 0 else 0.0

    def learn(self, a: float, b: float) -> None:
        if self.correlation() >= TOGETHER:
            self.gaps.learn(self.gap(a, b))
        count = self.moments[0] = min(self.moments[0] + 1, MOST)
        far_a, far_b = a - self.moments[1], b - self.moments[2]
        self.moments[1:3] += np.array([far_a, far_b]) / count
        old = self.moments[3:]
        self.moments[3:] = (1 - 1 / count) * (old + np.array([far_a * far_a, far_b * far_b, far_a * far_b]) / count)

    def far(self, a: float, b: float) -> tuple[float, float]:
        """How far both are from their means, in standard deviations."""
        _, mean_a, mean_b, aa, bb, _ = self.moments.tolist()
        return (a - mean_a) / math.sqrt(aa), (b - mean_b) / math.sqrt(bb)

    def gap(self, a: float, b: float) -> float:
        """How far they are from each other, in standard deviations of that."""
        far_a, far_b = self.far(a, b)
        return abs(far_a - far_b) / math.sqrt(max(2 - 2 * self.correlation(), 1e-3))

    def p_value(self, a: float, b: float) -> float | None:
        """How rare it is that they are so far apart; None where nobody says that they should agree."""
        if self.correlation() < TOGETHER or len(self.gaps) < LEAST:
            return None
        return self.gaps.rank(self.gap(a, b))[0]


class Agreement:
    """All witnesses of a place."""

    def __init__(self) -> None:
        self._witnesses: dict[str, _Witness] = {}
        self._pairs: dict[tuple[str, str], _Pair] = {}
        self._meant: dict[str, bool] = {}
        self._next: int | None = None
        self._pending: deque[tuple[int, dict[str, float]]] = deque()
        self._suspected: dict[str, Health] = {}
        self._cleared_ns: dict[str, int] = {}

    def take(self, score: Score) -> None:
        """Keep what a witness measured; what cannot be believed is nothing."""
        meant = self._meant.get(score.channel)
        if meant is False or score.value is None or not math.isfinite(score.value):
            return
        if meant is None and not self._is_meant(score.channel):
            return
        number = score.end_ns // BLOCK_NS
        if score.quality in (Quality.OK, Quality.WARMING) and (self._next is None or number >= self._next):
            witness = self._witnesses.setdefault(score.channel, _Witness(score.stream))
            total, count = witness.sums.get(number, (0.0, 0))
            witness.sums[number] = total + score.value, count + 1

    def judge(self, tick_ns: int) -> list[Health]:
        """What has changed with the blocks that ended by a tick; ticks must grow."""
        number, told = tick_ns // BLOCK_NS, list[Health]()
        if self._next is None:
            self._next = number
        while self._next < number:
            told += self._judge(self._next)
            self._next = max(self._next + 1, min(self._first_waiting(), number))
        return told

    @property
    def suspected(self) -> tuple[Missing, ...]:
        """Sensors that are suspected now, and why."""
        if not self._suspected:
            return ()
        return tuple(Missing(stream, health.reason) for stream, health in sorted(self._suspected.items()))

    def settle(self, until_ns: int, calm: Callable[[int], Calm]) -> None:
        """Learn the blocks that ended by then and in which all was quiet."""
        while self._pending and (self._pending[0][0] + 1) * BLOCK_NS <= until_ns:
            number, means = self._pending.popleft()
            inside = range(number * BLOCK_NS, (number + 1) * BLOCK_NS, BLOCK_NS // 18)
            if all(calm(at_ns) is Calm.QUIET for at_ns in inside):
                self._learn(means)

    def forget(self) -> None:
        """Learn nothing of what was said since the last time."""
        self._pending.clear()

    def state(self) -> dict[str, NDArray[np.float64]]:
        """What was learned: moments and gaps, by names of the pair."""
        moments = {f"{a}|{b}{_MOMENTS}": pair.moments.copy() for (a, b), pair in self._pairs.items()}
        gaps = {f"{a}|{b}{_GAPS}": pair.gaps.values() for (a, b), pair in self._pairs.items() if len(pair.gaps)}
        return dict(sorted({**moments, **gaps}.items()))

    def restore(self, state: Mapping[str, NDArray[np.float64]]) -> None:
        """Begin with what was learned before."""
        for name, values in state.items():
            names, _, part = name.rpartition(":")
            a, _, b = names.partition("|")
            pair = self._pairs.setdefault((a, b), _Pair())
            if f":{part}" == _MOMENTS:
                pair.moments = np.array(values, np.float64)
            else:
                pair.gaps.restore(values)

    def _is_meant(self, channel: str) -> bool:
        what = channel.rpartition(":")[2]
        room = sum(self._meant.values()) < MOST_WITNESSES
        self._meant[channel] = room and any(fnmatchcase(what, pattern) for pattern in WITNESSES)
        return self._meant[channel]

    def _first_waiting(self) -> int:
        """The first block for which anybody said anything."""
        return min((number for w in self._witnesses.values() for number in w.sums), default=2**62)

    def _judge(self, number: int) -> list[Health]:
        sums = {name: w.sums.pop(number) for name, w in sorted(self._witnesses.items()) if number in w.sums}
        means = {name: total / count for name, (total, count) in sums.items()}
        found = {}
        for a, b in combinations(means, 2):
            p_value = self._pairs[a, b].p_value(means[a], means[b]) if (a, b) in self._pairs else None
            if p_value is not None:
                found[a, b] = p_value
        end_ns = (number + 1) * BLOCK_NS
        told = [*self._clear(end_ns, found), *self._suspect(end_ns, means, found)]
        if not self._suspected:
            self._pending.append((number, means))
        return told

    def _learn(self, means: Mapping[str, float]) -> None:
        for a, b in combinations(means, 2):
            if self._witnesses[a].stream != self._witnesses[b].stream:
                self._pairs.setdefault((a, b), _Pair()).learn(means[a], means[b])

    def _clear(self, at_ns: int, found: Mapping[tuple[str, str], float]) -> list[Health]:
        """Who agrees again is trusted again; after a day things are as they are."""
        told = []
        for stream, health in sorted(self._suspected.items()):
            own = [p for pair, p in found.items() if stream in {self._witnesses[name].stream for name in pair}]
            if any(p > AGAIN for p in own) or at_ns - health.at_ns >= DAY_NS:
                del self._suspected[stream]
                self._cleared_ns[stream] = at_ns
                told.append(Health(stream, at_ns, State.UP))
        return told

    def _suspect(self, at_ns: int, means: Mapping[str, float], found: Mapping[tuple[str, str], float]) -> list[Health]:
        """Who contradicts all its companions."""
        apart = {pair for pair, p_value in found.items() if p_value <= RARE / len(found)}
        told = []
        for name in sorted({name for pair in apart for name in pair}):
            stream, own = self._witnesses[name].stream, {pair for pair in found if name in pair}
            rested = at_ns - self._cleared_ns.get(stream, -DAY_NS) >= DAY_NS
            others = sorted(a if b == name else b for a, b in own)
            quieter = self._is_quieter(name, others[0], means)
            bonds = {pair for pair in found if others[0] in pair} - own
            alone = own <= apart and (len(own) > 1 or bool(bonds - apart) or (not bonds and quieter))
            if alone and rested and stream not in self._suspected:
                accusers = " and ".join(dict.fromkeys(self._witnesses[each].stream for each in others))
                reason = f"notices nothing of what {accusers} do" if quieter else f"shows what {accusers} do not notice"
                self._suspected[stream] = Health(stream, at_ns, State.TAMPERED, reason)
                told.append(self._suspected[stream])
        return told

    def _is_quieter(self, name: str, other: str, means: Mapping[str, float]) -> bool:
        """Whether of two witnesses this one notices less, for its own measure."""
        a, b = min(name, other), max(name, other)
        far_a, far_b = self._pairs[a, b].far(means[a], means[b])
        return (far_a < far_b) == (name == a)


PARTS = (Agreement, _Witness, _Pair)
"""Classes that hold something, see `freezing`."""
