"""Channels of one sense to one p-value: windows ranked against their pasts, then combined.

Each channel gives two p-values: of the strongest moment of its window, and of its average over two windows (`lately`
says why), each ranked against its own past. A sense's answer is their Cauchy mean: one strange channel is enough, and
many channels do not add up to more false alarms (`combine` says why). A strange moment speaks as long as its window
lasts, undiminished, so that another sense may follow some seconds later.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fusion.align import NEVER, UNUSABLE, Presence, StreamJoin
from fusion.calibrate import Past, TailPrior
from fusion.calm import Calm
from fusion.combine import p_value_of, surprise_of
from fusion.events import Calibrated, Missing
from fusion.lately import OVERLAP, Lately, spacing_ns
from sensors.types import Modality, Score

NOTABLE = 0.05
"""Channels with a p-value above this are not named as reasons."""

NO_MORE = 3e-4
"""A censored score is learned as at most as strange as this p-value."""

MEAN = "~mean"
"""Suffix of the name under which the averages of a channel are remembered, beside the peaks of its windows."""

SPREAD = TailPrior(10, 1.0)
"""Raw scores count usual spreads: a constant past (a dark room) does not make a small flicker impossible."""


DEPTH = 3.0
"""No window is rarer than (n + 1) to the power of minus this, for n independent moments in the past.

With less, as much is found at one false alarm an hour, but an hour's past could hardly alarm once a day."""

HEAVY = 0.14
"""Least shape of the tail of a past of windows: twenty minutes show little of what else is usual at a place."""


class _Aspect:
    """One way to look at a channel: its past, and how strange what it shows is."""

    def __init__(self) -> None:
        self.past = new_past()
        self.noted_ns = NEVER
        self.value: float | None = None
        """What was ranked last; None where the past is another since."""
        self.surprise, self.p_value, self.saturated = 0.0, 1.0, False

    def judge(self, value: float) -> None:
        """Rank a value."""
        self.value, past = value, self.past
        if value <= past.common:
            self.surprise, self.p_value = 0.0, 1.0
        else:
            self.p_value, self.saturated = past.rank(value)
            self.surprise = surprise_of(self.p_value)

    def learn(self, value: float) -> None:
        """Take a value as normal."""
        self.past.learn(value)
        self.value = None


class _Channel:
    """What is usual of one channel, and what it says now."""

    def __init__(self, window_ns: int, learn_every_ns: int) -> None:
        self.every_ns = spacing_ns(window_ns, learn_every_ns)
        self.lately = Lately(window_ns, self.every_ns)
        self.peak, self.mean = self.aspects = _Aspect(), _Aspect()
        self.said: Calibrated | None = None
        """Where it is notable."""
        self.speaking = 0
        """So many of the aspects say something, the first ones."""
        self.total = 0.0
        """Their surprise."""
        self.until_ns = NEVER
        self.log_odds = self.known = False

    def lighten(self) -> None:
        """Take that its scores are log odds: what was restored by its name alone did not tell."""
        self.log_odds = True
        for aspect in self.aspects:
            aspect.past.lighten()
            aspect.value = None

    def hear(self, peak: float, mean: float | None) -> _Aspect | None:
        """Rank what changes with every score; the strangest aspect, None where none has something to say."""
        if not self.speaking:
            return None
        rarest, average = self.peak, self.mean
        if peak != rarest.value:
            rarest.judge(peak)
        total = rarest.surprise
        if self.speaking > 1:
            if mean is not None and mean != average.value:
                average.judge(mean)
            total += average.surprise
            if average.surprise > rarest.surprise:
                rarest = average
        self.total = total
        return rarest


class Senses:
    """All channels of all senses.

    Parameters
    ----------
    streams : mapping of str to Modality
        The sensors.
    windows_ns : mapping of Modality to int
        Corroboration window of each sense, nanoseconds > 0.
    least : int
        Windows in the past of a channel below which it says nothing.
    learn_every_ns : int
        Scores of a channel closer than this are not learned: neighbours say the same.
    hold_until : callable (Score) -> int
        Until when a score speaks, nanoseconds UTC.
    """

    def __init__(
        self,
        streams: Mapping[str, Modality],
        windows_ns: Mapping[Modality, int],
        least: int,
        learn_every_ns: int,
        hold_until: Callable[[Score], int],
    ) -> None:
        self.order = sorted(set(streams.values()))
        self._streams, self._windows_ns = dict(streams), dict(windows_ns)
        self._channels: dict[str, dict[str, _Channel]] = {stream: {} for stream in streams}
        self._speaking: dict[Modality, list[_Channel]] = {}
        self._least, self._learn_every_ns, self._hold_until = least, learn_every_ns, hold_until
        self._pending: deque[tuple[int, _Aspect, float]] = deque()
        self.strange: list[Calibrated] = []
        """What channels said since the last tick that was notable."""

    def listen(self, tick_ns: int, joins: Mapping[str, StreamJoin]) -> tuple[dict[int, float], list[Missing]]:
        """What each sense says about a tick.

        Returns
        -------
        p_values : dict of int to float
            By index of the sense in `order`; only senses that are present.
        missing : list of Missing
            Streams that take no part.
        """
        self._speaking, self.strange, missing = {}, [], []
        for stream, join in joins.items():
            channels = self._channels[stream]
            if join.fresh:
                self._take(stream, join.fresh)
            if join.presence is Presence.ABSENT:
                missing.append(Missing(stream, join.reason))
                continue
            if join.channels:
                missing.append(Missing(f"{stream}:{'+'.join(join.channels)}", join.reason))
            speaking = [c for c in channels.values() if c.until_ns > tick_ns and c.speaking]
            if speaking:
                self._speaking.setdefault(self._streams[stream], []).extend(speaking)
            else:
                known = any(channel.known for channel in channels.values())
                missing.append(Missing(stream, UNUSABLE if known else "learning what is usual"))
        return {i: self._answer(sense) for i, sense in enumerate(self.order) if sense in self._speaking}, missing

    def reasons(self, sense: Modality) -> tuple[Calibrated, ...]:
        """The strangest channels of a sense over its windows, strangest first, three at most."""
        said = [c.said for c in self._speaking.get(sense, ()) if c.said is not None]
        return tuple(sorted(said, key=_strangeness)[:3]) if said else ()

    def voices(self, sense: Modality) -> dict[str, tuple[float, ...]]:
        """By channel the p-values, at most 1/2, that the sense's answer to this tick is the Cauchy mean of."""
        speaking = set(self._speaking.get(sense, ()))
        return {
            name: tuple(p_value_of(aspect.surprise) for aspect in channel.aspects[: channel.speaking])
            for by_name in self._channels.values()
            for name, channel in sorted(by_name.items())
            if channel in speaking
        }

    def learn(self, until_ns: int, calm: Callable[[int], Calm]) -> None:
        """Take as normal what was said by `until_ns` while it was quiet; of censored moments no more than `NO_MORE`."""
        asked_ns, state = NEVER, Calm.QUIET
        while self._pending and self._pending[0][0] <= until_ns:
            at_ns, aspect, value = self._pending.popleft()
            if at_ns != asked_ns:
                asked_ns, state = at_ns, calm(at_ns)
            if state is Calm.QUIET:
                aspect.learn(value)
            elif state is Calm.CENSORED and len(aspect.past) >= self._least:
                aspect.learn(min(value, aspect.past.level(NO_MORE)))

    def forget(self) -> None:
        """Learn nothing of what was said since the last time."""
        self._pending.clear()

    def pasts(self) -> dict[str, NDArray[np.float64]]:
        """What was learned of every channel, oldest first: peaks by its name, averages by its name and `MEAN`."""
        channels = [item for by_name in self._channels.values() for item in by_name.items()]
        known = {name: channel.peak.past for name, channel in channels}
        known |= {name + MEAN: channel.mean.past for name, channel in channels}
        return {name: past.values() for name, past in sorted(known.items()) if len(past)}

    def restore(self, pasts: Mapping[str, NDArray[np.float64]]) -> None:
        """Begin with pasts learned before; those of unknown sensors are left aside."""
        for key, values in pasts.items():
            name = key.removesuffix(MEAN)
            stream = name.rpartition(":")[0]
            if stream in self._channels:
                channel = self._channels[stream].setdefault(name, self._new(stream))
                (channel.peak if key == name else channel.mean).past.restore(values)
                channel.known = len(channel.peak.past) >= self._least

    def _new(self, stream: str) -> _Channel:
        return _Channel(self._windows_ns[self._streams[stream]], self._learn_every_ns)

    def _take(self, stream: str, fresh: Sequence[Score]) -> None:
        channels, end_ns, span_ns, until_ns = self._channels[stream], NEVER, -1, NEVER
        for score in fresh:
            channel = channels.get(score.channel)
            if channel is None:
                channel = channels[score.channel] = self._new(stream)
            if score.log_odds and not channel.log_odds:
                channel.lighten()
            raw = score.raw
            if raw is None or not math.isfinite(raw):
                channel.until_ns = NEVER
                continue
            if score.end_ns != end_ns or score.span_ns != span_ns:
                end_ns, span_ns, until_ns = score.end_ns, score.span_ns, self._hold_until(score)
            if end_ns > channel.until_ns:
                channel.lately.clear()
            channel.until_ns = until_ns
            peak, strongest, mean, begins = channel.lately.take(score, raw)
            if begins:
                self._begin(channel, end_ns, peak, mean)
            rarest = channel.hear(peak, mean)
            if rarest is None or rarest.p_value >= NOTABLE:
                channel.said = None
                continue
            channel.said = Calibrated(strongest, rarest.p_value, rarest.saturated)
            past = channel.peak.past
            if raw > past.common:
                p_value, saturated = past.rank(raw)
                if p_value < NOTABLE:
                    self.strange.append(Calibrated(score, p_value, saturated))

    def _begin(self, channel: _Channel, at_ns: int, peak: float, mean: float | None) -> None:
        """A quarter window begins: note what is to be learned, and see which aspects have something to say in it."""
        channel.speaking = 0
        for number, (aspect, value) in enumerate(((channel.peak, peak), (channel.mean, mean))):
            if value is None:
                return
            if at_ns - aspect.noted_ns >= channel.every_ns:
                aspect.noted_ns = at_ns
                self._pending.append((at_ns, aspect, value))
            if channel.speaking == number and len(aspect.past) >= self._least:
                channel.speaking += 1
                channel.known = True

    def _answer(self, sense: Modality) -> float:
        total, count = 0.0, 0
        for channel in self._speaking[sense]:
            total += channel.total
            count += channel.speaking
        return p_value_of(total / count)


def _strangeness(said: Calibrated) -> tuple[float, float, str]:
    """Strangest first; of those as rare as their pasts can show, the one that is more usual spreads away."""
    return said.p_value, -(said.score.raw or 0.0), said.score.channel


def new_past(log_odds: bool = False) -> Past:
    """An empty past of windows, with a heavy tail down to little beyond the square of what it can show.

    Why no light tail: it calls what is a little beyond twenty quiet minutes impossible, and a single channel then
    drowns what several senses say together. Why still a floor: where a channel hardly ever moves (a lamp), its past
    does not tell how far it goes when it does, and no single channel should be surer than that.

    Why log odds are not heavy: where chances near 1 have any density, odds beyond x have a chance of about 1 / x, and
    their logarithm an exponential tail. The heavy one would not believe a scream under odds of 1e8.
    """
    heavy = 0.0 if log_odds else HEAVY
    return Past(capacity=8000, depth=DEPTH, prior=SPREAD, heavy=heavy, overlap=OVERLAP)


PARTS = (Senses, _Channel, _Aspect)
"""Classes that hold something, see `freezing`."""
