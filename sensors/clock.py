"""Time as an argument: whoever needs the present moment is given a `Clock`."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time, nanoseconds UTC."""

    def now_ns(self) -> int:
        """Present moment, nanoseconds UTC."""
        ...


class SystemClock:
    """The machine's clock, for live sources; the only place that asks it."""

    def now_ns(self) -> int:
        """Present moment, nanoseconds UTC."""
        return time.time_ns()


class ManualClock:
    """A clock turned by hand: for tests, and for replays, where event time is the present."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """Present moment, nanoseconds UTC."""
        return self._now_ns

    def advance(self, to_ns: int) -> None:
        """Turn forward to `to_ns`; a clock never goes back."""
        self._now_ns = max(self._now_ns, to_ns)
