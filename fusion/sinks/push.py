"""Incidents to somebody's phone, by a service like ntfy or Gotify: a message by template, over HTTP.

What is sent is either an object of JSON with the fields that the service wants, or plain text; headers may be phrases,
too. Like every event it waits in the outbox until the service has it, and carries the event's id: who gets a message
twice can tell.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import msgspec

from fusion.events import Severity
from fusion.explain import describe_kind
from fusion.language.texts import Texts
from fusion.sinks.envelope import EventLine, iso
from fusion.sinks.phrase import filled_in
from fusion.sinks.web import Address


@dataclass(frozen=True)
class Message:
    """How a message is written.

    Attributes
    ----------
    title, message : str
        Phrases, see `fusion.sinks.phrase`.
    fields : mapping of str to str
        Of the JSON object, phrases; one that is nothing but `{priority}` is a number. Empty sends `message` as text.
    headers : mapping of str to str
        Phrases.
    secrets : mapping of str to str
        Headers that are sent as they are.
    priorities : mapping of str to int
        By severity, in the service's terms.
    changes : collection of str
        Of "new", "update", "end": what is sent; of the rest nothing.
    least : Severity
        What is less severe is not sent.
    """

    title: str
    message: str
    fields: Mapping[str, str]
    headers: Mapping[str, str]
    priorities: Mapping[str, int]
    changes: Collection[str]
    least: Severity = Severity.LOW
    secrets: Mapping[str, str] = field(default_factory=dict)


class Push:
    """A receiver of events that makes messages of them.

    Parameters
    ----------
    address : Address
        Of the service.
    method : str
        POST or PUT.
    written : Message
        How.
    place : str
        Name of the place.
    texts : Texts
        The language of severities and kinds.
    """

    def __init__(self, address: Address, method: str, written: Message, place: str, texts: Texts) -> None:
        self._address, self._method, self._written = address, method, written
        self._place, self._texts = place, texts

    def send(self, name: str, body: bytes) -> None:
        """Send the message that an event makes; nothing where it is not wanted."""
        event = msgspec.json.decode(body, type=EventLine)
        if event.change not in self._written.changes or event.data.rank < self._written.least:
            return
        facts = self._facts(event)
        sent, kind = self._body(facts)
        told = {key: header(filled_in(phrase, facts)) for key, phrase in self._written.headers.items()}
        headers = {"Content-Type": kind, "Idempotency-Key": name, **told, **self._written.secrets}
        self._address.send(self._method, sent, headers)

    def _facts(self, event: EventLine) -> dict[str, str]:
        line = event.data
        facts = {
            "place": self._place, "change": event.change, "severity": self._texts.word(line.severity),
            "kind": describe_kind(line.kind, self._texts), "why": line.why, "opened": iso(line.opened_ns),
            "closed": iso(line.closed_ns) if line.closed_ns is not None else "", "incident": line.id,
            "event": event.id, "priority": str(self._written.priorities[line.rank.name.lower()]),
            "per_day": "" if line.per_day is None else f"{line.per_day:.3g}",
        }  # fmt: skip
        named = {"title": self._written.title, "message": self._written.message}
        return facts | {key: filled_in(phrase, facts) for key, phrase in named.items()}

    def _body(self, facts: Mapping[str, str]) -> tuple[bytes, str]:
        if not self._written.fields:
            return facts["message"].encode(), "text/plain; charset=utf-8"
        told: dict[str, str | int] = {key: filled_in(phrase, facts) for key, phrase in self._written.fields.items()}
        numbers = {key: int(facts["priority"]) for key, at in self._written.fields.items() if at == "{priority}"}
        return msgspec.json.encode(told | numbers), "application/json"


def header(text: str) -> str:
    """A text as it may stand in a header: as it is where it is plain ASCII, else as an encoded word (RFC 2047)."""
    if text.isascii() and text.isprintable():
        return text
    return f"=?UTF-8?B?{base64.b64encode(text.encode()).decode()}?="
