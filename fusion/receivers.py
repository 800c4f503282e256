"""Tables of the settings for those who are told in their own way: services that push, logs, official warnings."""

from __future__ import annotations

import typing

import msgspec

from fusion.section import Name, Section, require_zone
from fusion.sinks.phrase import FIELDS, refuse_unknown_fields

HeaderName = typing.Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9-]{1,60}$")]
Priority = typing.Annotated[int, msgspec.Meta(ge=0, le=10)]
Change = typing.Literal["new", "update", "end"]
Grade = typing.Literal["low", "medium", "high", "critical"]
Facility = typing.Literal[
    "user", "daemon", "auth", "authpriv",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
]  # fmt: skip

Latitude = typing.Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = typing.Annotated[float, msgspec.Meta(ge=-180, le=180)]
Radius = typing.Annotated[float, msgspec.Meta(ge=0, le=20_100)]

GOTIFY = {"title": "{title}", "message": "{message}", "priority": "{priority}"}
"""What Gotify wants, and ntfy together with a `topic`."""


class PushOut(Section, frozen=True):
    """A service that brings messages to people, such as ntfy or Gotify; its address as that of a webhook.

    `fields`: of the JSON object that is sent; without any the message is sent as text. `headers`: as they are told;
    `header_files`: from files, for tokens. What stands in braces is filled in: see `fusion.sinks.phrase.FIELDS`.
    `priorities`: of the service, by severity; `changes` and `least`: what is sent at all.
    """

    name: Name
    url: str = ""
    url_file: str | None = None
    method: typing.Literal["POST", "PUT"] = "POST"
    title: str = "{place}: {kind} ({severity})"
    message: str = "{why}"
    fields: dict[str, str] = msgspec.field(default_factory=lambda: dict(GOTIFY))
    headers: dict[HeaderName, str] = {}
    header_files: dict[HeaderName, str] = {}
    priorities: dict[Grade, Priority] = {}
    changes: tuple[Change, ...] = ("new", "update")
    least: Grade = "low"

    def __post_init__(self) -> None:
        """Refuse names that stand for nothing, and a message that holds itself."""
        own = FIELDS - {"title", "message"}
        for phrase in (self.title, self.message):
            refuse_unknown_fields(phrase, own)
        for phrase in (*self.fields.values(), *self.headers.values()):
            refuse_unknown_fields(phrase)


class LogOut(Section, frozen=True):
    """A log: `address` is "unix:/dev/log", "udp://host:514", "tcp://host:601", or "journal:" for that of systemd.

    `facility`: user, daemon, auth, authpriv or local0 to local7. `enterprise`: IANA's number of whoever reads the
    structured data; the default is that of documentation.
    """

    name: Name
    address: str
    facility: Facility = "daemon"
    enterprise: typing.Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] = 32473


class CapOut(Section, frozen=True):
    """Warnings in the Common Alerting Protocol, a file for each change of an incident in `folder`; none without one.

    `sender`: who warns, by a name that nobody else has. `status`: Test until you mean it. `scope`: Public, Restricted
    (then `restriction` says how) or Private (then `addresses` says to whom). `timezone`: of its times. `circle`: where,
    as latitude, longitude and radius in kilometres.
    """

    folder: str = ""
    sender: typing.Annotated[str, msgspec.Meta(pattern=r"^[^\s,<&]{1,100}$")] = "kizashi"
    status: typing.Literal["Actual", "Exercise", "System", "Test", "Draft"] = "Test"
    scope: typing.Literal["Public", "Restricted", "Private"] = "Private"
    restriction: str = "for those who watch this place"
    addresses: str = "operators"
    timezone: str = "UTC"
    circle: tuple[Latitude, Longitude, Radius] | None = None

    def __post_init__(self) -> None:
        """Refuse wall time of nowhere, and a scope without its words."""
        require_zone(self.timezone)
        if (self.scope == "Restricted" and not self.restriction) or (self.scope == "Private" and not self.addresses):
            raise ValueError("Restricted wants a restriction, Private wants addresses")
