"""report.html: one file that a person understands at a glance, on any screen and on paper.

Why no script, no font and no address: the page must open on a machine without a network, years from now, and names
that come from sensors and files must have nothing that they could run in.
"""

from __future__ import annotations

from collections import Counter
from html import escape
from pathlib import Path

from fusion.recording import Recording
from fusion.report.cards import incident_card
from fusion.report.markup import section, table
from fusion.report.metrics import alarm_between, match
from fusion.report.picture import describe_setting, describe_time, inline_svg, recording_seconds
from fusion.report.sheet import style_sheet
from fusion.report.ticks import clock, local_time
from fusion.report.timeline import Timeline, why_unjudged
from fusion.words import counted, duration, rarity
from sensors.types import NS

MOST_CARDS = 200
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_SEVERITIES = ("critical", "high", "medium", "low")


def write_page(path: Path, timeline: Timeline, recording: Recording, *, false_alarms_per_day: float) -> None:
    """Write the report of one replay; the same input gives the same bytes."""
    seconds = recording_seconds(timeline, recording)
    spoken = f"Timeline of {recording.name}: {_sentence(timeline)}"
    picture = inline_svg(
        timeline, recording, false_alarms_per_day=false_alarms_per_day, label=escape(spoken, quote=True)
    )
    title = escape(f"{recording.name}: {_sentence(timeline).partition(' (')[0]}")
    body = [
        f'<header><h1>{escape(recording.name)}</h1><p class="when">{escape(describe_time(recording, seconds))}</p>',
        f'<p class="verdict">{_headline(timeline, recording)}</p>',
        _facts(timeline, recording, seconds, false_alarms_per_day),
        '</header><figure><div class="picture" tabindex="0" role="group" aria-label="Picture, scrolls sideways">',
        f"{picture}</div></figure>",
        _incidents(timeline, recording, seconds),
        _labels(timeline, recording, seconds),
        _unseen(timeline),
        _legend(),
    ]
    path.write_text(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{style_sheet()}</style></head>\n<body><main>{''.join(body)}</main></body></html>\n",
        encoding="utf-8",
    )


def _sentence(timeline: Timeline) -> str:
    if timeline.strangest is None and not timeline.incidents:
        return "nothing could be judged"
    counts = Counter(incident.rank.name.lower() for incident in timeline.incidents)
    listed = ", ".join(f"{counts[name]} {name}" for name in _SEVERITIES if counts[name])
    return f"{counted(len(timeline.incidents), 'incident')}{f' ({listed})' if listed else ''}"


def _headline(timeline: Timeline, recording: Recording) -> str:
    counts = Counter(incident.rank.name.lower() for incident in timeline.incidents)
    if counts:
        badges = " ".join(f'<span class="badge {s}">{counts[s]} {s}</span>' for s in _SEVERITIES if counts[s])
        return f"<strong>{counted(len(timeline.incidents), 'incident')}</strong> {badges}"
    strangest = timeline.strangest
    if strangest is None or strangest.per_day is None:
        why = why_unjudged(absence.reason for absence in timeline.absences)
        return f"<strong>Nothing could be judged:</strong> {escape(why)}."
    senses = [(part.p_value, part.top) for part in strangest.senses.values() if part.p_value is not None]
    top = min(senses, key=lambda sense: sense[0])[1] if senses else None
    said = f", mostly by <code>{escape(top)}</code>" if top else ""
    return (
        f"<strong>No incidents.</strong> The strangest moment came {_moment(strangest.at_ns, recording)}{said}: "
        f"as strange as happens by chance {rarity(strangest.per_day)} here."
    )


def _moment(at_ns: int, recording: Recording) -> str:
    since = duration(max(0.0, (at_ns - recording.start_ns) / NS))
    if not recording.start_known:
        return f"{since} after the start"
    return f"at {clock(local_time(at_ns, recording.utc_offset_s))}, {since} after the start"


def _facts(timeline: Timeline, recording: Recording, seconds: float, false_alarms_per_day: float) -> str:
    facts = {
        "Length": duration(seconds),
        "Setting": f"about {describe_setting(false_alarms_per_day)}",
        "Sensors": ", ".join(sorted(sensor.id for sensor in recording.sensors)),
        "Warming up, no verdict yet": duration(timeline.warming_s) if timeline.warming_s else "not at all",
    }
    if timeline.blind_s:
        facts["Later without a verdict"] = duration(timeline.blind_s)
    if ruled := len(timeline.incidents) - len(timeline.strange):
        facts["Opened by your rules"] = counted(ruled, "incident")
    if recording.labels:
        alarms = [alarm_between(i.opened_ns, i.closed_ns, recording.start_ns, seconds) for i in timeline.strange]
        outcome = match(recording.labels, alarms, seconds)
        facts["Labelled events found"] = f"{len(outcome.delays_s)} of {len(outcome.hits)}"
        facts["False alarms"] = str(outcome.false_alarms)
    return f'<dl class="facts">{"".join(f"<div><dt>{k}</dt><dd>{escape(v)}</dd></div>" for k, v in facts.items())}</dl>'


def _incidents(timeline: Timeline, recording: Recording, seconds: float) -> str:
    if not timeline.incidents:
        return ""
    cards = "".join(
        incident_card(number, incident, recording, seconds)
        for number, incident in enumerate(timeline.incidents[:MOST_CARDS], 1)
    )
    more = len(timeline.incidents) - MOST_CARDS
    rest = f'<p class="small">And {more} more, less grave or less rare, in incidents.jsonl.</p>' if more > 0 else ""
    return section("Incidents, gravest first", f'<ol class="cards">{cards}</ol>{rest}')


def _labels(timeline: Timeline, recording: Recording, seconds: float) -> str:
    if not recording.labels:
        return ""
    alarms = [alarm_between(i.opened_ns, i.closed_ns, recording.start_ns, seconds) for i in timeline.strange]
    rows = (
        (
            escape(hit.label.kind or "event"),
            escape(_label_time(hit.label.start_s, recording)),
            escape(", ".join(hit.label.modalities)) or "–",
            "missed" if hit.delay_s is None else f"found after {duration(hit.delay_s)}",
        )
        for hit in match(recording.labels, alarms, seconds).hits
    )
    return section("Labels", table(("What happened", "When", "Senses that can notice it", "Outcome"), rows))


def _label_time(start_s: float, recording: Recording) -> str:
    return _moment(recording.start_ns + round(start_s * NS), recording).removeprefix("at ")


def _unseen(timeline: Timeline) -> str:
    body = "<p>Every sensor took part all the time.</p>"
    if timeline.absences:
        rows = ((f"<code>{escape(a.stream)}</code>", escape(a.reason), duration(a.seconds)) for a in timeline.absences)
        body = table(("Sensor", "Why it took no part", "In all"), rows, numbers=(2,))
    return section("What could not be seen", body)


def _legend() -> str:
    return (
        "<footer><p>“Once in 40 days” says how often chance alone gives a moment as strange as this at this place, "
        "going by its own past. “1 in 1,000” says that one moment in a thousand of the past was as strange to this "
        "channel. Where nothing as strange was ever seen here, the rarity is extrapolated from a fitted tail and is "
        "less certain. A sensor that is missing takes no part: it is never counted as quiet.</p></footer>"
    )
