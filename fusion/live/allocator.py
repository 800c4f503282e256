"""How the C library keeps memory that was let go of: for a process of many threads that is to last for months.

Why: glibc raises the size from which a piece of memory is asked of the system by itself each time that such a piece
is let go of, up to 32 MB. From then on the large arrays of a refit or of a save lie on the heap, where something small
that was made meanwhile keeps them resident for good. Each thread may have a heap of its own, where the same happens.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Numbers of mallopt(3)."""

LARGE = 1 << 20
"""Bytes from which a piece goes back to the system when it is let go of; pictures at work are smaller."""

SPARE = 4 << 20
"""Bytes at the end of a heap that are kept for what comes next."""

HEAPS = 2
"""Of all threads together: those that listen hold the interpreter's lock in turn anyway."""


def keep_little() -> None:
    """Have memory go back to the system; before other threads begin, and without effect where this is no glibc."""
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        for what, value in ((_MMAP_THRESHOLD, LARGE), (_TRIM_THRESHOLD, SPARE), (_ARENA_MAX, HEAPS)):
            library.mallopt(what, value)
