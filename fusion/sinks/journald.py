"""Incidents to the journal of systemd, by its own socket: fields that `journalctl -t kizashi -o verbose` shows.

A field is `NAME=value` and a line end; one that holds line ends itself is its name, a line end, its length as 64-bit
little-endian integer, the value, and a line end (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/).
"""

from __future__ import annotations

import socket
import struct

import msgspec

from fusion.sinks.envelope import EventLine
from fusion.sinks.syslog import send_datagram, urgency_of

MESSAGE_ID = "6c1d3fb8c1f04f0fa5d4c0d52b6a7e11"
"""Names messages about incidents, whatever they say."""


class Journald:
    """A receiver of events that writes them into the journal.

    Parameters
    ----------
    path : str
        Of its socket.
    place : str
        Name of the place.
    timeout_s : float
        How long to wait for it.
    """

    def __init__(self, path: str, place: str, timeout_s: float = 5.0) -> None:
        self._path, self._place, self._timeout_s = path, place, timeout_s

    def send(self, name: str, body: bytes) -> None:
        """Write an event.

        Raises
        ------
        OSError
            If there is no journal.
        """
        event = msgspec.json.decode(body, type=EventLine)
        line = event.data
        fields = {
            "MESSAGE": line.why, "PRIORITY": str(urgency_of(event)), "SYSLOG_IDENTIFIER": "kizashi",
            "MESSAGE_ID": MESSAGE_ID, "KIZASHI_EVENT": event.id, "KIZASHI_INCIDENT": line.id,
            "KIZASHI_CHANGE": event.change, "KIZASHI_SEVERITY": line.severity, "KIZASHI_KIND": line.kind,
            "KIZASHI_PLACE": self._place,
        }  # fmt: skip
        message = b"".join(_field(key, value) for key, value in fields.items())
        send_datagram(message, socket.AF_UNIX, self._path, self._timeout_s)


def _field(name: str, value: str) -> bytes:
    told = value.encode()
    if b"\n" not in told:
        return b"%s=%s\n" % (name.encode(), told)
    return b"%s\n%s%s\n" % (name.encode(), struct.pack("<Q", len(told)), told)
