"""Verdicts and incidents as JSON, one object a line; figures in six digits, so that they read well."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fusion.events import Calibrated, FusedScore, Incident, Missing, Part
from fusion.records import ChannelLine, IncidentLine, PartLine, SenseLine, VerdictLine

_encoder = msgspec.json.Encoder()


def verdict_line(verdict: FusedScore) -> bytes:
    """One verdict, with its line end."""
    return (
        _encoder.encode(
            VerdictLine(
                at_ns=verdict.at_ns,
                p_value=shortened(verdict.p_value),
                per_day=shortened(verdict.per_day),
                extrapolated=verdict.extrapolated,
                degraded=verdict.degraded,
                missing=reasons(verdict.missing),
                senses={str(part.sense): _sense(part) for part in verdict.parts},
            )
        )
        + b"\n"
    )


def incident_line(incident: Incident) -> bytes:
    """One incident, with its line end."""
    return (
        _encoder.encode(
            IncidentLine(
                id=incident.id,
                opened_ns=incident.opened_ns,
                closed_ns=incident.closed_ns,
                severity=incident.severity.name.lower(),
                kind=incident.kind,
                per_day=shortened(incident.peak.per_day),
                p_value=shortened(incident.peak.p_value),
                extrapolated=incident.peak.extrapolated,
                why=incident.why,
                parts=tuple(_part(part) for part in incident.parts),
                missing=reasons(incident.peak.missing),
                rule=incident.rule or msgspec.UNSET,
            )
        )
        + b"\n"
    )


def reasons(missing: Iterable[Missing]) -> dict[str, str]:
    """Why each missing stream is missing."""
    return {item.stream: item.reason for item in missing}


def shortened(value: float | None) -> float | None:
    """Six significant digits."""
    return None if value is None else float(f"{value:.6g}")


def _sense(part: Part) -> SenseLine:
    top = part.channels[0].score.channel if part.channels else None
    return SenseLine(p_value=shortened(part.p_value), share=shortened(part.share), top=top)


def _part(part: Part) -> PartLine:
    return PartLine(
        sense=str(part.sense),
        p_value=shortened(part.p_value),
        share=float(f"{part.share:.6g}"),
        channels=tuple(_channel(channel) for channel in part.channels),
    )


def _channel(channel: Calibrated) -> ChannelLine:
    score = channel.score
    return ChannelLine(
        channel=score.channel,
        p_value=shortened(channel.p_value),
        saturated=channel.saturated,
        value=shortened(score.value),
        usual=shortened(score.usual),
        unit=score.unit,
    )
