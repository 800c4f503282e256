"""A sink behind a bounded queue, in a thread of its own: a slow or broken one never stalls the watch, nor another."""

from __future__ import annotations

import logging
from collections import deque
from threading import Condition, Thread

from fusion.sinks.news import News, Sink, Verdict

LIMIT = 600
_log = logging.getLogger(__name__)


class Post:
    """Delivers news to one sink.

    Parameters
    ----------
    name : str
        Of the sink, for logs and metrics.
    sink : Sink
        Whom to deliver to.
    limit : int
        Most news that wait; then the oldest verdict gives way, then the oldest of all.

    Attributes
    ----------
    dropped, failed : int
        News that gave way, and those at which the sink failed.
    """

    def __init__(self, name: str, sink: Sink, limit: int = LIMIT) -> None:
        self.name, self.dropped, self.failed = name, 0, 0
        self._sink, self._limit = sink, limit
        self._queue: deque[News] = deque()
        self._changed, self._closed, self._complained = Condition(), False, False
        self._thread = Thread(target=self._run, name=f"sink {name}", daemon=True)
        self._thread.start()

    def put(self, news: News) -> None:
        """Queue a piece of news; never blocks."""
        with self._changed:
            if len(self._queue) >= self._limit:
                self._drop()
            self._queue.append(news)
            self._changed.notify()

    def close(self, timeout_s: float) -> bool:
        """Deliver what waits, for so long; whether all was."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _drop(self) -> None:
        self.dropped += 1
        for index, news in enumerate(self._queue):
            if isinstance(news, Verdict):
                del self._queue[index]
                return
        self._queue.popleft()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closed)
                if not self._queue:
                    return
                news = self._queue.popleft()
            self._deliver(news)

    def _deliver(self, news: News) -> None:
        try:
            self._sink.deliver(news)
            self._complained = False
        except Exception as error:
            self.failed += 1
            if not self._complained:
                _log.error("sink %s failed: %s", self.name, getattr(error, "strerror", None) or type(error).__name__)
                self._complained = True
