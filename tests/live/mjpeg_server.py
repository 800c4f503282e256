"""A camera with a web page, in the test's own process: pictures that tell the time, in JPEG, one after another."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import av

from tests.live.seeing import draw
from tests.live.servers import WebServer

EVERY_S = 0.1


class WebCamera(WebServer):
    """Sends pictures of 320x240 to whoever asks, ten a second, until it is ended."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/video"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        request.end_headers()
        while not self.over.wait(EVERY_S):
            body = jpeg(time.time_ns())
            head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
            request.wfile.write(head.encode() + body + b"\r\n")


def jpeg(at_ns: int) -> bytes:
    """A picture that tells a time, as a file."""
    coder: Any = av.CodecContext.create("mjpeg", "w")
    coder.width, coder.height, coder.pix_fmt, coder.framerate = 320, 240, "yuvj420p", 10
    frame = av.VideoFrame.from_ndarray(draw(at_ns, 320, 240), format="gray").reformat(format="yuvj420p")
    return b"".join(bytes(packet) for packet in [*coder.encode(frame), *coder.encode(None)])
