"""What arrived and could not be used: counted by reason and origin, logged now and then, stopping nothing."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable

from sensors.environment.live.reading import Complaint

EVERY_S = 60.0
MOST = 64
"""Pairs of reason and origin that are told apart; what comes after them is counted by its reason alone."""

_SHOWN = 5
_LENGTH = 120
_log = logging.getLogger(__name__)


class Complaints:
    """Counts complaints of one stream.

    Parameters
    ----------
    stream : str
        Identity of the sensor, for the log.
    now_s : callable () -> float
        Seconds of a clock that is never set.

    Attributes
    ----------
    counts : Counter of (str, str)
        How often, by reason and origin.
    """

    def __init__(self, stream: str, now_s: Callable[[], float] = time.monotonic) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._stream, self._now_s = stream, now_s
        self._fresh: Counter[tuple[str, str]] = Counter()
        self._due_s = now_s()

    def add(self, complaint: Complaint) -> None:
        """Count one."""
        key = complaint.reason[:_LENGTH], complaint.origin[:_LENGTH]
        if key not in self.counts and len(self.counts) >= MOST:
            key = (key[0] if (key[0], "") in self.counts or len(self.counts) < 2 * MOST else "others"), ""
        self.counts[key] += 1
        self._fresh[key] += 1
        self.log()

    def log(self) -> None:
        """Log what is new, unless that was done less than a minute ago."""
        if not self._fresh or self._now_s() < self._due_s:
            return
        self._due_s = self._now_s() + EVERY_S
        told = ", ".join(f"{_said(key)} {count} times" for key, count in self._fresh.most_common(_SHOWN))
        more = f", and {len(self._fresh) - _SHOWN} more" if len(self._fresh) > _SHOWN else ""
        _log.warning("%s: not usable: %s%s", self._stream, told, more)
        self._fresh.clear()

    def foremost(self) -> str:
        """The most frequent so far, in words; empty where there is none."""
        return next((f"{_said(key)} {count} times" for key, count in self.counts.most_common(1)), "")


def _said(key: tuple[str, str]) -> str:
    reason, origin = key
    return f"{reason} ({origin!r})" if origin else reason
