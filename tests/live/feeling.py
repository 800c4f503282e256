"""What every live environmental source keeps to, and how its rows are read in a test."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from sensors.backoff import Backoff
from sensors.types import Chunk


def quick(**options: Any) -> dict[str, Any]:
    """Options of a source that tries again at once."""
    return {"backoff": Backoff(0.05, 0.2), **options}


def values(chunks: list[Chunk]) -> list[dict[str, float]]:
    """Each row as names with values."""
    return [dict(zip(chunk.names, chunk.data[0].tolist(), strict=True)) for chunk in chunks]


def column(chunks: list[Chunk], name: str) -> list[float]:
    """All values of a quantity."""
    return [row[name] for row in values(chunks) if name in row]


def assert_rows(chunks: list[Chunk]) -> None:
    """One row a chunk, numbered, read-only, in order of time."""
    assert [chunk.seq for chunk in chunks] == list(range(len(chunks)))
    assert all(a.start_ns <= b.start_ns for a, b in pairwise(chunks))
    for chunk in chunks:
        assert chunk.data.dtype == np.float64
        assert chunk.rate_hz == 0
        assert chunk.data.shape == (1, len(chunk.names))
        assert not chunk.data.flags.writeable
        assert len(set(chunk.names)) == len(chunk.names) > 0
