"""Whether a broker of MQTT is somewhere, and whether it lets everybody in."""

from __future__ import annotations

import socket
from contextlib import closing
from enum import StrEnum

_CONNECT = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00"
"""MQTT 3.1.1: a clean session for a client without a name."""

_DISCONNECT = b"\xe0\x00"
_ANSWER_BYTES = 4
_LOCKED = frozenset({2, 4, 5})


class Door(StrEnum):
    """What a broker says to a stranger."""

    NONE = "none"
    OPEN = "open"
    LOCKED = "locked"


def find_broker(host: str, port: int = 1883, within_s: float = 2.0) -> Door:
    """Whether a broker answers there, and how."""
    answer = b""
    try:
        with closing(socket.create_connection((host, port), within_s)) as way:
            way.settimeout(within_s)
            way.sendall(_CONNECT)
            while len(answer) < _ANSWER_BYTES and (more := way.recv(_ANSWER_BYTES - len(answer))):
                answer += more
            if read_door(answer) is Door.OPEN:
                way.sendall(_DISCONNECT)
    except OSError:
        pass
    return read_door(answer)


def read_door(answer: bytes) -> Door:
    """What the first bytes of an answer say: CONNACK (section 3.2 of the standard) or nothing."""
    if len(answer) != _ANSWER_BYTES or answer[:2] != b"\x20\x02" or answer[2] > 1:
        return Door.NONE
    if answer[3] in _LOCKED:
        return Door.LOCKED
    return Door.OPEN if answer[3] == 0 else Door.NONE
