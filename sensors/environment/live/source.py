"""What all live environmental sensors share: a reader that is watched and begun again, rows, and `Health`."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from threading import Event

import numpy as np

from sensors.backoff import Backoff
from sensors.clock import Clock, SystemClock
from sensors.environment.live.complaints import Complaints
from sensors.environment.live.feed import Arrivals, Feed
from sensors.environment.live.reading import Complaint, Reader, ReaderError
from sensors.environment.live.rows import Row, Rows
from sensors.outages import Outages
from sensors.types import NS, Chunk, Health, Modality, State

STEADY_S = 5.0
WELL_NS = 10 * NS
LATELY, MANY = 100, 20
"""Rows over which readings left out are counted, and how many at least are worth telling."""

_SLICE_S = 0.1


class LiveReadingsSource:
    """Readings that come for ever, one row a chunk.

    `chunks` blocks, and heals itself: where the other end fails it says so and tries again after a jittered back-off,
    until `stop` is called from any thread. A stopped source stays stopped. Silence is told, but is no reason to begin
    again: whether a quiet connection still lives is for the reader to find out.

    Event time is the device's own where it tells one (corrected where its clock is far off), else the arrival.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    reader : Reader
        Its other end.
    on_health : callable (Health) -> None
        Told of each change in the thread that reads: UP with the first reading; DOWN with the reason; DEGRADED where
        readings are dropped, most come twice or out of order, a device's clock is off, or no value can be used.
    stale_s : float or None
        For how long no usable reading may come, seconds; None where a sensor speaks only when something happens.
    queue : int
        Most reports that wait for a slow consumer before the oldest is dropped, >= 1.
    units : str or mapping of str to str, optional
        Unit of all names, or of each; goes before what the device tells.
    ignore : collection of str
        Names to leave out.
    clock_s : float
        How far a device's clock may be off, seconds.
    clock : Clock
        Tells the event time at which readings arrive.
    backoff : Backoff, optional
        How long to wait between attempts.

    Attributes
    ----------
    dropped, late, duplicates, refused : int
        Reports dropped because nobody took them in time; readings left out because newer ones were given, or the same
        before; values that are outside physics.
    restarts : int
        How often the reader was begun again.
    complaints : Complaints
        What arrived and could not be used.
    """

    modality = Modality.ENVIRONMENT

    def __init__(
        self, stream: str, reader: Reader, *, on_health: Callable[[Health], None] = lambda health: None,
        stale_s: float | None = 900.0, queue: int = 10_000, units: str | Mapping[str, str] | None = None,
        ignore: Collection[str] = (), clock_s: float = 5.0, clock: Clock | None = None, backoff: Backoff | None = None,
    ) -> None:  # fmt: skip
        self.stream, self.on_health = stream, on_health
        self.dropped = self.restarts = 0
        self.complaints = Complaints(stream)
        self._reader, self._stale_s, self._limit = reader, stale_s, queue
        self._arrivals, self._backoff = Arrivals(clock or SystemClock()), backoff or Backoff()
        told = {"": units} if isinstance(units, str) else dict(units or {})
        left_out = {ignore} if isinstance(ignore, str) else ignore
        self._rows = Rows(self.complaints.add, told, left_out, round(clock_s * NS))
        self._stopped = Event()
        # Looked up when it is told: whoever runs the source may set it later.
        self._outages = Outages(stream, lambda health: self.on_health(health))
        self._heard_s = self._watched_s = 0.0
        self._known_dropped = self._known_left_out = self._well_ns = 0
        self._left_out: deque[int] = deque(maxlen=LATELY)

    @property
    def late(self) -> int:
        """Readings left out because newer ones were given."""
        return self._rows.late

    @property
    def duplicates(self) -> int:
        """Readings left out because the same came before."""
        return self._rows.duplicates

    @property
    def refused(self) -> int:
        """Values that no sensor of their quantity can mean."""
        return self._rows.refused

    def stop(self) -> None:
        """End `chunks` soon, from any thread, for good."""
        self._stopped.set()

    def chunks(self) -> Generator[Chunk, None, None]:
        """Read until stopped or closed; meant for one reader at a time."""
        numbers = itertools.count()
        self._heard_s = time.monotonic()
        while not self._stopped.is_set():
            feed = Feed(self._reader, self._arrivals, self._limit)
            try:
                with feed:
                    for row in self._read(feed):
                        self._judge(row)
                        data = np.array([row.values], np.float64)
                        data.flags.writeable = False
                        yield Chunk(self.stream, next(numbers), row.at_ns, 0.0, data, row.names)
            except ReaderError as fault:
                self._complain(str(fault))
            while not self._stopped.wait(self._backoff.next_s()) and feed.lingers:
                self._complain("its reader hangs")
            self.restarts += not self._stopped.is_set()

    def _read(self, feed: Feed) -> Iterator[Row]:
        """Rows as long as the reader lives and nobody stops us."""
        dropped, began_s, settled = self.dropped, time.monotonic(), False
        while not self._stopped.is_set():
            got = feed.receive(_SLICE_S)
            self.dropped = dropped + feed.dropped
            self._watch()
            if got is None:
                continue
            if not settled and time.monotonic() - began_s > STEADY_S:
                self._backoff.reset()
                settled = True
            arrived_ns, item = got
            if isinstance(item, Complaint):
                self.complaints.add(item)
            elif item is not None:
                yield from self._rows.take(item, arrived_ns)

    def _watch(self) -> None:
        """Tell silence, of all and of single quantities."""
        now_s = time.monotonic()
        if now_s - self._watched_s < _SLICE_S:
            return
        self._watched_s = now_s
        self.complaints.log()
        if self._stale_s is None:
            return
        if now_s - self._heard_s > self._stale_s:
            why = self.complaints.foremost()
            self._complain(f"no reading for {self._stale_s:g} s{f'; {why}' if why else ''}")
            # Told once; the next time after another such silence.
            self._heard_s = now_s
        for name in self._rows.silent(self._arrivals.now_ns() - round(self._stale_s * NS)):
            self.complaints.add(Complaint(f"no reading of {name} for {self._stale_s:g} s"))

    def _judge(self, row: Row) -> None:
        """Tell UP, or what is wrong with this row, its device, or how it is taken."""
        if not row.fault:
            self._heard_s = time.monotonic()
        if self.dropped > self._known_dropped:
            self._known_dropped, self._well_ns = self.dropped, row.at_ns + WELL_NS
        fault = row.fault or self._rows.wrong_clock or self._mostly_left_out()
        if row.at_ns < self._well_ns:
            fault = fault or "readings are dropped, since they are not taken in time"
        self._outages.tell(State.DEGRADED if fault else State.UP, fault, row.at_ns)

    def _mostly_left_out(self) -> str:
        """What to say where, of the last readings, most came twice or after newer ones; empty otherwise."""
        known, self._known_left_out = self._known_left_out, self.late + self.duplicates
        self._left_out.append(self._known_left_out - known)
        many = sum(self._left_out)
        return "most readings come twice or out of order" if many > max(MANY, len(self._left_out)) else ""

    def _complain(self, reason: str) -> None:
        self._outages.complain(reason, self._arrivals.now_ns())
