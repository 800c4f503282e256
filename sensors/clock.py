"""Time as an argument: whoever needs the present moment is given a `Clock`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

STEP_NS = 50_000_000
"""A clock that is this much further than it should be was set."""


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


class SteadyClock:
    """Event time of a live run: it begins with the system's clock and never goes back.

    Where the system's clock is set forward by more than `STEP_NS` it is followed; where it is set back, time goes on at
    the pace of a clock that nobody sets, and `ahead_ns` says how far it is off since.

    Parameters
    ----------
    clock : Clock
        The system's.
    steady_ns : callable () -> int
        A clock that nobody sets, nanoseconds.
    """

    def __init__(self, clock: Clock | None = None, steady_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock, self._steady_ns = clock or SystemClock(), steady_ns
        self._epoch_ns = self._offset_ns()

    @property
    def ahead_ns(self) -> int:
        """How far this clock is ahead of the system's, nanoseconds."""
        return self._epoch_ns - self._offset_ns()

    def now_ns(self) -> int:
        """Present moment, nanoseconds UTC; never before an earlier answer."""
        steady_ns = self._steady_ns()
        epoch_ns = self._clock.now_ns() - steady_ns
        if epoch_ns > self._epoch_ns + STEP_NS:
            self._epoch_ns = epoch_ns
        return steady_ns + self._epoch_ns

    def _offset_ns(self) -> int:
        steady_ns = self._steady_ns()
        return self._clock.now_ns() - steady_ns


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
