"""What the same verdicts had come to at other settings: recall against false alarms, a point for each setting.

Verdicts hardly depend on what the operator sets; incidents do. So the verdicts of one replay are given to triage again,
once for every rate of `RATES`, and each time judged against the labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fusion.events import FusedScore, Incident
from fusion.recording import Recording
from fusion.report.metrics import HOUR_S, Outcome, alarm_between, match
from fusion.triage import Triage, TriageSettings

RATES = tuple(10 ** (step / 4) for step in range(-20, 17))
"""False alarms a day that are tried, rarest first."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What triage needs of the verdicts of watches, and nothing else: hours of it must fit into memory."""

    verdicts: dict[str, list[FusedScore]] = field(default_factory=dict)

    def add(self, name: str, verdict: FusedScore) -> None:
        """Keep a verdict of a watch without what it rests on."""
        self.verdicts.setdefault(name, []).append(FusedScore(verdict.at_ns, verdict.p_value, verdict.per_day))


def sweep(
    recording: Recording, verdicts: Sequence[FusedScore], settings: TriageSettings, seconds: float
) -> dict[float, Outcome]:
    """Outcome of a recording at each of `RATES`.

    Parameters
    ----------
    recording : Recording
        With labels.
    verdicts : sequence of FusedScore
        In order.
    settings : TriageSettings
        All but the rate.
    seconds : float
        Length of the recording.
    """
    out = {}
    for rate in RATES:
        raised = incidents(verdicts, replace(settings, false_alarms_per_day=rate))
        alarms = [alarm_between(i.opened_ns, i.closed_ns, recording.start_ns, seconds) for i in raised]
        out[rate] = match(recording.labels or (), alarms, seconds)
    return out


def incidents(verdicts: Iterable[FusedScore], settings: TriageSettings) -> list[Incident]:
    """What triage makes of verdicts; incidents have no words."""
    triage = Triage(settings, (), lambda fused, parts, sighting: ("", ""))
    found: dict[str, Incident] = {}
    for verdict in verdicts:
        found |= {incident.id: incident for _, incident in triage.judge(verdict)}
    return list(found.values())


def added(one: Mapping[float, Outcome], other: Mapping[float, Outcome]) -> dict[float, Outcome]:
    """Both together, rate by rate."""
    return {rate: one.get(rate, Outcome()) + other.get(rate, Outcome()) for rate in sorted(one.keys() | other.keys())}


def frontier(outcomes: Iterable[Outcome]) -> list[tuple[float, float]]:
    """False alarms an hour and the best recall with so many at most: both grow along the list.

    Settings that cost more and find no more are left out; so are those without labels or without quiet time.
    """
    points = [(o.false_alarms * HOUR_S / o.quiet_s, o.recall) for o in outcomes if o.hits and o.quiet_s > 0]
    best: list[tuple[float, float]] = []
    for false, recall in sorted(points, key=lambda point: (point[0], -point[1])):
        if not best or recall > best[-1][1]:
            best.append((false, recall))
    return best
