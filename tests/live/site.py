"""A daemon of our own as a process: told to end, killed, begun again; and what it left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any, Self

from tests.live.servers import poll

KIZASHI = str(Path(sysconfig.get_path("scripts")) / "kizashi")


class Site:
    """A settings file, and the daemon that watches by it.

    `sensors` and all else are TOML text; a log that grows (`say`) is a sensor that needs no other end.
    """

    def __init__(
        self, folder: Path, settings: str = "", command: str = "run", *options: str, **environment: str
    ) -> None:
        self.folder, self.config, self.table = folder, folder / "site.toml", folder / "air.csv"
        self._command = [KIZASHI, command, "--config", str(self.config), *options]
        self.table.write_text("temperature_c\n")
        self.config.write_text(f"{settings}\n{TAIL.format(path=self.table)}")
        self._log = tempfile.TemporaryFile("w+")
        self._ways = {**os.environ, **environment}
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._child and self._child.poll() is None:
            self._child.kill()
            self._child.wait()
        self._log.close()

    @property
    def pid(self) -> int:
        assert self._child
        return self._child.pid

    def start(self) -> None:
        before = len(self.log())
        self._child = subprocess.Popen(self._command, stdout=self._log, stderr=self._log, env=self._ways)
        poll(lambda: any("watching with" in line["text"] for line in self.log()[before:]), "a daemon that watches")

    def say(self, value: float) -> None:
        with self.table.open("a") as file:
            file.write(f"{value}\n")

    def end(self, number: signal.Signals = signal.SIGTERM, within_s: float = 20) -> int:
        assert self._child
        self._child.send_signal(number)
        return self._child.wait(within_s)

    def wait(self, within_s: float = 60) -> int:
        assert self._child
        return self._child.wait(within_s)

    def told(self, text: str) -> bool:
        return any(text in line["text"] for line in self.log())

    def log(self) -> list[dict[str, Any]]:
        lines = Path(f"/proc/self/fd/{self._log.fileno()}").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def until(self, text: str) -> None:
        poll(lambda: self.told(text), text)


TAIL = """
[[sensors]]
id = "hall/air"
kind = "environment.tail"
path = "{path}"
poll_s = 0.02
"""
