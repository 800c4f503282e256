"""The child: `python -m sensors.audio.live.reader`."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from typing import Any

from sensors.audio.decoding import Block
from sensors.audio.live.microphone import microphone_blocks
from sensors.audio.live.pieces import pieces
from sensors.audio.live.url import url_blocks
from sensors.audio.live.wyoming import wyoming_blocks
from sensors.audio.mono import Mono
from sensors.reader.child import Parent, serve
from sensors.reader.outlet import Outlet
from sensors.reader.wire import Kind, Message

Read = Callable[[Mapping[str, Any], Callable[[], None]], Generator[Block, None, None]]

READ: dict[str, Read] = {"microphone": microphone_blocks, "url": url_blocks, "wyoming": wyoming_blocks}


def listen(parent: Parent, outlet: Outlet) -> str:
    """Pass on all there is to hear; why it ended."""
    order = parent.order
    read, rate_hz = READ[order["reads"]], order["rate_hz"]
    mono = Mono(rate_hz, order["channel"], "channel")
    with closing(read(order, lambda: outlet.put(Message(Kind.READY)))) as blocks:
        for piece in pieces(blocks, mono, rate_hz, order["length"], time.monotonic_ns):
            counts = piece.run, piece.position, piece.captured_ns, len(piece.samples), 0, piece.skipped
            outlet.put(Message(Kind.DATA, *counts, piece.samples.tobytes()))
            if parent.gone:
                break
    return "the sound has ended"


if __name__ == "__main__":
    serve(listen)
