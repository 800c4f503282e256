"""What every file source asks first: is there a file, and is anything in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sensors.errors import BadInputError


def require_file(path: Path) -> None:
    """Check that there is an ordinary file that can be read and is not empty.

    Raises
    ------
    BadInputError
        If not.
    """
    try:
        with path.open("rb") as file:
            first = file.read(1)
    except IsADirectoryError as error:
        raise BadInputError("this is a folder", where=path, mend="name the file in it") from error
    except OSError as error:
        raise BadInputError(f"cannot be read ({error.strerror})", where=path, mend="check the path") from error
    if not first:
        raise BadInputError("the file is empty", where=path, mend="record it again, or leave the sensor out")


def container_promise_s(box: Any) -> float:
    """Length that an open media container states, seconds; 0 where it states none or only an estimate.

    Why the short list: other formats have no length of their own, and a guess from the bit rate must not make a
    sound file count as cut short.
    """
    kinds = set(box.format.name.split(","))
    if "avi" in kinds:
        return max((float(t.frames / t.average_rate) for t in box.streams.video if t.average_rate), default=0.0)
    return (box.duration or 0) / 1e6 if kinds & {"mov", "matroska", "asf", "flv"} else 0.0
