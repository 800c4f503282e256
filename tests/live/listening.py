"""A consumer of a live source: listens in a thread, keeps all it is given, and looks for what is left behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np

from sensors.base import LiveSource
from sensors.types import Chunk, Health, State
from tests.live.servers import poll

READER = b".live.reader"


class Listening:
    """Listens to a source as long as the `with` lasts; leaves no thread, process or handle."""

    def __init__(self, source: LiveSource) -> None:
        self.source = source
        self.chunks: list[Chunk] = []
        self.health: list[Health] = []
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run)
        self._error: BaseException | None = None
        source.on_health = self._note

    def __enter__(self) -> Self:
        self._before = threading.active_count(), open_files()
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.source.stop()
        self._thread.join(10)
        assert not self._thread.is_alive()
        if kind is None:
            assert self._error is None
            assert not readers()
            poll(lambda: (threading.active_count(), open_files()) == self._before, "an end that leaves nothing")

    def until(self, holds: Callable[[], object], within_s: float = 30.0) -> None:
        """Wait until something holds."""
        with self._changed:
            held = self._changed.wait_for(lambda: holds() or self._error, within_s)
        assert held, (self.states(), self.reasons(), len(self.chunks))
        assert self._error is None

    def until_up(self, chunks: int = 5) -> None:
        """Wait until the source is up and has given some more chunks."""
        self.until(lambda: self.health and self.health[-1].state is State.UP)
        count = len(self.chunks) + chunks
        self.until(lambda: len(self.chunks) >= count)

    def until_down(self, reason: str) -> None:
        """Wait until the source says that it is down, with this in its reason."""
        self.until(lambda: self.health and self.health[-1].state is State.DOWN and reason in self.health[-1].reason)

    def states(self) -> list[State]:
        return [health.state for health in self.health]

    def reasons(self) -> list[str]:
        return [health.reason for health in self.health]

    def hears(self, hz: float) -> bool:
        """Whether the last half second is a tone of that frequency."""
        samples = np.concatenate([chunk.data for chunk in self.chunks[-5:]] or [np.zeros(2)])
        spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
        at_hz = float(np.argmax(spectrum)) * 16_000 / len(samples)
        return abs(at_hz - hz) < 5 and float(np.abs(samples).max()) > 0.1

    def _run(self) -> None:
        try:
            for chunk in self.source.chunks():
                with self._changed:
                    self.chunks.append(chunk)
                    self._changed.notify_all()
        except BaseException as error:
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _note(self, health: Health) -> None:
        with self._changed:
            self.health.append(health)
            self._changed.notify_all()


def assert_laws(chunks: list[Chunk]) -> None:
    """What the chunks of every source keep to."""
    assert [chunk.seq for chunk in chunks] == list(range(len(chunks)))
    assert all(b.start_ns >= a.time_ns(len(a.data)) for a, b in pairwise(chunks))
    for chunk in chunks:
        assert chunk.data.dtype == np.float32
        assert (chunk.rate_hz, chunk.data.ndim) == (16_000, 1)
        assert len(chunk.data)
        assert not chunk.data.flags.writeable
        assert np.abs(chunk.data).max() <= 1


def readers(parent: int | None = None) -> list[int]:
    """Processes of readers, dead ones that nobody buried too."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, above = (folder / "stat").read_text().rpartition(") ")[2].split()[:2]
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if int(above) == (parent or os.getpid()) and (state == "Z" or READER in command):
            found.append(int(folder.name))
    return found


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))
