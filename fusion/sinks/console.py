"""Incidents, and what could not be seen, as a person reads them in a terminal."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain

from fusion.events import Incident
from fusion.explain import describe_kind
from fusion.language.english import ENGLISH
from fusion.language.texts import Texts
from fusion.recording import Recording
from fusion.replay import Account
from fusion.report.timeline import LEARNING, why_unjudged
from fusion.words import duration, incidents
from sensors.types import NS

WIDE = "\u3000-\u30ff\u3400-\u9fff\uff01-\uff60"
"""Letters between which Japanese breaks lines."""

WORTH_TELLING_S = 1.0
"""Shorter spells without a sensor stand in the verdicts only."""


def incidents_table(recording: Recording, account: Account, texts: Texts = ENGLISH, width: int = 100) -> str:
    """Incidents, most severe first, with their reasons; what was not watched; how long nothing could be said."""
    words = texts.console
    ranked = sorted(account.incidents.values(), key=lambda i: (-i.severity, i.peak.per_day or 0.0, i.opened_ns))
    facts = {"name": recording.name, "seconds": duration(recording.seconds or account.seconds, texts)}
    lines = [words.found.format(**facts, incidents=incidents(len(ranked), texts))]
    if not account.judged:
        why = why_unjudged(chain.from_iterable(account.missing_ticks.values()), texts)
        rules = words.by_rules.format(incidents=incidents(len(ranked), texts)) if ranked else ""
        lines = [words.unjudged.format(**facts, why=why, rules=rules)]
    for incident in ranked:
        lines += ["", headline(incident, recording, texts), *wrapped(incident.why, width)]
    return "\n".join([*lines, *_unseen(account, texts, width)])


def headline(incident: Incident, recording: Recording, texts: Texts) -> str:
    """Severity, when, what, and how long, in a line."""
    words, opened, closed = texts.console, incident.opened_ns, incident.closed_ns
    since = duration(max(0, opened - recording.start_ns) // NS, texts) if recording.start_known else ""
    return words.headline.format(
        severity=texts.word(incident.severity.name.lower()).upper(),
        time=local_time(opened, recording),
        place=words.into.format(since=since) if since else "",
        kind=describe_kind(incident.kind, texts),
        lasted=duration((closed - opened) / NS, texts) if closed is not None else words.still_open,
    )


def local_time(at_ns: int, recording: Recording) -> str:
    """Wall-clock time at the place; seconds only where no start is known."""
    zone = timezone(timedelta(seconds=recording.utc_offset_s)) if recording.utc_offset_s else UTC
    moment = datetime.fromtimestamp(at_ns // NS, zone)
    return f"{moment:%Y-%m-%d %H:%M:%S}" if recording.start_known else f"{moment:%H:%M:%S}"


def _unseen(account: Account, texts: Texts, width: int) -> Iterable[str]:
    tick_s, words = account.tick_s, texts.console
    if 0 < account.judged < account.ticks:
        blind = duration((account.ticks - account.judged) * tick_s, texts)
        yield ""
        yield from wrapped(words.blind.format(seconds=blind), width)
    edges = Counter((item.stream, item.reason) for item in (*account.first_missing, *account.last_missing))
    for stream, reasons in sorted(account.missing_ticks.items()):
        broken = {
            reason: ticks
            for reason, ticks in sorted(reasons.items())
            if not reason.startswith(LEARNING) and (ticks - edges[stream, reason]) * tick_s >= WORTH_TELLING_S
        }
        if told := texts.reasons.listed.join(
            words.missing_for.format(reason=texts.fault(reason), seconds=duration(ticks * tick_s, texts))
            for reason, ticks in broken.items()
        ):
            yield from wrapped(words.missing.format(stream=stream, told=told), width)
    for stream, reasons in sorted(account.suspected_ticks.items()):
        for reason, ticks in reasons.items():
            facts = {"stream": stream, "reason": texts.fault(reason), "seconds": duration(ticks * tick_s, texts)}
            yield from wrapped(words.suspected.format(**facts), width)
    if account.late:
        yield words.late.format(scores=texts.numbers.scores[min(account.late, 2)].format(n=account.late))


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most so many columns; a letter of Japanese takes two, and a line may end after any of them."""
    lines, room = [""], width - 2
    for word in re.findall(rf"[{WIDE}]|[^\s{WIDE}]+|\s+", text):
        if columns(lines[-1]) + columns(word.strip()) > room and lines[-1]:
            lines.append("")
        if lines[-1] or word.strip():
            lines[-1] += word
    return [f"  {line.rstrip()}" for line in lines]


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)
