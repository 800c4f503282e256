"""The child: `python -m sensors.video.live.reader`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from sensors.reader.child import Parent, serve
from sensors.reader.faults import ReaderError
from sensors.reader.outlet import Outlet
from sensors.reader.wire import Kind, Message
from sensors.video.live.decoding import Camera
from sensors.video.live.losses import Losses
from sensors.video.live.url import open_url
from sensors.video.live.v4l2 import open_v4l2
from sensors.video.pictures import Shrinker

OPEN: dict[str, Callable[[Mapping[str, Any]], Any]] = {"url": open_url, "v4l2": open_v4l2}


def watch(parent: Parent, outlet: Outlet) -> str:
    """Pass on all there is to see; why it ended."""
    import av

    order = parent.order
    shrinker = Shrinker(order["width"], order["height"], order["colour"])
    outlet.put(Message(Kind.READY))
    try:
        with Losses() as losses, OPEN[order["reads"]](order) as box:
            if not box.streams.video:
                raise ReaderError("there are no pictures in this stream")
            track = box.streams.video[0]
            ways = order["rate_hz"], lambda: int(parent.order["level"]), time.monotonic_ns, losses
            for shot in Camera(box, track, shrinker, *ways, dated=order["dated"]).shots():
                outlet.put(shot.message() if shot else Message(Kind.ALIVE))
                if parent.gone:
                    break
    except av.FFmpegError as error:
        raise ReaderError(f"it cannot be read ({error.strerror})") from error
    return "the pictures have ended"


if __name__ == "__main__":
    serve(watch)
