"""Event times for samples of which only the arrival is known.

The estimate is the minimum filter of network clocks: what arrives is late by a constant and by something that is never
negative, so the least lateness seen is the best guess of the constant (Paxson 1998, "On calibrating measurements of
packet transit times", doi:10.1145/277851.277865).

Why steps and no slewing: whoever frames the samples takes a start that is off by more than two samples for a gap, so
small corrections all the time would be gaps all the time. Between two steps times follow the count of samples alone.
"""

from __future__ import annotations

import math

from sensors.types import NS

EARLY_NS = 20_000_000
"""A sample that came earlier than its time by more than this proves the time wrong."""

LATE_NS = 60_000_000
"""Samples that came later than their time by more than this for a whole window prove it wrong, too."""

WINDOW_NS = 5 * NS
_SEAM = 3


class Timeline:
    """Places runs of samples in event time; what it has placed it never takes back.

    A clock that is set forward is followed, which is a gap. One that is set back is not: times go on from where they
    were. Give all sources one clock that is never set back, where that matters.

    Parameters
    ----------
    rate_hz : int
        Samples per second.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._run: int | None = None
        self._zero_ns = self._least_ns = self._window_ns = 0
        self._epoch_ns: int | None = None
        self._end_ns: int | None = None

    def begin(self) -> None:
        """Another reader has taken over: its runs are not those before."""
        self._run = None

    def place(self, run: int, position: int, count: int, captured_ns: int, epoch_ns: int) -> tuple[int, int]:
        """Where `count` samples belong.

        Parameters
        ----------
        run, position : int
            Number of the run without a gap, and of the first sample in it.
        count : int
            How many samples, > 0.
        captured_ns : int
            When the last one arrived, nanoseconds of a clock that is never set.
        epoch_ns : int
            UTC less that clock, nanoseconds, at this moment.

        Returns
        -------
        start_ns : int
            Event time of the first sample that is kept, nanoseconds UTC; never before the end of what was placed.
        skip : int
            Samples in front to leave out, since their time is already taken, 0..count.
        """
        self._follow(run, captured_ns - self._span_ns(position + count), captured_ns)
        if self._epoch_ns is None or epoch_ns > self._epoch_ns + LATE_NS:
            self._epoch_ns = epoch_ns
        zero_ns = self._epoch_ns + self._zero_ns
        start_ns, skip = zero_ns + self._span_ns(position), 0
        if self._end_ns is not None and start_ns < self._end_ns:
            overlap = math.ceil((self._end_ns - start_ns) * self._rate_hz / NS)
            skip = min(count, overlap + _SEAM)
            start_ns = zero_ns + self._span_ns(position + skip)
        if skip < count:
            self._end_ns = zero_ns + self._span_ns(position + count)
        return start_ns, skip

    def _follow(self, run: int, zero_ns: int, now_ns: int) -> None:
        """Keep or move the time of sample 0 of the run, given where this arrival alone would put it."""
        if run != self._run or zero_ns < self._zero_ns - EARLY_NS:
            self._run, self._zero_ns = run, zero_ns
        elif now_ns < self._window_ns:
            self._least_ns = min(self._least_ns, zero_ns)
            return
        elif self._least_ns > self._zero_ns + LATE_NS:
            self._zero_ns = self._least_ns
        self._least_ns, self._window_ns = zero_ns, now_ns + WINDOW_NS

    def _span_ns(self, samples: int) -> int:
        return round(samples * NS / self._rate_hz)
