"""A picture in a message: `Shot`."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Self

import numpy as np

from sensors.reader.wire import Kind, Message
from sensors.types import NS
from sensors.video.pictures import Grey

RATE_HZ = NS
"""Positions in a run are nanoseconds of media time."""

_HEAD = struct.Struct("<qHH")


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of a camera.

    Attributes
    ----------
    run, position_ns : int
        Number of the run in which media time only grows, and media time since that began, nanoseconds.
    captured_ns : int
        When it arrived, nanoseconds of the monotonic clock.
    taken_ns : int
        When it was taken as the other end tells it, nanoseconds UTC; 0 where it does not.
    skipped : int
        Packets before it that could not be decoded, since the reader began.
    picture : ndarray (h, w) uint8, read-only
        Grey.
    """

    run: int
    position_ns: int
    captured_ns: int
    taken_ns: int
    skipped: int
    picture: Grey

    def message(self) -> Message:
        """As a message."""
        head = _HEAD.pack(self.taken_ns, *self.picture.shape[:2])
        counts = self.run, self.position_ns, self.captured_ns, 1, 0, self.skipped
        return Message(Kind.DATA, *counts, head + self.picture.tobytes())

    @classmethod
    def of(cls, message: Message) -> Self:
        """What a message holds.

        Raises
        ------
        ValueError
            If it holds something else.
        """
        if len(message.body) < _HEAD.size:
            raise ValueError("no picture")
        taken_ns, high, wide = _HEAD.unpack_from(message.body)
        pixels = np.frombuffer(message.body, np.uint8, offset=_HEAD.size)
        picture = pixels.reshape((high, wide) if len(pixels) == high * wide else (high, wide, 3))
        return cls(message.run, message.position, message.captured_ns, taken_ns, message.skipped, picture)
