"""What does not belong to the background: a slow background, and the patches that stand out from it.

Why a background of its own beside MOG2: that one takes in within seconds whatever stands still, which suits motion. A
bag that was left, or somebody who waits, must stand out for minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.types import NS

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]

STEP = 4
"""Patches are found on squares of so many pixels."""

OFF_LEVELS = 20.0
"""Difference from the background from which a square stands out, grey levels."""

LEVELS_S = 0.25
"""How fast the background follows a picture that stands out, grey levels a second: a dark bag stays for minutes."""

SETTLING_S = 3.0
"""Time for which it follows quickly at first: who walks by when the camera is switched on is not furniture."""

SETTLING_LEVELS_S = 20.0
"""How fast then, and always where nothing stands out."""

FLOODED = 0.6
"""Share of the picture that stands out from which it is another picture: light has changed, or the camera was moved."""

LEAST_SQUARES = 6
"""Smaller patches are noise."""

MOST = 24
"""Patches that are looked at, the largest first."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A patch that stands out.

    Attributes
    ----------
    left, top, right, bottom : float
        Its box; x as a share of the width, y as a share of the height.
    area : float
        Share of the picture.
    """

    left: float
    top: float
    right: float
    bottom: float
    area: float

    @property
    def middle(self) -> tuple[float, float]:
        """Centre of the box."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def overlap(self, other: Blob) -> float:
        """Shared area as a share of the smaller box, in [0, 1]."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        if wide <= 0 or high <= 0:
            return 0.0
        least = min((b.right - b.left) * (b.bottom - b.top) for b in (self, other))
        return wide * high / least


class SlowBackground:
    """An approximate median of the picture over time, and what stands out from it; `cv` is OpenCV.

    References
    ----------
    McFarlane, N. and Schofield, C. (1995). Segmentation and tracking of piglets in images. Machine Vision and
    Applications 8(3), 187-193. doi:10.1007/BF01215814
    """

    def __init__(self, cv: Any) -> None:
        self._cv = cv
        self._background: NDArray[np.float32] | None = None
        self._began_ns = self._last_ns = 0
        self._kernel = np.ones((3, 3), np.uint8)

    def forget(self) -> None:
        """Begin anew with the next picture."""
        self._background = None

    def compare(self, level: Grey, at_ns: int) -> Mask:
        """What stands out now; then the background follows a little.

        Parameters
        ----------
        level : ndarray (h, w) uint8
            Picture of usual lightness.
        at_ns : int
            Event time, nanoseconds UTC; grows.

        Returns
        -------
        ndarray (h / STEP, w / STEP) bool
        """
        size = (max(2, level.shape[1] // STEP), max(2, level.shape[0] // STEP))
        small = self._cv.resize(level, size, interpolation=self._cv.INTER_AREA).astype(np.float32)
        if self._background is None or self._background.shape != small.shape:
            self._background, self._began_ns, self._last_ns = small, at_ns, at_ns
        difference = small - self._background
        off: Mask = np.abs(difference) > OFF_LEVELS
        if off.mean() > FLOODED:
            self._background, self._began_ns, self._last_ns = small, at_ns, at_ns
            return np.zeros_like(off)
        span_s = (at_ns - self._last_ns) / NS
        quick = np.float32(SETTLING_LEVELS_S * span_s)
        slow = quick if (at_ns - self._began_ns) / NS < SETTLING_S else np.float32(LEVELS_S * span_s)
        self._background = self._background + np.clip(difference, *_either(np.where(off, slow, quick)))
        self._last_ns = at_ns
        return off

    def find(self, off: Mask) -> list[Blob]:
        """Patches of what stands out, the largest first, `MOST` at most."""
        closed = self._cv.morphologyEx(off.astype(np.uint8), self._cv.MORPH_CLOSE, self._kernel)
        _, _, table, _ = self._cv.connectedComponentsWithStats(closed, connectivity=8)
        height, width = off.shape
        found = [
            Blob(x / width, y / height, (x + w) / width, (y + h) / height, area / off.size)
            for x, y, w, h, area in table[1:].tolist()
            if area >= LEAST_SQUARES
        ]
        return sorted(found, key=lambda blob: (-blob.area, blob.left, blob.top))[:MOST]


def _either(size: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return -size, size
