"""Pictures that tell when they were taken, as a pattern of black and white; see `rtsp_server`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.types import NS, Chunk

ROWS, COLUMNS = 4, 8
WRAPS_MS = 1 << ROWS * COLUMNS


def draw(at_ns: int, width: int, height: int) -> NDArray[np.uint8]:
    """A picture (h, w) that tells a time, nanoseconds UTC."""
    told_ms = at_ns // 1_000_000
    bits = np.array([[told_ms >> COLUMNS * row + n & 1 for n in range(COLUMNS)] for row in range(ROWS)], bool)
    pattern = np.where(bits, 235, 16).astype(np.uint8)
    return np.kron(pattern, np.ones((height // ROWS, width // COLUMNS), np.uint8))


def taken_ns(chunk: Chunk) -> int:
    """When the picture of a chunk was taken, as it tells itself, nanoseconds UTC; whole milliseconds."""
    picture = chunk.data[0]
    high, wide = picture.shape[0] // ROWS, picture.shape[1] // COLUMNS
    bits = picture[high // 2 :: high, wide // 2 :: wide][:ROWS, :COLUMNS] > 128
    told_ms = sum(int(bit) << number for number, bit in enumerate(bits.ravel()))
    near_ms = chunk.start_ns // 1_000_000
    return (near_ms + (told_ms - near_ms + WRAPS_MS // 2) % WRAPS_MS - WRAPS_MS // 2) * 1_000_000


def lateness_s(chunks: list[Chunk]) -> NDArray[np.float64]:
    """Event time less the time when each picture was taken, seconds."""
    return np.array([(chunk.start_ns - taken_ns(chunk)) / NS for chunk in chunks])


def sizes(chunks: list[Chunk]) -> list[Any]:
    """Sizes (h, w) in the order in which they came, each run of equal ones once."""
    shapes = [chunk.data.shape[1:] for chunk in chunks]
    return [shape for before, shape in pairwise([None, *shapes]) if shape != before]


def assert_pictures(chunks: list[Chunk]) -> None:
    """What the chunks of every live eye keep to."""
    assert [chunk.seq for chunk in chunks] == list(range(len(chunks)))
    assert all(b.start_ns > a.start_ns for a, b in pairwise(chunks))
    for chunk in chunks:
        assert chunk.data.dtype == np.uint8
        assert (chunk.rate_hz, chunk.data.ndim, len(chunk.data)) == (0, 3, 1)
        assert not chunk.data.flags.writeable
