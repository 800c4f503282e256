"""The child: `python -m sensors.audio.live.reader`, order on stdin, `wire` messages on stdout.

It ends when its stdin does, so that nothing is left behind when the parent is killed. The order comes by stdin
and not as an argument, because everybody can read the arguments of a process and addresses may hold passwords.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from threading import Event, Thread
from typing import Any

from sensors.audio.decoding import Block
from sensors.audio.live.faults import ReaderError
from sensors.audio.live.microphone import microphone_blocks
from sensors.audio.live.outlet import Outlet
from sensors.audio.live.pieces import pieces
from sensors.audio.live.url import url_blocks
from sensors.audio.live.wire import Kind, Message
from sensors.audio.live.wyoming import wyoming_blocks
from sensors.audio.mono import Mono
from sensors.errors import BadInputError

Read = Callable[[Mapping[str, Any], Callable[[], None]], Generator[Block, None, None]]

READ: dict[str, Read] = {"microphone": microphone_blocks, "url": url_blocks, "wyoming": wyoming_blocks}
GRACE_S = 0.5


def main() -> None:
    """Read the order, then sound until there is no more of it or of the parent."""
    order = json.loads(sys.stdin.buffer.readline())
    out = os.dup(1)
    # Libraries that print must not print into the messages.
    os.dup2(2, 1)
    parted = Event()
    Thread(target=_watch_parent, args=(parted,), daemon=True).start()
    outlet = Outlet(out, order["queue"])
    reason = listen(order, outlet, parted)
    if not parted.is_set():
        outlet.put(Message(Kind.FAULT, body=reason.encode()))
        outlet.close()
    os._exit(0)


def listen(order: Mapping[str, Any], outlet: Outlet, parted: Event) -> str:
    """Pass on all there is to hear; why it ended, in words that name no address."""
    rate_hz, length = order["rate_hz"], order["length"]
    try:
        read = READ[order["reads"]]
        mono = Mono(rate_hz, order["channel"], "channel")
        with closing(read(order, lambda: outlet.put(Message(Kind.READY)))) as blocks:
            for piece in pieces(blocks, mono, rate_hz, length, time.monotonic_ns):
                counts = piece.run, piece.position, piece.captured_ns, 0, piece.skipped
                outlet.put(Message(Kind.SOUND, *counts, piece.samples.tobytes()))
                if parted.is_set():
                    break
    except ReaderError as fault:
        return str(fault)
    except BadInputError as error:
        return f"{error.what}; {error.mend}"
    except OSError as error:
        return f"it cannot be read ({error.strerror or type(error).__name__})"
    except Exception as error:
        # Its text might hold the address.
        return f"the reader failed ({type(error).__name__})"
    return "the sound has ended"


def _watch_parent(parted: Event) -> None:
    sys.stdin.buffer.read()
    parted.set()
    time.sleep(GRACE_S)
    os._exit(0)


if __name__ == "__main__":
    main()
