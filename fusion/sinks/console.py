"""Incidents, and what could not be seen, as a person reads them in a terminal."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain

from fusion.events import Incident
from fusion.recording import Recording
from fusion.replay import Account
from fusion.report.timeline import LEARNING, why_unjudged
from fusion.words import counted, duration
from sensors.types import NS

WORTH_TELLING_S = 1.0
"""Shorter spells without a sensor stand in the verdicts only."""


def incidents_table(recording: Recording, account: Account, width: int = 100) -> str:
    """Incidents, most severe first, with their reasons; what was not watched; how long nothing could be said."""
    ranked = sorted(account.incidents.values(), key=lambda i: (-i.severity, i.peak.per_day or 0.0, i.opened_ns))
    seconds = duration(recording.seconds or account.seconds)
    lines = [f"{recording.name}: {counted(len(ranked), 'incident')} in {seconds}"]
    if not account.judged:
        why = why_unjudged(chain.from_iterable(account.missing_ticks.values()))
        rules = f"; {counted(len(ranked), 'incident')} by your rules" if ranked else ""
        lines = [f"{recording.name}: nothing could be judged in {seconds}: {why}{rules}"]
    for incident in ranked:
        lines += ["", _headline(incident, recording), *_wrapped(incident.why, width)]
    return "\n".join([*lines, *_unseen(account, width)])


def _headline(incident: Incident, recording: Recording) -> str:
    opened, closed = incident.opened_ns, incident.closed_ns
    lasted = duration((closed - opened) / NS) if closed is not None else "still open"
    since = duration(max(0, opened - recording.start_ns) // NS) if recording.start_known else ""
    place = f" ({since} into the recording)" if since else ""
    return f"  {incident.severity.name:<9}{local_time(opened, recording)}{place}  {incident.kind}, {lasted}"


def local_time(at_ns: int, recording: Recording) -> str:
    """Wall-clock time at the place; seconds only where no start is known."""
    zone = timezone(timedelta(seconds=recording.utc_offset_s)) if recording.utc_offset_s else UTC
    moment = datetime.fromtimestamp(at_ns // NS, zone)
    return f"{moment:%Y-%m-%d %H:%M:%S}" if recording.start_known else f"{moment:%H:%M:%S}"


def _unseen(account: Account, width: int) -> Iterable[str]:
    tick_s = account.tick_s
    if 0 < account.judged < account.ticks:
        blind = duration((account.ticks - account.judged) * tick_s)
        yield ""
        yield from _wrapped(
            f"No verdict for {blind}, while too little was known of what is usual or nothing was seen.", width
        )
    edges = Counter((item.stream, item.reason) for item in (*account.first_missing, *account.last_missing))
    for stream, reasons in sorted(account.missing_ticks.items()):
        broken = {
            reason: ticks
            for reason, ticks in sorted(reasons.items())
            if not reason.startswith(LEARNING) and (ticks - edges[stream, reason]) * tick_s >= WORTH_TELLING_S
        }
        if told := ", ".join(f"{reason} for {duration(ticks * tick_s)}" for reason, ticks in broken.items()):
            yield from _wrapped(f"{stream} was missing: {told}.", width)
    if account.late:
        yield f"  {counted(account.late, 'score')} came too late to count."


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="  ")
