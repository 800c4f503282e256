"""Channels of one sense to one p-value: ranked against their pasts, then combined over the corroboration window.

Why a window: senses notice the same thing some seconds apart (glass breaks, then somebody walks in). Each sense's
answer is the mean of its Cauchy scores over the last seconds, so that a short strange moment still speaks when another
sense follows, and many looks at one sense do not add up to more false alarms. Beside it stands the average of -ln p
over twice that window, ranked against its own past: what is a little strange for long (somebody walks about) is not
seen by a maximum.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from fusion.align import NEVER, UNUSABLE, Presence, StreamJoin
from fusion.calibrate import Past, TailPrior
from fusion.calm import Calm
from fusion.combine import p_value_of, surprise_of
from fusion.events import Calibrated, Missing
from sensors.types import Modality, Score

NOTABLE = 0.05
"""Channels with a p-value above this are not named as reasons."""

NO_MORE = 3e-4
"""A censored score is learned as at most as strange as this p-value."""

LASTING = ":lasting"
"""Suffix of the name under which a sense's average is remembered."""

SPREAD = TailPrior(10, 1.0)
"""Raw scores count usual spreads: a constant past (a dark room) does not make a small flicker impossible."""


class _Channel:
    """The past of one channel, and what it says now."""

    def __init__(self, past: Past | None = None) -> None:
        self.past = past or new_past()
        self.said: Calibrated | None = None
        self.surprises: list[float] = []
        self.tick_ns = NEVER
        self.until_ns = NEVER
        self.noted_ns = NEVER


class _Window:
    """What one sense said over its last ticks, and how strange its average usually is."""

    def __init__(self, ticks: int) -> None:
        self.surprises: deque[float] = deque(maxlen=ticks)
        self.notable: deque[tuple[Calibrated, ...]] = deque(maxlen=ticks)
        self.logs: deque[float] = deque(maxlen=2 * ticks)
        self.lasting = _Channel()

    def clear(self) -> None:
        self.surprises.clear()
        self.notable.clear()
        self.logs.clear()


class Senses:
    """All channels of all senses.

    Parameters
    ----------
    streams : mapping of str to Modality
        The sensors.
    windows : mapping of Modality to int
        Corroboration window of each sense, in ticks, >= 1.
    least : int
        Length of past below which a channel says nothing.
    learn_every_ns : int
        Scores of a channel closer than this are not learned: neighbours say the same.
    hold_until : callable (Score) -> int
        Until when a score speaks, nanoseconds UTC.
    """

    def __init__(
        self,
        streams: Mapping[str, Modality],
        windows: Mapping[Modality, int],
        least: int,
        learn_every_ns: int,
        hold_until: Callable[[Score], int],
    ) -> None:
        self.order = sorted(set(streams.values()))
        self._streams = dict(streams)
        self._channels: dict[str, dict[str, _Channel]] = {stream: {} for stream in streams}
        self._windows = {sense: _Window(windows[sense]) for sense in self.order}
        self._least, self._learn_every_ns, self._hold_until = least, learn_every_ns, hold_until
        self._pending: deque[tuple[int, _Channel, float]] = deque()
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
        self.strange = []
        spoken: dict[Modality, list[_Channel]] = {}
        missing = []
        for stream, join in joins.items():
            channels = self._channels[stream]
            for score in join.fresh:
                self._rank(tick_ns, channels.setdefault(score.channel, _Channel()), score)
            if join.presence is Presence.ABSENT:
                missing.append(Missing(stream, join.reason))
                continue
            if join.channels:
                missing.append(Missing(f"{stream}:{'+'.join(join.channels)}", join.reason))
            speaking = [c for c in channels.values() if c.until_ns > tick_ns and c.said is not None]
            if speaking:
                spoken.setdefault(self._streams[stream], []).extend(speaking)
            else:
                known = any(len(c.past) >= self._least for c in channels.values())
                missing.append(Missing(stream, UNUSABLE if known else "learning what is usual"))
        answers = [self._corroborate(tick_ns, sense, spoken.get(sense)) for sense in self.order]
        return {i: p_value for i, p_value in enumerate(answers) if p_value is not None}, missing

    def reasons(self, sense: Modality) -> tuple[Calibrated, ...]:
        """The strangest channels of a sense over its window, strangest first, three at most."""
        best: dict[str, Calibrated] = {}
        for moment in self._windows[sense].notable:
            for said in moment:
                known = best.get(said.score.channel)
                if known is None or said.p_value < known.p_value:
                    best[said.score.channel] = said
        return tuple(sorted(best.values(), key=lambda said: (said.p_value, said.score.channel))[:3])

    def learn(self, until_ns: int, calm: Callable[[int], Calm]) -> None:
        """Take as normal what was said by `until_ns` while it was quiet; of censored moments no more than `NO_MORE`."""
        while self._pending and self._pending[0][0] <= until_ns:
            at_ns, channel, raw = self._pending.popleft()
            state = calm(at_ns)
            if state is Calm.QUIET:
                channel.past.learn(raw)
            elif state is Calm.CENSORED and len(channel.past) >= self._least:
                channel.past.learn(min(raw, channel.past.level(NO_MORE)))

    def forget(self) -> None:
        """Learn nothing of what was said since the last time."""
        self._pending.clear()

    def pasts(self) -> dict[str, NDArray[np.float64]]:
        """Past raw scores by channel, oldest first."""
        known = [(name, channel.past) for by in self._channels.values() for name, channel in by.items()]
        known += [(f"{sense}{LASTING}", window.lasting.past) for sense, window in self._windows.items()]
        return {name: past.values() for name, past in sorted(known, key=lambda item: item[0]) if len(past)}

    def restore(self, pasts: Mapping[str, NDArray[np.float64]]) -> None:
        """Begin with pasts learned before; those of unknown sensors are left aside."""
        for name, values in pasts.items():
            stream = name.rpartition(":")[0]
            if stream in self._channels:
                self._channels[stream][name] = _Channel(new_past().restore(values))
        for sense, window in self._windows.items():
            if f"{sense}{LASTING}" in pasts:
                window.lasting = _Channel(new_past().restore(pasts[f"{sense}{LASTING}"]))

    def _rank(self, tick_ns: int, channel: _Channel, score: Score) -> None:
        if score.raw is None or not math.isfinite(score.raw):
            channel.until_ns = NEVER
            return
        if channel.tick_ns != tick_ns:
            channel.tick_ns, channel.said = tick_ns, None
            channel.surprises.clear()
        channel.until_ns = self._hold_until(score)
        self._note(channel, score.end_ns, self._learn_every_ns, score.raw)
        if len(channel.past) < self._least:
            return
        p_value, saturated = channel.past.rank(score.raw)
        channel.surprises.append(surprise_of(p_value))
        if p_value < NOTABLE:
            self.strange.append(Calibrated(score, p_value, saturated))
        if channel.said is None or p_value < channel.said.p_value:
            channel.said = Calibrated(score, p_value, saturated)

    def _corroborate(self, tick_ns: int, sense: Modality, channels: list[_Channel] | None) -> float | None:
        window = self._windows[sense]
        if not channels:
            window.clear()
            return None
        surprise = sum(sum(c.surprises) / len(c.surprises) for c in channels) / len(channels)
        window.surprises.append(surprise)
        window.logs.append(-math.log(p_value_of(surprise)))
        window.notable.append(tuple(c.said for c in channels if c.said is not None and c.said.p_value < NOTABLE))
        peak = sum(window.surprises) / len(window.surprises)
        return p_value_of((peak + lasting) / 2 if (lasting := self._last(tick_ns, window)) is not None else peak)

    def _last(self, tick_ns: int, window: _Window) -> float | None:
        """Cauchy score of how strange this sense was on average; None while that is not known."""
        lasting = window.lasting
        if len(window.logs) < (window.logs.maxlen or 0):
            return None
        mean = sum(window.logs) / len(window.logs)
        self._note(lasting, tick_ns, 4 * self._learn_every_ns, mean)
        if len(lasting.past) < self._least:
            return None
        return surprise_of(lasting.past.rank(mean)[0])

    def _note(self, channel: _Channel, at_ns: int, every_ns: int, raw: float) -> None:
        if at_ns - channel.noted_ns >= every_ns:
            channel.noted_ns = at_ns
            self._pending.append((at_ns, channel, raw))


def new_past() -> Past:
    """An empty past of raw scores, which are in units of the usual spread: a tail of that size is expected."""
    return Past(prior=SPREAD)
