"""What the pipe between reader and source carries: a header of fixed size, then so many bytes; nothing executable."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

MARK = b"KzRd"
LIMIT = 1 << 22
_HEADER = struct.Struct("<4sBxxxIQqIQQI")


class Kind(IntEnum):
    """What a message says."""

    READY = 1
    DATA = 2
    FAULT = 3
    ALIVE = 4


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a reader.

    Attributes
    ----------
    kind : Kind
        READY: libraries are loaded, the source is being opened. DATA: samples or pictures. ALIVE:
        something arrives, of which nothing is passed on. FAULT: the last words.
    run : int
        Number of the run without a gap that the data belong to.
    position : int
        Where in its run they begin, in the units of a `Timeline` of their sense.
    captured_ns : int
        When the last of them arrived, nanoseconds of the system's monotonic clock, which all processes share.
    count : int
        How many samples or pictures the body holds.
    dropped, skipped : int
        Samples or pictures dropped because the pipe was full, and packets that could not be decoded, since the reader
        began.
    body : bytes
        DATA: as the sense has it; FAULT: the reason, UTF-8.
    """

    kind: Kind
    run: int = 0
    position: int = 0
    captured_ns: int = 0
    count: int = 0
    dropped: int = 0
    skipped: int = 0
    body: bytes = b""

    def encode(self) -> bytes:
        """As bytes."""
        counts = self.run, self.position, self.captured_ns, self.count, self.dropped, self.skipped
        return _HEADER.pack(MARK, self.kind, *counts, len(self.body)) + self.body


class Decoder:
    """Bytes in any cut -> messages."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Messages that are complete with these bytes.

        Raises
        ------
        ValueError
            If this is not what a reader writes.
        """
        self._held += data
        while len(self._held) >= _HEADER.size:
            mark, kind, run, position, captured_ns, count, dropped, skipped, size = _HEADER.unpack_from(self._held)
            if mark != MARK or size > LIMIT:
                raise ValueError("not a reader's message")
            end = _HEADER.size + size
            if len(self._held) < end:
                return
            body = bytes(self._held[_HEADER.size : end])
            del self._held[:end]
            yield Message(Kind(kind), run, position, captured_ns, count, dropped, skipped, body)
