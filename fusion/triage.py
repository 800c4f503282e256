"""Verdicts to few, ranked incidents: open, hold, escalate, close.

An incident opens when chance alone would give such a verdict no more often than the operator allows. It holds while
verdicts stay strange by a gentler measure (hysteresis), and closes after some quiet seconds. What comes again soon
after belongs to the same incident (grouping): it is opened again, not lost, and nobody is told twice unless it became
more severe (escalation). What never ends is closed after a while and not reported again until it changes.

Whether to tell is decided by rarity alone; `severity` and `patterns` say how grave it is and what to call it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from fusion.events import Change, FusedScore, Incident, Part, Severity, Sighting
from fusion.evidence import same, shared_as, strongest
from fusion.severity import Facts, SeverityModel, decades_below
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
        A verdict must be strange for this long before an incident opens; windows keep what was strange for seconds.
    release_factor : float
        An incident holds while verdicts are at most this many times more frequent than the setting, >= 1.
    close_after_ns : int
        Quiet time after which an incident closes.
    regroup_ns : int
        What comes again within this time after the close belongs to the same incident.
    longest_ns : int
        An incident that neither ends nor escalates is closed after this long.
    lead_ns : int
        How long before an incident opened a known pattern may have been complete, and still name it.
    utc_offset_s : float or None
        Offset of local time from UTC, for what is graver at night; None where the time of day is not known.
    model : SeverityModel
        How severe what is.
    """

    false_alarms_per_day: float = 1.0
    patience_ns: int = 0
    release_factor: float = 20.0
    close_after_ns: int = 4 * NS
    regroup_ns: int = 20 * NS
    longest_ns: int = 60 * NS
    lead_ns: int = 10 * NS
    utc_offset_s: float | None = None
    model: SeverityModel = field(default_factory=SeverityModel)

    def hour(self, at_ns: int) -> float | None:
        """Local time of day in hours, in [0, 24); None where it is not known."""
        return None if self.utc_offset_s is None else (at_ns / NS + self.utc_offset_s) / 3600 % 24


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
    senses : collection of Modality
        All that this place has, whether they are there at the moment or not.
    explain : callable (FusedScore, parts, sighting) -> (kind, why)
        Words for an incident.
    seen_since : callable (int) -> Sighting or None
        The gravest known pattern that was complete at that time or later, nanoseconds UTC.
    """

    def __init__(
        self,
        settings: TriageSettings,
        senses: Collection[Modality],
        explain: Callable[[FusedScore, tuple[Part, ...], Sighting | None], tuple[str, str]],
        seen_since: Callable[[int], Sighting | None] = lambda since_ns: None,
    ) -> None:
        self._settings, self._senses, self._explain = settings, frozenset(senses), explain
        self._seen_since = seen_since
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
        sighting = self._seen_since(fused.at_ns - self._settings.lead_ns)
        incident = self._describe(f"{fused.at_ns // 1_000_000:x}", fused.at_ns, fused, fused.parts, sighting)
        self._open = _Open(incident, fused.at_ns, fused.at_ns)
        return [(Change.OPENED, incident)]

    def _hold(self, state: _Open, fused: FusedScore, strange: bool, held: bool) -> list[tuple[Change, Incident]]:
        changes = []
        old = state.incident
        if held:
            state.last_strange_ns = fused.at_ns
            parts = strongest(old.parts, fused.parts)
            peak = fused if strange and (fused.per_day or 0.0) < (old.peak.per_day or 0.0) else old.peak
        else:
            parts, peak = old.parts, old.peak
        sighting = self._sighting(old)
        if peak is not old.peak or sighting is not old.sighting or not same(parts, old.parts):
            state.incident = self._describe(old.id, old.opened_ns, peak, parts, sighting, old.severity)
        if state.incident.severity > old.severity:
            state.last_change_ns = fused.at_ns
            changes.append((Change.ESCALATED, state.incident))
        if fused.at_ns - state.last_strange_ns >= self._settings.close_after_ns:
            changes.append(self._close(state, fused.at_ns))
        elif fused.at_ns - state.last_change_ns >= self._settings.longest_ns:
            self._latched, self.latched_since_ns = state.incident.peak, fused.at_ns
            changes.append(self._close(state, fused.at_ns))
        return changes

    def _sighting(self, incident: Incident) -> Sighting | None:
        """The gravest pattern seen in an incident; as it was first seen."""
        old, seen = incident.sighting, self._seen_since(incident.opened_ns - self._settings.lead_ns)
        return old if seen is None or (old is not None and old.kind == seen.kind) else seen

    def _describe(
        self,
        name: str,
        opened_ns: int,
        peak: FusedScore,
        parts: tuple[Part, ...],
        sighting: Sighting | None,
        least: Severity = Severity.LOW,
    ) -> Incident:
        seen = tuple(part for part in parts if part.p_value <= CORROBORATES) or parts[:1]
        kind, why = self._explain(peak, seen, sighting)
        severity, assessment = self._settings.model.judge(self._facts(opened_ns, peak, seen, kind))
        parts = shared_as(parts, peak.parts)
        return Incident(name, opened_ns, None, max(severity, least), kind, peak, parts, why, "", sighting, assessment)

    def _facts(self, opened_ns: int, peak: FusedScore, seen: tuple[Part, ...], kind: str) -> Facts:
        """What the severity is judged by; a sense that is missing counts as if it had seen it."""
        there = {part.sense for part in peak.parts}
        senses = {part.sense for part in seen} | (self._senses - there)
        streams = [part.channels[0].score.stream for part in seen if part.channels]
        place = streams[0].rpartition("/")[0] if streams else ""
        decades = decades_below(peak.per_day, self._settings.false_alarms_per_day)
        gravest = max(kind.split("+"), key=self._settings.model.weight_of)
        return Facts(decades, len(senses), gravest, place, self._settings.hour(opened_ns))

    def _close(self, state: _Open, at_ns: int) -> tuple[Change, Incident]:
        closed = replace(state.incident, closed_ns=at_ns)
        self._open, self._recent = None, closed
        return Change.CLOSED, closed

    @staticmethod
    def _rarer(fused: FusedScore, than: FusedScore) -> bool:
        return (fused.per_day or 0.0) * 10 < (than.per_day or 0.0)


PARTS = (Triage, _Open)
"""Classes that hold something, see `freezing`."""
