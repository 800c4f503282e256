"""Incidents as HTML: what was strange, how rare, when, and whom to ask. Everything from a file is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fusion.recording import Label, Recording
from fusion.records import ChannelLine, IncidentLine, PartLine
from fusion.report.markup import note, table
from fusion.report.metrics import alarm_between, hit_interval
from fusion.report.palette import sense_colour, sense_name
from fusion.report.ticks import clock, day, local_time
from fusion.words import duration, one_in, rarity
from sensors.types import NS


def incident_card(number: int, incident: IncidentLine, recording: Recording, seconds: float) -> str:
    """One incident as a list item; `number` is its rank, as in the picture."""
    severity = incident.rank.name.lower()
    rare = rarity(incident.per_day) if incident.per_day is not None and incident.per_day >= 0 else ""
    rare = "your rule" if incident.rule else rare
    parts = [
        f'<li id="incident-{number}" class="{severity}"><div class="head"><h3>{number}</h3>',
        f'<span class="badge {severity}">{severity}</span><span>{escape(incident.kind)}</span>',
        f'<span class="rare">{escape(rare)}</span></div>',
        f'<p class="small">{_when(incident, recording)}</p>',
        f'<p class="why">{escape(incident.why)}</p>',
        _shares(incident.parts),
        _channels(incident.parts),
    ]
    if incident.extrapolated:
        parts.append(
            note("The rarity is extrapolated: nothing as strange was seen here before, so a fitted tail says it.")
        )
    if incident.missing:
        missing = "; ".join(f"<code>{escape(stream)}</code>: {escape(why)}" for stream, why in incident.missing.items())
        parts.append(note(f"Not seen at that time by {missing}."))
    if recording.labels is not None and not incident.rule:
        parts.append(_truth(incident, recording.labels, recording.start_ns, seconds))
    return "".join([*parts, "</li>"])


def _when(incident: IncidentLine, recording: Recording) -> str:
    since_s = (incident.opened_ns - recording.start_ns) / NS
    lasts = "still open at the end"
    if incident.closed_ns is not None:
        lasts = f"lasted {duration(max(0.0, (incident.closed_ns - incident.opened_ns) / NS))}"
    after = f"{duration(since_s)} after the start" if since_s >= 0 else "before the start"
    if not recording.start_known:
        return f"{after}, {lasts}"
    moment = local_time(incident.opened_ns, recording.utc_offset_s)
    stamp = f'<time datetime="{moment.isoformat()}"><strong>{clock(moment)}</strong>, {day(moment)}</time>'
    return f"{stamp}, {after}, {lasts}"


def _shares(parts: Sequence[PartLine]) -> str:
    whole = sum(max(0.0, part.share) for part in parts) or 1.0
    shares = [(sense_name(p.sense), sense_colour(p.sense), max(0.0, p.share) / whole) for p in parts]
    if not shares:
        return ""
    bar = "".join(f'<span class="{colour}" style="width:{share:.1%}"></span>' for _, colour, share in shares)
    key = "".join(
        f'<li><span class="dot {colour}"></span>{escape(name)} {share:.0%}</li>' for name, colour, share in shares
    )
    spoken = escape(", ".join(f"{name} {share:.0%}" for name, _, share in shares))
    spread = f'<div class="shares" role="img" aria-label="Shares of the surprise: {spoken}">{bar}</div>'
    return f'{spread}<ul class="key">{key}</ul>'


def _channels(parts: Sequence[PartLine]) -> str:
    rows = [
        (
            f"<code>{escape(channel.channel).replace(':', ':<wbr>')}</code>",
            _measured(channel, channel.value),
            _measured(channel, channel.usual),
            _strangeness(channel),
        )
        for part in parts
        for channel in part.channels
    ]
    return table(("Channel", "Measured", "Usual", "As strange here"), rows, numbers=(1, 2)) if rows else ""


def _measured(channel: ChannelLine, value: float | None) -> str:
    return "–" if value is None else escape(f"{value:.4g} {channel.unit}".rstrip())


def _strangeness(channel: ChannelLine) -> str:
    share = one_in(channel.p_value) if channel.p_value is not None and 0 <= channel.p_value <= 1 else "–"
    return f'<span class="whole">{share}</span>' + (
        '<br><span class="small">beyond all seen before</span>' if channel.saturated else ""
    )


def _truth(incident: IncidentLine, labels: Sequence[Label], start_ns: int, seconds: float) -> str:
    alarm = alarm_between(incident.opened_ns, incident.closed_ns, start_ns, seconds)
    near = []
    for label in labels:
        first_s, last_s = hit_interval(label, seconds)
        if alarm.start_s <= last_s and alarm.end_s >= first_s:
            late_s = alarm.start_s - label.start_s
            when = f"{duration(late_s)} after it began" if late_s >= 0 else "already open when it began"
            near.append(f"<strong>{escape(label.kind or 'event')}</strong> ({when})")
    return note(f"Label: {', '.join(near)}") if near else note("No label near: a false alarm.")
