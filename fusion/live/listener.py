"""A thread that reads one live sensor: chunks to features, into the inbox; it outlives whatever fails in it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from threading import Event, Thread
from typing import cast

from fusion.live.inbox import Inbox
from fusion.live.shedding import ALL
from sensors.backoff import Backoff
from sensors.base import LiveSource, Sensor
from sensors.clock import Clock
from sensors.errors import BadInputError
from sensors.types import Chunk, Features, Health, Modality, State

_log = logging.getLogger(__name__)

Tap = Callable[[Chunk], None]


class Listener:
    """Reads a sensor until it is stopped.

    Parameters
    ----------
    sensor : Sensor
        With a live source.
    inbox : Inbox
        Where features and changes of health go.
    clock : Clock
        Dates what fails here.
    tap, keep : callable (Chunk) -> None
        Given each chunk before anything is made of it, and after; the second may fail, and nobody waits for it.
    """

    def __init__(
        self, sensor: Sensor, inbox: Inbox, clock: Clock, tap: Tap = lambda chunk: None,
        keep: Tap = lambda chunk: None,
    ) -> None:  # fmt: skip
        self.stream = sensor.stream
        self._sensor, self._inbox, self._clock, self._tap = sensor, inbox, clock, tap
        self._source = cast(LiveSource, sensor.source)
        self._source.on_health = lambda health: inbox.put(self.stream, health)
        self._stopped, self._backoff = Event(), Backoff(1.0, 30.0)
        self._thread = Thread(target=self._run, daemon=True, name=f"listen {self.stream}")
        self._keep, self._complained = keep, False
        self._last_ns, self._blind = 0, False

    @property
    def dropped(self) -> int:
        """Samples, pictures or readings that were not taken in time."""
        return int(getattr(self._source, "dropped", 0))

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Begin to end."""
        self._stopped.set()
        self._source.stop()

    def shed(self, level: int) -> bool:
        """Leave out that much of what can be left out, see `fusion.live.shedding`; whether there is anything."""
        leave_out = getattr(self._source, "shed", None)
        if leave_out is None:
            return False
        leave_out(min(level, ALL - 1))
        self._blind = level >= ALL
        return True

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; whether it came."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._listen()
            except Exception as error:
                reason = error.what if isinstance(error, BadInputError) else f"it failed ({type(error).__name__})"
                _log.exception("listening to %s failed", self.stream)
                self._inbox.put(self.stream, Health(self.stream, self._clock.now_ns(), State.DOWN, reason))
            self._stopped.wait(self._backoff.next_s())

    def _listen(self) -> None:
        with closing(self._source.chunks()) as chunks:  # type: ignore[type-var]
            for given in chunks:
                if self._blind:
                    continue
                chunk = self._apart(given)
                with self._inbox.working(self.stream) as reached:
                    self._tap(chunk)
                    reached.append(chunk.time_ns(len(chunk.data)) if chunk.rate_hz else chunk.start_ns)
                    for features in self._sensor.extractor.extract(chunk):
                        self._inbox.put(self.stream, features)
                        reached.append(_promised_ns(self._sensor.modality, features))
                self._put_aside(chunk)

    def _put_aside(self, chunk: Chunk) -> None:
        try:
            self._keep(chunk)
        except Exception:
            if not self._complained:
                _log.exception("nothing of %s can be kept for clips", self.stream)
            self._complained = True

    def _apart(self, chunk: Chunk) -> Chunk:
        """Rows of the same moment stand a nanosecond apart, so that a recording keeps them apart, too."""
        if self._sensor.modality is Modality.ENVIRONMENT and chunk.start_ns <= self._last_ns:
            chunk = replace(chunk, start_ns=self._last_ns + 1)
        self._last_ns = chunk.start_ns
        return chunk


def _promised_ns(modality: Modality, features: Features) -> int:
    """Up to when nothing more will come after these features: those of sound do not overlap."""
    return features.end_ns + (features.span_ns - 1 if modality is Modality.AUDIO else 0)
