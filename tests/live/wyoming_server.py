"""A network microphone by the `wyoming` library, with a tone of 440 Hz: PORT, and what it does.

mic: sends sound at once. satellite: sends only after it was asked to run and its ping was answered. flood: ten minutes
of sound as fast as they are taken, then as a mic. rubbish: speaks another language.
"""

from __future__ import annotations

import asyncio
import math
import struct
import sys
import time
from functools import partial
from typing import Any

from wyoming.audio import AudioChunk, AudioStart
from wyoming.event import Event
from wyoming.info import Attribution, Describe, Info, Satellite
from wyoming.ping import Ping, Pong
from wyoming.satellite import RunSatellite
from wyoming.server import AsyncEventHandler, AsyncServer

RATE_HZ = 22_050
BLOCK = RATE_HZ // 50
SATELLITE = Satellite("ear", Attribution("test", "test"), True, None, None, area=None)


def tone(first: int, count: int) -> bytes:
    """Two channels of 16 bits."""
    levels = (round(16_000 * math.sin(2 * math.pi * 440 * n / RATE_HZ)) for n in range(first, first + count))
    return b"".join(struct.pack("<hh", level, level) for level in levels)


class Microphone(AsyncEventHandler):
    """One connection."""

    def __init__(self, role: str, *args: Any) -> None:
        super().__init__(*args)
        self._role = role
        self._task: asyncio.Task[None] | None = None
        self._writer = args[1]
        if role == "rubbish":
            self._writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        elif role != "satellite":
            self._task = asyncio.create_task(self._play())

    async def handle_event(self, event: Event) -> bool:
        if Describe.is_type(event.type) and self._role != "rubbish":
            await self.write_event(Info(satellite=SATELLITE if self._role == "satellite" else None).event())
        elif RunSatellite.is_type(event.type):
            await self.write_event(Ping("are you there?").event())
        elif Pong.is_type(event.type) and Pong.from_event(event).text == "are you there?":
            self._task = asyncio.create_task(self._play())
        return True

    async def disconnect(self) -> None:
        if self._task:
            self._task.cancel()

    async def _play(self) -> None:
        await self.write_event(AudioStart(RATE_HZ, 2, 2).event())
        if self._role == "flood":
            second = tone(0, RATE_HZ)
            for _ in range(600):
                await self.write_event(AudioChunk(RATE_HZ, 2, 2, second).event())
            print("flooded", flush=True)
        begun_s, sent = time.monotonic(), 0
        while True:
            await self.write_event(AudioChunk(RATE_HZ, 2, 2, tone(sent, BLOCK)).event())
            sent += BLOCK
            await asyncio.sleep(max(0.0, begun_s + sent / RATE_HZ - time.monotonic()))


async def main() -> None:
    server = AsyncServer.from_uri(f"tcp://127.0.0.1:{sys.argv[1]}")
    await server.start(partial(Microphone, sys.argv[2]))
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
