"""Event-time join of streams that come at their own pace: MATCH, ABSENT, or WAIT.

Every answer depends on event times only, never on the order of arrival: a tick is answered when each stream has
either reached it or is known not to come in time. What comes for a tick already answered is late: counted, not used.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum

from sensors.types import NS, Health, Modality, Quality, Score, State

NEVER = -(2**62)
FOREVER = 2**62

UNUSABLE = "gives nothing usable"
"""Why a stream is absent that speaks, but cannot be believed at the moment."""


def speaks_ns(span_ns: int, hold_ns: int) -> int:
    """How long what was said of `span_ns` speaks from its end on: three times as long, and `hold_ns` at least."""
    return max(hold_ns, 3 * span_ns)


class Presence(Enum):
    """Whether a stream says something about a tick."""

    MATCH = "match"
    ABSENT = "absent"
    WAIT = "wait"


@dataclass(slots=True)
class StreamJoin:
    """One stream's answer to a tick.

    Attributes
    ----------
    presence : Presence
        MATCH or ABSENT; WAIT is what `ready` resolves before anybody is asked.
    fresh : list of Score
        Scores that came since the last tick, in event-time order; those that are not usable end what was held before.
    reason : str
        Why it is absent, or why `channels` are; empty otherwise.
    channels : tuple of str
        Quantities that take no part while the stream does.
    """

    presence: Presence
    fresh: list[Score]
    reason: str = ""
    channels: tuple[str, ...] = ()


@dataclass(slots=True)
class _Stream:
    modality: Modality
    reached_ns: int = NEVER
    scores: deque[Score] = field(default_factory=deque)
    health: deque[Health] = field(default_factory=deque)
    state: State = State.UP
    state_reason: str = ""
    state_channels: tuple[str, ...] = ()
    last_quality: Quality | None = None
    last_ns: int = NEVER
    usable_until_ns: int = NEVER


class Aligner:
    """Holds what streams said until a tick asks for it.

    Parameters
    ----------
    hold_ns : int
        A score speaks for at least this long after its end, and for three times its own span: nanoseconds.
    """

    def __init__(self, hold_ns: int = NS) -> None:
        self._hold_ns = hold_ns
        self._streams: dict[str, _Stream] = {}
        self._closed_ns = NEVER
        self._began_ns: int | None = None
        self.late = 0

    @property
    def streams(self) -> dict[str, Modality]:
        """All streams, in the order of their names."""
        return {name: self._streams[name].modality for name in sorted(self._streams)}

    def add(self, stream: str, modality: Modality) -> None:
        """Expect this stream."""
        self._streams[stream] = _Stream(modality)

    def push(self, item: Score | Health) -> bool:
        """Take what a sensor said; False where its tick was already answered (counted in `late`)."""
        stream = self._streams[item.stream]
        if isinstance(item, Health):
            stream.health.append(item)
            return True
        if item.end_ns <= self._closed_ns:
            self.late += 1
            return False
        stream.scores.append(item)
        return True

    def reach(self, stream: str, until_ns: int) -> None:
        """Nothing of this stream that ends by `until_ns` will come any more."""
        known = self._streams[stream]
        known.reached_ns = max(known.reached_ns, until_ns)

    @property
    def watermark_ns(self) -> int:
        """Every stream has been read to here."""
        return min((s.reached_ns for s in self._streams.values()), default=FOREVER)

    def ready(self, tick_ns: int, now_ns: int, deadline_ns: int) -> bool:
        """Whether `join` may answer this tick: nobody is worth a WAIT any more.

        Parameters
        ----------
        tick_ns, now_ns : int
            The tick, and the present moment; NEVER for a replay, which waits for every stream.
        deadline_ns : int
            How long after the tick a stream that has not reached it is waited for.
        """
        return self.watermark_ns >= tick_ns or now_ns >= tick_ns + deadline_ns

    def silent_since(self, tick_ns: int, span_ns: int) -> bool:
        """Whether no stream has anything to say about this tick, nor had in the `span_ns` before it."""
        if self._began_ns is None:
            return False
        return all(
            tick_ns - max(stream.last_ns, stream.usable_until_ns, self._began_ns) > span_ns
            and not (stream.scores and stream.scores[0].end_ns <= tick_ns)
            and not (stream.health and stream.health[0].at_ns <= tick_ns)
            for stream in self._streams.values()
        )

    def hold_until(self, score: Score) -> int:
        """Until when a score speaks, nanoseconds UTC."""
        return score.end_ns + speaks_ns(score.span_ns, self._hold_ns)

    def join(self, tick_ns: int) -> dict[str, StreamJoin]:
        """Answers of all streams to a tick, in the order of their names; ticks must grow."""
        self._closed_ns = tick_ns
        self._began_ns = tick_ns if self._began_ns is None else self._began_ns
        return {name: self._join(self._streams[name], tick_ns) for name in sorted(self._streams)}

    def _join(self, stream: _Stream, tick_ns: int) -> StreamJoin:
        while stream.health and stream.health[0].at_ns <= tick_ns:
            change = stream.health.popleft()
            stream.state, stream.state_reason, stream.state_channels = change.state, change.reason, change.channels
        fresh: list[Score] = []
        scores, span_ns, speaks = stream.scores, -1, 0
        while scores and scores[0].end_ns <= tick_ns:
            score = scores.popleft()
            fresh.append(score)
            if score.quality is Quality.OK:
                if score.span_ns != span_ns:
                    span_ns = score.span_ns
                    speaks = speaks_ns(span_ns, self._hold_ns)
                if score.end_ns + speaks > stream.usable_until_ns:
                    stream.usable_until_ns = score.end_ns + speaks
        if fresh:
            stream.last_ns, stream.last_quality = fresh[-1].end_ns, fresh[-1].quality
        if stream.state is not State.UP and not stream.state_channels:
            return StreamJoin(Presence.ABSENT, [], stream.state_reason or str(stream.state))
        if tick_ns < stream.usable_until_ns:
            channels = stream.state_channels
            return StreamJoin(Presence.MATCH, fresh, stream.state_reason if channels else "", channels)
        if stream.last_ns == NEVER:
            return StreamJoin(Presence.ABSENT, [], "nothing yet")
        if stream.last_quality is Quality.WARMING:
            return StreamJoin(Presence.ABSENT, [], "warming up")
        if stream.last_quality is not Quality.OK and tick_ns - stream.last_ns < self._hold_ns:
            return StreamJoin(Presence.ABSENT, [], UNUSABLE)
        return StreamJoin(Presence.ABSENT, [], "silent")


PARTS = (Aligner, _Stream)
"""Classes that hold something, see `freezing`."""
