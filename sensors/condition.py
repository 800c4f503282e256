"""Whether a sensor can be believed right now; a change of mind becomes `Health`, said once."""

from __future__ import annotations

from dataclasses import dataclass

from sensors.types import Health, Quality, State


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a sensor at an instant.

    Attributes
    ----------
    state : State
        DEGRADED or TAMPERED.
    reason : str
        Why, in words for people.
    channels : tuple of str
        Which of its quantities alone are at fault; empty where the sensor as a whole is.
    """

    state: State
    reason: str
    channels: tuple[str, ...] = ()


class Condition:
    """Turns faults seen at single instants into a condition with a beginning and an end.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    onset_ns : int
        How long a fault lasts before it is told, nanoseconds; meanwhile the sensor abstains.
    hold_ns : int
        How long all must be well before the sensor is believed again, nanoseconds.
    """

    def __init__(self, stream: str, *, onset_ns: int = 0, hold_ns: int = 0) -> None:
        self._stream, self._onset_ns, self._hold_ns = stream, onset_ns, hold_ns
        self._told: Fault | None = None
        self._since_ns: int | None = None
        self._well_ns: int | None = None

    def judge(self, at_ns: int, fault: Fault | None, *, suspect: bool = False) -> tuple[Quality, list[Health]]:
        """What scores of this instant are good for.

        Parameters
        ----------
        at_ns : int
            Event time, nanoseconds UTC.
        fault : Fault or None
            What is wrong.
        suspect : bool
            Nothing is known to be wrong, but the sensor should abstain.

        Returns
        -------
        quality : Quality
            OK, GAP while only suspect, DEGRADED while something is wrong and until it has been well long enough.
        changes : list of Health
            What there is to tell.
        """
        if fault is None:
            self._since_ns = None
            return self._recover(at_ns, suspect=suspect)
        self._well_ns = None
        if self._since_ns is None:
            self._since_ns = at_ns
        if self._told is None and at_ns - self._since_ns < self._onset_ns:
            return Quality.GAP, []
        if self._told == fault:
            return Quality.DEGRADED, []
        self._told = fault
        return Quality.DEGRADED, [Health(self._stream, at_ns, fault.state, fault.reason, fault.channels)]

    def _recover(self, at_ns: int, *, suspect: bool) -> tuple[Quality, list[Health]]:
        if self._told is None:
            return (Quality.GAP if suspect else Quality.OK), []
        if suspect:
            self._well_ns = None
            return Quality.DEGRADED, []
        if self._well_ns is None:
            self._well_ns = at_ns
        if at_ns - self._well_ns < self._hold_ns:
            return Quality.DEGRADED, []
        self._told = None
        return Quality.OK, [Health(self._stream, at_ns, State.UP)]
