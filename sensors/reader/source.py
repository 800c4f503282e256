"""What all that is read by a process of its own shares: it is watched, restarted and ended, and tells its `Health`."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from threading import Event
from typing import Any, Protocol

from numpy.typing import NDArray

from sensors.backoff import Backoff
from sensors.clock import Clock, SystemClock
from sensors.outages import Outages
from sensors.reader.faults import ReaderError
from sensors.reader.process import ReaderProcess
from sensors.reader.wire import Kind, Message
from sensors.types import NS, Chunk, Health, Modality, State

START_S = 20.0
OPEN_S = 5.0
STEADY_S = 5.0
PATIENCE_S = 30.0
WELL_NS = 10 * NS
_SLICE_S = 0.1


class Placing(Protocol):
    """Puts what a reader sends where it belongs in event time."""

    def begin(self) -> None:
        """Another reader has taken over."""
        ...

    def place(self, message: Message, epoch_ns: int) -> tuple[int, float, NDArray[Any]] | None:
        """What a message holds.

        Parameters
        ----------
        message : Message
            Of kind DATA.
        epoch_ns : int
            UTC less the monotonic clock, nanoseconds, at this moment.

        Returns
        -------
        tuple or None
            Event time of the beginning, nanoseconds UTC, rate in hertz, and data; None where their time is taken.
        """
        ...


class ReaderSource:
    """Something that comes from somewhere for ever, through a process of its own.

    `chunks` blocks, and heals itself: where nothing comes any more it says so, kills the reader and tries again
    after a jittered back-off, until `stop` is called from any thread. A stopped source stays stopped.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    on_health : callable (Health) -> None
        Told of each change in the thread that reads: UP with the first chunk, DOWN with the reason, DEGRADED while
        data are dropped because nobody takes them in time.
    open_s : float
        How long the other end may take to give its first data, seconds.
    stall_s : float
        How long nothing may come after that, seconds.
    clock : Clock, optional
        Tells the event time at which data arrive.
    backoff : Backoff, optional
        How long to wait between attempts.

    Attributes
    ----------
    module, what, dropping : str
        What is run, what comes from it, and what to say when that is dropped. Subclasses tell.
    dropped, skipped : int
        Samples or pictures dropped because they were taken too late, and packets that could not be decoded.
    overtaken : int
        Messages left out since their time was taken already, as after a clock was set.
    restarts : int
        How often the reader was started again.
    """

    modality: Modality
    module = what = dropping = ""

    def __init__(
        self, stream: str, *, on_health: Callable[[Health], None] = lambda health: None, open_s: float = OPEN_S,
        stall_s: float = 3.0, clock: Clock | None = None, backoff: Backoff | None = None,
    ) -> None:  # fmt: skip
        self.stream, self.on_health = stream, on_health
        self.dropped = self.skipped = self.overtaken = self.restarts = 0
        self._open_s, self._stall_s = open_s, stall_s
        self._clock, self._backoff = clock or SystemClock(), backoff or Backoff()
        self._stopped = Event()
        # Looked up when it is told: whoever runs the source may set it later.
        self._outages = Outages(stream, lambda health: self.on_health(health))
        self._known_dropped = self._well_ns = 0
        self._wishes: Mapping[str, Any] = {}

    def stop(self) -> None:
        """End `chunks` soon, from any thread, for good."""
        self._stopped.set()

    def chunks(self) -> Generator[Chunk, None, None]:
        """Read until stopped or closed; meant for one reader at a time."""
        placing, numbers = self._placing(), itertools.count()
        while not self._stopped.is_set():
            placing.begin()
            reader = ReaderProcess(self.module, {**self._order(), **self._wishes})
            try:
                with reader:
                    for message in self._heard(reader):
                        placed = placing.place(message, self._epoch_ns())
                        if placed is None:
                            self.overtaken += 1
                            continue
                        start_ns, rate_hz, data = placed
                        self._judge(start_ns)
                        yield Chunk(self.stream, next(numbers), start_ns, rate_hz, data)
            except ReaderError as fault:
                self._complain(str(fault))
            # Why no second reader beside one that cannot be killed: it would be the next to hang, for ever.
            while not self._stopped.wait(self._backoff.next_s()) and reader.lingers:
                self._complain("its driver hangs, the reader cannot be killed")
            self.restarts += not self._stopped.is_set()

    def _ask(self, **wishes: Any) -> None:
        """Have the reader do otherwise from now on; from any thread."""
        self._wishes = {**self._wishes, **wishes}

    def _order(self) -> Mapping[str, Any]:
        """What the reader is told, "queue" among it."""
        raise NotImplementedError

    def _placing(self) -> Placing:
        """A new timeline."""
        raise NotImplementedError

    def _heard(self, reader: ReaderProcess) -> Iterator[Message]:
        """Data as long as they come in time and nobody stops us."""
        limit_s, lacks = START_S, f"the reader did not start within {START_S:g} s"
        dropped, skipped, since_s, last_s = self.dropped, self.skipped, None, time.monotonic()
        while message := self._next(reader, limit_s, lacks):
            if message.kind is Kind.FAULT:
                raise ReaderError(message.body.decode(errors="replace"))
            if message.kind is Kind.READY:
                limit_s, lacks = self._open_s, f"no answer within {self._open_s:g} s"
                continue
            limit_s, lacks = self._stall_s, f"no {self.what} for {self._stall_s:g} s"
            self.dropped, self.skipped = dropped + message.dropped, skipped + message.skipped
            now_s = time.monotonic()
            if message.kind is Kind.ALIVE:
                self._endure(now_s - last_s)
                continue
            since_s, last_s = since_s or now_s, now_s
            if now_s - since_s > STEADY_S:
                self._backoff.reset()
            yield message

    def _next(self, reader: ReaderProcess, limit_s: float, lacks: str) -> Message | None:
        """The next message, in time; None when stopped."""
        deadline_s = time.monotonic() + limit_s
        while not self._stopped.is_set():
            reader.tell(self._wishes)
            left_s = deadline_s - time.monotonic()
            message = reader.receive(max(0.0, min(left_s, _SLICE_S)))
            if message is not None:
                return message
            if left_s <= 0:
                raise ReaderError(lacks)
        return None

    def _epoch_ns(self) -> int:
        now_ns = self._clock.now_ns()
        # Asked second, so that a delay between the two makes the clock look late, which is forgiven.
        return now_ns - time.monotonic_ns()

    def _endure(self, idle_s: float) -> None:
        """For so many seconds something has arrived of which nothing could be passed on."""
        if idle_s > PATIENCE_S:
            raise ReaderError(f"something arrives, but no {self.what} for {PATIENCE_S:g} s")

    def _flaw(self) -> str:
        """What is wrong with what comes, anew since it was asked last; empty where nothing is."""
        fresh = self.dropped > self._known_dropped
        self._known_dropped = self.dropped
        return self.dropping if fresh else ""

    def _judge(self, at_ns: int) -> None:
        """Tell UP, or DEGRADED as long as there was a flaw lately."""
        if flaw := self._flaw():
            self._well_ns = at_ns + WELL_NS
            self._outages.tell(State.DEGRADED, flaw, at_ns)
        elif at_ns >= self._well_ns or self._outages.down:
            self._outages.tell(State.UP, "", at_ns)

    def _complain(self, reason: str) -> None:
        self._outages.complain(reason, self._clock.now_ns())
