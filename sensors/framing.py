"""Chunks to overlapping frames; forgets its memory on a gap, so that no false transient is born."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sensors.types import NS, Chunk


class Framer:
    """Cuts a sampled stream into frames of `length` samples, one every `hop` samples.

    Frames lie on a grid that starts with the first sample after a gap, however the stream was cut into chunks.

    Parameters
    ----------
    rate_hz : float
        Samples per second of the chunks.
    length, hop : int
        Samples per frame and between the starts of frames; 0 < hop <= length.
    """

    def __init__(self, rate_hz: float, length: int, hop: int) -> None:
        if not 0 < hop <= length:
            raise ValueError(f"hop must be in 1..{length}, is {hop}")
        self._rate_hz, self._length, self._hop = rate_hz, length, hop
        self._tolerance_ns = round(2 * NS / rate_hz)
        self._origin_ns: int | None = None
        self._taken = 0
        self._rest: NDArray[np.float32] = np.zeros(0, np.float32)

    def frames(self, chunk: Chunk) -> Iterator[tuple[int, NDArray[np.float32], bool]]:
        """Frames completed by `chunk`.

        Yields
        ------
        end_ns : int
            Event time just after the frame's last sample, nanoseconds UTC.
        frame : ndarray (length,) float32
            A view: use it before asking for the next.
        fresh : bool
            True for the first frame after the start or a gap.
        """
        if self._origin_ns is None or abs(chunk.start_ns - self._expected_ns()) > self._tolerance_ns:
            self._origin_ns, self._taken = chunk.start_ns, 0
            self._rest = np.zeros(0, np.float32)
        samples = np.concatenate([self._rest, chunk.data]) if len(self._rest) else chunk.data
        start = 0
        while start + self._length <= len(samples):
            end = self._taken + start + self._length
            yield self._time_ns(end), samples[start : start + self._length], end == self._length
            start += self._hop
        self._taken += start
        self._rest = np.array(samples[start:], np.float32)

    def _time_ns(self, samples: int) -> int:
        assert self._origin_ns is not None  # noqa: S101 - narrows the type
        return self._origin_ns + round(samples * NS / self._rate_hz)

    def _expected_ns(self) -> int:
        return self._time_ns(self._taken + len(self._rest))
