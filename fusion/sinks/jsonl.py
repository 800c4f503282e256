"""Verdicts and incidents as JSON, one object a line; figures in six digits, so that they read well."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fusion.events import Assessment, Calibrated, Evidence, FusedScore, Incident, Missing, Part, Voice
from fusion.evidence import channel_shares
from fusion.records import (
    AssessmentLine,
    ChannelLine,
    CountedLine,
    EvidenceLine,
    IncidentLine,
    MomentLine,
    PartLine,
    SenseLine,
    VerdictLine,
    WeightLine,
    WithoutLine,
)
from sensors.types import Modality

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
                suspected=reasons(verdict.suspected) or msgspec.UNSET,
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
                signs=dict(incident.sighting.signs) if incident.sighting else msgspec.UNSET,
                assessment=_assessment(incident.assessment) if incident.assessment else msgspec.UNSET,
                evidence=_evidence(incident.peak, incident.peak.evidence) if incident.peak.evidence else msgspec.UNSET,
            )
        )
        + b"\n"
    )


def reasons(missing: Iterable[Missing]) -> dict[str, str]:
    """Why each missing stream is missing."""
    return {item.stream: item.reason for item in missing}


def shortened(value: float | None) -> float | None:
    """Six significant digits."""
    return None if value is None else _six(value)


def _sense(part: Part) -> SenseLine:
    top = part.channels[0].score.channel if part.channels else None
    return SenseLine(p_value=shortened(part.p_value), share=shortened(part.share), top=top)


def _part(part: Part) -> PartLine:
    return PartLine(
        sense=str(part.sense),
        p_value=shortened(part.p_value),
        share=_six(part.share),
        channels=tuple(_channel(channel) for channel in part.channels),
    )


def _assessment(assessment: Assessment) -> AssessmentLine:
    counted = (CountedLine(name, _six(value), _six(logits)) for name, value, logits in assessment.counted)
    return AssessmentLine(_six(assessment.chance), tuple(counted), tuple(map(_six, assessment.thresholds)))


def _evidence(peak: FusedScore, evidence: Evidence) -> EvidenceLine:
    return EvidenceLine(
        at_ns=peak.at_ns,
        senses={str(part.sense): _six(part.p_value) for part in peak.parts},
        voices={str(part.sense): _voices(part.sense, evidence.voices) for part in peak.parts},
        shares={name: _six(share) for name, share in channel_shares(peak.parts, evidence.voices).items()},
        without={
            str(each.sense): WithoutLine(_six(each.p_value), shortened(each.per_day), each.extrapolated)
            for each in evidence.without
        },
        moments={str(part.sense): _moments(peak.at_ns, part.sense, evidence.moments) for part in peak.parts},
        weights={str(one.sense): WeightLine(one.weight, one.carried, one.false) for one in evidence.weights}
        or msgspec.UNSET,
    )


def _voices(sense: Modality, voices: Iterable[Voice]) -> dict[str, tuple[float, ...]]:
    return {voice.channel: tuple(map(_six, voice.p_values)) for voice in voices if voice.sense is sense}


def _moments(peak_ns: int, sense: Modality, moments: Iterable[Calibrated]) -> dict[str, tuple[MomentLine, ...]]:
    told: dict[str, tuple[MomentLine, ...]] = {}
    for said in moments:
        score = said.score
        if score.modality is sense:
            before_ms, span_ms = round((peak_ns - score.end_ns) / 1e6), round(score.span_ns / 1e6)
            line = MomentLine(before_ms, span_ms, _six(said.p_value), shortened(score.value))
            told[score.channel] = (*told.get(score.channel, ()), line)
    return told


def _six(value: float) -> float:
    """Six significant digits."""
    return float(f"{value:.6g}")


def _channel(channel: Calibrated) -> ChannelLine:
    score = channel.score
    return ChannelLine(
        channel=score.channel,
        p_value=shortened(channel.p_value),
        saturated=channel.saturated,
        value=shortened(score.value),
        usual=shortened(score.usual),
        unit=score.unit,
        at_ns=score.end_ns,
        top=tuple(name for name, _ in score.top[:2]),
    )
