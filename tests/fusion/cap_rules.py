"""What CAP 1.2 asks of a message, in our words: which elements, in which order, how often, and of which kind.

https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html, section 3.2 and 3.3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as Tree

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?!\+00:00)[-+]\d\d:\d\d"
NAME = r"[^\s,<&]+"
ANY = r"(?s).+"


def one_of(words: str) -> str:
    return "|".join(words.split())


@dataclass(frozen=True)
class Element:
    """What may stand there: so often, with a text of that kind or these elements, in this order."""

    name: str
    least: int = 1
    most: float = 1
    text: str = ANY
    inner: Sequence[Element] = field(default_factory=tuple)


MANY = float("inf")
AREA = (
    Element("areaDesc"), Element("polygon", 0, MANY), Element("circle", 0, MANY, r"-?\d+(\.\d+)?,-?\d+(\.\d+)? \d\S*"),
    Element("geocode", 0, MANY), Element("altitude", 0), Element("ceiling", 0),
)  # fmt: skip
INFO = (
    Element("language", 0, text="[a-z]{2}(-[A-Z]{2})?"),
    Element("category", 1, MANY, one_of("Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other")),
    Element("event"),
    Element("responseType", 0, MANY, one_of("Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None")),
    Element("urgency", text=one_of("Immediate Expected Future Past Unknown")),
    Element("severity", text=one_of("Extreme Severe Moderate Minor Unknown")),
    Element("certainty", text=one_of("Observed Likely Possible Unlikely Unknown")),
    Element("audience", 0), Element("eventCode", 0, MANY), Element("effective", 0, text=TIME),
    Element("onset", 0, text=TIME), Element("expires", 0, text=TIME), Element("senderName", 0),
    Element("headline", 0, text="(?s).{1,160}"), Element("description", 0), Element("instruction", 0),
    Element("web", 0), Element("contact", 0),
    Element("parameter", 0, MANY, inner=(Element("valueName"), Element("value"))),
    Element("resource", 0, MANY), Element("area", 0, MANY, inner=AREA),
)  # fmt: skip
ALERT = (
    Element("identifier", text=NAME), Element("sender", text=NAME), Element("sent", text=TIME),
    Element("status", text=one_of("Actual Exercise System Test Draft")),
    Element("msgType", text=one_of("Alert Update Cancel Ack Error")), Element("source", 0),
    Element("scope", text=one_of("Public Restricted Private")), Element("restriction", 0), Element("addresses", 0),
    Element("code", 0, MANY), Element("note", 0),
    Element("references", 0, text=rf"{NAME},{NAME},{TIME}( {NAME},{NAME},{TIME})*"), Element("incidents", 0),
    Element("info", 0, MANY, inner=INFO),
)  # fmt: skip


def checked(document: bytes) -> Tree.Element:
    """The message, which keeps all rules.

    Raises
    ------
    AssertionError
        Naming what breaks one.
    """
    alert = Tree.fromstring(document)  # noqa: S314 - our own
    assert alert.tag == f"{CAP}alert"
    _check(alert, ALERT)
    told = {name: alert.findtext(f"{CAP}{name}") for name in ("scope", "restriction", "addresses", "msgType")}
    assert (told["scope"] == "Restricted") == bool(told["restriction"])
    assert told["scope"] != "Private" or told["addresses"]
    assert (told["msgType"] in ("Update", "Cancel")) == (alert.find(f"{CAP}references") is not None)
    return alert


def _check(above: Tree.Element, allowed: Sequence[Element]) -> None:
    rest = list(above)
    for element in allowed:
        count = 0
        while rest and rest[0].tag == f"{CAP}{element.name}":
            _check_one(rest.pop(0), element)
            count += 1
        assert element.least <= count <= element.most, f"{count} {element.name} in {above.tag}"
    assert not rest, f"{rest[0].tag} is not allowed there"


def _check_one(found: Tree.Element, element: Element) -> None:
    assert not found.attrib
    if element.inner:
        _check(found, element.inner)
    else:
        assert not len(found)
        assert re.fullmatch(element.text, found.text or ""), f"{element.name}: {found.text!r}"
