"""What every file source asks first: is there a file, and is anything in it."""

from __future__ import annotations

from pathlib import Path

from sensors.errors import BadInputError

_PACKED = {b"\x1f\x8b": "gzip", b"BZh9": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd"}
_LONGEST_MARK = max(len(mark) for mark in _PACKED)


def require_file(path: Path) -> None:
    """Check that there is an ordinary file that can be read, is not empty and not packed.

    Raises
    ------
    BadInputError
        If not.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise BadInputError("this is no ordinary file", where=path, mend="name a file")
    try:
        with path.open("rb") as file:
            first = file.read(_LONGEST_MARK)
    except IsADirectoryError as error:
        raise BadInputError("this is a folder", where=path, mend="name the file in it") from error
    except OSError as error:
        raise BadInputError(f"cannot be read ({error.strerror})", where=path, mend="check the path") from error
    if not first:
        raise BadInputError("the file is empty", where=path, mend="record it again, or leave the sensor out")
    for mark, name in _PACKED.items():
        if first.startswith(mark):
            raise BadInputError(f"this file is packed ({name})", where=path, mend="unpack it first")
