"""A sensor with a web page, in the test's own process: what it answers is set by the test."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler

from tests.live.servers import WebServer


class WebSensor(WebServer):
    """Answers every request with `status` and `body`; remembers who asked, and how."""

    def __init__(self, body: str = "", status: int = 200) -> None:
        super().__init__()
        self.body, self.status = body.encode(), status
        self.asked: list[tuple[str, str]] = []
        self.dripping = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/status?all=1"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append((request.path, request.headers.get("Authorization", "")))
        request.send_response(self.status)
        if not self.dripping:
            request.send_header("Content-Length", str(len(self.body)))
        request.end_headers()
        while self.dripping and not self.over.wait(0.05):
            request.wfile.write(b" ")
        request.wfile.write(self.body)
