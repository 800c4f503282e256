"""A digest of all that the engine says of kept testimony: what makes it quicker must not change it.

    python -m benchmarks.digest CACHE...

CACHE is what `benchmarks.testimony` made. For each family one line: SHA-256 of every verdict, change and condition that
the engine gives while it learns the quiet recordings and judges the tests, and of what it has learned then, to the last
bit. Run it before and after a change, and compare.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.testimony import TICK_S, Testimony, judge, learn_from
from fusion.assemble import engine_settings
from fusion.config import Settings
from fusion.engine import Memory, Step

HOURLY = 24.0
"""False alarms per day: often enough that incidents are among what is compared."""


class Digest:
    """Takes what an engine says, in order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def step(self, step: Step) -> None:
        """Take a verdict and what it changed; `repr` tells floats to the last bit."""
        self._hash.update(repr(step).encode())

    def memory(self, memory: Memory) -> None:
        """Take what was learned."""
        for part in (memory.channels, memory.blocks, memory.moments, memory.agreement):
            self._arrays(part)

    def told(self) -> str:
        """The digest so far, in hexadecimal digits."""
        return self._hash.hexdigest()

    def _arrays(self, arrays: Mapping[str, NDArray[np.float64]]) -> None:
        for name, values in arrays.items():
            self._hash.update(name.encode())
            self._hash.update(values.tobytes())


def digest_of(cache: Path) -> str:
    """The digest of one family."""
    digest, settings = Digest(), engine_settings(Settings(false_alarms_per_day=HOURLY), TICK_S)
    memory = learn_from([Testimony.load(path) for path in sorted(cache.glob("quiet-*.npz"))], settings, digest.step)
    digest.memory(memory)
    for path in sorted(cache.glob("test-*.npz")):
        for step in judge(Testimony.load(path), settings, memory):
            digest.step(step)
    return digest.told()


def main(words: Sequence[str] | None = None) -> int:
    """Print a line for each family."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("caches", nargs="+", type=Path)
    for cache in parser.parse_args(words).caches:
        for family in sorted(path for path in cache.iterdir() if path.is_dir()):
            print(digest_of(family), cache.name, family.name, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
