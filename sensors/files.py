"""What every file source asks first: is there a file, and is anything in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sensors.errors import BadInputError

_FORMATS = (
    "3g2,3gp,aac,ac3,aiff,amr,ape,asf,au,avi,caf,dv,flac,flv,h264,hevc,ivf,m4a,m4v,matroska,mj2,mjpeg,mov,mp3,mp4,mpeg,"
    "mpegts,mpegvideo,mxf,ogg,rm,tta,w64,wav,webm,wv,yuv4mpegpipe"
)

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


def open_container(path: Path) -> Any:
    """Open a media container with PyAV, to be closed by the caller.

    Why the lists: the bytes decide what a container is, and a playlist under the name of a video would make the
    library open other files and addresses.

    Raises
    ------
    BadInputError
        If it is none.
    """
    import av

    require_file(path)
    try:
        return av.open(f"file:{path}", options={"protocol_whitelist": "file", "format_whitelist": _FORMATS})
    except av.FFmpegError as error:
        what = f"this is no sound or video that can be read ({error.strerror})"
        raise BadInputError(what, where=path, mend="record or copy it again") from error


def container_promise_s(box: Any) -> float:
    """Length that an open media container states, seconds; 0 where it states none or only an estimate.

    Why the short list: other formats have no length of their own, and a guess from the bit rate must not make a
    sound file count as cut short.
    """
    kinds = set(box.format.name.split(","))
    tracks = [*box.streams.video, *box.streams.audio]
    if "avi" in kinds:
        return max((float(t.frames / t.average_rate) for t in box.streams.video if t.average_rate), default=0.0)
    if not kinds & {"mov", "matroska", "asf", "flv"}:
        return 0.0
    if any(track.duration is None for track in tracks):
        return (box.duration or 0) / 1e6
    ends = [float(((track.start_time or 0) + track.duration) * track.time_base) for track in tracks]
    return max(ends, default=0.0) - (box.start_time or 0) / 1e6
