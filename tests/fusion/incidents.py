"""Incidents and verdicts for tests of what is told of them."""

from __future__ import annotations

from fusion.events import Calibrated, Change, FusedScore, Incident, Missing, Part, Severity
from fusion.sinks.news import Changed, Verdict
from sensors.types import NS, Modality, Score

AT_NS = 1_700_000_000 * NS


def verdict(at_ns: int = AT_NS, per_day: float | None = 0.01) -> FusedScore:
    score = Score("hall/mic", "hall/mic:level", Modality.AUDIO, at_ns, NS, 9.0, value=-20.0, usual=-60.0, unit="dBFS")
    part = Part(Modality.AUDIO, 1e-6, 1.0, (Calibrated(score, 1e-5, True),))
    missing = (Missing("hall/air", "silent"),)
    return FusedScore(at_ns, 1e-6 if per_day else None, per_day, (part,) if per_day else (), missing, True)


def incident(name: str = "1a", closed_ns: int | None = None, severity: Severity = Severity.HIGH) -> Incident:
    peak = verdict()
    return Incident(name, AT_NS, closed_ns, severity, "sound", peak, peak.parts, "Audio: hall/mic level.")


def opened(name: str = "1a") -> Changed:
    return Changed(Change.OPENED, incident(name), 1)


def closed(name: str = "1a", number: int = 2) -> Changed:
    return Changed(Change.CLOSED, incident(name, AT_NS + NS), number)


def told(at_ns: int = AT_NS, latency_ns: int = 60_000_000, per_day: float | None = 0.01) -> Verdict:
    return Verdict(verdict(at_ns, per_day), latency_ns)
