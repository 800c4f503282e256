"""A sensor with a web page, in the test's own process: what it answers is set by the test."""

from __future__ import annotations

import socketserver
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Self

from tests.live.servers import free_port


class WebSensor:
    """Answers every request with `status` and `body`; remembers who asked, and how."""

    def __init__(self, body: str = "", status: int = 200) -> None:
        self.body, self.status, self.port = body.encode(), status, free_port()
        self.asked: list[tuple[str, str]] = []
        self.dripping = False
        self.over = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/status?all=1"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def start(self) -> None:
        self.over.clear()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self._server.daemon_threads = False
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def end(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[socketserver.BaseRequestHandler]:
        sensor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                sensor.asked.append((self.path, self.headers.get("Authorization", "")))
                self.send_response(sensor.status)
                if not sensor.dripping:
                    self.send_header("Content-Length", str(len(sensor.body)))
                self.end_headers()
                with suppress(OSError):
                    while sensor.dripping and not sensor.over.wait(0.05):
                        self.wfile.write(b" ")
                    self.wfile.write(sensor.body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
