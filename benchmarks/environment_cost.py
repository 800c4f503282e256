"""What watching readings costs: microseconds a reading, bytes a quantity, and how many run at once on one core."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import numpy as np

from sensors.environment.detectors import EVERY, EnvironmentDetector
from sensors.environment.features import EnvironmentExtractor
from sensors.types import NS, Chunk, Features

ROWS = 1500
"""Readings of each quantity."""

SENSORS = 10_000
"""Quantities that should be watched at one reading a second."""

DELAY_ROWS = 15
"""Rows between scoring and learning."""

TIMES = 3
"""Repetitions, of which the quickest counts."""


def measure_cost() -> dict[str, Any]:
    """Cost of extracting, scoring and learning, for a sensor of one quantity and for one of eight."""
    single = min(_us_a_reading(1) for _ in range(TIMES))
    eight = min(_us_a_reading(8) for _ in range(TIMES))
    return {
        "us a reading, one quantity": round(single, 1),
        "us a reading, eight quantities": round(eight, 1),
        "core needed by 10,000 at 1 Hz": round(single * SENSORS / 1e6, 2),
        "bytes a quantity, one": _bytes_a_quantity(1),
        "bytes a quantity, eight": _bytes_a_quantity(8),
    }


def cost_lines(figures: dict[str, Any]) -> list[str]:
    """The figures, a line each."""
    return ["cost", *(f"  {name:40}{value:>12,}" for name, value in figures.items())]


def _features(width: int) -> list[Features]:
    """A life of some quantities: a day's course, noise, and every quantity moved by its neighbours."""
    rng = np.random.Generator(np.random.Philox(key=width))
    at = np.arange(ROWS)[:, None] * 300.0
    rows = 20 + np.sin(2 * np.pi * at / 86_400 + np.arange(width)) + rng.normal(0, 0.2, (ROWS, width)).cumsum(axis=1)
    names = tuple(f"q{number}" for number in range(width))
    extractor = EnvironmentExtractor("cost")
    chunk = Chunk("cost", 0, 1_700_000_000 * NS, 1 / 300, rows, names)
    return list(extractor.extract(chunk))


def _us_a_reading(width: int) -> float:
    begun = time.process_time()
    life = _features(width)
    _live(EnvironmentDetector("cost", aspects=EVERY), life)
    return (time.process_time() - begun) / (ROWS * width) * 1e6


def _live(detector: EnvironmentDetector, life: list[Features]) -> None:
    for number, features in enumerate(life):
        if number >= DELAY_ROWS:
            detector.learn(life[number - DELAY_ROWS])
        detector.score(features)


def _bytes_a_quantity(width: int) -> int:
    life = _features(width)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    detector = EnvironmentDetector("cost", aspects=EVERY)
    _live(detector, life)
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return held // width
