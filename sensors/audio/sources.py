"""Sound from files, as one channel at one rate: `AudioFileSource`."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from sensors.audio.decoding import Block, blocks
from sensors.audio.mono import Mono, Samples
from sensors.errors import BadInputError
from sensors.types import NS, Chunk, Modality


class AudioFileSource:
    """The sound of any file that has some, video files too.

    Times follow the container: a track that starts late starts late, and a jump of more than 50 ms is a gap.
    Where the chunks are cut does not change a sample.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    path : Path
        The file.
    start_ns : int
        Event time of media time 0, nanoseconds UTC.
    rate_hz : int
        Samples per second of the chunks.
    chunk_s : float
        Length of a chunk, seconds > 0; the last before a gap or the end is shorter.
    channel : int, optional
        Which channel, from 0; all are averaged otherwise.

    Attributes
    ----------
    repaired : int
        Samples that were NaN or infinite, read as 0; counted anew by each reading.
    skipped : int
        Packets that could not be decoded; counted anew by each reading.
    """

    modality = Modality.AUDIO

    def __init__(
        self, stream: str, path: Path, start_ns: int, *,
        rate_hz: int = 16_000, chunk_s: float = 0.5, channel: int | None = None,
    ) -> None:  # fmt: skip
        self.stream = stream
        self.repaired = self.skipped = 0
        self._path, self._start_ns, self._rate_hz, self._channel = path, start_ns, rate_hz, channel
        self._length = max(1, round(chunk_s * rate_hz))

    def chunks(self) -> Generator[Chunk, None, None]:
        """Open, read to the end, close.

        Raises
        ------
        BadInputError
            If there is no sound, less than the file promises, or no such channel.
        """
        self.repaired = self.skipped = 0
        seq = 0
        with closing(blocks(self._path)) as source:
            for start_ns, data in self._cut(source):
                data.flags.writeable = False
                yield Chunk(self.stream, seq, start_ns, float(self._rate_hz), data)
                seq += 1
        if not seq:
            raise BadInputError("no sound in this file", where=self._path, mend="record it again, or leave it out")

    def _cut(self, source: Iterator[Block]) -> Iterator[tuple[int, Samples]]:
        """Runs without a gap, resampled, in pieces of one length."""
        rest, begin_ns, sent = np.zeros(0, np.float32), 0, 0
        for fresh_s, samples in self._resampled(source):
            if fresh_s is not None:
                if len(rest):
                    yield self._piece(begin_ns, sent, rest)
                rest, begin_ns, sent = samples, self._start_ns + round(fresh_s * NS), 0
            else:
                rest = np.concatenate([rest, samples])
            while len(rest) >= self._length:
                yield self._piece(begin_ns, sent, rest[: self._length])
                rest, sent = rest[self._length :], sent + self._length
        if len(rest):
            yield self._piece(begin_ns, sent, rest)

    def _piece(self, begin_ns: int, sent: int, samples: Samples) -> tuple[int, Samples]:
        return begin_ns + round(sent * NS / self._rate_hz), samples.copy()

    def _resampled(self, source: Iterator[Block]) -> Iterator[tuple[float | None, Samples]]:
        """Samples at our rate; the first of a run come with its media time."""
        mono = Mono(self._rate_hz, self._channel, self._path)
        rate_hz, start_s = 0, 0.0
        fresh: float | None = None
        for block in source:
            if block.start_s is not None or block.rate_hz != rate_hz:
                if rate_hz:
                    yield fresh, mono.rest()
                fresh = start_s if block.start_s is None else block.start_s
                start_s, rate_hz = fresh, block.rate_hz
                mono.begin(rate_hz)
            self.skipped += block.lost
            start_s += len(block.samples) / rate_hz
            out = mono.feed(block.samples)
            self.repaired = mono.repaired
            if len(out):
                yield fresh, out
                fresh = None
        if rate_hz:
            yield fresh, mono.rest()
