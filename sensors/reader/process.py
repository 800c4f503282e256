"""The reader as its parent sees it: a process that can be heard, ended and killed."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any, Self, cast

from sensors.reader.faults import ReaderError
from sensors.reader.wire import Decoder, Message

END_S = 1.0
_READ = 1 << 16


class ReaderProcess:
    """A reader with an order, within `with`.

    Parameters
    ----------
    module : str
        What to run: "sensors.audio.live.reader".
    order : mapping
        What to read; JSON, handed over by pipe.
    """

    def __init__(self, module: str, order: Mapping[str, Any]) -> None:
        self._module, self._order = module, order
        self._child: subprocess.Popen[bytes] | None = None
        self._pipes: tuple[IO[bytes], IO[bytes]]
        self._decoder = Decoder()
        self._messages: deque[Message] = deque()
        self._poll = select.poll()
        self._told: Mapping[str, Any] = {}

    def __enter__(self) -> Self:
        """Start it.

        Raises
        ------
        ReaderError
            If the system refuses.
        """
        ways = {"PYTHONPATH": os.pathsep.join(way or os.getcwd() for way in sys.path), "OMP_NUM_THREADS": "1"}
        try:
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter, and a module of ours
                [sys.executable, "-P", "-m", self._module],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                bufsize=0, start_new_session=True, env={**os.environ, **ways},
            )  # fmt: skip
        except OSError as error:
            raise ReaderError(f"the reader cannot be started ({error.strerror})") from error
        self._pipes = cast(IO[bytes], self._child.stdin), cast(IO[bytes], self._child.stdout)
        self._poll.register(self._pipes[1], select.POLLIN)
        self.tell(self._order)
        # A reader that hangs does not empty its pipe, and must not hang its parent.
        os.set_blocking(self._pipes[0].fileno(), False)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End it; by force if it is at fault or does not go by itself."""
        assert self._child  # noqa: S101 - narrows the type
        self._pipes[0].close()
        if kind is ReaderError or not self._gone(END_S):
            self._child.kill()
        self._pipes[1].close()
        self._gone(END_S)

    @property
    def lingers(self) -> bool:
        """Whether there is still a process, since its driver holds it."""
        return self._child is not None and self._child.poll() is None

    def tell(self, wish: Mapping[str, Any]) -> None:
        """Ask for something else from now on; a reader that is gone or does not listen never hears of it."""
        if wish is not self._told:
            with suppress(OSError):
                self._pipes[0].write(json.dumps(wish).encode() + b"\n")
                self._told = wish

    def receive(self, timeout_s: float) -> Message | None:
        """The next message, or None when there was none for so long.

        Raises
        ------
        ReaderError
            If the reader is gone, or babbles.
        """
        if not self._messages:
            if not self._poll.poll(timeout_s * 1000):
                return None
            data = os.read(self._pipes[1].fileno(), _READ)
            if not data:
                raise ReaderError(self._epitaph())
            try:
                self._messages.extend(self._decoder.feed(data))
            except ValueError as error:
                raise ReaderError(f"the reader failed ({error})") from error
        return self._messages.popleft() if self._messages else None

    def _gone(self, within_s: float) -> bool:
        assert self._child  # noqa: S101 - narrows the type
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(within_s)
        return self._child.returncode is not None

    def _epitaph(self) -> str:
        code = self._child.returncode if self._child and self._gone(END_S) else "unknown"
        return f"the reader ended (code {code})"
