"""The reader's way out: a bounded queue before a pipe; when the pipe is full, the oldest is dropped and counted."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import replace
from threading import Condition, Thread

from sensors.reader.wire import Message


class Outlet:
    """Writes messages to a file descriptor from a thread of its own, so that a slow parent never stalls the reading.

    Parameters
    ----------
    fd : int
        A pipe, written only here.
    limit : int
        Most messages to keep, >= 1.
    """

    def __init__(self, fd: int, limit: int) -> None:
        self._fd, self._limit = fd, limit
        self._queue: deque[Message] = deque()
        self._changed = Condition()
        self._closed = False
        self._dropped = 0
        self._writer = Thread(target=self._write, daemon=True)
        self._writer.start()

    def put(self, message: Message) -> None:
        """Queue a message; the oldest gives way."""
        with self._changed:
            if len(self._queue) >= self._limit:
                old = self._queue.popleft()
                self._dropped += old.count
            self._queue.append(replace(message, dropped=self._dropped))
            self._changed.notify()

    def close(self) -> None:
        """Wait until all is written."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._writer.join()

    def _write(self) -> None:
        while message := self._next():
            data = memoryview(message.encode())
            try:
                while data:
                    data = data[os.write(self._fd, data) :]
            except OSError:
                # Nobody listens any more; a library that hangs elsewhere must not keep the process.
                os._exit(0)

    def _next(self) -> Message | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed)
            return self._queue.popleft() if self._queue else None
