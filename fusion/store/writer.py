"""The one thread that writes to the database; a full disk costs what could not be written, and nothing else."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import Full, Queue
from threading import Thread

from fusion.store.database import open_database

LIMIT = 2000
Job = Callable[[sqlite3.Connection], None]
_log = logging.getLogger(__name__)


class Writer:
    """Does jobs on the database, in order, each as one transaction.

    Parameters
    ----------
    folder : Path
        Where the database lies.

    Attributes
    ----------
    failed, dropped : int
        Jobs that could not be done, and those for which there was no room in the queue.
    fault : str
        Why the last job failed; empty where it did not.

    Raises
    ------
    BadInputError, sqlite3.Error
        As `open_database`.
    """

    def __init__(self, folder: Path) -> None:
        self.failed, self.dropped, self.fault = 0, 0, ""
        self._connection = open_database(folder)
        self._jobs: Queue[tuple[Job, Future[bool], bool] | None] = Queue(LIMIT)
        self._thread = Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    def do(self, job: Job, *, bare: bool = False) -> Future[bool]:
        """Queue a job, in a transaction unless it is `bare`; the answer is whether it was done."""
        done: Future[bool] = Future()
        try:
            self._jobs.put_nowait((job, done, bare))
        except Full:
            self.dropped += 1
            done.set_result(False)
        return done

    def close(self, timeout_s: float = 5.0) -> None:
        """Do what waits, and end."""
        try:
            self._jobs.put(None, timeout=timeout_s)
        except Full:
            return
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while waiting := self._jobs.get():
            job, done, bare = waiting
            done.set_result(self._try(job, bare))
        self._connection.close()

    def _try(self, job: Job, bare: bool) -> bool:
        try:
            if not bare:
                self._connection.execute("BEGIN IMMEDIATE")
            job(self._connection)
            if not bare:
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self.failed += 1
            if not self.fault:
                _log.error("the store cannot be written: %s", error)
            self.fault = str(error)
            return False
        self.fault = ""
        return True
