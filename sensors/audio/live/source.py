"""What all live ears share: a reader that is watched, restarted and ended, and `Health` told on the way."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.audio.live.faults import ReaderError
from sensors.audio.live.process import ReaderProcess
from sensors.audio.live.timeline import Timeline
from sensors.audio.live.wire import Kind, Message
from sensors.backoff import Backoff
from sensors.clock import Clock, SystemClock
from sensors.outages import Outages
from sensors.types import NS, Chunk, Health, Modality, State

START_S = 20.0
OPEN_S = 5.0
STEADY_S = 5.0
WELL_NS = 10 * NS
_SLICE_S = 0.1


class LiveAudioSource:
    """Sound that comes from somewhere for ever, through a process of its own.

    `chunks` blocks, and heals itself: where the sound ends or stalls it says so, kills the reader and tries again
    after a jittered back-off, until `stop` is called from any thread. A stopped source stays stopped. Between two
    chunks time passes on; where something is missing the next one starts later.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    on_health : callable (Health) -> None
        Told of each change in the thread that reads: UP with the first sound, DOWN with the reason, DEGRADED while
        sound is dropped because nobody takes it in time.
    rate_hz : int
        Samples per second of the chunks.
    chunk_s : float
        Length of a chunk, seconds > 0; where times overlap one is shorter.
    channel : int, optional
        Which channel, from 0; all are averaged otherwise.
    open_s : float
        How long the other end may take to give its first sound, seconds.
    stall_s : float
        How long no sound may come after that, seconds.
    queue_s : float
        How much sound waits for a slow consumer before the oldest is dropped, seconds.
    clock : Clock
        Tells the event time at which sound arrives.
    backoff : Backoff, optional
        How long to wait between attempts.

    Attributes
    ----------
    dropped, skipped : int
        Samples dropped because they were taken too late, and packets that could not be decoded.
    restarts : int
        How often the reader was started again.
    """

    modality = Modality.AUDIO
    reads = ""

    def __init__(
        self, stream: str, *, on_health: Callable[[Health], None] = lambda health: None, rate_hz: int = 16_000,
        chunk_s: float = 0.1, channel: int | None = None, open_s: float = OPEN_S, stall_s: float = 3.0,
        queue_s: float = 2.0, clock: Clock | None = None, backoff: Backoff | None = None,
    ) -> None:  # fmt: skip
        self.stream, self.on_health = stream, on_health
        self.dropped = self.skipped = self.restarts = 0
        self._rate_hz, self._chunk_s, self._channel = rate_hz, chunk_s, channel
        self._open_s, self._stall_s, self._queue_s = open_s, stall_s, queue_s
        self._clock, self._backoff = clock or SystemClock(), backoff or Backoff()
        self._stopped = Event()
        # Looked up when it is told: whoever runs the source may set it later.
        self._outages = Outages(stream, lambda health: self.on_health(health))
        self._known_dropped = self._well_ns = 0

    def stop(self) -> None:
        """End `chunks` soon, from any thread, for good."""
        self._stopped.set()

    def chunks(self) -> Generator[Chunk, None, None]:
        """Listen until stopped or closed; meant for one reader at a time."""
        timeline, numbers = Timeline(self._rate_hz), itertools.count()
        while not self._stopped.is_set():
            timeline.begin()
            reader = ReaderProcess(self._order())
            try:
                with reader:
                    for message in self._heard(reader):
                        start_ns, samples = self._placed(message, timeline)
                        if len(samples):
                            self._judge(start_ns)
                            yield Chunk(self.stream, next(numbers), start_ns, float(self._rate_hz), samples)
            except ReaderError as fault:
                self._complain(str(fault))
            # Why no second reader beside one that cannot be killed: it would be the next to hang, for ever.
            while not self._stopped.wait(self._backoff.next_s()) and reader.lingers:
                self._complain("its driver hangs, the reader cannot be killed")
            self.restarts += not self._stopped.is_set()

    def _order(self) -> Mapping[str, Any]:
        """What the reader is told."""
        queue = max(1, round(self._queue_s / self._chunk_s))
        length = max(1, round(self._chunk_s * self._rate_hz))
        return {
            "reads": self.reads, "rate_hz": self._rate_hz, "length": length, "channel": self._channel, "queue": queue,
        }  # fmt: skip

    def _heard(self, reader: ReaderProcess) -> Iterator[Message]:
        """Sound as long as it comes in time and nobody stops us."""
        limit_s, what = START_S, f"the reader did not start within {START_S:g} s"
        dropped, skipped, since_s = self.dropped, self.skipped, None
        while message := self._next(reader, limit_s, what):
            if message.kind is Kind.FAULT:
                raise ReaderError(message.body.decode(errors="replace"))
            if message.kind is Kind.READY:
                limit_s, what = self._open_s, f"no answer within {self._open_s:g} s"
                continue
            limit_s, what = self._stall_s, f"no sound for {self._stall_s:g} s"
            self.dropped, self.skipped = dropped + message.dropped, skipped + message.skipped
            now_s = time.monotonic()
            since_s = since_s or now_s
            if now_s - since_s > STEADY_S:
                self._backoff.reset()
            yield message

    def _next(self, reader: ReaderProcess, limit_s: float, what: str) -> Message | None:
        """The next message, in time; None when stopped."""
        deadline_s = time.monotonic() + limit_s
        while not self._stopped.is_set():
            left_s = deadline_s - time.monotonic()
            message = reader.receive(max(0.0, min(left_s, _SLICE_S)))
            if message is not None:
                return message
            if left_s <= 0:
                raise ReaderError(what)
        return None

    def _placed(self, message: Message, timeline: Timeline) -> tuple[int, NDArray[np.float32]]:
        """Samples with their event time; none where that is already taken."""
        now_ns = self._clock.now_ns()
        # Asked second, so that a delay between the two makes the clock look late, which is forgiven.
        epoch_ns = now_ns - time.monotonic_ns()
        samples = np.frombuffer(message.body, np.float32)
        start_ns, skip = timeline.place(message.run, message.position, len(samples), message.captured_ns, epoch_ns)
        return start_ns, samples[skip:]

    def _judge(self, at_ns: int) -> None:
        """Tell UP, or DEGRADED as long as sound was dropped lately."""
        if self.dropped > self._known_dropped:
            self._known_dropped, self._well_ns = self.dropped, at_ns + WELL_NS
            self._outages.tell(State.DEGRADED, "sound is dropped, since it is not taken in time", at_ns)
        elif at_ns >= self._well_ns or self._outages.down:
            self._outages.tell(State.UP, "", at_ns)

    def _complain(self, reason: str) -> None:
        self._outages.complain(reason, self._clock.now_ns())
