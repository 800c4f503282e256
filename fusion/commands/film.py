"""What was seen, for people to look at: `annotated.mp4` and `heatmap.png`, in which nobody can be made out.

1. `Veil`   pixelates whatever moves or stands out; `sensors.video.veil` says what it cannot promise.
2. `Easel`  draws what was judged onto it.
3. `Film`   encodes the pictures at their own times, and sums up where it was strange.

Only what went through the veil is drawn, encoded or summed up.
"""

from __future__ import annotations

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fusion.commands.drawing import Easel, Picture, Sight, draw_heat
from sensors.types import NS
from sensors.video.veil import Veil

MOVIE, HEATMAP = "annotated.mp4", "heatmap.png"

TICKS = 1000
"""Of a second, in films."""

_CODECS = (("libx264", {"crf": "23", "preset": "veryfast"}), ("mpeg4", {"qscale": "4"}))


class Film:
    """Writes both files into a folder, within `with`.

    Parameters
    ----------
    folder : Path
        Where to; exists.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._tools: _Tools | None = None
        self._last_tick = -1
        self._place: NDArray[np.float64] | None = None
        self._heat: NDArray[np.float64] | None = None
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Finish both files, unless all is given up."""
        with self._stack:
            if self._tools and kind is None:
                self._tools.finish()
                self._write_heat(self._tools)

    def add(self, picture: Picture, sight: Sight) -> None:
        """Take a picture (h, w) grey as the camera gave it, and what was judged of it."""
        tools = self._tools = self._tools or _Tools(self._folder / MOVIE, picture, self._stack)
        shown = tools.veil.cover(picture, sight.at_ns)
        tick = max(self._last_tick + 1, round(sight.at_ns * TICKS / NS))
        tools.encode(tools.easel.draw(shown, sight), tick)
        self._last_tick = tick
        if self._place is None:
            self._place = np.zeros(picture.shape)
        if self._place.shape == shown.shape:
            self._place += shown
            self._count += 1
        if sight.cells is not None and sight.raw is not None and sight.cells.sum() > 0:
            part = sight.cells / sight.cells.sum() * max(0.0, sight.raw)
            self._heat = part if self._heat is None else self._heat + part

    def _write_heat(self, tools: _Tools) -> None:
        assert self._place is not None  # noqa: S101 - narrows the type
        place = (self._place / self._count).round().astype(np.uint8)
        caption = "Where it was strange, all in all"
        if self._heat is None:
            caption = "Nothing was judged: the past is too short"
        heat = np.zeros((1, 1)) if self._heat is None else self._heat
        (self._folder / HEATMAP).write_bytes(tools.png(draw_heat(tools.cv, place, heat, caption)))


def picture_track(box: Any, size: tuple[int, int]) -> Any:
    """A track for pictures of even width and height in an open MP4 file; its times are milliseconds."""
    import av

    codec, options = next(one for one in _CODECS if one[0] in av.codecs_available)
    track: Any = box.add_stream(codec, rate=TICKS, options=options)
    track.width, track.height = size
    track.pix_fmt = "yuv420p"
    # One thread, so that the same film is the same file on every machine.
    track.codec_context.thread_count = 1
    track.codec_context.time_base = Fraction(1, TICKS)
    return track


class _Tools:
    """OpenCV and PyAV, loaded with the first picture."""

    def __init__(self, path: Path, picture: Picture, stack: ExitStack) -> None:
        import av
        import cv2

        self.cv: Any = cv2
        self.cv.setNumThreads(1)
        self.veil, self.easel = Veil(self.cv), Easel(self.cv, picture.shape[:2])
        self._av: Any = av
        self._box: Any = stack.enter_context(av.open(str(path), "w", format="mp4"))
        self._track = picture_track(self._box, self.easel.size)

    def encode(self, canvas: Picture, tick: int) -> None:
        frame = self._av.VideoFrame.from_ndarray(canvas, format="bgr24")
        frame.pts, frame.time_base = tick, Fraction(1, TICKS)
        self._box.mux(self._track.encode(frame))

    def finish(self) -> None:
        self._box.mux(self._track.encode(None))

    def png(self, canvas: Picture) -> bytes:
        _, data = self.cv.imencode(".png", canvas)
        return bytes(data)
