"""Features on disk while learning: they are needed several times, and hours of them do not fit into a small machine."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from sensors.types import Features

Item = tuple[str, Features | None, int]
"""A stream, its features (None at its end), and until when nothing more of it will come."""

_HEAD = struct.Struct("<iiqqqi")
_END = -1


class Spool:
    """What `runner.merge` gave, written once and read as often as needed, in the same order.

    Values that 32 bits hold exactly are written so: pictures have many, and hours of them.

    Parameters
    ----------
    path : Path
        File to write; whoever made its folder deletes it.
    items : iterable of Item
        Read to the end at once.
    """

    def __init__(self, path: Path, items: Iterable[Item]) -> None:
        self._path = path
        self._names: list[tuple[str, ...]] = []
        self._streams: list[str] = []
        known: dict[tuple[str, ...] | str, int] = {}
        with path.open("wb") as file:
            for stream, features, next_ns in items:
                if stream not in known:
                    known[stream] = len(self._streams)
                    self._streams.append(stream)
                if features is None:
                    file.write(_HEAD.pack(known[stream], _END, 0, 0, next_ns, 0))
                    continue
                if features.names not in known:
                    known[features.names] = len(self._names)
                    self._names.append(features.names)
                values = np.ascontiguousarray(features.values, np.float64)
                with np.errstate(over="ignore"):
                    short = values.astype(np.float32)
                exact = np.array_equal(short, values, equal_nan=True)
                count = -len(values) if exact else len(values)
                kind = known[features.names]
                file.write(_HEAD.pack(known[stream], kind, features.end_ns, features.span_ns, next_ns, count))
                file.write((short if exact else values).tobytes())

    def __iter__(self) -> Iterator[Item]:
        with self._path.open("rb") as file:
            while head := file.read(_HEAD.size):
                stream, kind, end_ns, span_ns, next_ns, count = _HEAD.unpack(head)
                name = self._streams[stream]
                if kind == _END:
                    yield name, None, next_ns
                else:
                    held = np.dtype(np.float32 if count < 0 else np.float64)
                    read = np.frombuffer(file.read(abs(count) * held.itemsize), held)
                    values = np.asarray(read, np.float64)
                    yield name, Features(name, end_ns, span_ns, self._names[kind], values), next_ns
