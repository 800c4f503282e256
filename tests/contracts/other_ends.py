"""For every live kind the real thing at its other end: whoever adds a kind adds what it listens to."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from tests.live.broker import Mosquitto
from tests.live.lines import Port
from tests.live.servers import HERE, Pulse, Server, free_port, rtsp_server, wyoming_server
from tests.live.web_server import WebSensor

TOKEN = "a token that is long enough"  # noqa: S105 - of a server that lives for a test
EVERY_S = 0.02


@dataclass
class End:
    """Where a source finds its other end, and what makes that speak, where it does not by itself."""

    address: str
    options: dict[str, Any] = field(default_factory=dict)
    say: Callable[[], None] | None = None

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """It speaks as long as this lasts."""
        over = Event()
        thread = Thread(target=self._speak, args=(over,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _speak(self, over: Event) -> None:
        while self.say and not over.wait(EVERY_S):
            with suppress(OSError):
                self.say()


def other_end(kind: str, stack: ExitStack, folder: Path) -> End:
    """Start what sources of this kind listen to; it ends with the stack."""
    return _ENDS[kind](stack, folder)


def _rtsp(mount: str) -> Callable[[ExitStack, Path], End]:
    def made(stack: ExitStack, _: Path) -> End:
        port = free_port()
        stack.enter_context(rtsp_server(port))
        return End(f"rtsp://127.0.0.1:{port}/{mount}", {"stall_s": 1.0})

    return made


def _wyoming(stack: ExitStack, _: Path) -> End:
    port = free_port()
    stack.enter_context(wyoming_server(port, "satellite"))
    return End(f"tcp://127.0.0.1:{port}", {"stall_s": 1.0})


def _microphone(stack: ExitStack, _: Path) -> End:
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    pulse = stack.enter_context(Pulse())
    pulse.plug()
    for name, value in pulse.environment.items():
        patch.setenv(name, value)
    return End("pulse", {"stall_s": 1.0})


def _mqtt(stack: ExitStack, folder: Path) -> End:
    broker = stack.enter_context(Mosquitto(folder))
    client = stack.enter_context(broker.publisher())
    return End(broker.address, {"topics": "hall/temperature"}, lambda: client.publish("hall/temperature", "20"))


def _http(stack: ExitStack, _: Path) -> End:
    return End(stack.enter_context(WebSensor('{"temperature": 20}')).url, {"poll_s": EVERY_S})


def _push(_: ExitStack, folder: Path) -> End:
    (folder / "token").write_text(TOKEN)
    port = free_port()

    def say() -> None:
        with (
            closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as way,
            suppress(http.client.HTTPException),
        ):
            way.request("POST", "/", '{"temperature": 20}', {"Authorization": f"Bearer {TOKEN}"})
            way.getresponse().close()

    return End(f"127.0.0.1:{port}", {"token_file": folder / "token"}, say)


def _modbus(stack: ExitStack, _: Path) -> End:
    port = free_port()
    stack.enter_context(Server(sys.executable, "-W", "ignore", str(HERE / "modbus_server.py"), "tcp", str(port)))
    registers = [{"name": "temperature", "address": 0, "type": "int16", "scale": 0.1}]
    return End(f"tcp://127.0.0.1:{port}", {"registers": registers, "poll_s": EVERY_S})


def _serial(stack: ExitStack, folder: Path) -> End:
    port = stack.enter_context(Port(folder / "tty"))
    return End(str(port.path), {}, lambda: port.write(b"temperature=20 C\n"))


def _sysfs(device: str, file: str) -> Callable[[ExitStack, Path], End]:
    def made(_: ExitStack, folder: Path) -> End:
        (folder / device).mkdir()
        (folder / device / "name").write_text("bme280\n")
        (folder / device / file).write_text("20000\n")
        return End("bme280", {"root": folder, "poll_s": EVERY_S})

    return made


def _tail(_: ExitStack, folder: Path) -> End:
    path = folder / "log.csv"
    path.write_text("temperature_c,humidity\n")

    def say() -> None:
        with path.open("a") as file:
            file.write("20,40\n")

    return End(str(path), {"poll_s": EVERY_S}, say)


_ENDS: dict[str, Callable[[ExitStack, Path], End]] = {
    "audio.microphone": _microphone,
    "audio.url": _rtsp("live"),
    "audio.wyoming": _wyoming,
    "environment.http": _http,
    "environment.hwmon": _sysfs("hwmon0", "temp1_input"),
    "environment.iio": _sysfs("iio:device0", "in_temp_input"),
    "environment.modbus": _modbus,
    "environment.mqtt": _mqtt,
    "environment.push": _push,
    "environment.serial": _serial,
    "environment.tail": _tail,
    "video.url": _rtsp("clock"),
}
