"""A camera with a web page, in the test's own process: pictures that tell the time, in JPEG, one after another."""

from __future__ import annotations

import socketserver
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Self

import av

from tests.live.seeing import draw
from tests.live.servers import free_port

EVERY_S = 0.1


class WebCamera:
    """Sends pictures of 320x240 to whoever asks, ten a second, until it is ended."""

    def __init__(self) -> None:
        self.port = free_port()
        self._over = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/video"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def start(self) -> None:
        self._over.clear()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self._server.daemon_threads = False
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[socketserver.BaseRequestHandler]:
        over = self._over

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
                self.end_headers()
                with suppress(OSError):
                    while not over.wait(EVERY_S):
                        body = jpeg(time.time_ns())
                        head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
                        self.wfile.write(head.encode() + body + b"\r\n")

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def jpeg(at_ns: int) -> bytes:
    """A picture that tells a time, as a file."""
    coder: Any = av.CodecContext.create("mjpeg", "w")
    coder.width, coder.height, coder.pix_fmt, coder.framerate = 320, 240, "yuvj420p", 10
    frame = av.VideoFrame.from_ndarray(draw(at_ns, 320, 240), format="gray").reformat(format="yuvj420p")
    return b"".join(bytes(packet) for packet in [*coder.encode(frame), *coder.encode(None)])
