"""How far a device's clock is from ours, told from when its readings arrive.

What arrives is late by the difference of the clocks and by a delay that is never negative, so the least lateness is
the best guess of the difference (Paxson 1998, doi:10.1145/277851.277865). The second least is taken, so that one wild
time alone is not believed.
"""

from __future__ import annotations

from bisect import insort
from collections import deque

WINDOW = 32


class ClockOffset:
    """Our clock less that of one device."""

    def __init__(self) -> None:
        self._latest: deque[int] = deque(maxlen=WINDOW)
        self._sorted: list[int] = []

    def learn(self, device_ns: int, arrived_ns: int) -> int:
        """Take the newest reading of a report; the offset as it is known now.

        Parameters
        ----------
        device_ns, arrived_ns : int
            When the device says that it measured, and when that arrived; nanoseconds UTC.

        Returns
        -------
        offset_ns : int
            Nanoseconds to add to the device's times; positive where its clock is behind, or its delay constant.
        """
        if len(self._latest) == WINDOW:
            self._sorted.remove(self._latest[0])
        self._latest.append(arrived_ns - device_ns)
        insort(self._sorted, arrived_ns - device_ns)
        return self._sorted[1 if len(self._sorted) > 2 else 0]
