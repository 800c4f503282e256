"""A reader's thread: what it yields waits in a bounded queue, each with the moment of its arrival."""

from __future__ import annotations

import logging
import time
from collections import deque
from contextlib import closing
from threading import Condition, Thread
from typing import Self

from sensors.clock import Clock
from sensors.environment.live.reading import Item, Reader, ReaderError, Report
from sensors.types import NS

END_S = 2.0
_STEP_NS = NS // 20
_log = logging.getLogger(__name__)


class Arrivals:
    """Event times of arrivals: the clock's, but where that is set back they go on at the pace of life."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._epoch_ns: int | None = None

    def now_ns(self) -> int:
        """Present moment, nanoseconds UTC; never before an earlier answer."""
        steady_ns = time.monotonic_ns()
        epoch_ns = self._clock.now_ns() - steady_ns
        if self._epoch_ns is None or epoch_ns > self._epoch_ns + _STEP_NS:
            self._epoch_ns = epoch_ns
        return steady_ns + self._epoch_ns


class Feed:
    """What a reader yields, within `with`.

    Parameters
    ----------
    reader : Reader
        Read in a thread of its own, so that a slow consumer never stalls it.
    arrivals : Arrivals
        Dates what comes.
    limit : int
        Most reports to keep, >= 1; the oldest gives way.
    """

    def __init__(self, reader: Reader, arrivals: Arrivals, limit: int) -> None:
        self._reader, self._arrivals, self._limit = reader, arrivals, limit
        self._queue: deque[tuple[int, Item]] = deque()
        self._changed = Condition()
        self._ended = False
        self._fault: ReaderError | None = None
        self._thread = Thread(target=self._run, daemon=True, name="readings")
        self.dropped = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._ended = True
            self._queue.clear()
        self._thread.join(END_S)

    @property
    def lingers(self) -> bool:
        """Whether the reader is still at it, since something in it hangs."""
        return self._thread.is_alive()

    def receive(self, timeout_s: float) -> tuple[int, Item] | None:
        """Arrival and item, or None when there was none for so long.

        Raises
        ------
        ReaderError
            If the reader has failed or ended, and all it gave was taken.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._fault, timeout_s)
            if self._queue:
                return self._queue.popleft()
            if self._fault:
                raise self._fault
        return None

    def _run(self) -> None:
        try:
            with closing(self._reader.readings()) as items:
                for item in items:
                    if not self._put(item):
                        return
            raise ReaderError("it ended")
        except ReaderError as fault:
            # The text alone: a traceback would hold on to what the reader had open.
            self._fail(ReaderError(str(fault)))
        except Exception as fault:
            _log.exception("a reader failed")
            self._fail(ReaderError(f"its reader failed ({type(fault).__name__})"))

    def _fail(self, fault: ReaderError) -> None:
        with self._changed:
            self._fault = fault
            self._changed.notify()

    def _put(self, item: Item) -> bool:
        """Queue an item; false when no more are wanted."""
        with self._changed:
            # One sign of life is as good as many.
            if item is not None or not self._queue:
                if len(self._queue) >= self._limit:
                    _, old = self._queue.popleft()
                    self.dropped += isinstance(old, Report)
                self._queue.append((self._arrivals.now_ns(), item))
                self._changed.notify()
            return not self._ended
