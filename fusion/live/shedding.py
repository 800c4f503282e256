"""What gives way when a box has too much to do, and in which order.

1. half of the pictures, 2. three quarters of them, 3. all but key frames, which spares the decoding,
4. all pictures.

Sound and readings never give way: an event of sound is brief and cannot be made up for, readings cost nothing.

Too much is where verdicts had to be given at their bound while somebody was still at work, or where something was
dropped. One step more is shed after a second in which that happened, one step less after ten in which it did not. A
step that had to be taken again at once is kept ten times as long: a box at its limit must not swing.
"""

from __future__ import annotations

from dataclasses import dataclass

from sensors.types import NS

STEPS = (
    "",
    "half of the pictures are left out: too much to do",
    "three quarters of the pictures are left out: too much to do",
    "all pictures but key frames are left out: too much to do",
    "all pictures are left out: too much to do",
)
"""In words for people, by level."""

ALL = len(STEPS) - 1
"""Level at which nothing is looked at."""

RAISE_NS, LOWER_NS, PATIENT = NS, 10 * NS, 10
HURRIED = 3
"""Verdicts at their bound within a second that are no chance."""


@dataclass(slots=True)
class Shedder:
    """Decides how much to shed.

    Attributes
    ----------
    level : int
        0 nothing, up to `ALL`.
    highest : int
        The highest level so far.
    """

    level: int = 0
    highest: int = 0
    _since_ns: int | None = None
    _calm_ns: int = 0
    _lowered_ns: int | None = None
    _hurried: int = 0
    _dropped: int = 0
    _wait_ns: int = LOWER_NS

    def observe(self, now_ns: int, hurried: int, dropped: int) -> bool:
        """Take note of what happened so far.

        Parameters
        ----------
        now_ns : int
            Present moment, nanoseconds.
        hurried : int
            Verdicts that were given at their bound while somebody was still at work, since the start.
        dropped : int
            What was dropped since the start, by anybody.

        Returns
        -------
        bool
            Whether the level is another.
        """
        if self._since_ns is None:
            self._since_ns = self._calm_ns = now_ns
            self._hurried, self._dropped = hurried, dropped
        if now_ns - self._since_ns < RAISE_NS:
            return False
        strained = hurried - self._hurried >= HURRIED or dropped > self._dropped
        self._mark(now_ns, hurried, dropped)
        if strained:
            self._calm_ns = now_ns
            return self._raise(now_ns)
        if now_ns - self._calm_ns < self._wait_ns:
            return False
        self._calm_ns = now_ns
        return self._lower(now_ns)

    def _raise(self, now_ns: int) -> bool:
        if self.level == ALL:
            return False
        soon = self._lowered_ns is not None and now_ns - self._lowered_ns <= 2 * LOWER_NS
        self._wait_ns = LOWER_NS * (PATIENT if soon else 1)
        self.level += 1
        self.highest = max(self.highest, self.level)
        return True

    def _lower(self, now_ns: int) -> bool:
        if not self.level:
            return False
        self.level, self._lowered_ns = self.level - 1, now_ns
        return True

    def _mark(self, now_ns: int, hurried: int, dropped: int) -> None:
        self._since_ns, self._hurried, self._dropped = now_ns, hurried, dropped
