"""Faces and persons made unreadable: whatever is shown to people of a picture goes through a `Veil`.

Why motion and no face finder: a finder misses the face that is turned away, small or dark, and each miss is somebody
shown. Who walks into a picture differs from the empty place, whatever he looks like.

What it cannot promise:

- Who was there when the camera was switched on, and never moved, is taken for furniture.
- Who stands still for longer than some ten minutes becomes furniture. All that stood out or moved within the last
  `HOLD_S` seconds stays veiled.
- Whoever is as grey as what is behind him, in every square, is not seen; for that, more is veiled than was seen.
- Where somebody is, how tall, and how he moves stays visible, and many pictures of the same blocks tell more than one.
- Before the empty place is known, and again where the whole picture changed, all of it is veiled.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.types import NS

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]

BLOCKS = 16
"""Blocks that a picture is high: a face is some of these, each of one grey."""

SQUARES = 3
"""A block is looked at in so many squares each way."""

SETTLED_S = 3.0
"""How long the empty place is looked for while all is veiled, seconds."""

HOLD_S = 5.0
"""How long a block stays veiled after something was there, seconds."""

OFF_LEVELS = 8.0
"""Difference from the empty place, or from the picture before, from which something is there, grey levels."""

FLOODED = 0.5
"""Share of the picture that differs from which it is another picture."""

SETTLING_LEVELS_S, QUICK_LEVELS_S, SLOW_LEVELS_S = 20.0, 4.0, 0.05
"""How fast the empty place follows what is seen: at first, where nothing is, and where something is, grey levels a
second."""

ABOVE, ASIDE = 2, 1
"""Blocks by which what is veiled reaches beyond what was seen: more above, since hair is often as dark as the wall."""

GAP_NS = 2 * NS
"""After a longer pause all is looked for anew, nanoseconds."""

DARKEST = 8.0
"""Added to medians before dividing, grey levels."""


class Veil:
    """Pixelates what is not the empty place; one for each camera. `cv` is OpenCV."""

    def __init__(self, cv: Any) -> None:
        self._cv = cv
        self._shape: tuple[int, ...] = ()
        self._empty = self._before = np.zeros((0, 0), np.float32)
        self._until = np.zeros((0, 0), np.int64)
        self._began_ns = self._last_ns = 0

    def cover(self, picture: Picture, at_ns: int) -> Picture:
        """A picture that may be shown.

        Parameters
        ----------
        picture : ndarray (h, w) or (h, w, 3) uint8
            As the camera gave it.
        at_ns : int
            Its event time, nanoseconds UTC; grows.

        Returns
        -------
        ndarray, as `picture`
            A copy; each veiled block is of one colour, its mean.
        """
        veiled = self.look(picture, at_ns)
        high, wide = picture.shape[:2]
        blocks = self._cv.resize(picture, veiled.shape[::-1], interpolation=self._cv.INTER_AREA)
        coarse = self._cv.resize(blocks, (wide, high), interpolation=self._cv.INTER_NEAREST)
        mask = self._cv.resize(veiled.astype(np.uint8), (wide, high), interpolation=self._cv.INTER_NEAREST) > 0
        return np.where(mask if picture.ndim == 2 else mask[..., np.newaxis], coarse, picture)

    def look(self, picture: Picture, at_ns: int) -> Mask:
        """Which blocks have to be veiled, (`BLOCKS`, columns); learns the empty place on the way."""
        small = self._small(picture)
        if picture.shape != self._shape or not 0 < at_ns - self._last_ns <= GAP_NS:
            self._begin(picture, small, at_ns)
        # Half of the picture is the place: by the median of the ratios, light that changes is no one who came.
        level = (small + DARKEST) * np.median((self._empty + DARKEST) / (small + DARKEST)) - DARKEST
        off = np.abs(level - self._empty) > OFF_LEVELS
        if off.mean() > FLOODED:
            self._begin(picture, small, at_ns)
            return np.ones_like(self._until, bool)
        moved = np.abs(level - self._before) > OFF_LEVELS
        here = self._grown((off | moved).reshape(BLOCKS, SQUARES, -1, SQUARES).any(axis=(1, 3)))
        self._follow(level, here, at_ns)
        self._until[here] = at_ns + round(HOLD_S * NS)
        if at_ns - self._began_ns < SETTLED_S * NS:
            return np.ones_like(here)
        return np.asarray(self._until > at_ns)

    def _begin(self, picture: Picture, small: NDArray[np.float32], at_ns: int) -> None:
        self._shape, self._empty, self._before = picture.shape, small, small
        self._until = np.zeros((BLOCKS, small.shape[1] // SQUARES), np.int64)
        self._began_ns = self._last_ns = at_ns

    def _small(self, picture: Picture) -> NDArray[np.float32]:
        """Mean grey of each square, (BLOCKS * SQUARES, columns * SQUARES)."""
        high, wide = picture.shape[:2]
        columns = max(1, round(BLOCKS * wide / high))
        size = (columns * SQUARES, BLOCKS * SQUARES)
        small = self._cv.resize(picture, size, interpolation=self._cv.INTER_AREA).astype(np.float32)
        return np.asarray(small if small.ndim == 2 else small.mean(axis=2), np.float32)

    def _follow(self, level: NDArray[np.float32], here: Mask, at_ns: int) -> None:
        """Let the empty place follow: soon where nothing is, hardly where something is."""
        span_s = (at_ns - self._last_ns) / NS
        settling = at_ns - self._began_ns < SETTLED_S * NS
        squares = here.repeat(SQUARES, axis=0).repeat(SQUARES, axis=1)
        rates = np.where(squares, SLOW_LEVELS_S, QUICK_LEVELS_S) if not settling else np.float64(SETTLING_LEVELS_S)
        step = np.asarray(rates * span_s, np.float32)
        self._empty = self._empty + np.clip(level - self._empty, -step, step)
        self._before, self._last_ns = level, at_ns

    def _grown(self, seen: Mask) -> Mask:
        """Patches filled and made larger, to cover what is flat inside one, or as grey as the wall at its edge."""
        around = np.ones((3, 3), np.uint8)
        closed = self._cv.morphologyEx(np.pad(seen, 2).astype(np.uint8), self._cv.MORPH_CLOSE, around)
        edges, _ = self._cv.findContours(closed, self._cv.RETR_EXTERNAL, self._cv.CHAIN_APPROX_NONE)
        self._cv.drawContours(closed, edges, -1, 1, self._cv.FILLED)
        reach = np.ones((ASIDE + 1 + ABOVE, 2 * ASIDE + 1), np.uint8)
        grown = self._cv.dilate(closed, reach, anchor=(ASIDE, ASIDE))
        return np.asarray(grown[2:-2, 2:-2] > 0)
