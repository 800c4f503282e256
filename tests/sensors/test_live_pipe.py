"""Between reader and source: messages, the bounded queue, pieces, and the language of network microphones."""

from __future__ import annotations

import io
import json
import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.audio.decoding import Block
from sensors.audio.live.pieces import pieces
from sensors.audio.live.wyoming import DATA_LIMIT, LINE_LIMIT, read_event
from sensors.audio.mono import Mono
from sensors.reader.faults import ReaderError
from sensors.reader.outlet import Outlet
from sensors.reader.wire import LIMIT, Decoder, Kind, Message
from sensors.types import NS

messages = st.builds(
    Message, st.sampled_from(Kind), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1),
    st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1),
    st.binary(max_size=200),
)  # fmt: skip


@given(st.lists(messages, max_size=5), st.integers(1, 60))
def test_messages_arrive_as_they_were_however_the_pipe_cuts_them(sent: list[Message], cut: int) -> None:
    data = b"".join(message.encode() for message in sent)
    decoder = Decoder()
    assert [m for at in range(0, len(data), cut) for m in decoder.feed(data[at : at + cut])] == sent


@given(st.binary(min_size=100, max_size=200))
def test_babble_is_no_message(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a reader's message"):
        list(Decoder().feed(data))


def test_a_message_that_claims_to_be_huge_is_refused() -> None:
    head = Message(Kind.DATA).encode()[:-4] + (LIMIT + 1).to_bytes(4, "little")
    with pytest.raises(ValueError, match="not a reader's message"):
        list(Decoder().feed(head))


def test_a_full_pipe_drops_the_oldest_and_counts() -> None:
    out, into = os.pipe()
    outlet = Outlet(into, limit=4)
    body = bytes(4 * 1_600)
    for number in range(200):
        outlet.put(Message(Kind.DATA, position=number, count=1_600, body=body))
    heard: list[Message] = []
    decoder = Decoder()
    while not heard or heard[-1].position < 199:
        heard += decoder.feed(os.read(out, 1 << 16))
    outlet.close()
    os.close(out)
    os.close(into)
    positions = [message.position for message in heard]
    assert positions == sorted(positions)
    assert positions[-4:] == [196, 197, 198, 199]
    assert heard[-1].dropped == (200 - len(heard)) * 1_600 > 0


def test_pieces_say_when_their_last_sample_arrived() -> None:
    def arriving() -> Any:
        for number in range(6):
            yield Block(0.0 if number in (0, 4) else None, 48_000, np.zeros((4_800, 2), np.float32))

    clock = iter(range(0, 60 * NS, NS // 10))
    told = list(pieces(arriving(), Mono(16_000, None, "here"), 16_000, 800, lambda: next(clock)))
    assert {len(piece.samples) for piece in told} == {800}
    assert {piece.run for piece in told} == {0, 1}
    first = [piece for piece in told if piece.run == 0]
    assert [piece.position for piece in first] == [800 * number for number in range(len(first))]
    ends_ns = [piece.captured_ns for piece in first]
    assert ends_ns == [NS // 20 * (number + 1) - NS // 10 for number in range(len(first))]


def event(**head: Any) -> bytes:
    return json.dumps({"type": "audio-chunk", **head}).encode() + b"\n"


@pytest.mark.parametrize(
    "line",
    [
        b"\n", b"hello\n", b"[]\n", b"{}\n", b'{"type": 1}\n', b'{"type": "a", "data": 3}\n', b"\xff\xfe\n",
        b"[" * 60_000 + b"\n", b'{"type": "a"', b"x" * (LINE_LIMIT + 9), event(data_length=-1), event(data_length="9"),
        event(data_length=1.5), event(payload_length=DATA_LIMIT + 1), event(data_length=2) + b"[]",
        event(data_length=3) + b"nul",
    ],
)  # fmt: skip
def test_what_is_no_event_is_said_to_be_none(line: bytes) -> None:
    with pytest.raises(ReaderError, match="does not speak Wyoming"):
        read_event(io.BufferedRWPair(io.BytesIO(line), io.BytesIO()))


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader_of_events(data: bytes) -> None:
    wire = io.BufferedRWPair(io.BytesIO(data), io.BytesIO())
    try:
        while read_event(wire):
            pass
    except ReaderError:
        pass


def test_an_event_that_breaks_off_is_an_error_and_the_end_is_not() -> None:
    with pytest.raises(ReaderError, match="broke off"):
        read_event(io.BufferedRWPair(io.BytesIO(event(payload_length=10) + b"123"), io.BytesIO()))
    assert read_event(io.BufferedRWPair(io.BytesIO(b""), io.BytesIO())) is None
    told = read_event(io.BufferedRWPair(io.BytesIO(event(data={"a": 1}, data_length=9) + b'{"b": 2} '), io.BytesIO()))
    assert told is not None
    assert told.data == {"a": 1, "b": 2}
