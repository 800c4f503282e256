"""GStreamer's RTSP server; run by the system's Python, which has its bindings: PORT [locked] [ADDRESS].

A tone of 440 Hz: /live beside pictures, /phone alone, /blind alone (44.1 kHz, stereo), /mute the pictures alone.
Of /live one listener at a time may leave the pictures out: the server fails the next one.
Pictures that tell the time, 10 a second: /clock in H.264 with a key frame a second, /rare with one in four,
/jpeg in JPEG. SIGUSR1 makes them larger or smaller again while they run.
Locked, it opens for user "ear" with password "s3cret" only. Prints what clients set up.
"""

from __future__ import annotations

import signal
import sys
import time
from typing import Any

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found]  # noqa: E402

PICTURES = "videotestsrc is-live=true ! video/x-raw,format=I420,width=64,height=48,framerate=5/1 ! jpegenc ! rtpjpegpay"
TONE = "audiotestsrc is-live=true freq=440 volume=0.5 samplesperbuffer"
PHONE = f"{TONE}=160 ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay"
STUDIO = f"{TONE}=882 ! audio/x-raw,rate=44100,channels=2 ! audioconvert ! rtpL16pay"
MOUNTS = {
    "/live": f"( {PHONE} name=pay0 {PICTURES} name=pay1 )",
    "/phone": f"( {PHONE} name=pay0 )",
    "/blind": f"( {STUDIO} name=pay0 )",
    "/mute": f"( {PICTURES} name=pay0 )",
}

WIDTH, HEIGHT, BITS, EVERY_MS = 320, 240, 32, 100
SIZES = (WIDTH, HEIGHT), (192, 144)
CLOCK = (
    f"appsrc name=clock is-live=true do-timestamp=true format=time caps=video/x-raw,format=GRAY8,width={WIDTH},"
    f"height={HEIGHT},framerate=10/1 ! videoscale ! capsfilter name=size ! videoconvert"
)
H264 = "openh264enc complexity=low bitrate=1000000 gop-size"
TELLING = {
    "/clock": f"( {CLOCK} ! {H264}=10 ! rtph264pay config-interval=-1 name=pay0 )",
    "/rare": f"( {CLOCK} ! {H264}=40 ! rtph264pay config-interval=-1 name=pay0 )",
    "/jpeg": f"( {CLOCK} ! video/x-raw,format=I420 ! jpegenc ! rtpjpegpay name=pay0 )",
}


class Clock:
    """Pictures that tell when they were taken, as milliseconds in black and white; see `tests.live.seeing`."""

    def __init__(self) -> None:
        self._size, self._filters = SIZES[0], set[Any]()

    def configure(self, _: Any, media: Any) -> None:
        """Begin to feed a pipeline."""
        pipeline = media.get_element()
        source, size = (pipeline.get_by_name_recurse_up(name) for name in ("clock", "size"))
        self._filters.add(size)
        self._fit(size)
        GLib.timeout_add(EVERY_MS, self._push, source, size)

    def resize(self) -> bool:
        self._size = SIZES[self._size == SIZES[0]]
        for size in self._filters:
            self._fit(size)
        return True

    def _fit(self, size: Any) -> None:
        width, height = self._size
        size.set_property("caps", Gst.Caps.from_string(f"video/x-raw,width={width},height={height}"))

    def _push(self, source: Any, size: Any) -> bool:
        told_ms = time.time_ns() // 1_000_000
        high, wide = HEIGHT // 4, WIDTH // 8
        bits = [bytes([235 if told_ms >> number & 1 else 16]) * wide for number in range(BITS)]
        rows = [b"".join(bits[first : first + 8]) * high for first in range(0, BITS, 8)]
        buffer = Gst.Buffer.new_wrapped(b"".join(rows))
        alive = bool(source.emit("push-buffer", buffer) == Gst.FlowReturn.OK)
        if not alive:
            self._filters.discard(size)
        return alive


def main() -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address(next((word for word in sys.argv[2:] if word != "locked"), "127.0.0.1"))
    server.set_service(sys.argv[1])
    if "locked" in sys.argv:
        token = GstRtspServer.RTSPToken()
        token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "ear")
        auth = GstRtspServer.RTSPAuth()
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("ear", "s3cret"), token)
        server.set_auth(auth)
    clock = Clock()
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGUSR1, clock.resize)
    for mount, launch in {**MOUNTS, **TELLING}.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(launch)
        if mount in TELLING:
            factory.connect("media-configure", clock.configure)
        factory.set_shared(True)
        factory.add_role_from_structure(role_structure("ear"))
        server.get_mount_points().add_factory(mount, factory)
    server.connect("client-connected", lambda _, client: client.connect("setup-request", tell))
    server.attach(None)
    print("ready", flush=True)
    GLib.MainLoop().run()


def role_structure(role: str) -> Any:
    told = Gst.Structure.new_empty(role)
    told.set_value("media.factory.access", True)
    told.set_value("media.factory.construct", True)
    return told


def tell(_: Any, context: Any) -> None:
    print("setup", context.uri.abspath, flush=True)


if __name__ == "__main__":
    main()
