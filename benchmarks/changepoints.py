"""Changepoints found: a window of some rows follows each, and the first alarm in it counts, the earlier the more.

The rule of the Skoltech benchmark: an alarm at relative position u in [0, 1] of a window is worth
`(1 - low) / 2 * (1 - tanh(2 x) / tanh(pi)) + low` with x = pi (u - 1/2) and low = -0.11; a window without any costs 1,
each alarm outside of all 0.11. Windows that overlap end where the next begins. 0 is what silence gets, 100 an alarm at
each changepoint.

References
----------
Katser, I. and Kozitsin, V. (2020). Skoltech Anomaly Benchmark (SKAB). doi:10.34740/KAGGLE/DSV/1693952
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FALSE, MISSED = 0.11, 1.0
"""Cost of an alarm outside of all windows, and of a window without any."""

Flags = NDArray[np.bool_]


def changepoint_score(files: Sequence[tuple[Flags, Sequence[int]]], rows: int) -> float:
    """Score in percent of alarms of some files, each with the rows of its changepoints and windows of so many rows."""
    total, known = 0.0, 0
    for alarms, points in files:
        outside = np.ones(len(alarms), bool)
        for number, point in enumerate(points):
            end = min(point + rows, len(alarms) - 1)
            if number + 1 < len(points):
                end = min(end, points[number + 1])
            outside[point : end + 1] = False
            hits = np.flatnonzero(alarms[point : end + 1])
            total += _worth(int(hits[0]), end - point) if len(hits) else -MISSED
        total -= FALSE * float((alarms & outside).sum())
        known += len(points)
    return 100 * (total + MISSED * known) / (known * (1 + MISSED))


def best_clock(files: Sequence[tuple[Flags, Sequence[int]]], known: int, rows: int) -> float:
    """Score of a clock that strikes every so many rows, whatever is measured, after those `known` to be normal.

    The best of all steps from a sixth of the window to ten windows: what shows how much of a score is worth nothing.
    """
    best = 0.0
    for step in range(max(1, rows // 6), 10 * rows):
        struck = [(np.arange(len(alarms)), points) for alarms, points in files]
        flags = [((at >= known) & (at % step == 0), points) for at, points in struck]
        best = max(best, changepoint_score(flags, rows))
    return best


def _worth(row: int, width: int) -> float:
    x = math.pi * (row / max(width, 1) - 0.5)
    return (1 + FALSE) / 2 * (1 - math.tanh(2 * x) / math.tanh(math.pi)) - FALSE
