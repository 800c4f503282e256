"""Somebody at the other end who says whatever he is told to, and hangs up."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Thread
from typing import Self


class RawServer:
    """Answers each connection with `answer`, once something was asked or at once where it is not `asked`."""

    def __init__(self, answer: bytes = b"", *, asked: bool = True) -> None:
        self.answer, self._asked, self.served = answer, asked, 0
        self._ear = socket.create_server(("127.0.0.1", 0))
        self._over = False
        self._thread = Thread(target=self._serve)

    @property
    def port(self) -> int:
        return int(self._ear.getsockname()[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5):
            pass
        self._thread.join()
        self._ear.close()

    def _serve(self) -> None:
        while True:
            way, _ = self._ear.accept()
            with way, suppress(OSError):
                if self._over:
                    return
                self.served += 1
                way.settimeout(2)
                if self._asked:
                    way.recv(1 << 16)
                way.sendall(self.answer)
                way.shutdown(socket.SHUT_WR)
                while way.recv(1 << 16):
                    pass
