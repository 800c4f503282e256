"""Sound that was recorded live, in runs without a gap, each at its exact time: `RunsSource`.

A folder with `runs.jsonl`, a line a run (`file`, and `offset_ns`, its first sample since the start of the recording),
and one WAV file (32-bit float, so that nothing is rounded) for each.

Why not one file: no ordinary one tells where a gap was to the nanosecond, and a verdict depends on it.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np

from sensors.audio.decoding import blocks
from sensors.audio.mono import Mono
from sensors.errors import BadInputError
from sensors.files import require_file
from sensors.types import NS, Chunk, Modality

INDEX = "runs.jsonl"


class Run(msgspec.Struct, frozen=True):
    """One line of the index."""

    file: str
    offset_ns: int


class RunsSource:
    """The sound of such a folder.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    path : Path
        The folder.
    start_ns : int
        Event time of the start of the recording, nanoseconds UTC.
    rate_hz : int
        Samples per second of the chunks.
    """

    modality = Modality.AUDIO
    reads_folder = True

    def __init__(self, stream: str, path: Path, start_ns: int, *, rate_hz: int = 16_000) -> None:
        self.stream = stream
        self._path, self._start_ns, self._rate_hz = path, start_ns, rate_hz

    def chunks(self) -> Generator[Chunk, None, None]:
        """Open each run, read it to its end, close it.

        Raises
        ------
        BadInputError
            If the index, or a file that it names, cannot be read.
        """
        seq = 0
        for run in self._runs():
            mono, sent = Mono(self._rate_hz, None, self._path), 0
            with closing(blocks(self._path / run.file)) as read:
                for block in read:
                    if not sent:
                        mono.begin(block.rate_hz)
                    data = np.array(mono.feed(block.samples))
                    if len(data):
                        data.flags.writeable = False
                        at_ns = self._start_ns + run.offset_ns + round(sent * NS / self._rate_hz)
                        yield Chunk(self.stream, seq, at_ns, float(self._rate_hz), data)
                        seq, sent = seq + 1, sent + len(data)

    def _runs(self) -> list[Run]:
        index = self._path / INDEX
        require_file(index)
        decoder = msgspec.json.Decoder(Run)
        runs = []
        for number, line in enumerate(index.read_bytes().splitlines(), 1):
            try:
                run = decoder.decode(line)
            except msgspec.DecodeError as error:
                where = f"{index}, line {number}"
                raise BadInputError(f"this is no run ({error})", where=where, mend="record it again") from error
            if Path(run.file).name != run.file:
                raise BadInputError(f"'{run.file}' lies elsewhere", where=index, mend="put it beside its index")
            runs.append(run)
        return runs
