"""Verdicts to few, ranked incidents: open, hold, escalate, close.

An incident opens when chance alone would give such a verdict no more often than the operator allows. It holds while
verdicts stay strange by a gentler measure (hysteresis), and closes after some quiet seconds. What comes again soon
after belongs to the same incident (grouping): it is opened again, not lost, and nobody is told twice unless it became
more severe (escalation). What never ends is closed after a while and not reported again until it changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from fusion.events import Change, FusedScore, Incident, Part, Severity
from sensors.types import NS, Modality

LEAST_STRANGE = 0.01
"""A verdict with a larger p-value is never an alarm, however many the operator allows: there is nothing to show."""

CORROBORATES = 0.01
"""A sense with a p-value below this takes part in an incident."""


@dataclass(frozen=True, slots=True)
class TriageSettings:
    """How verdicts become incidents.

    Attributes
    ----------
    false_alarms_per_day : float
        The one number: how many incidents a day chance alone may raise, > 0.
    patience_ns : int
        A verdict must be strange for this long before an incident opens.
    release_factor : float
        An incident holds while verdicts are at most this many times more frequent than the setting, >= 1.
    close_after_ns : int
        Quiet time after which an incident closes.
    regroup_ns : int
        What comes again within this time after the close belongs to the same incident.
    longest_ns : int
        An incident that neither ends nor escalates is closed after this long.
    """

    false_alarms_per_day: float = 1.0
    patience_ns: int = NS // 2
    release_factor: float = 20.0
    close_after_ns: int = 4 * NS
    regroup_ns: int = 20 * NS
    longest_ns: int = 60 * NS


def rate_severity(per_day: float, setting: float, senses: int) -> Severity:
    """Severity from rarity and corroboration.

    One step for each factor of 100 below the setting, one more where several senses saw it; a single sense alone is
    never critical.

    Parameters
    ----------
    per_day : float
        Rate of the incident's rarest verdict.
    setting : float
        False alarms per day that the operator allows.
    senses : int
        Senses that take part.
    """
    ratio = setting / max(per_day, 1e-300)
    step = 1 + (ratio >= 1e2) + (ratio >= 1e4) + (senses > 1)
    return Severity(min(step, Severity.CRITICAL if senses > 1 else Severity.HIGH))


@dataclass(slots=True)
class _Open:
    incident: Incident
    last_strange_ns: int
    last_change_ns: int


class Triage:
    """Keeps the incident that is open at this place.

    Parameters
    ----------
    settings : TriageSettings
        See there.
    explain : callable (FusedScore, parts) -> (kind, why)
        Words for an incident.
    """

    def __init__(
        self, settings: TriageSettings, explain: Callable[[FusedScore, tuple[Part, ...]], tuple[str, str]]
    ) -> None:
        self._settings, self._explain = settings, explain
        self._open: _Open | None = None
        self._recent: Incident | None = None
        self._strange_since_ns: int | None = None
        self._latched: FusedScore | None = None
        self.latched_since_ns: int | None = None

    @property
    def current(self) -> Incident | None:
        """The incident that is open now."""
        return self._open.incident if self._open else None

    def judge(self, fused: FusedScore) -> list[tuple[Change, Incident]]:
        """What this verdict changes, in order."""
        setting = self._settings.false_alarms_per_day
        rate = fused.per_day
        strange = rate is not None and rate <= setting and (fused.p_value or 0.0) <= LEAST_STRANGE
        held = rate is not None and rate <= setting * self._settings.release_factor
        if not strange:
            self._strange_since_ns = None
        elif self._strange_since_ns is None:
            self._strange_since_ns = fused.at_ns
        if self._open:
            return self._hold(self._open, fused, strange, held)
        if self._latched and not held:
            self._latched = self.latched_since_ns = None
        if not strange or self._strange_since_ns is None:
            return []
        if fused.at_ns - self._strange_since_ns < self._settings.patience_ns:
            return []
        return self._begin(fused)

    def finish(self, at_ns: int) -> list[tuple[Change, Incident]]:
        """Close what is open, because the stream ends."""
        return [self._close(self._open, at_ns)] if self._open else []

    def _begin(self, fused: FusedScore) -> list[tuple[Change, Incident]]:
        if self._latched and not self._rarer(fused, self._latched):
            return []
        self._latched = self.latched_since_ns = None
        recent = self._recent
        if recent and recent.closed_ns is not None and fused.at_ns - recent.closed_ns <= self._settings.regroup_ns:
            again = replace(recent, closed_ns=None)
            self._open = _Open(again, fused.at_ns, fused.at_ns)
            return [(Change.REOPENED, again), *self._hold(self._open, fused, True, True)]
        incident = self._describe(f"{fused.at_ns // 1_000_000:x}", fused.at_ns, fused, fused.parts)
        self._open = _Open(incident, fused.at_ns, fused.at_ns)
        return [(Change.OPENED, incident)]

    def _hold(self, state: _Open, fused: FusedScore, strange: bool, held: bool) -> list[tuple[Change, Incident]]:
        changes = []
        old = state.incident
        if held:
            state.last_strange_ns = fused.at_ns
            parts = strongest(old.parts, fused.parts)
            peak = fused if strange and (fused.per_day or 0.0) < (old.peak.per_day or 0.0) else old.peak
            if peak is not old.peak or parts != old.parts:
                state.incident = self._describe(old.id, old.opened_ns, peak, parts, old.severity)
        if state.incident.severity > old.severity:
            state.last_change_ns = fused.at_ns
            changes.append((Change.ESCALATED, state.incident))
        if fused.at_ns - state.last_strange_ns >= self._settings.close_after_ns:
            changes.append(self._close(state, fused.at_ns))
        elif fused.at_ns - state.last_change_ns >= self._settings.longest_ns:
            self._latched, self.latched_since_ns = state.incident.peak, fused.at_ns
            changes.append(self._close(state, fused.at_ns))
        return changes

    def _describe(
        self, name: str, opened_ns: int, peak: FusedScore, parts: tuple[Part, ...], least: Severity = Severity.LOW
    ) -> Incident:
        seen = tuple(part for part in parts if part.p_value <= CORROBORATES) or parts[:1]
        severity = rate_severity(peak.per_day or 0.0, self._settings.false_alarms_per_day, len(seen))
        kind, why = self._explain(peak, seen)
        return Incident(name, opened_ns, None, max(severity, least), kind, peak, parts, why)

    def _close(self, state: _Open, at_ns: int) -> tuple[Change, Incident]:
        closed = replace(state.incident, closed_ns=at_ns)
        self._open, self._recent = None, closed
        return Change.CLOSED, closed

    @staticmethod
    def _rarer(fused: FusedScore, than: FusedScore) -> bool:
        return (fused.per_day or 0.0) * 10 < (than.per_day or 0.0)


def strongest(old: tuple[Part, ...], new: tuple[Part, ...]) -> tuple[Part, ...]:
    """For each sense the stranger of two parts, strangest sense first."""
    best: dict[Modality, Part] = {part.sense: part for part in old}
    for part in new:
        if part.sense not in best or part.p_value < best[part.sense].p_value:
            best[part.sense] = part
    return tuple(sorted(best.values(), key=lambda part: (part.p_value, part.sense)))
