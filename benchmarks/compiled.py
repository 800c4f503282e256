"""What a compiled detector costs beside PyOD's own, one row at a time, and how far their scores are apart.

    python -m benchmarks.compiled [--rows 5000] [--width 20] [--json]

Each kind is fitted to ROWS rows of WIDTH quantities that follow each other, then asked for single rows, the compiled
one and then PyOD's; told are medians in microseconds, of the quickest of some rounds. Exits with 1 where one is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.baseline.fitting import fitted, unscaled
from sensors.fitted import KINDS, Fitted

Floats = NDArray[np.float64]

ASKED, ROUNDS = 200, 5
"""Rows that are asked for, and how often."""

BAR = 0.1
"""Share of PyOD's time that a compiled detector may take."""


def compare(kind: str, rows: Floats, asked: Floats) -> dict[str, Any]:
    """Medians of both, their ratio, and the largest difference of scores as a share of the score."""
    model = fitted(kind, rows)
    detector = Fitted(unscaled(kind, model, rows.shape[1]))
    ours, us = _ask(detector.score, list(asked))
    theirs, pyod_us = _ask(lambda row: model.decision_function(row)[0], list(asked[:, None]))
    apart = float(np.max(np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1e-12)))
    return {"us": round(us, 1), "PyOD us": round(pyod_us, 1), "share": round(us / pyod_us, 3), "apart": f"{apart:.0e}"}


def _ask(score: Callable[[Floats], float | None], rows: Sequence[Floats]) -> tuple[Floats, float]:
    """Scores of rows, one at a time, and the median of their microseconds in the quickest of some rounds."""
    medians = []
    for _ in range(ROUNDS):
        said, times = [], []
        for row in rows:
            begun = time.perf_counter()
            said.append(score(row))
            times.append(time.perf_counter() - begun)
        medians.append(1e6 * float(np.median(times)))
    return np.array(said, np.float64), min(medians)


def main(words: Sequence[str] | None = None) -> int:
    """Compare every kind and print it; 1 where one takes more than the share it may."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--width", type=int, default=20)
    parser.add_argument("--json", action="store_true", dest="as_json")
    told = parser.parse_args(words)
    rng = np.random.Generator(np.random.Philox(key=told.width))
    count = told.rows + ASKED
    life = rng.normal(0, 1, (count, 4)) @ rng.normal(0, 1, (4, told.width)) + rng.normal(0, 0.5, (count, told.width))
    figures = {kind: compare(kind, life[: told.rows], life[told.rows :]) for kind in KINDS}
    if told.as_json:
        print(json.dumps(figures))
    else:
        for kind, own in figures.items():
            print(f"{kind:14}" + "  ".join(f"{name} {value:>8}" for name, value in own.items()))
    return int(any(own["share"] > BAR for own in figures.values()))


if __name__ == "__main__":
    sys.exit(main())
