"""What may be learned: nothing of an alarm, except that there was one.

Why an alarm still counts, up to a limit: leaving all of them out would cut off the very tail that decides, each cut
would lower the next threshold, and the rate of false alarms would not hold. So an alarm is learned censored: as "at
least this strange" and no more. But no more often than `ALLOWANCE` times the rate that the operator set: a real
incident is not chance, and is left out whole.

Why that ends with a flood: `FLOOD` alarms more than are allowed in a row are not so many incidents, but another world
(a new machine, another season). From then on all is learned, until alarms are as rare again as the operator wants them.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

ALLOWANCE = 2.0
MOST = 10.0
"""Alarms that may be counted in a row after a long quiet time."""

FLOOD = 10.0
"""Alarms beyond what is allowed after which the world is taken as it is."""


class Calm(Enum):
    """What may be learned of a moment."""

    QUIET = "quiet"
    CENSORED = "censored"
    EXCLUDED = "excluded"


class Disturbances:
    """Spans of time in which something alarmed, or was about to.

    Parameters
    ----------
    lead_ns : int
        How long before an alarm its onset may have begun.
    allowed_per_ns : float
        Alarms per nanosecond that may be counted as chance.
    """

    def __init__(self, lead_ns: int, allowed_per_ns: float) -> None:
        self._lead_ns, self._allowed_per_ns = lead_ns, allowed_per_ns
        self._spans: deque[tuple[int, int, Calm]] = deque(maxlen=1000)
        self._since: tuple[int, Calm] | None = None
        self._allowed = 0.0
        self._excess = 0.0
        self._marked_ns: int | None = None

    def mark(self, at_ns: int, disturbed: bool) -> None:
        """Note whether this tick is disturbed; ticks must grow."""
        if self._marked_ns is not None:
            gained = (at_ns - self._marked_ns) * self._allowed_per_ns
            self._allowed = min(self._allowed + gained, MOST)
            self._excess = max(self._excess - gained, 0.0)
        self._marked_ns = at_ns
        if disturbed and self._since is None:
            self._since = at_ns - self._lead_ns, self._spend()
        elif not disturbed and self._since is not None:
            self._spans.append((self._since[0], at_ns, self._since[1]))
            self._since = None

    def _spend(self) -> Calm:
        """What may be learned of an alarm that begins now."""
        if self._allowed >= 1:
            self._allowed -= 1
            return Calm.CENSORED
        if self._excess >= FLOOD:
            return Calm.QUIET
        self._excess += 1
        return Calm.EXCLUDED

    def calm(self, at_ns: int) -> Calm:
        """What may be learned of this moment."""
        return self.touching(at_ns, at_ns)[1]

    def touching(self, start_ns: int, end_ns: int) -> tuple[int | None, Calm]:
        """The first disturbed span that touches a stretch of time: its start, and what may be learned of it."""
        for start, end, calm in self._spans:
            if start <= end_ns and end >= start_ns:
                return start, calm
        if self._since is not None and end_ns >= self._since[0]:
            return self._since
        return None, Calm.QUIET

    def forget(self, before_ns: int) -> None:
        """Drop spans that ended before."""
        while self._spans and self._spans[0][1] < before_ns:
            self._spans.popleft()


PARTS = (Disturbances, Calm)
"""Classes that hold something, see `freezing`."""
