"""A receiver of webhooks: keeps what it is sent, checks signatures, and answers as it is told to."""

from __future__ import annotations

import hashlib
import hmac
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self


class HookServer:
    """Listens as long as the `with` lasts; `answers` are the next status codes, then 200."""

    def __init__(self, secret: bytes = b"") -> None:
        self.events: list[dict[str, Any]] = []
        self.answers: list[int] = []
        self.forged = 0
        self._secret = secret
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

    def _take(self, headers: Any, body: bytes) -> int:
        if self._secret:
            told = dict(part.split("=", 1) for part in headers["Kizashi-Signature"].split(","))
            true = hmac.new(self._secret, f"{told['t']}.".encode() + body, hashlib.sha256).hexdigest()
            self.forged += not hmac.compare_digest(true, told["v1"])
        answer = self.answers.pop(0) if self.answers else 200
        if answer == 200:
            event = json.loads(body)
            assert headers["Idempotency-Key"] == event["id"]
            assert headers["Content-Type"] == "application/cloudevents+json"
            self.events.append(event)
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                status = take(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler
