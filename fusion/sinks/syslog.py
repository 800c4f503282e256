"""Incidents to a log of the system's or of the network's: RFC 5424, doi:10.17487/RFC5424.

`<PRI>1 time host kizashi pid incident.new [incident@32473 id="..." severity="..." ...] why`

By a datagram to a socket of this machine or by UDP (RFC 5426) nobody says whether it came; by TCP each message is
counted out in octets (RFC 6587), and the receiver has it when it closes its end after ours.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from fusion.sinks.envelope import EventLine
from sensors.errors import BadInputError

FACILITIES: Mapping[str, int] = {
    "user": 1, "daemon": 3, "auth": 4, "authpriv": 10, **{f"local{n}": 16 + n for n in range(8)},
}  # fmt: skip
URGENCIES = {"low": 5, "medium": 4, "high": 2, "critical": 1}
"""Notice, warning, critical, alert."""

ENDED = 6
"""That an incident has ended is information."""

DOCUMENTATION = 32473
"""The enterprise number that stands for none (RFC 5612)."""

MOST_BYTES = 2048
"""What every receiver of RFC 5424 should take."""

JOURNAL = "/run/systemd/journal/socket"
PORTS = {"udp": 514, "tcp": 601}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True, slots=True)
class Log:
    """Where a log listens.

    Attributes
    ----------
    way : str
        "unix", "udp", "tcp" or "journal".
    path : str
        Of a socket of this machine.
    host, port : str and int
        Of one in the network.
    """

    way: str
    path: str = ""
    host: str = ""
    port: int = 0


def log_address(address: str, where: str) -> Log:
    """Understand an address: "unix:/dev/log", "udp://host:514", "tcp://host:601", "journal:".

    Raises
    ------
    BadInputError
        If it is none.
    """
    mend = 'give "unix:/dev/log", "udp://host:514", "tcp://host:601" or "journal:"'
    with suppress(ValueError):
        parts = urlsplit(address)
        if parts.scheme in ("unix", "journal") and not parts.netloc and (parts.path or parts.scheme == "journal"):
            return Log(parts.scheme, parts.path or JOURNAL)
        if parts.scheme in PORTS and parts.hostname and not parts.path:
            return Log(parts.scheme, host=parts.hostname, port=parts.port or PORTS[parts.scheme])
    raise BadInputError(f"'{address}' is no address of a log", where=where, mend=mend)


class Syslog:
    """A receiver of events that writes them into a log.

    Parameters
    ----------
    log : Log
        Where.
    place : str
        Name of the place.
    facility : int
        Of `FACILITIES`.
    enterprise : int
        Whose the structured data are, by IANA's number.
    timeout_s : float
        How long to wait for the other end.
    """

    def __init__(
        self, log: Log, place: str, facility: int = 3, enterprise: int = DOCUMENTATION, timeout_s: float = 5.0
    ) -> None:
        self._log, self._place, self._timeout_s = log, place, timeout_s
        self._facility, self._enterprise = facility, enterprise
        self._host = _UNPRINTABLE.sub("", socket.gethostname())[:255] or "-"

    def send(self, name: str, body: bytes) -> None:
        """Write an event.

        Raises
        ------
        OSError
            If nobody takes it.
        """
        message = self.message(msgspec.json.decode(body, type=EventLine))
        if self._log.way == "tcp":
            self._send_counted(message)
        elif self._log.way == "udp":
            family, _, _, _, place = socket.getaddrinfo(self._log.host, self._log.port, type=socket.SOCK_DGRAM)[0]
            send_datagram(message, family, place, self._timeout_s)
        else:
            send_datagram(message, socket.AF_UNIX, self._log.path, self._timeout_s)

    def message(self, event: EventLine) -> bytes:
        """The line, `MOST_BYTES` at most: the words at its end are cut, never the data."""
        line = event.data
        data = {
            "id": line.id, "change": event.change, "severity": line.severity, "kind": line.kind, "place": self._place,
            **({"per_day": f"{line.per_day:.6g}"} if line.per_day is not None else {}),
        }  # fmt: skip
        told = "".join(f' {name}="{_escaped(value[:200])}"' for name, value in data.items())
        urgency = 8 * self._facility + urgency_of(event)
        head = f"<{urgency}>1 {event.time} {self._host} kizashi {os.getpid()} incident.{event.change}"
        begun = f"{head} [incident@{self._enterprise}{told}] \ufeff".encode()
        words = _in_one_line(line.why).encode()[: max(0, MOST_BYTES - len(begun))]
        return begun + words.decode(errors="ignore").encode()

    def _send_counted(self, message: bytes) -> None:
        with socket.create_connection((self._log.host, self._log.port), self._timeout_s) as way:
            way.sendall(b"%d %s" % (len(message), message))
            way.shutdown(socket.SHUT_WR)
            with suppress(TimeoutError):
                way.recv(1)


def urgency_of(event: EventLine) -> int:
    """How urgent logs call it, 0 to 7, 0 most."""
    return ENDED if event.change == "end" else URGENCIES[event.data.rank.name.lower()]


def send_datagram(message: bytes, family: int, place: str | tuple[object, ...], timeout_s: float) -> None:
    """Send one datagram.

    Raises
    ------
    OSError
        If nobody listens there, or there is no room.
    """
    with socket.socket(family, socket.SOCK_DGRAM) as way:
        way.settimeout(timeout_s)
        way.connect(place)
        way.send(message)


def _escaped(value: str) -> str:
    return re.sub(r'(["\\\]])', r"\\\1", _in_one_line(value))


def _in_one_line(text: str) -> str:
    return _CONTROL.sub(" ", text)
