"""An incident's line back to what it rests on, to explain it again: in another language, or to check it."""

from __future__ import annotations

from fusion.events import Calibrated, Evidence, FusedScore, Missing, Part, Reliability, Sighting, Voice, Without
from fusion.evidence import channel_shares
from fusion.explain import explain
from fusion.language.texts import Texts
from fusion.records import ChannelLine, EvidenceLine, IncidentLine, MomentLine
from fusion.triage import CORROBORATES
from sensors.types import Modality, Score


def explained(line: IncidentLine, texts: Texts) -> str:
    """The incident in words, worked out again from its evidence; as it was written where a rule opened it."""
    if line.rule or not line.parts:
        return line.why
    parts = recalled_parts(line)
    sighting = Sighting(line.kind, tuple(line.signs.items())) if line.signs else None
    seen = tuple(part for part in parts if part.p_value <= CORROBORATES) or parts[:1]
    return explain(recalled_peak(line), seen, sighting, texts)[1]


def recalled_parts(line: IncidentLine) -> tuple[Part, ...]:
    """What each sense said at its strangest."""
    return tuple(
        Part(
            Modality(part.sense),
            1.0 if part.p_value is None else part.p_value,
            part.share,
            tuple(_channel(channel, Modality(part.sense)) for channel in part.channels),
        )
        for part in line.parts
    )


def recalled_peak(line: IncidentLine) -> FusedScore:
    """The rarest verdict, with its evidence."""
    evidence = line.evidence or None
    at_ns = evidence.at_ns if evidence else line.opened_ns
    missing = tuple(Missing(stream, reason) for stream, reason in line.missing.items())
    parts = recalled_parts(line)
    told = recalled_evidence(evidence) if evidence else None
    return FusedScore(at_ns, line.p_value, line.per_day, parts, missing, bool(missing), line.extrapolated, told)


def recalled_evidence(line: EvidenceLine) -> Evidence:
    """What channels said, counterfactuals, and what senses weighed."""
    voices = [
        Voice(Modality(sense), channel, p_values)
        for sense, channels in line.voices.items()
        for channel, p_values in channels.items()
    ]
    moments = [
        Calibrated(_moment(channel, Modality(sense), said, line.at_ns), said.p_value, False)
        for sense, channels in line.moments.items()
        for channel, told in channels.items()
        for said in told
    ]
    without = [
        Without(Modality(sense), each.p_value, each.per_day, each.extrapolated) for sense, each in line.without.items()
    ]
    weights = [
        Reliability(Modality(sense), each.weight, each.carried, each.false)
        for sense, each in (line.weights or {}).items()
    ]
    return Evidence(tuple(voices), tuple(moments), tuple(without), tuple(weights))


def recalled_shares(line: IncidentLine) -> dict[str, float]:
    """What each channel contributes, worked out again from what each of them said."""
    peak = recalled_peak(line)
    at_peak = [part for part in peak.parts if line.evidence and str(part.sense) in line.evidence.senses]
    return channel_shares(at_peak, peak.evidence.voices if peak.evidence else ())


def _channel(line: ChannelLine, sense: Modality) -> Calibrated:
    stream, top = line.channel.rpartition(":")[0], tuple((name, 0.0) for name in line.top)
    usual, unit = line.usual, line.unit
    score = Score(stream, line.channel, sense, line.at_ns, 0, None, top=top, value=line.value, usual=usual, unit=unit)
    return Calibrated(score, 1.0 if line.p_value is None else line.p_value, line.saturated)


def _moment(channel: str, sense: Modality, line: MomentLine, peak_ns: int) -> Score:
    end_ns, span_ns = peak_ns - line.before_ms * 1_000_000, line.span_ms * 1_000_000
    return Score(channel.rpartition(":")[0], channel, sense, end_ns, span_ns, None, value=line.value)
