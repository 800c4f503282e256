"""Serial lines without hardware: pseudo-terminals, one alone or two joined by a null modem."""

from __future__ import annotations

import os
import pty
import select
import tty
from pathlib import Path
from threading import Thread
from typing import Self


class Port:
    """A port at `path` whose other end is here; it can be unplugged and plugged in again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._end: int | None = None

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def plug(self) -> None:
        self._end, far = pty.openpty()
        tty.setraw(far)
        self.path.symlink_to(os.ttyname(far))
        os.close(far)

    def unplug(self) -> None:
        if self._end is not None:
            self.path.unlink()
            os.close(self._end)
            self._end = None

    def write(self, data: bytes) -> None:
        assert self._end is not None
        os.write(self._end, data)


class NullModem:
    """Two ports, `one` and `other`, wired to each other as long as the `with` lasts."""

    def __enter__(self) -> Self:
        pairs = [pty.openpty(), pty.openpty()]
        for _, far in pairs:
            tty.setraw(far)
        self.one, self.other = (os.ttyname(far) for _, far in pairs)
        # The far ends stay open: a port that nobody holds open reads as hung up.
        self._ends = [end for pair in pairs for end in pair]
        self._wake, self._woken = os.pipe()
        self._pump = Thread(target=self._run, args=(pairs[0][0], pairs[1][0]))
        self._pump.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._woken, b".")
        self._pump.join()
        for end in (*self._ends, self._wake, self._woken):
            os.close(end)

    def _run(self, one: int, other: int) -> None:
        across = {one: other, other: one}
        while True:
            ready, _, _ = select.select([one, other, self._wake], [], [])
            if self._wake in ready:
                return
            for end in ready:
                os.write(across[end], os.read(end, 4096))
