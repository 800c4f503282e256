"""A file that grows, is rotated, truncated or written anew: what is new in it, line by line.

Why the last bytes are compared: a file that was emptied and has grown past where we were looks as if it had only grown.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from sensors.environment.live.lines import LineCutter
from sensors.environment.live.reading import Complaint, ReaderError

LONGEST = 1 << 16
"""Longest line, bytes."""

HEAD = 51
_PIECE = 1 << 18
_MARK = 64


class Fresh(Enum):
    """What follows stands at the beginning of a file."""

    FRESH = "fresh"


FRESH: Final = Fresh.FRESH
News: TypeAlias = str | Complaint | Fresh


class GrowingFile:
    """Follows the file that a path leads to; begins after the last whole line that it holds now.

    Parameters
    ----------
    path : Path
        Of a file of text.
    young : bool
        Begin at its beginning, if it is still small.

    Raises
    ------
    ReaderError
        If it cannot be opened.
    """

    def __init__(self, path: Path, *, young: bool = False) -> None:
        self._path = path
        self._file = self._opened()
        self._cutter = LineCutter(LONGEST)
        self._at = 0
        self._mark = b""
        try:
            if not young or os.fstat(self._file.fileno()).st_size > LONGEST:
                self._go_to_end()
        except OSError as error:
            self.close()
            raise ReaderError(f"the file cannot be read ({error.strerror})") from error

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def head(self) -> list[str]:
        """The first lines, a few dozen at most, and none of what is new."""
        data = os.pread(self._file.fileno(), min(_PIECE, self._at), 0)
        lines = (line for line in LineCutter(LONGEST).cut(data) if isinstance(line, str))
        return list(islice(lines, HEAD))

    def news(self) -> Iterator[News]:
        """What has come since the last time.

        Raises
        ------
        ReaderError
            If the file cannot be read any more.
        """
        try:
            yield from self._grown()
            if self._is_replaced():
                # Written between the last look and the rotation.
                yield from self._grown()
                if self._cutter.waits:
                    yield Complaint("a line that was cut off")
                successor = self._opened()
                self._file.close()
                self._file = successor
                yield self._begin()
                yield from self._grown()
        except OSError as error:
            raise ReaderError(f"the file cannot be read ({error.strerror})") from error

    def _opened(self) -> BinaryIO:
        try:
            return self._path.open("rb", buffering=0)
        except FileNotFoundError as error:
            raise ReaderError("there is no such file") from error
        except OSError as error:
            raise ReaderError(f"the file cannot be opened ({error.strerror})") from error

    def _begin(self) -> Fresh:
        self._cutter, self._at, self._mark = LineCutter(LONGEST), 0, b""
        return FRESH

    def _go_to_end(self) -> None:
        size = os.fstat(self._file.fileno()).st_size
        begin = max(0, size - LONGEST)
        tail = os.pread(self._file.fileno(), size - begin, begin)
        whole = tail.rfind(b"\n") + 1
        self._at = begin + whole
        length = min(_MARK, self._at)
        self._mark = os.pread(self._file.fileno(), length, self._at - length)
        self._cutter = LineCutter(LONGEST, skip_first=bool(begin and not whole))

    def _grown(self) -> Iterator[News]:
        while True:
            # In one piece with what is new: between two reads the file could be written anew.
            data = os.pread(self._file.fileno(), len(self._mark) + _PIECE, self._at - len(self._mark))
            if not data.startswith(self._mark):
                yield self._begin()
                continue
            new = data[len(self._mark) :]
            if not new:
                return
            self._at += len(new)
            self._mark = data[-_MARK:]
            yield from self._cutter.cut(new)

    def _is_replaced(self) -> bool:
        """Whether the path leads to another file; while it leads nowhere, a rotation is under way."""
        try:
            now = self._path.stat()
        except FileNotFoundError:
            return False
        own = os.fstat(self._file.fileno())
        return (now.st_dev, now.st_ino) != (own.st_dev, own.st_ino)
