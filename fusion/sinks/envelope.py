"""An incident's change as an event that strangers understand: CloudEvents 1.0, JSON format.

The id is the incident's and the number of the change: whoever gets an event twice can tell.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

from fusion.events import Change, FusedScore
from fusion.records import IncidentLine
from fusion.sinks.jsonl import incident_line
from fusion.sinks.news import Changed
from sensors.types import NS

KINDS = {Change.OPENED: "new", Change.REOPENED: "update", Change.ESCALATED: "update", Change.CLOSED: "end"}
"""Whoever follows incidents sees each new once, then updates, then its end, which an update may follow."""

TYPE = "org.kizashi.incident"


class EventLine(msgspec.Struct, frozen=True):
    """An event as it waits, read again."""

    id: str
    type: str
    time: str
    data: IncidentLine

    @property
    def change(self) -> str:
        """What became of the incident: one of `KINDS`."""
        return self.type.rpartition(".")[2]

    @property
    def number(self) -> int:
        """Which change of its incident it is, from 1."""
        return int(self.id.rpartition(".")[2])


def event_id(news: Changed) -> str:
    """The same for the same change, whenever it is told."""
    return f"{news.incident.id}.{news.number}"


def event(site: str, news: Changed) -> bytes:
    """The event.

    Parameters
    ----------
    site : str
        Name of the place.
    news : Changed
        What became of which incident.
    """
    incident = news.incident
    at_ns = incident.closed_ns if news.change is Change.CLOSED else _latest_ns(incident.opened_ns, incident.peak)
    told = {
        "specversion": "1.0",
        "id": event_id(news),
        "source": f"/kizashi/{slug(site)}",
        "type": f"{TYPE}.{KINDS[news.change]}",
        "subject": incident.id,
        "time": iso(at_ns or incident.opened_ns),
        "datacontenttype": "application/json",
        "data": {"change": str(news.change), **msgspec.json.decode(incident_line(incident))},
    }
    return msgspec.json.encode(told)


def iso(at_ns: int) -> str:
    """RFC 3339, UTC, milliseconds."""
    return datetime.fromtimestamp(at_ns / NS, UTC).isoformat(timespec="milliseconds")


def slug(name: str) -> str:
    """A name as it can stand in topics and addresses: "Shop, back" becomes "shop_back"."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "kizashi"


def _latest_ns(opened_ns: int, peak: FusedScore) -> int:
    return max(opened_ns, peak.at_ns)
