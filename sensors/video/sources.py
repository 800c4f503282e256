"""Pictures from files, small and grey: `VideoFileSource`."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.containers import open_container, track_frames
from sensors.errors import BadInputError
from sensors.types import NS, Chunk, Modality

_MEND = "record or copy it again"
_EARLY = 0.1


class VideoFileSource:
    """The pictures of any video file, each a chunk of one grey frame at the time the container gives it.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    path : Path
        The file.
    start_ns : int
        Event time of the container's media time 0, nanoseconds UTC.
    width, height : int
        Frames are shrunk to fit, shape kept, to even sides; never enlarged.
    max_rate_hz : float
        Frames beyond this are left out: of each cell of a time grid, the first frame stays.

    Attributes
    ----------
    skipped : int
        Packets that could not be decoded and frames out of order; counted anew by each reading.
    """

    modality = Modality.VIDEO

    def __init__(
        self, stream: str, path: Path, start_ns: int, *,
        width: int = 320, height: int = 240, max_rate_hz: float = 10.0,
    ) -> None:  # fmt: skip
        self.stream = stream
        self.skipped = 0
        self._path, self._start_ns = path, start_ns
        self._width, self._height, self._max_rate_hz = width, height, max_rate_hz

    def chunks(self) -> Generator[Chunk, None, None]:
        """Open, read to the end, close.

        Raises
        ------
        BadInputError
            If there are no pictures, or fewer than the file promises.
        """
        import av

        self.skipped = 0
        try:
            with open_container(self._path) as box:
                if not box.streams.video:
                    raise BadInputError("no pictures in this file", where=self._path, mend="give a video file")
                for seq, (time_s, data) in enumerate(self._pictures(box)):
                    data.flags.writeable = False
                    yield Chunk(self.stream, seq, self._start_ns + round(time_s * NS), 0.0, data)
        except av.FFmpegError as error:
            what = f"the pictures cannot be read ({error.strerror})"
            raise BadInputError(what, where=self._path, mend=_MEND) from error

    def _pictures(self, box: Any) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Media time and picture of each frame that stays."""
        from av.video.reformatter import VideoReformatter

        shrink = VideoReformatter()
        for time_s, frame in self._thinned(self._frames(box)):
            width, height = self._fit(frame.width, frame.height)
            grey = shrink.reformat(frame, width, height, "gray", interpolation="AREA").to_ndarray()
            yield time_s, np.asarray(grey, np.uint8)[np.newaxis]

    def _thinned(self, frames: Iterator[tuple[float, Any]]) -> Iterator[tuple[float, Any]]:
        """The first frame of each cell of the time grid; 10 % early counts, so that 10 frames a second stay 10."""
        first_s, cell = None, -1
        for time_s, frame in frames:
            first_s = time_s if first_s is None else first_s
            here = math.floor((time_s - first_s) * self._max_rate_hz + _EARLY)
            if here > cell:
                cell = here
                yield time_s, frame

    def _frames(self, box: Any) -> Iterator[tuple[float, Any]]:
        """All frames in order of time, with media times."""
        track = box.streams.video[0]
        track.thread_type = "NONE"
        track.codec_context.thread_count = 1
        last_s = -math.inf
        for number, (told_s, frame) in enumerate(track_frames(self._path, box, track, "picture", self._skip)):
            time_s = self._guess_s(track, number) if told_s is None else told_s
            if time_s <= last_s:
                self._skip()
                continue
            last_s = time_s
            yield time_s, frame

    def _skip(self) -> None:
        self.skipped += 1

    def _guess_s(self, track: Any, number: int) -> float:
        """Time of a frame in a stream without times, from the rate it states."""
        return number / float(track.average_rate or 25)

    def _fit(self, width: int, height: int) -> tuple[int, int]:
        scale = min(1.0, self._width / width, self._height / height)
        wide, high = (2 * math.floor(side * scale / 2 + 1e-9) for side in (width, height))
        return max(2, wide), max(2, high)
