"""Pictures from a folder of JPEG and PNG files: `ImageFolderSource`."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sensors.errors import BadInputError
from sensors.types import NS, Chunk, Modality
from sensors.video.image_times import exif_ns, name_ns
from sensors.video.pictures import Pace, Shrinker

SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
LARGEST_BYTES = 1 << 26
LARGEST_PIXELS = 1 << 27

_MARKS = {b"\xff\xd8": "mjpeg", b"\x89P": "png"}
_CLOCKS = ("name", "exif", "mtime")
_MEND = "give step_s, the seconds from one to the next, or clock = 'mtime', when the files were written"

Clock = Literal["name", "exif", "mtime"]


class ImageFolderSource:
    """The pictures of a folder, in the order of their names, each a chunk of one grey frame.

    Times are those that the names tell ("2024-05-07_08-00-00.250.jpg", "1715068800.png"), else those that cameras write
    into JPEGs (EXIF). The first picture decides for all. One that tells no time, or none after that of the one before,
    is left out.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    path : Path
        The folder.
    start_ns : int
        Event time of the first picture where `step_s` is given, nanoseconds UTC.
    step_s : float, optional
        Time from one to the next, seconds > 0: no clock is looked for.
    clock : "name", "exif" or "mtime", optional
        Which clock to believe; "mtime" is when the files were written, which copying may change.
    utc_offset_s : int
        Offset of local time from UTC, seconds: for times without an offset of their own.
    shift_s : float
        Added to times that pictures tell, seconds.
    width, height, max_rate_hz, colour
        As of `VideoFileSource`.

    Attributes
    ----------
    skipped : int
        Files left out; counted anew by each reading.
    """

    modality = Modality.VIDEO
    reads_folder = True

    def __init__(
        self, stream: str, path: Path, start_ns: int, *, step_s: float | None = None, clock: Clock | None = None,
        utc_offset_s: int = 0, shift_s: float = 0.0, width: int = 320, height: int = 240, max_rate_hz: float = 10.0,
        colour: bool = False,
    ) -> None:  # fmt: skip
        self.stream = stream
        self.skipped = 0
        self._path, self._start_ns, self._step_s, self._clock = path, start_ns, step_s, clock
        self._utc_offset_s, self._shift_ns = utc_offset_s, round(shift_s * NS)
        self._width, self._height, self._max_rate_hz, self._colour = width, height, max_rate_hz, colour

    def chunks(self) -> Generator[Chunk, None, None]:
        """Open each, read it, close it.

        Raises
        ------
        BadInputError
            If there is no picture, or the first tells no time.
        """
        self.skipped = seq = 0
        shrinker, pace = Shrinker(self._width, self._height, self._colour), Pace(self._max_rate_hz)
        for at_ns, frame in self._frames():
            if pace.admits((at_ns - self._start_ns) / NS):
                data = shrinker.shrink(frame)[np.newaxis]
                data.flags.writeable = False
                yield Chunk(self.stream, seq, at_ns, 0.0, data)
                seq += 1
        if not seq:
            what = "no picture could be decoded"
            raise BadInputError(what, where=self._path, mend="give a folder with JPEG or PNG files")

    def absolute_start_ns(self) -> int | None:
        """Event time of the first picture, nanoseconds UTC, where the pictures tell it; else None."""
        if self._step_s is not None:
            return None
        return next((at_ns for at_ns, _ in islice(self._frames(), 1)), None)

    def _frames(self) -> Iterator[tuple[int, Any]]:
        """Decoded frames at growing times."""
        last_ns, clock = None, self._clock
        for number, path in enumerate(self._files()):
            frame = _decoded(path)
            if frame is None:
                self.skipped += 1
                continue
            if self._step_s is not None:
                at_ns: int | None = self._start_ns + round(number * self._step_s * NS)
            else:
                clock = clock or self._find_clock(path, frame)
                at_ns = self._told_ns(clock, path, frame)
            if at_ns is None or (last_ns is not None and at_ns <= last_ns):
                self.skipped += 1
                continue
            last_ns = at_ns
            yield at_ns, frame

    def _files(self) -> list[Path]:
        """Pictures, as people count: 9 before 10."""
        if self._clock is not None and self._clock not in _CLOCKS:
            raise BadInputError(f"no clock '{self._clock}'", where=self._path, mend=f"give one of {', '.join(_CLOCKS)}")
        try:
            files = [one for one in self._path.iterdir() if one.suffix.lower() in SUFFIXES and one.is_file()]
        except OSError as error:
            raise BadInputError(f"cannot be read ({error.strerror})", where=self._path, mend="name a folder") from error
        return sorted(files, key=lambda one: [(len(run), run) for run in re.split(r"(\d+)", one.name)])

    def _find_clock(self, path: Path, frame: Any) -> Clock:
        for clock in ("name", "exif"):
            if self._told_ns(clock, path, frame) is not None:
                return clock
        raise BadInputError("these pictures tell no times", where=path, mend=_MEND)

    def _told_ns(self, clock: Clock, path: Path, frame: Any) -> int | None:
        if clock == "mtime":
            return path.stat().st_mtime_ns + self._shift_ns
        if clock == "name":
            told_ns = name_ns(path.stem, self._utc_offset_s)
        else:
            told_ns = exif_ns(frame.metadata, self._utc_offset_s)
        return None if told_ns is None else told_ns + self._shift_ns


def _decoded(path: Path) -> Any:
    """The picture in a file; None where it holds none that can be read."""
    import av

    try:
        if path.stat().st_size > LARGEST_BYTES:
            return None
        data = path.read_bytes()
        coder: Any = av.CodecContext.create(_MARKS[data[:2]], "r")
        coder.options = {"max_pixels": str(LARGEST_PIXELS)}
        frames = [*coder.decode(av.Packet(data)), *coder.decode(None)]
    except (OSError, KeyError, av.FFmpegError):
        return None
    return frames[0] if frames and not frames[0].is_corrupt else None
