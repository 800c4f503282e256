"""What any newcomer would try first: mean and fastest flow, and nearest neighbours of cell histograms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sensors.video.sources import VideoFileSource

Floats = NDArray[np.float64]

GRID = 4
BINS = 8
NEIGHBOURS = 5


def floor_scores(path: Path, learned: int) -> dict[str, Floats]:
    """Scores of all frames by three simple ways.

    Parameters
    ----------
    path : Path
        A video.
    learned : int
        Frames at the beginning that are normal.

    Returns
    -------
    dict of str to ndarray (n,)
        `mean flow` and `p99 flow`, pixels a frame; `knn cells`: mean distance to the five nearest of the learned
        frames, of 4 x 4 cells with eight directions weighted by speed, mean and 95 % speed and MOG2 share, each in
        standard deviations.
    """
    cv: Any = cv2
    flow = cv.DISOpticalFlow_create(cv.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    background = cv.createBackgroundSubtractorMOG2(history=500, varThreshold=16, detectShadows=False)
    before: NDArray[np.uint8] | None = None
    rows, means, tops = [], [], []
    for chunk in VideoFileSource("floor", path, 0, max_rate_hz=1000.0).chunks():
        grey = np.ascontiguousarray(chunk.data[0])
        field = flow.calc(grey if before is None else before, grey, None)
        before = grey
        speed, angle = cv.cartToPolar(field[..., 0], field[..., 1])
        towards = (angle / (2 * np.pi) * BINS).astype(int) % BINS
        mask = background.apply(grey)
        rows.append(_cells(speed, towards, mask))
        means.append(float(speed.mean()))
        tops.append(float(np.quantile(speed, 0.99)))
    return {
        "mean flow": np.array(means),
        "p99 flow": np.array(tops),
        "knn cells": _neighbours(np.array(rows), learned),
    }


def _cells(speed: NDArray[Any], towards: NDArray[Any], mask: NDArray[Any]) -> Floats:
    height, width = speed.shape
    out = []
    for row in range(GRID):
        for column in range(GRID):
            place = np.s_[
                row * height // GRID : (row + 1) * height // GRID, column * width // GRID : (column + 1) * width // GRID
            ]
            fast, way = speed[place].ravel(), towards[place].ravel()
            histogram = np.bincount(way, weights=fast, minlength=BINS) / fast.size
            out += [*histogram, fast.mean(), np.quantile(fast, 0.95), (mask[place] > 0).mean()]
    return np.array(out, np.float64)


def _neighbours(rows: Floats, learned: int) -> Floats:
    past = rows[1:learned]
    middle, spread = past.mean(axis=0), past.std(axis=0) + 1e-6
    known, all_ = (past - middle) / spread, (rows - middle) / spread
    squares = (all_**2).sum(1)[:, None] + (known**2).sum(1) - 2 * all_ @ known.T
    return np.asarray(np.sqrt(np.sort(np.maximum(squares, 0.0), axis=1)[:, :NEIGHBOURS]).mean(axis=1))
