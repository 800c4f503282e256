"""The last seconds of every microphone and camera, in memory: sound as 16-bit samples, pictures as JPEG.

Bounded in time and in bytes; where there is not enough room the oldest of all gives way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np

from fusion.vault.sealing import Piece
from sensors.types import Chunk, Modality

PCM, JPEG = "pcm_s16le", "jpeg"
QUALITY = 80
"""Of JPEG, 0 to 100."""

_QUALITY = 1
"""OpenCV's number for it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A piece of a stream.

    Attributes
    ----------
    stream, sense : str and Modality
        Whose.
    codec : str
        `PCM` or `JPEG`.
    rate_hz : float
        Samples per second; 0 for pictures.
    piece : Piece
        With its event time.
    end_ns : int
        Where it ends; for a picture, where it was taken.
    number : int
        How many came before it in the ring, of all streams.
    """

    stream: str
    sense: Modality
    codec: str
    rate_hz: float
    piece: Piece
    end_ns: int
    number: int = 0


class Ring:
    """What was heard and seen lately; for any number of threads.

    Parameters
    ----------
    senses : mapping of str to Modality
        Streams that are kept.
    span_ns : int
        How long, nanoseconds.
    most_bytes : int
        How much, of all streams together.

    Attributes
    ----------
    size : int
        Bytes that are there.
    dropped : int
        Pieces that gave way before their time.
    """

    def __init__(self, senses: dict[str, Modality], span_ns: int, most_bytes: int) -> None:
        self.size = self.dropped = 0
        self._span_ns, self._most_bytes, self._numbers, self._lock = span_ns, most_bytes, 0, Lock()
        self._senses = senses
        self._pieces: dict[str, deque[Taken]] = {stream: deque() for stream in senses}

    @property
    def streams(self) -> frozenset[str]:
        """Those that are kept."""
        return frozenset(self._senses)

    def keep(self, chunk: Chunk) -> None:
        """Keep what a sensor brought; nothing where its stream is not kept."""
        if chunk.stream not in self._senses:
            return
        taken = list(encoded(chunk, self._senses[chunk.stream]))
        with self._lock:
            for one in taken:
                self._numbers += 1
                self._pieces[chunk.stream].append(replace(one, number=self._numbers))
                self.size += len(one.piece.data)
            self._forget(self._pieces[chunk.stream])

    def since(self, number: int, begin_ns: int, end_ns: int) -> list[Taken]:
        """Pieces after that number that begin in [begin_ns, end_ns), of all streams, in order of their numbers."""
        with self._lock:
            found = [
                one
                for pieces in self._pieces.values()
                for one in pieces
                if one.number > number and begin_ns <= one.piece.start_ns < end_ns
            ]
        return sorted(found, key=lambda one: one.number)

    def _forget(self, pieces: deque[Taken]) -> None:
        while pieces and pieces[0].piece.start_ns < pieces[-1].piece.start_ns - self._span_ns:
            self.size -= len(pieces.popleft().piece.data)
        while self.size > self._most_bytes:
            oldest = min((one for one in self._pieces.values() if one), key=lambda one: one[0].number)
            self.size -= len(oldest.popleft().piece.data)
            self.dropped += 1


def encoded(chunk: Chunk, sense: Modality) -> Iterable[Taken]:
    """A chunk as it is kept: a piece of sound, or a piece for each picture."""
    if sense is Modality.AUDIO:
        samples = np.clip(np.rint(chunk.data * 32767.0), -32768, 32767).astype("<i2")
        piece = Piece(chunk.start_ns, samples.tobytes())
        yield Taken(chunk.stream, sense, PCM, chunk.rate_hz, piece, chunk.time_ns(len(samples)))
        return
    import cv2

    for number, picture in enumerate(chunk.data):
        whole, coded = cv2.imencode(".jpg", picture[:, :, ::-1] if picture.ndim == 3 else picture, (_QUALITY, QUALITY))
        if whole:
            at_ns = chunk.time_ns(number)
            yield Taken(chunk.stream, sense, JPEG, 0.0, Piece(at_ns, coded.tobytes()), at_ns)


def ring_for(senses: dict[str, Modality], sound: bool, pre_ns: int, slack_ns: int, most_bytes: int) -> Ring:
    """A ring that reaches back far enough, of all cameras and, with `sound`, of all microphones."""
    wanted = {Modality.VIDEO, Modality.AUDIO} if sound else {Modality.VIDEO}
    return Ring({stream: sense for stream, sense in senses.items() if sense in wanted}, pre_ns + slack_ns, most_bytes)
