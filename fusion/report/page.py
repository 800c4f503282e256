"""report.html: one file that a person understands at a glance, on any screen and on paper.

Why no script, no font and no address: the page must open on a machine without a network, years from now, and names
that come from sensors and files must have nothing that they could run in.
"""

from __future__ import annotations

from collections import Counter
from html import escape
from pathlib import Path

from fusion.experience import Experience, gather
from fusion.language.english import ENGLISH
from fusion.language.texts import Texts
from fusion.recording import Recording
from fusion.report.cards import incident_card
from fusion.report.judging import judging
from fusion.report.markup import section, table
from fusion.report.metrics import alarm_between, match
from fusion.report.picture import describe_setting, describe_time, inline_svg, recording_seconds
from fusion.report.sheet import style_sheet
from fusion.report.ticks import clock, local_time
from fusion.report.timeline import Timeline, why_unjudged
from fusion.words import duration, incidents, rarity
from sensors.types import NS

MOST_CARDS = 200
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_SEVERITIES = ("critical", "high", "medium", "low")


def write_page(
    path: Path,
    timeline: Timeline,
    recording: Recording,
    *,
    false_alarms_per_day: float,
    texts: Texts = ENGLISH,
    experience: Experience | None = None,
) -> None:
    """Write the report of one replay; the same input gives the same bytes."""
    seconds = recording_seconds(timeline, recording)
    spoken = texts.page.spoken.format(name=recording.name, sentence=_sentence(timeline, texts))
    picture = inline_svg(
        timeline, recording, false_alarms_per_day=false_alarms_per_day, label=escape(spoken, quote=True), texts=texts
    )
    title = escape(f"{recording.name}: {_count(timeline, texts)}")
    body = [
        f"<header><h1>{escape(recording.name)}</h1>",
        f'<p class="when">{escape(describe_time(recording, seconds, texts))}</p>',
        f'<p class="verdict">{_headline(timeline, recording, texts)}</p>',
        _facts(timeline, recording, seconds, false_alarms_per_day, texts),
        f'</header><figure><div class="picture" tabindex="0" role="group" aria-label="{texts.page.scrolls}">',
        f"{picture}</div></figure>",
        _incidents(timeline, recording, seconds, texts),
        _labels(timeline, recording, seconds, texts),
        _unseen(timeline, texts),
        judging(experience or gather(()), texts),
        f"<footer><p>{texts.page.legend}</p></footer>",
    ]
    path.write_text(
        f'<!doctype html>\n<html lang="{texts.language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{style_sheet()}</style></head>\n<body><main>{''.join(body)}</main></body></html>\n",
        encoding="utf-8",
    )


def _count(timeline: Timeline, texts: Texts) -> str:
    if timeline.strangest is None and not timeline.incidents:
        return texts.page.unjudged
    return incidents(len(timeline.incidents), texts)


def _sentence(timeline: Timeline, texts: Texts) -> str:
    counts = Counter(incident.rank.name.lower() for incident in timeline.incidents)
    listed = texts.page.listed.join(
        texts.page.so_many.format(n=counts[name], severity=texts.word(name)) for name in _SEVERITIES if counts[name]
    )
    return _count(timeline, texts) + (texts.page.in_brackets.format(listed=listed) if listed else "")


def _headline(timeline: Timeline, recording: Recording, texts: Texts) -> str:
    words = texts.page
    counts = Counter(incident.rank.name.lower() for incident in timeline.incidents)
    if counts:
        badges = " ".join(
            f'<span class="badge {s}">{words.so_many.format(n=counts[s], severity=texts.word(s))}</span>'
            for s in _SEVERITIES
            if counts[s]
        )
        return f"<strong>{incidents(len(timeline.incidents), texts)}</strong> {badges}"
    strangest = timeline.strangest
    if strangest is None or strangest.per_day is None:
        why = why_unjudged((absence.reason for absence in timeline.absences if not absence.suspected), texts)
        return words.unjudged_because.format(why=escape(why))
    senses = [(part.p_value, part.top) for part in strangest.senses.values() if part.p_value is not None]
    top = min(senses, key=lambda sense: sense[0])[1] if senses else None
    said = words.mostly_by.format(channel=escape(top)) if top else ""
    moment, rate = _moment(strangest.at_ns, recording, texts), rarity(strangest.per_day, texts)
    return words.none + words.strangest.format(moment=moment, said=said, rate=rate)


def _moment(at_ns: int, recording: Recording, texts: Texts) -> str:
    since = duration(max(0.0, (at_ns - recording.start_ns) / NS), texts)
    if not recording.start_known:
        return texts.page.after_start.format(since=since)
    return texts.page.at.format(clock=clock(local_time(at_ns, recording.utc_offset_s)), since=since)


def _facts(timeline: Timeline, recording: Recording, seconds: float, false_alarms_per_day: float, texts: Texts) -> str:
    words = texts.page
    facts = {
        words.length: duration(seconds, texts),
        words.setting: words.about_setting.format(setting=describe_setting(false_alarms_per_day, texts)),
        words.sensors: ", ".join(sorted(sensor.id for sensor in recording.sensors)),
        words.warming: duration(timeline.warming_s, texts) if timeline.warming_s else words.not_at_all,
    }
    if timeline.blind_s:
        facts[words.blind] = duration(timeline.blind_s, texts)
    if ruled := len(timeline.incidents) - len(timeline.strange):
        facts[words.by_rules] = incidents(ruled, texts)
    if recording.labels:
        alarms = [alarm_between(i.opened_ns, i.closed_ns, recording.start_ns, seconds) for i in timeline.strange]
        outcome = match(recording.labels, alarms, seconds)
        facts[words.labels_found] = words.of.format(found=len(outcome.delays_s), all=len(outcome.hits))
        facts[words.false_alarms] = str(outcome.false_alarms)
    return f'<dl class="facts">{"".join(f"<div><dt>{k}</dt><dd>{escape(v)}</dd></div>" for k, v in facts.items())}</dl>'


def _incidents(timeline: Timeline, recording: Recording, seconds: float, texts: Texts) -> str:
    if not timeline.incidents:
        return ""
    cards = "".join(
        incident_card(number, incident, recording, seconds, texts)
        for number, incident in enumerate(timeline.incidents[:MOST_CARDS], 1)
    )
    more = len(timeline.incidents) - MOST_CARDS
    rest = f'<p class="small">{texts.page.more.format(n=more)}</p>' if more > 0 else ""
    return section(texts.page.incidents, f'<ol class="cards">{cards}</ol>{rest}')


def _labels(timeline: Timeline, recording: Recording, seconds: float, texts: Texts) -> str:
    if not recording.labels:
        return ""
    words = texts.page
    alarms = [alarm_between(i.opened_ns, i.closed_ns, recording.start_ns, seconds) for i in timeline.strange]
    rows = (
        (
            escape(hit.label.kind or words.event),
            escape(_moment(recording.start_ns + round(hit.label.start_s * NS), recording, texts).removeprefix("at ")),
            escape(texts.page.listed.join(texts.word(f"lane {each}") for each in hit.label.modalities)) or "–",
            words.missed if hit.delay_s is None else words.found_after.format(seconds=duration(hit.delay_s, texts)),
        )
        for hit in match(recording.labels, alarms, seconds).hits
    )
    return section(words.labels, table(words.label_heads, rows))


def _unseen(timeline: Timeline, texts: Texts) -> str:
    body = f"<p>{texts.page.all_there}</p>"
    if timeline.absences:
        told = ((a, escape(texts.fault(a.reason))) for a in timeline.absences)
        rows = (
            (
                f"<code>{escape(a.stream)}</code>",
                f"<strong>{texts.page.suspected.format(reason=reason)}</strong>" if a.suspected else reason,
                duration(a.seconds, texts),
            )
            for a, reason in told
        )
        body = table(texts.page.unseen_heads, rows, numbers=(2,))
    return section(texts.page.unseen, body)
