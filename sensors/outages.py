"""What a live source tells of its health: changes only, and of an outage each reason once."""

from __future__ import annotations

from collections.abc import Callable

from sensors.types import Health, State

REASONS = 8
"""Most reasons told of one outage."""

REASON_LENGTH = 200
"""Longer reasons are cut, characters."""


class Outages:
    """Turns what a source finds into `Health`, without saying anything twice.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    on_health : callable (Health) -> None
        Told of each change.
    """

    def __init__(self, stream: str, on_health: Callable[[Health], None]) -> None:
        self._stream, self._on_health = stream, on_health
        self._told: tuple[State, str] | None = None
        self._reasons: set[str] = set()

    @property
    def down(self) -> bool:
        """Nothing was told yet, or the last that was told is DOWN."""
        return self._told is None or self._told[0] is State.DOWN

    def complain(self, reason: str, at_ns: int) -> None:
        """Tell DOWN, but each reason only once an outage, and not more than a few."""
        reason = reason[:REASON_LENGTH]
        if reason not in self._reasons and len(self._reasons) < REASONS:
            self._reasons.add(reason)
            self.tell(State.DOWN, reason, at_ns)

    def tell(self, state: State, reason: str, at_ns: int) -> None:
        """Tell a state if it, or its reason, is another than the last one told."""
        reason = reason[:REASON_LENGTH]
        if self._told != (state, reason):
            self._told = state, reason
            if state is not State.DOWN:
                self._reasons.clear()
            self._on_health(Health(self._stream, at_ns, state, reason))
