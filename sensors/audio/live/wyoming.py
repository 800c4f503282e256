"""A network microphone that speaks the Wyoming protocol: `WyomingSource`.

Why no library: the one there is reads lines and payloads of any length, and takes rubbish for the end of the stream.
"""

from __future__ import annotations

import io
import json
import re
import socket
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sensors.audio.decoding import Block
from sensors.audio.live.source import LiveAudioSource
from sensors.errors import BadInputError
from sensors.reader.faults import ReaderError

PORT = 10_700
LINE_LIMIT = 1 << 16
DATA_LIMIT = 1 << 20
_ADDRESS = re.compile(r"(?:tcp://)?(\[[0-9a-fA-F:.%\w]+\]|[^\s/:@\[\]]+)(?::(\d{1,5}))?/?")
Wire: TypeAlias = "io.BufferedRWPair[Any, Any]"
_RUBBISH = "the other end does not speak Wyoming"
_JUMP_MS = 200


class WyomingSource(LiveAudioSource):
    """What a Wyoming microphone or satellite hears; a satellite is asked to run.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    address : str
        "tcp://host:port" or "host"; the port of satellites, 10700, where none is given.
    options
        Those of `LiveAudioSource`.

    Raises
    ------
    BadInputError
        If this is no address.
    """

    reads = "wyoming"

    def __init__(self, stream: str, address: str, **options: Any) -> None:
        super().__init__(stream, **options)
        parts = _ADDRESS.fullmatch(address)
        port = int(parts[2] or PORT) if parts else 0
        if not parts or not 0 < port < 1 << 16:
            where = f"address of '{stream}'"
            raise BadInputError("this is no address of a network microphone", where=where, mend="give tcp://host:port")
        self._host, self._port = parts[1].strip("[]"), port

    def _order(self) -> Mapping[str, Any]:
        return {**super()._order(), "host": self._host, "port": self._port}


@dataclass(frozen=True, slots=True)
class WyomingEvent:
    """One event of the protocol.

    Attributes
    ----------
    kind : str
        "audio-chunk".
    data : mapping
        What it says.
    payload : bytes
        Sound.
    """

    kind: str
    data: Mapping[str, Any]
    payload: bytes = b""


def wyoming_blocks(order: Mapping[str, Any], ready: Callable[[], None]) -> Generator[Block, None, None]:
    """Samples as they arrive; a new start of the sound, or a jump of its own times, begins a new run.

    Raises
    ------
    ReaderError
        If the other end breaks the protocol.
    """
    ready()
    with (
        closing(socket.create_connection((order["host"], order["port"]))) as link,
        link.makefile("rwb") as wire,
    ):
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        write_event(wire, "describe")
        due_ms: float | None = None
        while event := read_event(wire):
            if event.kind == "audio-chunk":
                rate_hz, samples = _decoded(event)
                at_ms = event.data.get("timestamp")
                at_ms = float(at_ms) if isinstance(at_ms, int | float) else due_ms
                jump = due_ms is None or at_ms is None or abs(at_ms - due_ms) > _JUMP_MS
                due_ms = (at_ms or 0.0 if jump else due_ms or 0.0) + 1000 * len(samples) / rate_hz
                yield Block(0.0 if jump else None, rate_hz, samples)
            elif event.kind in ("audio-start", "audio-stop"):
                due_ms = None
            else:
                _answer(wire, event)


def _answer(wire: Wire, event: WyomingEvent) -> None:
    if event.kind == "ping":
        write_event(wire, "pong", event.data)
    elif event.kind == "info" and event.data.get("satellite"):
        write_event(wire, "run-satellite")


def write_event(wire: Wire, kind: str, data: Mapping[str, Any] | None = None) -> None:
    """Send an event without a payload."""
    wire.write(json.dumps({"type": kind, "data": data or {}}).encode() + b"\n")
    wire.flush()


def read_event(wire: Wire) -> WyomingEvent | None:
    """The next event; None at the end.

    Raises
    ------
    ReaderError
        If it is none, too long, or cut short.
    """
    line = wire.readline(LINE_LIMIT)
    if not line:
        return None
    head = _object(line)
    kind, told = head.get("type"), head.get("data") or {}
    if not line.endswith(b"\n") or not isinstance(kind, str) or not isinstance(told, dict):
        raise ReaderError(_RUBBISH)
    more = _exactly(wire, head.get("data_length"))
    data = {**told, **(_object(more) if more else {})}
    return WyomingEvent(kind, data, _exactly(wire, head.get("payload_length")))


def _object(text: bytes) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReaderError(_RUBBISH) from error
    if not isinstance(told, dict):
        raise ReaderError(_RUBBISH)
    return told


def _exactly(wire: Wire, size: object) -> bytes:
    if size is None:
        return b""
    if not isinstance(size, int) or not 0 <= size <= DATA_LIMIT:
        raise ReaderError(_RUBBISH)
    data = wire.read(size)
    if len(data) < size:
        raise ReaderError("the connection broke off")
    return data


def _decoded(event: WyomingEvent) -> tuple[int, NDArray[np.float32]]:
    """Rate and samples (n, channels) of a chunk of integers, little-endian, of 1, 2 or 4 bytes."""
    rate_hz, width, channels = (event.data.get(name) for name in ("rate", "width", "channels"))
    if not isinstance(rate_hz, int) or not isinstance(width, int) or not isinstance(channels, int):
        raise ReaderError(_RUBBISH)
    sane = 4_000 <= rate_hz <= 384_000 and width in (1, 2, 4) and 0 < channels <= 64
    if not sane or len(event.payload) % (width * channels):
        raise ReaderError(f"sound of {rate_hz} Hz, {width} bytes and {channels} channels cannot be read")
    whole = np.frombuffer(event.payload, f"<i{width}" if width > 1 else "u1").astype(np.float32)
    middle, scale = (128, 128) if width == 1 else (0, 2 ** (8 * width - 1))
    return rate_hz, ((whole - np.float32(middle)) / np.float32(scale)).reshape(-1, channels)
