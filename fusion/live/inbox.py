"""Between the threads that listen and the loop that judges: a bounded queue for each sensor; the oldest gives way."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Semaphore

from sensors.types import Features, Health


@dataclass(frozen=True, slots=True)
class Heard:
    """What a sensor brought.

    Attributes
    ----------
    stream : str
        Which sensor.
    number : int
        Of features: how many of this sensor came before, dropped ones included. Of health: 0.
    item : Features or Health
        What.
    """

    stream: str
    number: int
    item: Features | Health


class Inbox:
    """What came and was not yet taken; for any number of threads.

    Parameters
    ----------
    streams : iterable of str
        Sensors, those first that are heard first where much waits.
    limit : int
        Most features that wait of each sensor, >= 1.
    places : int
        How many are at work at a time, others queue; by default as many as cores, less one for the loop that judges.
        Why: each that works beside holds the interpreter's lock in turn, and the loop has to wait for all of them.

    Attributes
    ----------
    dropped : dict of str to int
        Features that gave way, by sensor.
    """

    def __init__(self, streams: Iterable[str], limit: int = 32, places: int = 0) -> None:
        self._limit, self._changed = limit, Condition()
        self._places = Semaphore(places or max(1, (os.cpu_count() or 1) - 1))
        self._waiting: dict[str, deque[Heard]] = {stream: deque() for stream in streams}
        self._numbers = dict.fromkeys(self._waiting, 0)
        self._at_work: set[str] = set()
        self._further = False
        self._reached: dict[str, int] = {}
        self.dropped = dict.fromkeys(self._waiting, 0)

    def put(self, stream: str, item: Features | Health) -> None:
        """Queue something; where too many features wait the oldest gives way, never a change of health."""
        with self._changed:
            queue = self._waiting[stream]
            if isinstance(item, Health):
                queue.append(Heard(stream, 0, item))
            else:
                if len(queue) >= self._limit:
                    self._drop(stream, queue)
                queue.append(Heard(stream, self._numbers[stream], item))
                self._numbers[stream] += 1
            self._changed.notify()

    @contextmanager
    def working(self, stream: str) -> Iterator[list[int]]:
        """Features are being made of what came of this sensor; the list given is for how far it is read by that."""
        reached: list[int] = []
        with self._changed:
            self._at_work.add(stream)
        try:
            with self._places:
                yield reached
        finally:
            with self._changed:
                self._at_work.discard(stream)
                self._reached[stream] = max(reached, default=0)
                self._further = True
                self._changed.notify()

    def take(self, timeout_s: float) -> Heard | None:
        """The next thing; None where nothing came for so long, or a sensor was read further and brought nothing."""
        with self._changed:
            self._changed.wait_for(self._is_news, max(0.0, timeout_s))
            return next((queue.popleft() for queue in self._waiting.values() if queue), None)

    def standing(self) -> tuple[set[str], dict[str, int]]:
        """Sensors of which something waits or is at work, and how far each has been read when it was last at work."""
        with self._changed:
            busy = self._at_work | {stream for stream, queue in self._waiting.items() if queue}
            self._further = False
            return busy, dict(self._reached)

    def _is_news(self) -> bool:
        return self._further or any(self._waiting.values())

    def _drop(self, stream: str, queue: deque[Heard]) -> None:
        for index, heard in enumerate(queue):
            if not isinstance(heard.item, Health):
                del queue[index]
                self.dropped[stream] += 1
                return
