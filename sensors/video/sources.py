"""Pictures from files, small and grey: `VideoFileSource`."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sensors.containers import open_container, track_frames
from sensors.errors import BadInputError
from sensors.types import NS, Chunk, Modality
from sensors.video.pictures import Grey, Pace, Shrinker

_MEND = "record or copy it again"


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
    colour : bool
        Keep the colours, (1, h, w, 3): only by them a switch to infrared is known.

    Attributes
    ----------
    skipped : int
        Packets that could not be decoded and frames out of order; counted anew by each reading.
    """

    modality = Modality.VIDEO

    def __init__(
        self, stream: str, path: Path, start_ns: int, *,
        width: int = 320, height: int = 240, max_rate_hz: float = 10.0, colour: bool = False,
    ) -> None:  # fmt: skip
        self.stream = stream
        self.skipped = 0
        self._path, self._start_ns = path, start_ns
        self._width, self._height, self._max_rate_hz, self._colour = width, height, max_rate_hz, colour

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
                for seq, (time_s, picture) in enumerate(self._pictures(box)):
                    data = picture[np.newaxis]
                    data.flags.writeable = False
                    yield Chunk(self.stream, seq, self._start_ns + round(time_s * NS), 0.0, data)
        except av.FFmpegError as error:
            what = f"the pictures cannot be read ({error.strerror})"
            raise BadInputError(what, where=self._path, mend=_MEND) from error

    def _pictures(self, box: Any) -> Iterator[tuple[float, Grey]]:
        """Media time and picture of each frame that stays."""
        shrinker, pace = Shrinker(self._width, self._height, self._colour), Pace(self._max_rate_hz)
        for time_s, frame in self._frames(box):
            if pace.admits(time_s):
                yield time_s, shrinker.shrink(frame)

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
