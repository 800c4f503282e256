"""Incidents in logs: sockets of this machine and of the network as syslog daemons have them, and the journal's."""

from __future__ import annotations

import re
import socket
import socketserver
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.events import Change, Incident, Severity
from fusion.sinks.envelope import event
from fusion.sinks.journald import Journald
from fusion.sinks.news import Changed
from fusion.sinks.outbox import Outbox
from fusion.sinks.syslog import Log, Syslog, log_address
from sensors.backoff import Backoff
from sensors.errors import BadInputError
from tests.fusion.incidents import AT_NS, closed, opened, verdict
from tests.live.servers import free_port, poll

LINE = re.compile(
    r"<(?P<pri>\d{1,3})>1 (?P<time>\S+) (?P<host>\S+) kizashi \d+ (?P<kind>\S+) "
    r"\[incident@(?P<enterprise>\d+)(?P<data>( [a-z_]+=\"([^\"\\\]]|\\.)*\")*)\] \ufeff(?P<words>.*)"
)


@contextmanager
def listening(family: int, place: str | tuple[str, int]) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_DGRAM) as ear:
        ear.bind(place)
        ear.settimeout(10)
        yield ear


def understood(line: bytes) -> re.Match[str]:
    found = LINE.fullmatch(line.decode())
    assert found, line
    return found


def test_a_line_says_how_urgent_when_which_and_why(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    with listening(socket.AF_UNIX, path) as ear:
        Syslog(Log("unix", path), "Shop", facility=10).send("1a.1", event("Shop", opened()))
        line = understood(ear.recv(9000))
    assert int(line["pri"]) == 8 * 10 + 2
    assert line["time"] == "2023-11-14T22:13:20.000+00:00"
    assert line["kind"] == "incident.new"
    told = dict(re.findall(r' ([a-z_]+)="([^"]*)"', line["data"]))
    assert told == {
        "id": "1a", "change": "new", "severity": "high", "kind": "sound", "place": "Shop", "per_day": "0.01",
    }  # fmt: skip
    assert line["words"] == "Audio: hall/mic level."


def test_by_udp_it_is_the_same_line_and_an_end_is_not_urgent() -> None:
    with listening(socket.AF_INET, ("127.0.0.1", 0)) as ear:
        log = log_address(f"udp://127.0.0.1:{ear.getsockname()[1]}", "test")
        Syslog(log, "Shop").send("1a.2", event("Shop", closed()))
        assert int(understood(ear.recv(9000))["pri"]) == 8 * 3 + 6


class Counting(socketserver.StreamRequestHandler):
    """Takes messages by their counted octets until the other end has no more."""

    lines: list[bytes]

    def handle(self) -> None:
        while count := self._number():
            self.lines.append(self.rfile.read(count))

    def _number(self) -> int:
        digits = b""
        while (letter := self.rfile.read(1)).isdigit():
            digits += letter
        return int(digits or b"0")


def test_by_tcp_octets_are_counted_and_what_nobody_took_is_sent_later() -> None:
    port, lines = free_port(), list[bytes]()
    box = Outbox("log net", "Shop", Syslog(log_address(f"tcp://127.0.0.1:{port}", "test"), "店"), None, None,
                 Backoff(0.02, 0.05))  # fmt: skip
    box.deliver(opened())
    box.deliver(closed())
    poll(lambda: box.waiting == 2, "both wait")
    handler = type("Handler", (Counting,), {"lines": lines})
    with socketserver.TCPServer(("127.0.0.1", port), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        poll(lambda: box.sent == 2, "both lines")
        server.shutdown()
        thread.join()
    box.close(1)
    assert [understood(line)["kind"] for line in lines] == ["incident.new", "incident.end"]
    assert 'place="店"' in lines[0].decode()


@settings(deadline=None, derandomize=True, database=None)
@given(kind=st.text(max_size=300), why=st.text(max_size=3000), place=st.text(max_size=60))
def test_whatever_an_incident_is_called_the_line_is_one_and_can_be_taken_apart(kind: str, why: str, place: str) -> None:
    one = Incident("1a", AT_NS, None, Severity.LOW, kind, verdict(), (), why)
    body = event("Shop", Changed(Change.OPENED, one, 1))
    with listening(socket.AF_INET, ("127.0.0.1", 0)) as ear:
        Syslog(Log("udp", host="127.0.0.1", port=ear.getsockname()[1]), place).send("1a.1", body)
        line = ear.recv(1 << 16)
    assert len(line) <= 2048
    assert b"\n" not in line
    assert understood(line)["kind"] == "incident.new"


def test_the_journal_gets_fields_and_those_of_many_lines_by_their_length(tmp_path: Path) -> None:
    path = str(tmp_path / "journal")
    two = Incident("1b", AT_NS, None, Severity.CRITICAL, "sound", verdict(), (), "one\ntwo")
    with listening(socket.AF_UNIX, path) as ear:
        Journald(path, "Shop").send("1a.1", event("Shop", opened()))
        Journald(path, "Shop").send("1b.1", event("Shop", Changed(Change.OPENED, two, 1)))
        first, second = fields(ear.recv(9000)), fields(ear.recv(9000))
    assert first["MESSAGE"] == "Audio: hall/mic level."
    assert (first["PRIORITY"], first["SYSLOG_IDENTIFIER"], first["KIZASHI_INCIDENT"]) == ("2", "kizashi", "1a")
    assert (second["MESSAGE"], second["PRIORITY"], second["KIZASHI_EVENT"]) == ("one\ntwo", "1", "1b.1")


def fields(message: bytes) -> dict[str, str]:
    """A journal entry taken apart, as the journal does."""
    told, rest = {}, message
    while rest:
        line, _, rest = rest.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (length,) = struct.unpack("<Q", rest[:8])
            value, rest = rest[8 : 8 + length], rest[9 + length :]
        told[name.decode()] = value.decode()
    return told


@pytest.mark.parametrize(
    "address", ["", "unix:", "/dev/log", "udp://", "udp://a:99999", "tcp://a/b", "http://a", "unix://a/b", "udp://[a"]
)
def test_only_logs_are_logs(address: str) -> None:
    with pytest.raises(BadInputError, match="no address of a log"):
        log_address(address, "[[logs]] x")
