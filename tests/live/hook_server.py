"""Receivers of what is posted: keep what they are sent, check signatures, and answer as they are told to."""

from __future__ import annotations

import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self


@dataclass(frozen=True)
class Posted:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class PostServer(ABC):
    """Listens as long as the `with` lasts; `answers` are the next status codes, then 200."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook?to=me"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @abstractmethod
    def keep(self, posted: Posted) -> None:
        """Keep what was taken."""

    def _take(self, posted: Posted) -> int:
        answer = self.answers.pop(0) if self.answers else 200
        if answer == 200:
            self.keep(posted)
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = take(Posted(self.command, self.path, dict(self.headers), body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self) -> None:
                self.do_PUT()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


class HookServer(PostServer):
    """A receiver of webhooks."""

    def __init__(self, secret: bytes = b"") -> None:
        self.events: list[dict[str, Any]] = []
        self.forged = 0
        self._secret = secret
        super().__init__()

    def _take(self, posted: Posted) -> int:
        if self._secret:
            told = dict(part.split("=", 1) for part in posted.headers["Kizashi-Signature"].split(","))
            true = hmac.new(self._secret, f"{told['t']}.".encode() + posted.body, hashlib.sha256).hexdigest()
            self.forged += not hmac.compare_digest(true, told["v1"])
        return super()._take(posted)

    def keep(self, posted: Posted) -> None:
        event = json.loads(posted.body)
        assert posted.headers["Idempotency-Key"] == event["id"]
        assert posted.headers["Content-Type"] == "application/cloudevents+json"
        self.events.append(event)


class PushServer(PostServer):
    """A service that brings messages to people."""

    def __init__(self) -> None:
        self.messages: list[Posted] = []
        super().__init__()

    def keep(self, posted: Posted) -> None:
        self.messages.append(posted)
