"""The other ends, as processes that can be killed, paused and started again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Self, cast

HERE = Path(__file__).parent
SYSTEM_PYTHON = "/usr/bin/python3"


class Server:
    """A command that prints "ready"; the same again after `kill` and `start`."""

    def __init__(self, *command: str) -> None:
        self._command = command
        self._log = tempfile.TemporaryFile("w+")
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._log.close()

    def start(self) -> None:
        self._log.seek(0)
        self._log.truncate()
        self._child = subprocess.Popen(self._command, stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL)
        self.await_line("ready")

    def kill(self) -> None:
        if self._child:
            self._child.kill()
            self._child.wait()

    def pause(self) -> None:
        """Half-open: connections stay, nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def switch(self) -> None:
        """Whatever the server does then."""
        self._signal(signal.SIGUSR1)

    def lines(self) -> list[str]:
        return Path(f"/proc/self/fd/{self._log.fileno()}").read_text(encoding="utf-8", errors="replace").splitlines()

    def await_line(self, line: str) -> None:
        assert self._child
        child = self._child
        poll(lambda: line in self.lines() or child.poll() is not None, line)
        assert line in self.lines(), self.lines()

    def _signal(self, number: signal.Signals) -> None:
        assert self._child
        self._child.send_signal(number)


class WebServer(ABC):
    """A web server in the test's own process, until it is ended; `over` is set then."""

    def __init__(self) -> None:
        self.port = free_port()
        self.over = Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @abstractmethod
    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """What it does with a request."""

    def start(self) -> None:
        answer = self.answer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with suppress(OSError):
                    answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.over.clear()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = False
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def end(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Pulse:
    """A PulseAudio of our own, with a runtime folder of its own; `environment` leads to it."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="pulse"))
        self._socket = self._home / "native"
        home = str(self._home)
        self.environment = {
            "HOME": home, "XDG_RUNTIME_DIR": home, "PULSE_RUNTIME_PATH": home, "PULSE_SERVER": f"unix:{self._socket}",
            "PULSE_SOURCE": "room.monitor", "PULSE_SINK": "room",
        }  # fmt: skip
        self._child: subprocess.Popen[bytes] | None = None
        self._other: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        options = "-n --daemonize=no --use-pid-file=no --exit-idle-time=-1 --log-target=stderr".split()
        native = f"--load=module-native-protocol-unix auth-anonymous=1 socket={self._socket}"
        self._child = subprocess.Popen(
            ["pulseaudio", *options, native], env=self._ways(), stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        poll(lambda: not self._control("info").returncode, "pulseaudio")
        return self

    def __exit__(self, *_: object) -> None:
        for child in (self._other, self._child):
            if child:
                child.kill()
                child.wait()
        shutil.rmtree(self._home)

    def plug(self) -> None:
        """A null sink named "room", whose monitor is the microphone."""
        done = self._control("load-module", "module-null-sink", "sink_name=room")
        assert not done.returncode, done.stderr
        # A null sink that nobody listens to sleeps two seconds at a time; another listener keeps it awake.
        listen = ["parec", "--latency-msec=20", "--device=room.monitor", "/dev/null"]
        self._other = subprocess.Popen(listen, env=self._ways(), stderr=subprocess.DEVNULL)

    def unplug(self) -> None:
        done = self._control("unload-module", "module-null-sink")
        assert not done.returncode, done.stderr
        if self._other:
            self._other.wait(20)

    def play(self, path: Path) -> subprocess.Popen[bytes]:
        """Play a file into the sink, in the background."""
        return subprocess.Popen(["paplay", str(path)], env=self._ways(), stderr=subprocess.DEVNULL)

    def _control(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["pactl", *words], env=self._ways(), capture_output=True, text=True, timeout=20)

    def _ways(self) -> dict[str, str]:
        return {**os.environ, **self.environment}


def rtsp_server(port: int, *options: str) -> Server:
    return Server(SYSTEM_PYTHON, "-W", "ignore", str(HERE / "rtsp_server.py"), str(port), *options)


def wyoming_server(port: int, role: str) -> Server:
    return Server(sys.executable, "-W", "ignore", str(HERE / "wyoming_server.py"), str(port), role)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return cast(int, probe.getsockname()[1])


def poll(done: Callable[[], object], what: str, within_s: float = 30.0) -> None:
    """Wait until something holds; a deadline, so that a failure is a failure and not a hang."""
    deadline_s = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < deadline_s, f"in vain: {what}"
        time.sleep(0.02)
