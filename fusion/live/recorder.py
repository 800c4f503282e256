"""Writes what live sensors bring as a recording folder: media as they were heard, and in which order.

Sound: `sensors.audio.runs`. Pictures: PNG files whose names tell their time. Readings: one JSON object each. Beside
them `arrivals.jsonl` (see `fusion.live.journal`) and `scenario.toml`, which is written first: a recording that was
killed is one, too.

Why a thread of its own, and why it gives up: a disk that stalls must not stall the listening, and a recording with a
hole would replay to other verdicts without saying so.
"""

from __future__ import annotations

import json
import logging
import struct
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Thread
from typing import BinaryIO

import msgspec
import numpy as np

from fusion.live.journal import ARRIVALS
from fusion.recording import SCENARIO
from sensors.audio.runs import INDEX, Run
from sensors.errors import BadInputError
from sensors.types import NS, Chunk, Modality

WAITING = 2000
"""Most jobs that wait for the disk."""

LONGEST_NS = 3600 * NS
"""A file of sound holds at most so much."""

_log = logging.getLogger(__name__)
_KINDS = {
    Modality.AUDIO: ("audio.runs", "", ""),
    Modality.VIDEO: ("video.images", "", "clock = 'name'\nmax_rate_hz = 1e9\nwidth = 4096\nheight = 4096\n"),
    Modality.ENVIRONMENT: ("environment.jsonl", ".jsonl", "time = 'epoch_ns'\n"),
}


class Recorder:
    """Writes a recording folder.

    Parameters
    ----------
    folder : Path
        New or empty.
    name : str
        For people.
    start_ns : int
        Event time of the first tick, a multiple of a microsecond.
    tick_s : float
        Seconds between verdicts.
    streams : mapping of str to Modality
        The sensors.
    utc_offset_s : int
        Offset of wall time from UTC at the place, whole minutes in seconds.

    Raises
    ------
    BadInputError
        If the folder is not empty, or nothing can be written there.
    """

    def __init__(
        self, folder: Path, name: str, start_ns: int, tick_s: float, streams: dict[str, Modality],
        utc_offset_s: int = 0,
    ) -> None:  # fmt: skip
        self.failed = ""
        self._folder, self._start_ns = folder, start_ns
        self._jobs: Queue[Callable[[], object] | None] = Queue(WAITING)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / SCENARIO).open("x", encoding="utf-8") as file:
                file.write(_scenario(name, start_ns, tick_s, streams, utc_offset_s))
            paths = _paths(streams)
            self._writers = {one: _WRITERS[sense](folder / paths[one], start_ns) for one, sense in streams.items()}
            self._arrivals = (folder / ARRIVALS).open("xb")
        except OSError as error:
            what = f"nothing can be recorded there ({error.strerror})"
            raise BadInputError(what, where=folder, mend="choose a new folder for --out") from error
        self._thread = Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether all that came was written, or given up."""
        return self._jobs.unfinished_tasks == 0 or bool(self.failed)

    def keep(self, chunk: Chunk) -> None:
        """Record what a sensor brought."""
        self._do(lambda: self._writers[chunk.stream].write(chunk))

    def note(self, line: bytes) -> None:
        """Record in which order it was heard."""
        self._do(lambda: self._arrivals.write(line))

    def close(self, timeout_s: float = 10.0) -> None:
        """Write what is left."""
        with suppress(Full):
            self._jobs.put(None, timeout=timeout_s)
        self._thread.join(timeout_s)

    def _do(self, job: Callable[[], object]) -> None:
        if not self.failed:
            try:
                self._jobs.put_nowait(job)
            except Full:
                self._give_up("the disk is too slow")

    def _run(self) -> None:
        try:
            while job := self._jobs.get():
                job()
                self._jobs.task_done()
        except OSError as error:
            self._give_up(error.strerror or str(error))
        finally:
            with suppress(OSError):
                for file in (self._arrivals, *self._writers.values()):
                    file.close()
            with suppress(Empty):
                while self.failed:
                    self._jobs.get_nowait()

    def _give_up(self, reason: str) -> None:
        self.failed = reason
        _log.error("recording to %s has ended: %s", self._folder, reason)


class _Sound:
    """Runs without a gap, each a WAV file."""

    def __init__(self, folder: Path, start_ns: int) -> None:
        folder.mkdir(parents=True)
        self._folder, self._start_ns = folder, start_ns
        self._index = (folder / INDEX).open("xb")
        self._file: BinaryIO | None = None
        self._begin_ns = self._count = self._runs = 0

    def write(self, chunk: Chunk) -> None:
        expected_ns = self._begin_ns + round(self._count * NS / chunk.rate_hz)
        fresh = abs(chunk.start_ns - expected_ns) > round(2 * NS / chunk.rate_hz)
        if self._file is None or fresh or expected_ns - self._begin_ns > LONGEST_NS:
            self._begin(chunk)
        assert self._file is not None  # noqa: S101 - narrows the type
        self._file.write(np.ascontiguousarray(chunk.data, "<f4").data)
        self._count += len(chunk.data)

    def close(self) -> None:
        self._end()
        self._index.close()

    def _begin(self, chunk: Chunk) -> None:
        self._end()
        self._runs += 1
        run = Run(f"{self._runs:06}.wav", chunk.start_ns - self._start_ns)
        self._file = (self._folder / run.file).open("xb")
        # Why all ones: who is killed leaves a header that promises nothing, and what was written is read.
        self._file.write(_wave_header(round(chunk.rate_hz), 0xFFFFFFFF))
        self._file.flush()
        self._index.write(msgspec.json.encode(run) + b"\n")
        self._index.flush()
        self._begin_ns, self._count, self._rate_hz = chunk.start_ns, 0, round(chunk.rate_hz)

    def _end(self) -> None:
        if self._file:
            self._file.seek(0)
            self._file.write(_wave_header(self._rate_hz, 4 * self._count))
            self._file.close()


class _Pictures:
    """PNG files whose names tell their time."""

    def __init__(self, folder: Path, _: int) -> None:
        folder.mkdir(parents=True)
        self._folder = folder

    def write(self, chunk: Chunk) -> None:
        import cv2

        picture = chunk.data[0]
        whole, coded = cv2.imencode(".png", picture[:, :, ::-1] if picture.ndim == 3 else picture, _QUICK)
        if whole:
            seconds, rest = divmod(chunk.start_ns, NS)
            (self._folder / f"{seconds}.{rest:09}.png").write_bytes(coded.tobytes())

    def close(self) -> None:
        pass


_QUICK = (16, 1)
"""OpenCV's number for the effort of PNG, and the least."""


class _Readings:
    """A line for each reading; those of one row bear the same time."""

    def __init__(self, path: Path, _: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("xb")
        # Why a blank line: a sensor that never spoke has a file that is not empty.
        self._file.write(b"\n")
        self._file.flush()

    def write(self, chunk: Chunk) -> None:
        for name, value in zip(chunk.names, chunk.data[0].tolist(), strict=True):
            told = {"epoch_ns": chunk.start_ns, "quantity": name, "value": value}
            self._file.write(json.dumps(told).encode() + b"\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


_Writer = _Sound | _Pictures | _Readings
_WRITERS: dict[Modality, Callable[[Path, int], _Writer]] = {
    Modality.AUDIO: _Sound, Modality.VIDEO: _Pictures, Modality.ENVIRONMENT: _Readings
}  # fmt: skip


def _paths(streams: dict[str, Modality]) -> dict[str, str]:
    """A file or folder for each, numbered: names differ where "/" cannot stand in them."""
    numbered = enumerate(sorted(streams.items()), 1)
    return {one: f"{number:02}-{one.replace('/', '-')}{_KINDS[sense][1]}" for number, (one, sense) in numbered}


def _scenario(name: str, start_ns: int, tick_s: float, streams: dict[str, Modality], utc_offset_s: int) -> str:
    zone = timezone(timedelta(seconds=utc_offset_s))
    start = datetime.fromtimestamp(start_ns // NS, zone).replace(microsecond=start_ns % NS // 1000)
    lines = [f"name = {json.dumps(name)}", f"start = {start.isoformat()}", f"tick_s = {tick_s}"]
    lines += [f'arrivals = "{ARRIVALS}"', ""]
    for stream, path in _paths(streams).items():
        kind, _, more = _KINDS[streams[stream]]
        lines.append(f'[[sensors]]\nid = "{stream}"\nkind = "{kind}"\npath = "{path}"\n{more}')
    return "\n".join(lines)


def _wave_header(rate_hz: int, size: int) -> bytes:
    """A RIFF header for one channel of 32-bit float samples (Microsoft & IBM 1991, WAVE_FORMAT_IEEE_FLOAT)."""
    form = struct.pack("<4sIHHIIHHH", b"fmt ", 18, 3, 1, rate_hz, 4 * rate_hz, 4, 32, 0)
    fact = struct.pack("<4sII", b"fact", 4, min(size // 4, 0xFFFFFFFF))
    whole = min(4 + len(form) + len(fact) + 8 + size, 0xFFFFFFFF)
    return struct.pack("<4sI4s", b"RIFF", whole, b"WAVE") + form + fact + struct.pack("<4sI", b"data", size)
