"""What a receiver has, noted in a file that takes all its room at once: a full disk does not keep a note from it.

Why beside the database: who is killed on a full disk would send again what he could not note there. A note is a number
that grows and a digest, written over the oldest; whoever is killed while he writes loses one.
"""

from __future__ import annotations

import hashlib
import logging
import os
import struct
from pathlib import Path

PLACES = 512
_NOTE = struct.Struct("<Q16s")
_MOST = 1 << 62
_log = logging.getLogger(__name__)


class Receipts:
    """The last `PLACES` things that a receiver has; 12 kB.

    Parameters
    ----------
    path : Path
        The file; where it cannot be had they are known until the end of this process only.
    """

    def __init__(self, path: Path) -> None:
        self._file = _opened(path)
        notes = [_NOTE.unpack_from(held, place) for held, place in self._held()]
        known = [(number, digest) for number, digest in notes if 0 < number < _MOST]
        self._number = max((number for number, _ in known), default=0)
        self._digests = {number % PLACES: digest for number, digest in sorted(known)}

    def __contains__(self, what: str) -> bool:
        """Whether the receiver has it."""
        return _digest(what) in self._digests.values()

    def note(self, what: str) -> None:
        """The receiver has it."""
        self._number += 1
        place, digest = self._number % PLACES, _digest(what)
        self._digests[place] = digest
        if self._file is not None:
            try:
                os.pwrite(self._file, _NOTE.pack(self._number, digest), place * _NOTE.size)
            except OSError as error:
                _log.error("what a receiver has cannot be noted: %s", error.strerror)

    def close(self) -> None:
        """Release the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _held(self) -> list[tuple[bytes, int]]:
        held = os.pread(self._file, PLACES * _NOTE.size, 0) if self._file is not None else b""
        return [(held, place) for place in range(0, len(held) - _NOTE.size + 1, _NOTE.size)]


def _opened(path: Path) -> int | None:
    """The file, whole; None where there is no room or no permission."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        _log.error("what a receiver has cannot be noted in %s: %s", path, error.strerror)
        return None
    try:
        os.posix_fallocate(file, 0, PLACES * _NOTE.size)
    except OSError as error:
        os.close(file)
        _log.error("what a receiver has cannot be noted in %s: %s", path, error.strerror)
        return None
    return file


def _digest(what: str) -> bytes:
    return hashlib.blake2b(what.encode(), digest_size=16).digest()
