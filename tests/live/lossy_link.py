"""A link that loses packets: a network namespace of our own at the other end of a pair of virtual cables; needs root.

The losses are those of nftables, a random packet in each direction. Why not netem, which could delay packets as well:
it is a module of its own, which small kernels leave out.
"""

from __future__ import annotations

import itertools
import os
import subprocess
from pathlib import Path
from typing import Self

from tests.live.servers import HERE, SYSTEM_PYTHON, Server, free_port

NETWORK = "10.213"
SPACE = "kzs"
_NUMBERS = itertools.count()


class LossyLink:
    """A namespace at the other end of a link, as long as the `with` lasts."""

    def __init__(self) -> None:
        # Numbered, since the system takes its time to remove what a test before had.
        number = next(_NUMBERS)
        self._space, self._near, self._far = (f"kz{end}{os.getpid()}-{number}" for end in ("s", "n", "f"))
        self._there_address = ""

    def __enter__(self) -> Self:
        _remove_orphans()
        taken = _run("ip", "-oneline", "-4", "address")
        number = next(number for number in range(256) if f" {NETWORK}.{number}." not in taken)
        here_address, self._there_address = f"{NETWORK}.{number}.1", f"{NETWORK}.{number}.2"
        try:
            _run("ip", "netns", "add", self._space)
            _run("ip", "link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self._space)
            _run("ip", "address", "add", f"{here_address}/30", "dev", self._near)
            _run("ip", "link", "set", self._near, "up")
            self._there("ip", "address", "add", f"{self._there_address}/30", "dev", self._far)
            self._there("ip", "link", "set", self._far, "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """The cables vanish with the namespace."""
        subprocess.run(["ip", "netns", "del", self._space], check=False, capture_output=True)

    def lose(self, percent: int) -> None:
        """From now on of 100 packets so many are lost in each direction."""
        lines = ["flush ruleset", "table inet lossy {"]
        for hook in ("input", "output"):
            lines += [
                f"chain {hook} {{",
                f"type filter hook {hook} priority 0",
                f"numgen random mod 100 < {percent} drop",
                "}",
            ]
        self._there("nft", "\n".join([*lines, "}"]))

    def server(self) -> tuple[Server, str]:
        """An RTSP server at the other end, not yet started, and its address."""
        port = str(free_port())
        script = "-W", "ignore", str(HERE / "rtsp_server.py")
        command = "ip", "netns", "exec", self._space, SYSTEM_PYTHON, *script, port, self._there_address
        return Server(*command), f"rtsp://{self._there_address}:{port}"

    def _there(self, *command: str) -> None:
        _run("ip", "netns", "exec", self._space, *command)


def _remove_orphans() -> None:
    """Away with what a test left that was killed."""
    for line in _run("ip", "netns", "list").splitlines():
        name = line.split()[0]
        if name.startswith(SPACE) and not Path(f"/proc/{name.removeprefix(SPACE).split('-')[0]}").exists():
            _run("ip", "netns", "del", name)


def _run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    assert not done.returncode, f"{' '.join(command)}: {done.stderr} (a lossy link needs root)"
    return done.stdout
