"""An incident as a warning that authorities' systems read: Common Alerting Protocol 1.2 (OASIS, 2010).

One `info` for each language. A first message is an Alert, later ones are Updates and the end a Cancel, each with
references to all before it. The status is Test unless the settings say otherwise: nobody should warn a town by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Tree
from zoneinfo import ZoneInfo

from fusion.events import Severity
from fusion.explain import RULE, describe_kind
from fusion.language.choice import BY_NAME
from fusion.language.texts import Language, Texts
from fusion.recall import explained
from fusion.records import IncidentLine
from sensors.types import NS

if TYPE_CHECKING:
    from fusion.receivers import CapOut

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
CATEGORIES = {
    "fire": "Fire", "break-in": "Security", "panic": "Safety", "fall": "Health", "bad air": "Env",
    "machine fault": "Infra",
}  # fmt: skip
"""Of known patterns; what is no known pattern is Other."""

SEVERITIES = {
    Severity.LOW: "Minor", Severity.MEDIUM: "Moderate", Severity.HIGH: "Severe", Severity.CRITICAL: "Extreme",
}  # fmt: skip
URGENT = Severity.HIGH
"""From here on something should be done at once."""

LIKELY = 0.5
"""CAP calls likely what is more probable than not."""

MOST_HEADLINE = 160
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNNAMEABLE = re.compile(r"[\s,<&]")


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was sent before: what references name."""

    sender: str
    identifier: str
    sent: str

    def __str__(self) -> str:
        """As it stands in a reference."""
        return f"{self.sender},{self.identifier},{self.sent}"


def cap_document(
    line: IncidentLine, number: int, at_ns: int, place: str, told: CapOut, before: Sequence[Sent] = ()
) -> bytes:
    """The message, as XML.

    Parameters
    ----------
    line : IncidentLine
        The incident; it has ended where it has closed.
    number : int
        Which change of the incident this is, from 1.
    at_ns : int
        When it came to that, nanoseconds UTC.
    place : str
        Name of the place.
    told : CapOut
        What the settings say.
    before : sequence of Sent
        Earlier messages of this incident.
    """
    zone = ZoneInfo(told.timezone)
    alert = Tree.Element("alert", xmlns=NAMESPACE)
    _add(alert, "identifier", nameable(f"{told.sender}.{line.id}.{number}"))
    _add(alert, "sender", nameable(told.sender))
    _add(alert, "sent", moment(at_ns, zone))
    _add(alert, "status", told.status)
    _add(alert, "msgType", ("Cancel" if line.closed_ns is not None else "Update") if before else "Alert")
    _add(alert, "scope", told.scope)
    _add(alert, "restriction", told.restriction if told.scope == "Restricted" else "")
    _add(alert, "addresses", told.addresses if told.scope == "Private" else "")
    _add(alert, "references", " ".join(map(str, before)))
    _add(alert, "incidents", nameable(line.id))
    for language in Language:
        _add_info(alert, BY_NAME[language], line, place, told, zone)
    return bytes(Tree.tostring(alert, "utf-8", xml_declaration=True)) + b"\n"


def moment(at_ns: int, zone: ZoneInfo) -> str:
    """A time as CAP wants it: whole seconds and a numeric offset, which for UTC is -00:00."""
    told = datetime.fromtimestamp(at_ns // NS, UTC).astimezone(zone).isoformat(timespec="seconds")
    return f"{told[:-6]}-00:00" if told.endswith("+00:00") else told


def nameable(text: str) -> str:
    """A name without what identifiers must not have: spaces, commas, "<" and "&"."""
    return _UNNAMEABLE.sub("_", _UNWRITABLE.sub("", text)) or "_"


def _add_info(alert: Tree.Element, texts: Texts, line: IncidentLine, place: str, told: CapOut, zone: ZoneInfo) -> None:
    info, kind = Tree.SubElement(alert, "info"), describe_kind(line.kind, texts)
    closed = line.closed_ns is not None
    _add(info, "language", texts.language)
    _add(info, "category", CATEGORIES.get(line.kind, "Other"))
    _add(info, "event", kind or place)
    _add(info, "responseType", "AllClear" if closed else "Assess")
    _add(info, "urgency", "Past" if closed else "Immediate" if line.rank >= URGENT else "Expected")
    _add(info, "severity", SEVERITIES[line.rank])
    _add(info, "certainty", _certainty(line))
    _add(info, "onset", moment(line.opened_ns, zone))
    _add(info, "senderName", place)
    _add(info, "headline", f"{place}: {kind} ({texts.word(line.severity)})"[:MOST_HEADLINE])
    _add(info, "description", explained(line, texts))
    if line.per_day is not None:
        chance = Tree.SubElement(info, "parameter")
        _add(chance, "valueName", "per_day")
        _add(chance, "value", f"{line.per_day:.6g}")
    area = Tree.SubElement(info, "area")
    _add(area, "areaDesc", place)
    if told.circle is not None:
        latitude, longitude, radius_km = told.circle
        _add(area, "circle", f"{latitude:.6f},{longitude:.6f} {radius_km:g}")


def _certainty(line: IncidentLine) -> str:
    """Observed what a rule of the user's measured; Likely what most people would call worth a look."""
    if line.kind.startswith(RULE):
        return "Observed"
    return "Likely" if line.assessment and line.assessment.chance > LIKELY else "Possible"


def _add(above: Tree.Element, name: str, text: str) -> None:
    """An element with that text; nothing where there is none."""
    if text:
        Tree.SubElement(above, name).text = _UNWRITABLE.sub("", text)
