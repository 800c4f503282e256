"""What every table is also judged by: three rules that know nothing, and two detectors of River.

`always` flags every row, `clock` every tenth part of a table, `window` (windowed Gaussian) measures each value by mean
and deviation of the newest rows; of several columns the strangest counts. River's LODA and half-space trees score a row
before they learn it, and stop learning after the rows that are known to be normal, where some are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from river import anomaly

from benchmarks.tables import Labelled

Floats = NDArray[np.float64]

WINDOW_ROWS, WINDOW_STEP = 6400, 150
"""Rows of the windowed Gaussian, and how often its mean and deviation are taken anew."""

CLOCK_TIMES = 10
"""How often the clock strikes in a table."""

RANGE_ROWS = 200
"""First rows whose range, doubled, half-space trees are told, where nothing is known to be normal."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A detector that needs nothing but numbers: its name, and scores of a table's rows, larger is stranger."""

    name: str
    scores: Callable[[Labelled], Floats]


def always(table: Labelled) -> Floats:
    """Flag all."""
    return np.ones(len(table.readings))


def clock(table: Labelled) -> Floats:
    """Flag now and then, whatever is measured."""
    count = len(table.readings)
    scores = np.zeros(count)
    scores[np.arange(1, CLOCK_TIMES + 1) * count // (CLOCK_TIMES + 1)] = 1.0
    return scores


def windowed_gaussian(table: Labelled) -> Floats:
    """Decades of rarity under a normal law of the newest rows, or of those that are known to be normal."""
    rows, known = _with_normal(table)
    scores = np.zeros(len(rows))
    mean, spread = rows[:1].mean(axis=0), np.ones(rows.shape[1])
    for number, row in enumerate(rows):
        if number <= max(known, WINDOW_STEP) or (not known and number % WINDOW_STEP == 0):
            past = rows[max(0, number - WINDOW_ROWS) : max(number, 1)]
            if number % WINDOW_STEP == 0 or number == known:
                mean, spread = past.mean(axis=0), np.maximum(past.std(axis=0), 1e-6 + 1e-3 * np.abs(mean))
        far = float((np.abs(row - mean) / spread).max())
        scores[number] = -math.log10(max(math.erfc(far / math.sqrt(2)), 1e-300))
    return scores[len(rows) - len(table.readings) :]


def loda(table: Labelled) -> Floats:
    """River's lightweight online detector of anomalies."""
    return _river(table, anomaly.LODA(n_bins=10, n_random_cuts=100, seed=1), scaled=False)


def half_space_trees(table: Labelled) -> Floats:
    """River's half-space trees over columns brought to [0, 1]."""
    return _river(table, anomaly.HalfSpaceTrees(n_trees=25, height=8, window_size=250, seed=1), scaled=True)


RIVALS = (
    Rival("always", always),
    Rival("clock", clock),
    Rival("windowed Gaussian", windowed_gaussian),
    Rival("River LODA", loda),
    Rival("River half-space trees", half_space_trees),
)


def _river(table: Labelled, detector: object, scaled: bool) -> Floats:
    rows, known = _with_normal(table)
    if scaled:
        first = rows[: known or RANGE_ROWS]
        low, high = first.min(axis=0), first.max(axis=0)
        reach = np.maximum(high - low, 1e-9)
        rows = np.clip((rows - (low - reach / 2)) / (2 * reach), 0, 1)
    scores = np.zeros(len(rows))
    for number, named in enumerate(_named(rows)):
        scores[number] = detector.score_one(named)  # type: ignore[attr-defined]
        if not known or number < known:
            detector.learn_one(named)  # type: ignore[attr-defined]
    return scores[len(rows) - len(table.readings) :]


def _named(rows: Floats) -> Iterator[dict[int, float]]:
    names: Sequence[int] = range(rows.shape[1])
    return (dict(zip(names, row, strict=True)) for row in rows.tolist())


def _with_normal(table: Labelled) -> tuple[Floats, int]:
    """The normal rows and those to judge, and how many are known to be normal."""
    if table.taught is not None:
        return np.concatenate([table.taught, table.readings]), len(table.taught)
    return table.readings, table.normal_rows
