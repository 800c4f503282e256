"""Incidents as HTML: what was strange, how rare, when, and whom to ask. Everything from a file is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from fusion.explain import describe_kind
from fusion.language.english import ENGLISH
from fusion.language.texts import Texts
from fusion.recording import Label, Recording
from fusion.records import ChannelLine, EvidenceLine, IncidentLine, PartLine
from fusion.report.markup import note, table
from fusion.report.metrics import alarm_between, hit_interval
from fusion.report.palette import sense_colour
from fusion.report.ticks import clock, day, local_time
from fusion.weighing import tell_severity
from fusion.words import duration, one_in, rarity
from sensors.types import NS


def incident_card(
    number: int, incident: IncidentLine, recording: Recording, seconds: float, texts: Texts = ENGLISH
) -> str:
    """One incident as a list item; `number` is its rank, as in the picture."""
    words, severity = texts.page, incident.rank.name.lower()
    rare = rarity(incident.per_day, texts) if incident.per_day is not None and incident.per_day >= 0 else ""
    rare = words.your_rule if incident.rule else rare
    parts = [
        f'<li id="incident-{number}" class="{severity}"><div class="head"><h3>{number}</h3>',
        f'<span class="badge {severity}">{texts.word(severity)}</span>',
        f"<span>{escape(describe_kind(incident.kind, texts))}</span>",
        f'<span class="rare">{escape(rare)}</span></div>',
        f'<p class="small">{_when(incident, recording, texts)}</p>',
        f'<p class="why">{escape(incident.why)}</p>',
        _shares(incident.parts, texts),
        _channels(incident.parts, incident.evidence.shares if incident.evidence else {}, texts),
    ]
    if incident.evidence:
        parts.append(_without(incident.evidence, texts))
    if incident.assessment:
        parts.append(note(escape(tell_severity(incident.assessment, texts))))
    if incident.extrapolated:
        parts.append(note(words.extrapolated))
    if incident.missing:
        missing = "; ".join(
            f"<code>{escape(stream)}</code>: {escape(texts.fault(why))}" for stream, why in incident.missing.items()
        )
        parts.append(note(words.not_seen_by.format(missing=missing)))
    if recording.labels is not None and not incident.rule:
        parts.append(_truth(incident, recording.labels, recording.start_ns, seconds, texts))
    return "".join([*parts, "</li>"])


def _when(incident: IncidentLine, recording: Recording, texts: Texts) -> str:
    words, since_s = texts.page, (incident.opened_ns - recording.start_ns) / NS
    lasts = words.open_at_end
    if incident.closed_ns is not None:
        lasted_s = max(0.0, (incident.closed_ns - incident.opened_ns) / NS)
        lasts = words.lasted.format(seconds=duration(lasted_s, texts))
    after = words.after_start.format(since=duration(since_s, texts)) if since_s >= 0 else words.before_start
    if not recording.start_known:
        return words.listed.join((after, lasts))
    moment = local_time(incident.opened_ns, recording.utc_offset_s)
    told = words.moment.format(clock=clock(moment), day=day(moment, texts))
    return words.listed.join((f'<time datetime="{moment.isoformat()}">{told}</time>', after, lasts))


def _shares(parts: Sequence[PartLine], texts: Texts) -> str:
    whole = sum(max(0.0, part.share) for part in parts) or 1.0
    shares = [(texts.word(f"lane {p.sense}"), sense_colour(p.sense), max(0.0, p.share) / whole) for p in parts]
    if not shares:
        return ""
    bar = "".join(f'<span class="{colour}" style="width:{share:.1%}"></span>' for _, colour, share in shares)
    key = "".join(
        f'<li><span class="dot {colour}"></span>{escape(name)} {share:.0%}</li>' for name, colour, share in shares
    )
    spoken = escape(texts.page.shares.format(shares=", ".join(f"{name} {share:.0%}" for name, _, share in shares)))
    spread = f'<div class="shares" role="img" aria-label="{spoken}">{bar}</div>'
    return f'{spread}<ul class="key">{key}</ul>'


def _channels(parts: Sequence[PartLine], shares: Mapping[str, float], texts: Texts) -> str:
    """A row a channel; what channels that are not named here contribute stands in a row of its own."""
    rows = [
        (
            f"<code>{escape(channel.channel).replace(':', ':<wbr>')}</code>",
            _measured(channel, channel.value, texts),
            _measured(channel, channel.usual, texts),
            _strangeness(channel, texts),
            f"{shares[channel.channel]:.1%}" if channel.channel in shares else "–",
        )
        for part in parts
        for channel in part.channels
    ]
    named = sum(shares.get(channel.channel, 0.0) for part in parts for channel in part.channels)
    rest = sum(shares.values()) - named
    if rows and rest >= 0.0005:
        rows.append((texts.page.rest, "", "", "", f"{rest:.1%}"))
    return table(texts.page.channel_heads, rows, numbers=(1, 2, 4)) if rows else ""


def _without(evidence: EvidenceLine, texts: Texts) -> str:
    told = (
        texts.page.without.format(sense=texts.word(f"without {sense}"), rate=rarity(without.per_day, texts))
        for sense, without in evidence.without.items()
        if without.per_day is not None
    )
    listed = texts.numbers.units.join(told)
    return note(escape(listed)) if listed else ""


def _measured(channel: ChannelLine, value: float | None, texts: Texts) -> str:
    return "–" if value is None else escape(f"{value:.4g} {texts.word(channel.unit)}".rstrip())


def _strangeness(channel: ChannelLine, texts: Texts) -> str:
    share = one_in(channel.p_value, texts) if channel.p_value is not None and 0 <= channel.p_value <= 1 else "–"
    return f'<span class="whole">{share}</span>' + (
        f'<br><span class="small">{texts.page.beyond}</span>' if channel.saturated else ""
    )


def _truth(incident: IncidentLine, labels: Sequence[Label], start_ns: int, seconds: float, texts: Texts) -> str:
    words = texts.page
    alarm = alarm_between(incident.opened_ns, incident.closed_ns, start_ns, seconds)
    near = []
    for label in labels:
        first_s, last_s = hit_interval(label, seconds)
        if alarm.start_s <= last_s and alarm.end_s >= first_s:
            late_s = alarm.start_s - label.start_s
            when = words.late.format(seconds=duration(late_s, texts)) if late_s >= 0 else words.early
            near.append(f"<strong>{escape(label.kind or words.event)}</strong> ({when})")
    return note(words.label.format(near=words.listed.join(near))) if near else note(words.no_label)
