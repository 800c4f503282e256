"""What files and cameras share: frames become small pictures, mostly grey, and no more of them than are wanted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""A picture (h, w), or with colours (h, w, 3)."""

_EARLY = 0.1


class Shrinker:
    """Makes frames small enough, and grey unless their colours are wanted.

    Parameters
    ----------
    width, height : int
        Frames are shrunk to fit, shape kept, to even sides; never enlarged.
    colour : bool
        Keep the colours: only by them a switch to infrared is known.
    """

    def __init__(self, width: int, height: int, colour: bool = False) -> None:
        from av.video.reformatter import VideoReformatter

        self._width, self._height, self._kind = width, height, "rgb24" if colour else "gray"
        self._reformatter = VideoReformatter()

    def shrink(self, frame: Any) -> Grey:
        """A picture (h, w) or (h, w, 3) uint8 of a decoded frame; each of its pixels is the mean of what it covers."""
        width, height = self._fit(frame.width, frame.height)
        small = self._reformatter.reformat(frame, width, height, self._kind, interpolation="AREA")
        return np.asarray(small.to_ndarray(), np.uint8)

    def _fit(self, width: int, height: int) -> tuple[int, int]:
        scale = min(1.0, self._width / width, self._height / height)
        wide, high = (2 * math.floor(side * scale / 2 + 1e-9) for side in (width, height))
        return max(2, wide), max(2, high)


class Pace:
    """Lets the first frame of each cell of a time grid pass.

    A frame that is early by a tenth of a cell counts for the next one, so that 10 frames a second stay 10. Where time
    goes back, or the rate changes, the grid begins anew.

    Parameters
    ----------
    rate_hz : float
        Most frames per second, > 0.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._first_s: float | None = None
        self._cell = -1

    def turn(self, rate_hz: float) -> None:
        """Another rate from now on."""
        if rate_hz != self._rate_hz:
            self._rate_hz, self._first_s = rate_hz, None

    def admits(self, time_s: float) -> bool:
        """Whether a frame of this media time passes, seconds."""
        if self._first_s is None or time_s < self._first_s:
            self._first_s, self._cell = time_s, -1
        cell = math.floor((time_s - self._first_s) * self._rate_hz + _EARLY)
        passes = cell > self._cell
        self._cell = max(cell, self._cell)
        return passes
