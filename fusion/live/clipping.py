"""Clips of incidents: what the ring holds from before one to after it, put under lock while it lasts.

1. An incident opens: what the ring holds from `pre_ns` before it is put away at once: who cuts the power comes late.
2. As long as it is open, and `post_ns` longer, what came since is put away every `STEP_NS`.
3. An incident that opens meanwhile, or goes on, is of the same clip, unless that is full: then of another.
4. Each minute what is too old goes, and where there is no room the oldest of which nobody said that it matters.

It is told as sinks are: in a thread of its own, behind a queue (`fusion.sinks.post`). A disk that is slow or full costs
clips, never a verdict. Time is that of the verdicts.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from fusion.events import Change
from fusion.live.ring import Ring, Taken
from fusion.sinks.news import Changed, News, Verdict
from fusion.vault.retention import Retention
from fusion.vault.sealing import Header
from fusion.vault.segments import Kept, Vault
from sensors.errors import BadInputError
from sensors.types import NS

STEP_NS = 5 * NS
"""Between two segments of a stream, nanoseconds of event time."""

LATE_NS = 2 * NS
"""A picture may come so much later than its moment."""

SLACK_NS = STEP_NS + LATE_NS + 3 * NS
"""The ring reaches back so much further than to the moment before an incident."""

EXPIRE_NS = 60 * NS

SPARE = 50
"""Where there is no room, one part in so many is made free beyond what is needed."""

Labels = Callable[[], Mapping[str, str]]
"""What was said of incidents: their grades."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rolls:
    """How much of what is put away.

    Attributes
    ----------
    pre_ns, post_ns : int
        Before an incident and after it, nanoseconds.
    clip_bytes, all_bytes : int
        Most of one clip, and of all.
    """

    pre_ns: int
    post_ns: int
    clip_bytes: int
    all_bytes: int


@dataclass
class Clip:
    """One that is being written; `until_ns` moves on while any of its incidents is open."""

    name: str
    begin_ns: int
    until_ns: int = 0
    incidents: list[str] = field(default_factory=list)
    open: set[str] = field(default_factory=set)
    number: int = 0
    size: int = 0
    full: bool = False


@dataclass
class Tally:
    """What was done so far.

    Attributes
    ----------
    clips, segments, written : int
        Clips begun, segments put away, bytes of these.
    failed, cut, crowded : int
        Segments that could not be written, clips that reached their size, clips that went for want of room.
    stored : int
        Bytes of all clips that are there.
    """

    clips: int = 0
    segments: int = 0
    written: int = 0
    failed: int = 0
    cut: int = 0
    crowded: int = 0
    stored: int = 0


class Clipper:
    """A sink that puts clips away.

    Parameters
    ----------
    ring : Ring
        Of the last seconds.
    vault : Vault
        Where to; closed with the clipper.
    retention : Retention
        Of the vault.
    rolls : Rolls
        How much.
    labels : callable () -> mapping of str to str
        Grades by incident.
    """

    def __init__(self, ring: Ring, vault: Vault, retention: Retention, rolls: Rolls, labels: Labels) -> None:
        self.ring, self.tally = ring, Tally()
        self._vault, self._retention, self._rolls, self._labels = vault, retention, rolls, labels
        self._clip: Clip | None = None
        self._now_ns = self._put_ns = self._expired_ns = 0
        self._complained = False

    def deliver(self, news: News) -> None:
        """Take a verdict as the time, and a change as a reason to put something away."""
        if isinstance(news, Verdict):
            self._now_ns = max(self._now_ns, news.verdict.at_ns)
            self._go_on()
        elif isinstance(news, Changed) and self.ring.streams:
            self._note(news)

    def close(self) -> None:
        """Put away what has come, and close the vault."""
        if self._clip:
            self._put(self._clip)
        self._vault.close()

    def _note(self, news: Changed) -> None:
        incident, clip = news.incident, self._clip
        if news.change is Change.CLOSED:
            if clip and incident.id in clip.open:
                clip.open.discard(incident.id)
                clip.until_ns = max(clip.until_ns, (incident.closed_ns or self._now_ns) + self._rolls.post_ns)
            return
        if clip is None:
            clip = self._clip = Clip(secrets.token_hex(8), incident.opened_ns - self._rolls.pre_ns)
            self.tally.clips += 1
        if incident.id not in clip.incidents:
            clip.incidents.append(incident.id)
        clip.open.add(incident.id)
        if not clip.number:
            self._put(clip)
            self._let_go(clip.full)

    def _go_on(self) -> None:
        clip = self._clip
        if clip:
            over = not clip.open and self._now_ns >= clip.until_ns + LATE_NS
            if over or self._now_ns >= self._put_ns + STEP_NS:
                self._put(clip)
            self._let_go(over or clip.full)
        if self._now_ns >= self._expired_ns + EXPIRE_NS:
            self._expired_ns = self._now_ns
            self._try(self._expire)

    def _let_go(self, over: bool) -> None:
        """Begin another clip with whatever comes next, where this one is over."""
        if over:
            self._clip = None

    def _put(self, clip: Clip) -> None:
        """Put away what came since the last time, a segment a stream."""
        self._put_ns = self._now_ns
        until_ns = self._now_ns + NS if clip.open else clip.until_ns
        taken = self.ring.since(clip.number, clip.begin_ns, until_ns)
        by_stream: dict[str, list[Taken]] = {}
        for one in taken:
            by_stream.setdefault(one.stream, []).append(one)
            clip.number = max(clip.number, one.number)
        for pieces in by_stream.values():
            size = sum(len(one.piece.data) for one in pieces)
            if clip.full or clip.size + size > self._rolls.clip_bytes:
                self._cut(clip)
            else:
                self._try(partial(self._segment, clip, pieces, size))
        if by_stream:
            self._try(partial(self._vault.link, clip.name, tuple(clip.incidents)))

    def _segment(self, clip: Clip, pieces: list[Taken], size: int) -> None:
        self._make_room(clip, size)
        first = pieces[0]
        start_ns = min(one.piece.start_ns for one in pieces)
        end_ns = max(one.end_ns for one in pieces)
        name = secrets.token_hex(8)
        told = Header(name, clip.name, first.stream, first.sense, first.codec, start_ns, end_ns, first.rate_hz)
        written = self._vault.put(told, [one.piece for one in pieces], clip.incidents)
        clip.size += written
        self.tally.segments += 1
        self.tally.stored += written
        self.tally.written += written

    def _cut(self, clip: Clip) -> None:
        if not clip.full:
            clip.full = True
            self.tally.cut += 1
            _log.warning("the clip of incident %s is full: the rest is not kept", ", ".join(clip.incidents))

    def _make_room(self, clip: Clip, size: int) -> None:
        """Let the oldest clips go of which nobody said that they matter.

        Raises
        ------
        OSError
            If that is not enough.
        """
        kept = self._vault.clips()
        self.tally.stored = sum(one.size for one in kept)
        excess = self.tally.stored + size - self._rolls.all_bytes
        if excess <= 0:
            return
        grades = self._labels()
        # Why a little more: whatever stays is locked anew each time that something goes.
        excess += self._rolls.all_bytes // SPARE
        going: list[Kept] = []
        for one in kept:
            if excess > 0 and one.clip != clip.name and not protected(one, grades):
                going.append(one)
                excess -= one.size
        if excess > self._rolls.all_bytes // SPARE:
            raise OSError(28, "[evidence] most_mb is reached by clips that are labelled")
        self._vault.drop([one.clip for one in going])
        self.tally.stored -= sum(one.size for one in going)
        for one in going:
            self.tally.crowded += 1
            _log.warning("the clip of incident %s goes for want of room", ", ".join(one.incidents))
            self._retention.tell(self._now_ns, one, "no room: [evidence] most_mb")

    def _expire(self) -> None:
        self._retention.expire(self._now_ns, self._clip.name if self._clip else "")
        self.tally.stored = sum(one.size for one in self._vault.clips())

    def _try(self, job: Callable[[], object]) -> None:
        """Do it; what fails is counted, and told once."""
        try:
            job()
            self._complained = False
        except (OSError, sqlite3.Error, BadInputError) as error:
            self.tally.failed += 1
            if not self._complained:
                _log.error("clips cannot be written: %s", getattr(error, "strerror", None) or error)
                self._complained = True


def protected(clip: Kept, grades: Mapping[str, str]) -> bool:
    """Whether somebody said of one of its incidents how severe it was."""
    return any(grades.get(incident, "false") != "false" for incident in clip.incidents)
