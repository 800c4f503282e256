"""What a daemon lets go of goes back to the system, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

LIVES = """
import sys
from pathlib import Path

import numpy as np

from fusion.live.allocator import LARGE, keep_little

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1] == "little":
    keep_little()
first, pins = resident(), []
for _ in range(50):
    large = [np.ones(6 * LARGE // 8) for _ in range(5)]
    pins.append(b"x" * (LARGE // 2))
    del large
print((resident() - first - sum(map(len, pins))) // LARGE)
"""


def held(way: str) -> int:
    """Megabytes that are still resident of arrays that were let go of, each time after something smaller was made."""
    done = subprocess.run([sys.executable, "-c", LIVES, way], capture_output=True, text=True, check=True, timeout=60)
    return int(done.stdout)


def test_large_arrays_leave_nothing_behind_whatever_was_made_after_them() -> None:
    assert held("little") <= 5
    assert held("usual") >= 20
