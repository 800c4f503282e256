"""How long to wait before trying again: longer each time, bounded, never in step with others."""

from __future__ import annotations

from collections.abc import Callable
from random import SystemRandom

_CHANCE = SystemRandom().random


class Backoff:
    """Delays that double from `least_s` to `most_s`; of each, a random half is taken off.

    Parameters
    ----------
    least_s, most_s : float
        The first and the longest delay, seconds.
    chance : callable () -> float
        Uniform in [0, 1). Why at all: after a power cut all sensors of a site come back at once.
    """

    def __init__(self, least_s: float = 0.25, most_s: float = 3.0, chance: Callable[[], float] = _CHANCE) -> None:
        self._least_s, self._most_s, self._chance = least_s, most_s, chance
        self._delay_s = least_s

    def next_s(self) -> float:
        """The next delay, seconds in (delay / 2, delay]."""
        delay_s = self._delay_s
        self._delay_s = min(self._most_s, 2 * delay_s)
        return delay_s * (1 - self._chance() / 2)

    def reset(self) -> None:
        """All is well: begin with the first delay."""
        self._delay_s = self._least_s
