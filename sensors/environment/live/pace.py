"""When to ask again: beats of a poll, with signs of life between."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

SLICE_S = 0.25


def beats(
    every_s: float, now_s: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
) -> Generator[bool, None, None]:
    """True when it is time, at once and then every `every_s`; False a few times a second while it is not.

    What takes longer than its beat is followed by the next at once, and what was missed is not made up for.
    """
    due_s = now_s()
    while True:
        left_s = due_s - now_s()
        if left_s <= 0:
            due_s = max(due_s + every_s, now_s())
            yield True
        else:
            sleep(min(left_s, SLICE_S))
            yield False
