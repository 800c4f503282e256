"""Draws what was judged of a picture onto it: `Easel`. What it is given may be shown: it has gone through a veil."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.report.palette import DARK
from fusion.words import one_in
from sensors.types import NS

Picture = NDArray[np.uint8]
Box = tuple[float, float, float, float]

WIDTH = 640
"""Pictures are drawn this wide, pixels."""

STRIP = 104
"""Height of the strip below the picture, pixels."""

SHOWN_NS = 30 * NS
"""Time that the strip shows, nanoseconds."""

HIGHEST = 1000.0
"""Score at the top of the strip; 1 is a quarter of the way."""

SHARE = 0.1
"""A cell is framed that holds so much of what is strange."""

RARE, RAREST = 0.01, 0.001
"""Below these p-values a moment is drawn as rare."""

_LINE = 22
_TEXT = 0.5


@dataclass(frozen=True, slots=True)
class Sight:
    """What was judged of one picture.

    Attributes
    ----------
    at_ns : int
        Its event time, nanoseconds.
    raw, p_value : float or None
        How strange, and how rare; None where that is not known.
    note : str
        What the camera's condition is, in words; empty where all is well.
    cells : ndarray (rows, columns) or None
        How strange each cell is, >= 0.
    boxes : tuple of (left, top, right, bottom)
        Things that are followed, shares of the picture.
    """

    at_ns: int
    raw: float | None
    p_value: float | None
    note: str
    cells: NDArray[np.float64] | None
    boxes: tuple[Box, ...]


class Easel:
    """Draws one picture after the other, all of one size.

    Parameters
    ----------
    cv : module
        OpenCV.
    shape : tuple of (int, int)
        Height and width of the first picture, which decide for all.
    """

    def __init__(self, cv: Any, shape: tuple[int, int]) -> None:
        self._cv = cv
        self._high = 2 * round(WIDTH * shape[0] / shape[1] / 2)
        self._past: deque[Sight] = deque()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of what is drawn, pixels, both even."""
        return WIDTH, self._high + STRIP

    def draw(self, picture: Picture, sight: Sight) -> Picture:
        """A picture (h, w) grey with all that is told of it, (height, width, 3) BGR."""
        self._past.append(sight)
        while sight.at_ns - self._past[0].at_ns > SHOWN_NS:
            self._past.popleft()
        canvas = np.full((self._high + STRIP, WIDTH, 3), colour("paper"), np.uint8)
        large = self._cv.resize(picture, (WIDTH, self._high), interpolation=self._cv.INTER_LINEAR)
        canvas[: self._high] = large[..., np.newaxis]
        self._draw_cells(canvas, sight)
        for left, top, right, bottom in sight.boxes:
            self._frame(canvas, (left, top, right, bottom), "ink", 1)
        self._write(canvas, sight)
        self._draw_strip(canvas, sight.at_ns)
        return canvas

    def _draw_cells(self, canvas: Picture, sight: Sight) -> None:
        """Tint the cells by their part in what is strange, the stronger the stranger it is."""
        if sight.cells is None or not sight.raw or sight.raw < 0 or sight.cells.sum() <= 0:
            return
        shares = sight.cells / sight.cells.sum()
        rows, columns = shares.shape
        strength = height_of(sight.raw)
        for (row, column), share in np.ndenumerate(shares):
            if share < SHARE:
                continue
            box = column / columns, row / rows, (column + 1) / columns, (row + 1) / rows
            left, top, right, bottom = self._pixels(box)
            part = canvas[top:bottom, left:right]
            weight = 0.45 * strength * min(1.0, share / shares.max())
            part[:] = (part * (1 - weight) + np.array(colour("high")) * weight).astype(np.uint8)
            self._frame(canvas, box, "high", 2)

    def _write(self, canvas: Picture, sight: Sight) -> None:
        seconds = sight.at_ns / NS
        told = f"{int(seconds // 60):02d}:{seconds % 60:04.1f}   "
        told += "not judged" if sight.raw is None else f"score {sight.raw:.3g}"
        told += "" if sight.p_value is None else f"   {one_in(sight.p_value)}"
        for number, (text, name) in enumerate(((told, shade(sight)), (sight.note, "muted"))):
            place = (8, self._high + _LINE * (number + 1) - 6)
            plain = text.encode("ascii", "replace").decode()
            font = self._cv.FONT_HERSHEY_SIMPLEX
            self._cv.putText(canvas, plain, place, font, _TEXT, colour(name), 1, self._cv.LINE_AA)

    def _draw_strip(self, canvas: Picture, now_ns: int) -> None:
        """The scores of the last `SHOWN_NS`, the newest at the right."""
        top, bottom = self._high + 2 * _LINE + 4, self._high + STRIP - 6
        for level in (1.0, 10.0, 100.0):
            row = bottom - round(height_of(level) * (bottom - top))
            canvas[row, :] = colour("rule")
        for sight in self._past:
            if sight.raw is None:
                continue
            column = WIDTH - 4 - round((now_ns - sight.at_ns) / SHOWN_NS * (WIDTH - 8))
            row = bottom - round(height_of(sight.raw) * (bottom - top))
            canvas[row : bottom + 1, column - 1 : column + 2] = colour(shade(sight))
        canvas[bottom, :] = colour("muted")

    def _frame(self, canvas: Picture, box: Box, name: str, thick: int) -> None:
        left, top, right, bottom = self._pixels(box)
        self._cv.rectangle(canvas, (left, top), (right - 1, bottom - 1), colour(name), thick)

    def _pixels(self, box: Box) -> tuple[int, int, int, int]:
        left, top, right, bottom = (min(1.0, max(0.0, share)) for share in box)
        return round(left * WIDTH), round(top * self._high), round(right * WIDTH), round(bottom * self._high)


def draw_heat(cv: Any, place: Picture, heat: NDArray[np.float64], caption: str) -> Picture:
    """Where it was strange over a whole film, over the place itself.

    Parameters
    ----------
    cv : module
        OpenCV.
    place : ndarray (h, w) uint8
        How the place looks, as it may be shown.
    heat : ndarray (rows, columns)
        How much was strange in each cell, >= 0.
    caption : str
        What stands below it.

    Returns
    -------
    ndarray (height, width, 3) uint8
        BGR.
    """
    high = 2 * round(WIDTH * place.shape[0] / place.shape[1] / 2)
    ground = cv.resize(place, (WIDTH, high), interpolation=cv.INTER_LINEAR)[..., np.newaxis].repeat(3, axis=2)
    share = heat / heat.max() if heat.max() > 0 else heat
    smooth = np.clip(cv.resize(share, (WIDTH, high), interpolation=cv.INTER_CUBIC), 0, 1)
    warm = cv.applyColorMap((255 * smooth).astype(np.uint8), cv.COLORMAP_INFERNO)
    weight = (0.75 * np.sqrt(smooth))[..., np.newaxis]
    canvas = np.full((high + _LINE + 8, WIDTH, 3), colour("paper"), np.uint8)
    canvas[:high] = (ground * (1 - weight) + warm * weight).astype(np.uint8)
    plain = caption.encode("ascii", "replace").decode()
    place_ = (8, high + _LINE - 2)
    cv.putText(canvas, plain, place_, cv.FONT_HERSHEY_SIMPLEX, _TEXT, colour("ink"), 1, cv.LINE_AA)
    return canvas


def height_of(raw: float) -> float:
    """How high a score is drawn, a share of the strip; logarithmic."""
    return float(np.clip(np.log1p(max(raw, 0.0)) / np.log1p(HIGHEST), 0.0, 1.0))


def shade(sight: Sight) -> str:
    """Name of the colour of a moment: the rarer the stronger."""
    if sight.p_value is None:
        return "absent"
    return "critical" if sight.p_value < RAREST else "high" if sight.p_value < RARE else "low"


def colour(name: str) -> tuple[int, int, int]:
    """A colour of the palette as blue, green, red."""
    red, green, blue = bytes.fromhex(DARK[name][1:])
    return blue, green, red
