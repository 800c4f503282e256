"""Microphones that are there: those of this machine, and whether another one speaks Wyoming.

Run as a program it prints the names of this machine's as JSON: PortAudio asks every driver, some of which hang, and
whoever looks wants to go on.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import closing

from sensors.audio.live.wyoming import read_event, write_event
from sensors.reader.faults import ReaderError

WITHIN_S = 10.0
MOST_EVENTS = 20


def find_microphones(within_s: float = WITHIN_S) -> tuple[str, ...]:
    """Names of devices that hear, the system's choice first; none where nothing answers in time."""
    command = [sys.executable, "-m", "sensors.audio.live.finding"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=within_s, check=True)  # noqa: S603 - ourselves
        return tuple(str(name) for name in json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()


def speaks_wyoming(host: str, port: int, within_s: float = 2.0) -> bool:
    """Whether somebody there describes himself in that protocol."""
    try:
        with closing(socket.create_connection((host, port), within_s)) as link, link.makefile("rwb") as wire:
            write_event(wire, "describe")
            for _ in range(MOST_EVENTS):
                event = read_event(wire)
                if event is None or event.kind == "info":
                    return event is not None
    except (OSError, ReaderError):
        return False
    return False


def _names() -> list[str]:
    import sounddevice  # type: ignore[import-untyped]

    devices, chosen = sounddevice.query_devices(), sounddevice.default.device[0]
    order = sorted(range(len(devices)), key=lambda number: (number != chosen, number))
    return [devices[number]["name"] for number in order if devices[number]["max_input_channels"] > 0]


if __name__ == "__main__":
    print(json.dumps(_names()))
