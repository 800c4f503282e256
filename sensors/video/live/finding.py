"""Cameras that are there: those of this machine, and those of the network that answer to ONVIF's call.

WS-Discovery (OASIS, 2009): a question by UDP to a group of the network, to which each camera answers with its address.
What comes back is from anybody, and is trusted in nothing.
"""

from __future__ import annotations

import html
import re
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

SYSFS = Path("/sys/class/video4linux")
GROUP = "239.255.255.250", 3702
MOST_BYTES = 1 << 16
MOST_ANSWERS = 200
_ADDRESSES = re.compile(rb"<(?:[\w.-]{1,40}:)?XAddrs(?:\s[^<>]{0,500})?>([^<]{0,4000})</")
_SCOPES = re.compile(rb"<(?:[\w.-]{1,40}:)?Scopes(?:\s[^<>]{0,500})?>([^<]{0,8000})</")
_NAME = "onvif://www.onvif.org/name/"
PROBE = """<?xml version="1.0" encoding="utf-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header>
<w:MessageID>uuid:{number}</w:MessageID><w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>
<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>
<e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"""


@dataclass(frozen=True, order=True, slots=True)
class NetworkCamera:
    """A camera of the network: its host, and what it calls itself."""

    host: str
    name: str = ""


def find_cameras(sysfs: Path = SYSFS, devices: Path = Path("/dev")) -> tuple[tuple[str, str], ...]:
    """Cameras of this machine: device and name. One by its lasting name, where it has one."""
    found = []
    lasting = {path.resolve(): path for path in sorted(devices.glob("v4l/by-id/*"))}
    for folder in sorted(sysfs.glob("video*")):
        with suppress(OSError, UnicodeDecodeError):
            device = devices / folder.name
            if (folder / "index").read_text().strip() == "0" and device.exists():
                path = lasting.get(device.resolve(), device)
                found.append((str(path), (folder / "name").read_text().strip()))
    return tuple(found)


def find_network_cameras(within_s: float = 3.0, group: tuple[str, int] = GROUP) -> tuple[NetworkCamera, ...]:
    """Cameras that answer in time, on every network of this machine."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as way:
        way.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        question = PROBE.format(number=uuid4()).encode()
        for index, _ in socket.if_nameindex():
            with suppress(OSError):
                way.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", b"", b"", index))
                way.sendto(question, group)
        return tuple(sorted({camera.host: camera for camera in _answers(way, within_s)}.values()))


def _answers(way: socket.socket, within_s: float) -> Iterator[NetworkCamera]:
    deadline_s = time.monotonic() + within_s
    for _ in range(MOST_ANSWERS):
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            return
        way.settimeout(left_s)
        try:
            answer = way.recv(MOST_BYTES)
        except TimeoutError:
            return
        except OSError:
            continue
        yield from read_answer(answer)


def read_answer(answer: bytes) -> Iterator[NetworkCamera]:
    """Cameras that an answer names; none where it is no answer."""
    names = [scope for text in _SCOPES.findall(answer[:MOST_BYTES]) for scope in _words(text)]
    named = [unquote(scope.removeprefix(_NAME)) for scope in names if scope.startswith(_NAME)]
    name = "".join(letter for letter in "".join(named[:1])[:100] if letter.isprintable())
    hosts = (_host(address) for text in _ADDRESSES.findall(answer[:MOST_BYTES]) for address in _words(text))
    yield from (NetworkCamera(host, name) for host in dict.fromkeys(filter(None, hosts)))


def _words(text: bytes) -> Iterable[str]:
    return html.unescape(text.decode(errors="replace")).split()


def _host(address: str) -> str:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return ""
    return host if parts.scheme in ("http", "https") and re.fullmatch(r"[0-9A-Za-z.:%-]{1,255}", host) else ""
