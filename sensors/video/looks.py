"""What the picture itself is like, whatever happens in it: light, sharpness, colour, edges, pace."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.types import NS
from sensors.video.layout import SQUARES

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]

DARKEST = 8.0
"""Added to brightness before dividing: noise of a dark picture is not blown up, grey levels."""

COARSE = (80, 60)
"""Size at which texture and edges are measured: noise averages out, edges of things stay."""

GLARE = 250
"""Grey level from which a pixel shows nothing but light."""

LIT_NS = NS // 2
"""Distance of the two pictures whose light is compared."""

PACE_NS = 3 * NS
"""Time over which the interval of frames is taken."""


class LooksMeter:
    """Measures single pictures, and how their light and pace change, by OpenCV, `cv`."""

    def __init__(self, cv: Any) -> None:
        self._cv = cv
        self._small: deque[tuple[int, NDArray[np.float32]]] = deque()
        self._spans: deque[tuple[int, int]] = deque()

    def forget_light(self) -> None:
        """Compare the light with what comes from now on."""
        self._small.clear()

    def measure(self, frame: NDArray[np.uint8], grey: Grey) -> tuple[dict[str, float], Floats]:
        """Looks of one picture.

        Parameters
        ----------
        frame : ndarray (h, w) or (h, w, 3) uint8
            As the camera gave it.
        grey : ndarray (h, w) uint8
            The same in grey.

        Returns
        -------
        looks : dict of str to float
            `brightness` and `contrast`: mean and standard deviation, grey levels. `texture`: standard deviation of the
            Laplacian at `COARSE`, as a share of brightness. `sharpness`: mean size of the Laplacian at half size, as a
            share of contrast: what defocus takes first. `glare_ratio`: share of pixels at `GLARE` or above.
            `chroma`: mean distance of the colours of a pixel, grey levels; NaN for a grey picture.
        gradients : ndarray (rows, columns, 2)
            Slope to the right and down of the coarse picture in each of `layout.SQUARES`: which way is brighter, where.
        """
        cv = self._cv
        mean, deviation = (float(value[0, 0]) for value in cv.meanStdDev(grey))
        coarse = cv.resize(grey, COARSE, interpolation=cv.INTER_AREA)
        texture = float(cv.meanStdDev(cv.Laplacian(coarse, cv.CV_16S))[1][0, 0]) / (mean + DARKEST)
        size = (max(2, grey.shape[1] // 2), max(2, grey.shape[0] // 2))
        half = cv.resize(grey, size, interpolation=cv.INTER_AREA)
        fine = cv.mean(cv.convertScaleAbs(cv.Laplacian(half, cv.CV_16S)))[0]
        glare = cv.countNonZero(cv.inRange(grey, GLARE, 255)) / grey.size
        looks = {
            "brightness": mean,
            "contrast": deviation,
            "texture": texture,
            "sharpness": fine / (deviation + 1.0),
            "glare_ratio": glare,
            "chroma": self._chroma(frame),
        }
        return looks, self._gradients(coarse)

    def pace(self, at_ns: int, span_ns: int) -> float:
        """Mean interval of the frames of the last `PACE_NS`, seconds; NaN until two came."""
        if span_ns <= 0:
            self._spans.clear()
            return np.nan
        self._spans.append((at_ns, span_ns))
        while at_ns - self._spans[0][0] >= PACE_NS and len(self._spans) > 1:
            self._spans.popleft()
        return sum(span for _, span in self._spans) / len(self._spans) / NS

    def light(self, at_ns: int, grey: Grey) -> float:
        """How many times brighter most of the picture is than `LIT_NS` ago, > 0; NaN where nothing is that old.

        Why the median over places: what walks through covers some of them, a lamp reaches nearly all.
        """
        small = self._cv.resize(grey, (32, 24), interpolation=self._cv.INTER_AREA).astype(np.float32) + DARKEST
        self._small.append((at_ns, small))
        while len(self._small) > 1 and at_ns - self._small[1][0] >= LIT_NS:
            self._small.popleft()
        then_ns, then = self._small[0]
        return float(np.median(small / then)) if at_ns - then_ns >= LIT_NS // 2 else np.nan

    def _chroma(self, frame: NDArray[np.uint8]) -> float:
        if frame.ndim != 3:
            return np.nan
        some = frame[::4, ::4].astype(np.int16)
        return float((some.max(axis=2) - some.min(axis=2)).mean())

    def _gradients(self, coarse: Grey) -> Floats:
        cv = self._cv
        smooth = cv.GaussianBlur(coarse.astype(np.float32), (5, 5), 0)
        slopes = np.dstack([cv.Sobel(smooth, cv.CV_32F, *step) for step in ((1, 0), (0, 1))])
        return np.asarray(cv.resize(slopes, SQUARES[::-1], interpolation=cv.INTER_AREA), np.float64)
