"""At least once: an event waits in the outbox until its receiver has it, over outages and restarts.

What waits lies in the database, where there is one; without, in memory only. What the receiver has is noted at once in
a file that needs no more room (`receipts`), then taken from the database. A receiver may get an event twice, with the
same id, where the power failed between its answer and our note of it.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections import deque
from contextlib import closing
from pathlib import Path
from threading import Condition, Lock, Thread
from typing import Protocol

import msgspec

from fusion.sinks.envelope import event, event_id
from fusion.sinks.news import Changed, News
from fusion.sinks.receipts import Receipts
from fusion.store.database import read_database
from fusion.store.writer import Writer
from sensors.backoff import Backoff

LIMIT = 10_000
AGAIN_S = 10.0
"""How soon to note again what the receiver has, where the disk was full."""

_log = logging.getLogger(__name__)


class RefusedError(Exception):
    """The receiver does not want it, and never will."""


class Receiver(Protocol):
    """Who gets events."""

    def send(self, name: str, body: bytes) -> None:
        """Hand over an event; returns when the receiver has it.

        Raises
        ------
        OSError
            If it could not be handed over; it will be tried again.
        RefusedError
            If there is no use in trying again.
        """
        ...


class Outbox:
    """A sink that hands changes of incidents to a receiver, each at least once, in order.

    Parameters
    ----------
    name : str
        Of the receiver; the same over restarts.
    site : str
        Name of the place.
    receiver : Receiver
        Who gets them.
    folder, writer : Path and Writer, or None
        Where what waits is kept.
    backoff : Backoff, optional
        How long to wait after a failure.

    Attributes
    ----------
    sent, dropped, refused : int
        Events handed over, given up because too many wait, and not wanted.
    """

    def __init__(
        self, name: str, site: str, receiver: Receiver, folder: Path | None = None, writer: Writer | None = None,
        backoff: Backoff | None = None,
    ) -> None:  # fmt: skip
        self.name, self.sent, self.dropped, self.refused = name, 0, 0, 0
        self._site, self._receiver, self._writer = site, receiver, writer
        self._backoff = backoff or Backoff(1.0, 60.0)
        self._changed, self._closed, self._complained = Condition(), False, False
        self._done: list[str] = []
        self._noting = Lock()
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._receipts: Receipts | None = None
        if folder and writer:
            self._receipts = Receipts(folder / f"sent.{hashlib.blake2b(name.encode(), digest_size=8).hexdigest()}")
            for row in _left(folder, name):
                if self._has(*row):
                    self._done.append(row[0])
                else:
                    self._waiting.append(row)
        self._thread = Thread(target=self._run, name=f"outbox {name}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Events that wait."""
        return len(self._waiting)

    def deliver(self, news: News) -> None:
        """Keep the event on disk, then queue it."""
        if not isinstance(news, Changed):
            return
        row = event_id(news), event(self._site, news)
        if self._has(*row):
            return
        if self._writer:
            self._writer.do(lambda db: _insert(db, (self.name, *row))).result()
        with self._changed:
            if len(self._waiting) >= LIMIT:
                self._forget(self._waiting.popleft()[0])
                self.dropped += 1
            self._waiting.append(row)
            self._changed.notify()

    def close(self, timeout_s: float) -> None:
        """Hand over what can be in so long; the rest waits on disk."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting or self._complained, timeout_s)
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout_s)
        self._note_done()
        if self._receipts and not self._thread.is_alive():
            self._receipts.close()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed, AGAIN_S if self._done else None)
                if self._closed:
                    return
                name, body = self._waiting[0] if self._waiting else ("", b"")
            if not name:
                self._note_done()
                continue
            if not self._try(name, body):
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, self._backoff.next_s())
                continue
            if self._receipts:
                self._receipts.note(_said(name, body))
            self._forget(name)
            with self._changed:
                if self._waiting and self._waiting[0][0] == name:
                    self._waiting.popleft()
                self._changed.notify()

    def _try(self, name: str, body: bytes) -> bool:
        """Whether it need not be tried again."""
        try:
            self._receiver.send(name, body)
        except RefusedError as error:
            self.refused += 1
            _log.error("%s refuses event %s: %s", self.name, name, error)
            return True
        except OSError as error:
            if not self._complained:
                _log.warning(
                    "%s cannot be reached (%s): events wait", self.name, error.strerror or type(error).__name__
                )
            with self._changed:
                self._complained = True
                self._changed.notify()
            return False
        self.sent += 1
        self._complained = False
        self._backoff.reset()
        return True

    def _has(self, name: str, body: bytes) -> bool:
        """Whether the receiver is known to have it."""
        return self._receipts is not None and _said(name, body) in self._receipts

    def _forget(self, name: str) -> None:
        with self._noting:
            self._done.append(name)
        self._note_done()

    def _note_done(self) -> None:
        """Take from the disk what need not be sent again: what stays there is sent twice after the next start."""
        with self._noting:
            done = self._done
            if not self._writer or (done and self._writer.do(lambda db: _delete(db, self.name, done)).result()):
                self._done = []


class _Kind(msgspec.Struct):
    type: str


def _said(name: str, body: bytes) -> str:
    """An event by its id and by what became of the incident: a run that was killed may leave its number to another."""
    return f"{name} {msgspec.json.decode(body, type=_Kind).type}"


def _left(folder: Path, name: str) -> list[tuple[str, bytes]]:
    with closing(read_database(folder)) as database:
        return list(database.execute("SELECT id, body FROM outbox WHERE sink = ? ORDER BY rowid", (name,)))


def _insert(database: sqlite3.Connection, row: tuple[str, str, bytes]) -> None:
    database.execute("INSERT OR IGNORE INTO outbox VALUES (?, ?, ?)", row)


def _delete(database: sqlite3.Connection, sink: str, names: list[str]) -> None:
    database.executemany("DELETE FROM outbox WHERE sink = ? AND id = ?", [(sink, name) for name in names])
