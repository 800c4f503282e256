"""How the picture moves: dense optical flow, less what the camera itself does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Grey = NDArray[np.uint8]

STEP = 4
"""Flow is averaged over squares of so many pixels."""

ANCHORS = (12, 16)
"""Rows and columns of points that the camera's own motion is taken from."""

AGREED = 0.25
"""A point goes along with the camera where it is off by less than this, pixels."""

MAJORITY = 0.5
"""Share of points that must go along; else nothing is the camera's motion."""

NEARLY_ALL = 0.93
"""Share of the picture that must move for that to be the camera's doing, in whatever order.

Why so much: of shaken pictures .98 and more moved, of crowds that ran and of a fall before the lens up to .84.
"""

REFITS = 3
"""Times that the camera's motion is fitted to the points that agree."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Motion between two pictures.

    Attributes
    ----------
    vectors : ndarray (h, w, 2) float32
        Velocity to the right and down on a coarse grid, picture heights a second, less the camera's own.
    shake : float
        Mean speed of the picture as a whole, picture heights a second, >= 0; where nearly all of it moves in no order
        that a camera could give it, the median speed: blur and repeated patterns hide the order.
    """

    vectors: Floats
    shake: float

    @property
    def speed(self) -> Floats:
        """Length of the vectors, (h, w)."""
        return np.asarray(np.hypot(self.vectors[..., 0], self.vectors[..., 1]))


class FlowMeter:
    """DIS flow at its fastest setting, on pictures of any one size; `cv` is OpenCV.

    References
    ----------
    Kroeger, T., Timofte, R., Dai, D. and Van Gool, L. (2016). Fast optical flow using dense inverse search.
    ECCV 2016, 471-488. doi:10.1007/978-3-319-46493-0_29
    """

    def __init__(self, cv: Any) -> None:
        self._cv = cv
        self._flow = cv.DISOpticalFlow_create(cv.DISOPTICAL_FLOW_PRESET_ULTRAFAST)

    def measure(self, before: Grey, now: Grey, span_s: float) -> Flow:
        """Motion from one picture to a later one.

        Parameters
        ----------
        before, now : ndarray (h, w) uint8
            Equal in size.
        span_s : float
            Seconds between them, > 0.
        """
        height, width = now.shape
        size = (max(2, width // STEP), max(2, height // STEP))
        dense = self._flow.calc(before, now, None)
        pixels = self._cv.resize(dense, size, interpolation=self._cv.INTER_AREA)
        own = camera_motion(pixels)
        scale = np.float32(1.0 / (span_s * now.shape[0]))
        shake = float(scale) * (_unrest(pixels) if own is None else float(np.hypot(own[..., 0], own[..., 1]).mean()))
        return Flow(np.asarray((pixels if own is None else pixels - own) * scale, np.float32), shake)


def camera_motion(pixels: Floats) -> Floats | None:
    """What the camera did: the affine motion that most of the picture shares.

    Why a majority: a crowd that runs one way is not the camera, as long as half of the picture stands still behind it.

    Parameters
    ----------
    pixels : ndarray (h, w, 2)
        Flow, pixels.

    Returns
    -------
    ndarray (h, w, 2) or None
        Its flow, pixels; None where the camera stands still or no motion is shared.
    """
    height, width = pixels.shape[:2]
    rows = np.linspace(0, height - 1, ANCHORS[0]).round().astype(int)
    columns = np.linspace(0, width - 1, ANCHORS[1]).round().astype(int)
    points = pixels[np.ix_(rows, columns)].reshape(-1, 2).astype(np.float64)
    middle = np.median(points, axis=0)
    agreeing = np.hypot(*(points - middle).T) < 4 * AGREED
    if np.abs(middle).max() < AGREED / 2 and agreeing.mean() > MAJORITY and _still(points):
        return None
    down, across = np.meshgrid(rows / height - 0.5, columns / width - 0.5, indexing="ij")
    basis = np.column_stack([np.ones(down.size), across.ravel(), down.ravel()])
    for _ in range(REFITS):
        if agreeing.mean() < MAJORITY:
            return None
        some = basis[agreeing]
        fitted = np.linalg.solve(some.T @ some + _RIDGE, some.T @ points[agreeing])
        agreeing = np.hypot(*(points - basis @ fitted).T) < AGREED
    if agreeing.mean() < MAJORITY:
        return None
    x = np.arange(width, dtype=np.float32) / np.float32(width) - np.float32(0.5)
    y = np.arange(height, dtype=np.float32) / np.float32(height) - np.float32(0.5)
    constant, by_x, by_y = fitted.astype(np.float32)
    return np.asarray(constant + x[None, :, None] * by_x + y[:, None, None] * by_y, np.float32)


_RIDGE = np.diag([1e-6, 1e-3, 1e-3])


def _unrest(pixels: Floats) -> float:
    """Median speed where nearly all of the picture moves, pixels, else 0."""
    speed = np.hypot(pixels[..., 0], pixels[..., 1])
    return float(np.median(speed)) if float((speed > AGREED).mean()) > NEARLY_ALL else 0.0


def _still(points: NDArray[np.float64]) -> bool:
    """Whether most points do not move at all."""
    return float((np.hypot(*points.T) < AGREED).mean()) > MAJORITY
