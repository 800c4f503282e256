"""What moves and what stands at each height of the picture, as one row: for a model that is fitted to all of it.

Why beside motion that is judged cell by cell: much is strange only together. A street that is full below and empty
above, or crossed by one where there are always many, shows no single motion that was never seen.

Why means and maxima of bands and not the cells: a row of 48 cells wants a hundred hours to be known. On composed
recordings of three families (24 events) a mixture fitted to such rows ranked events above quiet stretches with .87 on
average, one fitted to measures of the whole picture with .85, nearest neighbours .82.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sensors.video.layout import ROWS, cells
from sensors.video.places import STILLNESS_HEIGHTS_S

Floats = NDArray[np.float64]

PART = "scene.bands"
"""What the model is fitted to, and what it is called in a detector's state."""

WIDTH = 3 * ROWS
"""Values of a row."""

FOREGROUND = 0.003
"""Added to shares of the foreground before the logarithm: a few pixels."""


def describe_scene(values: Floats) -> Floats:
    """How fast it is, and how full, at each height.

    Parameters
    ----------
    values : ndarray (len(layout.NAMES),)
        Values of `VideoExtractor`.

    Returns
    -------
    ndarray (WIDTH,)
        Logarithms of each band's mean steady speed, of the speed of its fastest cell, and of its share off the
        background, upper bands first; speeds are NaN where there is no picture before.
    """
    speed = cells(values, "steady_speed_heights_s")
    foreground = cells(values, "foreground_ratio").mean(axis=1)
    fast = np.log(np.concatenate([speed.mean(axis=1), speed.max(axis=1)]) + STILLNESS_HEIGHTS_S)
    return np.concatenate([fast, np.log(foreground + FOREGROUND)])
