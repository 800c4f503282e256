"""What happens where: a coarse grid over the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.video.flow import Flow
from sensors.video.layout import BINS, COLUMNS, PARTS, ROWS

Floats = NDArray[np.float64]


def cell_motion(cv: Any, flow: Flow) -> Floats:
    """Mean speed and velocity of each cell.

    Parameters
    ----------
    cv : module
        OpenCV.
    flow : Flow
        Motion on its own grid.

    Returns
    -------
    ndarray (3, ROWS, COLUMNS)
        Speed, velocity to the right, velocity down; picture heights a second.
    """
    stacked = np.dstack([flow.speed, flow.vectors])
    moved = np.asarray(cv.resize(stacked, (COLUMNS, ROWS), interpolation=cv.INTER_AREA), np.float64)
    return np.moveaxis(moved, -1, 0)


def cell_shares(cv: Any, mask: NDArray[np.uint8]) -> Floats:
    """Share of each cell that is off the background.

    Parameters
    ----------
    cv : module
        OpenCV.
    mask : ndarray (h, w) uint8
        255 where the picture is off the background, else 0.

    Returns
    -------
    ndarray (ROWS, COLUMNS)
        In [0, 1].
    """
    shares = cv.resize(mask.astype(np.float32), (COLUMNS, ROWS), interpolation=cv.INTER_AREA)
    return np.asarray(shares, np.float64) / 255.0


def count_directions(flow: Flow) -> Floats:
    """Mean speed towards each of eight directions, in each part of the picture.

    Parameters
    ----------
    flow : Flow
        Motion on its own grid.

    Returns
    -------
    ndarray (rows, columns, BINS)
        Picture heights a second; the sum over directions is the part's mean speed.
    """
    speed = flow.speed.astype(np.float64)
    height, width = speed.shape
    angle = np.arctan2(flow.vectors[..., 1], flow.vectors[..., 0])
    towards = np.rint(angle * (BINS / (2 * np.pi))).astype(np.intp) % BINS
    part = (np.arange(height) * PARTS[0] // height)[:, None] * PARTS[1] + np.arange(width) * PARTS[1] // width
    place = (part * BINS + towards).ravel()
    many = PARTS[0] * PARTS[1] * BINS
    sums = np.bincount(place, weights=speed.ravel(), minlength=many).reshape(*PARTS, BINS)
    sizes = np.bincount(part.ravel(), minlength=PARTS[0] * PARTS[1]).reshape(*PARTS, 1)
    return np.asarray(sums / np.maximum(sizes, 1))
