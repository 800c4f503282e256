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


class ReplayClock:
    """The time of a recording, which passes at `speed` times the pace of another clock.

    Parameters
    ----------
    start_ns : int
        Event time at which the recording begins, nanoseconds UTC.
    speed : float
        1 for the pace of life, > 0.
    clock : Clock
        The pace-maker.
    """

    def __init__(self, start_ns: int, speed: float, clock: Clock) -> None:
        if speed <= 0:
            raise ValueError(f"a replay goes forward: speed must be above 0, is {speed}")
        self._start_ns, self._speed, self._clock = start_ns, speed, clock
        self._began_ns = clock.now_ns()

    def now_ns(self) -> int:
        """Present moment of the recording, nanoseconds UTC."""
        return self._start_ns + round((self._clock.now_ns() - self._began_ns) * self._speed)


class ManualClock:
    """A clock turned by hand, for tests."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """Present moment, nanoseconds UTC."""
        return self._now_ns

    def advance(self, to_ns: int) -> None:
        """Turn forward to `to_ns`; a clock never goes back."""
        self._now_ns = max(self._now_ns, to_ns)
