"""Whether a WAV or AIFF file holds as much sound as its header promises: libsndfile clamps silently.

Layout after the RIFF (Microsoft & IBM 1991), RF64 (EBU Tech 3306) and AIFF (Apple 1989) descriptions.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

_UNKNOWN = 0x7FFF0000
"""Writers that cannot go back put 0 or something from here up: no promise."""


def missing_bytes(path: Path) -> int:
    """How many bytes of sound the header promises beyond the end of the file; 0 where it keeps its word.

    Parameters
    ----------
    path : Path
        Any file; only RIFF, RF64 and AIFF make a promise that can be checked.

    Returns
    -------
    int
        Bytes >= 0.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        form = file.read(12)
        if len(form) < 12:
            return 0
        if form[:4] in (b"RIFF", b"RF64") and form[8:] == b"WAVE":
            return _missing(file, size, "<", b"data")
        if form[:4] == b"FORM" and form[8:12] in (b"AIFF", b"AIFC"):
            return _missing(file, size, ">", b"SSND")
    return 0


def _missing(file: BinaryIO, size: int, order: str, wanted: bytes) -> int:
    long_size = 0
    while len(head := file.read(8)) == 8:
        name, length = struct.unpack(f"{order}4sI", head)
        start = file.tell()
        if name == b"ds64":
            long_size = struct.unpack("<Q", file.read(16)[8:].ljust(8, b"\0"))[0]
        if name == wanted:
            promised = long_size or (0 if length >= _UNKNOWN else length)
            return max(0, start + promised - size)
        file.seek(start + length + length % 2)
    return 0
