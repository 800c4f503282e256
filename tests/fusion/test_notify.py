"""What systemd is told, at a real datagram socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fusion.live.notify import Notifier
from sensors.types import NS


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.setblocking(False)
        yield ear


def told(ear: socket.socket) -> list[str]:
    out = []
    try:
        while True:
            out.append(ear.recv(4096).decode().splitlines()[0])
    except BlockingIOError:
        return out


def test_it_is_alive_only_while_verdicts_come(manager: socket.socket, tmp_path: Path) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "3000000"})
    notifier.ready()
    notifier.alive(1, 2 * NS)
    notifier.alive(1, 9 * NS)
    notifier.alive(2, 10 * NS)
    notifier.alive(3, 10 * NS + 1)
    notifier.stopping()
    assert told(manager) == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]


def test_without_a_manager_nobody_is_told_and_nothing_fails(tmp_path: Path) -> None:
    Notifier({}).ready()
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()
