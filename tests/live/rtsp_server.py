"""GStreamer's RTSP server with a tone of 440 Hz; run by the system's Python, which has its bindings: PORT [locked].

/live sound beside pictures, /blind sound alone (44.1 kHz, stereo), /mute pictures alone.
Locked, it opens for user "ear" with password "s3cret" only. Prints what clients set up.
"""

from __future__ import annotations

import sys
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
    "/blind": f"( {STUDIO} name=pay0 )",
    "/mute": f"( {PICTURES} name=pay0 )",
}


def main() -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[1])
    if "locked" in sys.argv:
        token = GstRtspServer.RTSPToken()
        token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "ear")
        auth = GstRtspServer.RTSPAuth()
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("ear", "s3cret"), token)
        server.set_auth(auth)
    for mount, launch in MOUNTS.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(launch)
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
