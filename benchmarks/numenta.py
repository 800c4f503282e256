"""The scoring rule of the Numenta Anomaly Benchmark, written from its publication.

Every anomaly has a window of rows around it. Of the rows that score at or above a threshold, the first in a window is
worth up to 1, the earlier the more; a window without any costs `missed`; each row outside costs up to `false`, less
just behind a window. The worth of a row at relative position y (-1 at a window's left end, 0 at its right one, above
0 behind it) is s(y) = 2 / (1 + exp(5 y)) - 1, and -1 from three widths behind it on.
The first 15 % of a file, 750 rows at most, are not scored. One threshold serves all files, the one that is
best for them; 0 is what a detector gets that never speaks, 100 one that speaks once at each window's beginning.

References
----------
Lavin, A. and Ahmad, S. (2015). Evaluating real-time anomaly detection algorithms: the Numenta Anomaly Benchmark. IEEE
ICMLA, 38-44. doi:10.1109/ICMLA.2015.141
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PROBATION, PROBATION_ROWS = 0.15, 750
"""Share of a file that is not scored, and most rows."""

STEEP, FAR = 5.0, 3.0
"""Steepness of the worth of a position, and relative position from which a false alarm costs all."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a false alarm and a missed window cost, beside 1 for a window found at once."""

    false: float
    missed: float


PROFILES = {"standard": Profile(0.11, 1.0), "low false alarms": Profile(0.22, 1.0), "low misses": Profile(0.11, 2.0)}


@dataclass(frozen=True, slots=True)
class Judged:
    """Scores of a file's rows, larger is stranger, and its windows: first and last row, both inside."""

    scores: Floats
    windows: Sequence[tuple[int, int]]


def worth(position: Floats) -> Floats:
    """Worth of rows at positions relative to a window, in (-1, 1)."""
    return np.where(position >= FAR, -1.0, 2 / (1 + np.exp(STEEP * np.minimum(position, FAR))) - 1)


def row_worths(count: int, windows: Sequence[tuple[int, int]]) -> tuple[NDArray[np.int64], Floats]:
    """Which window each row lies in, and what an alarm there is worth before costs are weighed.

    Returns
    -------
    window : ndarray (count,)
        Its number; -1 outside of all, -2 where rows are not scored.
    value : ndarray (count,)
        In a window (0, 1], outside [-1, 0).
    """
    rows = np.arange(count)
    window, value = np.full(count, -1), np.full(count, -1.0)
    for number, (first, last) in enumerate(windows):
        width = last - first + 1
        inside = slice(first, last + 1)
        value[inside] = worth(-(last - rows[inside] + 1) / width) / worth(np.array(-1.0))
        window[inside] = number
        behind = slice(last + 1, windows[number + 1][0] if number + 1 < len(windows) else count)
        value[behind] = worth((rows[behind] - last) / max(width - 1, 1))
    window[: min(int(PROBATION * count), PROBATION_ROWS)] = -2
    return window, value


def best_score(files: Sequence[Judged], profile: Profile) -> tuple[float, float]:
    """Score of a corpus in percent, and the one threshold that gives it; never below 0, where nothing is flagged."""
    scores, window, value, known = [], [], [], 0
    for file in files:
        own, worths = row_worths(len(file.scores), file.windows)
        scored = own > -2
        scores.append(file.scores[scored])
        window.append(np.where(own < 0, own, own + known)[scored])
        value.append(np.where(own < 0, profile.false * worths, worths)[scored])
        known += len(file.windows)
    told, where, worths = (np.concatenate(parts) for parts in (scores, window, value))
    order = np.argsort(-told, kind="stable")
    best_of = np.full(known, -profile.missed)
    total = null = -profile.missed * known
    best, threshold = total, float("inf")
    ranked = told[order].tolist()
    for place, (row, score) in enumerate(zip(order.tolist(), ranked, strict=True)):
        if where[row] < 0:
            total += worths[row]
        elif worths[row] > best_of[where[row]]:
            total += worths[row] - best_of[where[row]]
            best_of[where[row]] = worths[row]
        if total > best and (place + 1 == len(ranked) or ranked[place + 1] != score):
            best, threshold = total, score
    return 100 * float(best - null) / (known - null), threshold


def score_at(files: Sequence[Judged], profile: Profile, threshold: float) -> float:
    """Score of a corpus in percent at a threshold that was set before."""
    fixed = [Judged((file.scores >= threshold).astype(np.float64), file.windows) for file in files]
    total, known = 0.0, 0
    for file in fixed:
        window, worths = row_worths(len(file.scores), file.windows)
        flagged = file.scores > 0
        total += profile.false * float(worths[flagged & (window == -1)].sum())
        for number in range(len(file.windows)):
            found = worths[flagged & (window == number)]
            total += float(found.max()) if len(found) else -profile.missed
        known += len(file.windows)
    return 100 * (total + profile.missed * known) / (known * (1 + profile.missed))
