"""Other ends that send rubbish over real connections: the error that is named for it, and on it goes."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fusion.sinks.metrics import Figures, MetricsServer
from fusion.sinks.outbox import RefusedError
from fusion.sinks.web import Address
from sensors.audio.live.finding import speaks_wyoming
from sensors.audio.live.url import UrlSource as SoundUrl
from sensors.audio.live.wyoming import wyoming_blocks
from sensors.backoff import Backoff
from sensors.base import LiveSource
from sensors.environment.live.finding import find_broker
from sensors.environment.live.http import HttpSource
from sensors.environment.live.modbus import ModbusSource
from sensors.environment.live.mqtt import MqttSource
from sensors.environment.live.push import PushSource
from sensors.reader.faults import ReaderError
from sensors.types import State
from sensors.video.live.url import UrlSource as PictureUrl
from tests.live.listening import Listening
from tests.live.raw_server import RawServer
from tests.live.servers import free_port, poll

FEW = settings(max_examples=40, deadline=None, derandomize=True, database=None)
STATUS = st.integers(-5, 1200).map(lambda code: f"HTTP/1.1 {code} x\r\n".encode())
REPLIES = st.binary(max_size=100) | st.tuples(STATUS, st.binary(max_size=60)).map(b"".join)
RUBBISH = {
    "noise": bytes(range(256)) * 40,
    "a page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n<htm>",
    "half a picture": b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=next\r\n\r\n"
    b"--next\r\nContent-Type: image/jpeg\r\nContent-Length: -1\r\n\r\n\xff\xd8\xff\xe0" + bytes(2000),
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20_000,
    "no session": b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 99999\r\n\r\nv=0\r\nm=video x y z\r\n",
}


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer() as running:
        yield running


@FEW
@given(REPLIES)
@example(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20_000)
@example(b"HTTP/1.1 200" + b" " * 200_000)
@example(b"")
def test_whatever_a_receiver_answers_it_is_taken_refused_or_tried_again(server: RawServer, reply: bytes) -> None:
    server.answer = reply
    with suppress(OSError, RefusedError):
        Address(f"http://127.0.0.1:{server.port}/", "webhook", "x", 2.0).send("POST", b"{}", {})


@FEW
@given(st.binary(max_size=200))
@example(b'{"type":"audio-chunk","data":{"rate":16000,"width":2,"channels":1},"payload_length":3}\nabc')
@example(b'{"type":"audio-chunk","data":{"rate":1e9,"width":true,"channels":[]}}\n')
@example(b'{"type":"audio-chunk","data":{"rate":16000,"width":2,"channels":1,"timestamp":NaN},"payload_length":2}\nab')
@example(
    b'{"type":"audio-chunk","data":{"rate":16000,"width":2,"channels":1,"timestamp":1e308},"payload_length":2}\nab'
)
@example(b'{"type":"info","data":{"satellite":1}}\n')
def test_whatever_a_network_microphone_says_it_is_sound_or_named(server: RawServer, said: bytes) -> None:
    server.answer = said
    with (
        suppress(ReaderError, OSError),
        closing(wyoming_blocks({"host": "127.0.0.1", "port": server.port}, lambda: None)) as blocks,
    ):
        for block in blocks:
            assert block.rate_hz > 0
    speaks_wyoming("127.0.0.1", server.port, 0.5)


@FEW
@given(st.binary(max_size=8))
def test_whatever_answers_at_a_brokers_port_it_is_told_from_a_broker(server: RawServer, said: bytes) -> None:
    server.answer = said
    find_broker("127.0.0.1", server.port, 0.5)


def sensor(kind: str, port: int) -> LiveSource:
    host, ways = f"127.0.0.1:{port}", {"backoff": Backoff(0.02, 0.05)}
    registers = [{"name": "temperature", "address": 0, "type": "int16", "table": "holding"}]
    made: dict[str, Callable[[], LiveSource]] = {
        "http": lambda: HttpSource("x", f"http://{host}/", poll_s=0.05, timeout_s=0.5, **ways),
        "mqtt": lambda: MqttSource("x", f"mqtt://{host}", topics="#", connect_s=0.5, **ways),
        "modbus": lambda: ModbusSource("x", f"tcp://{host}", registers=registers, poll_s=0.05, timeout_s=0.1, **ways),
        "sound": lambda: SoundUrl("x", f"http://{host}/", open_s=5.0, stall_s=2.0, **ways),
        "pictures": lambda: PictureUrl("x", f"rtsp://{host}/", open_s=5.0, stall_s=2.0, **ways),
        "mjpeg": lambda: PictureUrl("x", f"http://{host}/", open_s=5.0, stall_s=2.0, **ways),
    }  # fmt: skip
    return made[kind]()


@pytest.mark.parametrize("kind", ["http", "mqtt", "modbus", "sound", "pictures", "mjpeg"])
def test_a_sensor_at_whose_other_end_is_rubbish_is_down_with_a_reason_and_leaves_nothing(kind: str) -> None:
    with RawServer(asked=kind != "mqtt") as server, Listening(sensor(kind, server.port)) as ear:
        for said in RUBBISH.values():
            server.answer = said
            poll(lambda end=server.served + 2: server.served >= end, "two who were answered so")
        poll(lambda: troubled(ear), "a complaint")
    assert all(health.reason for health in ear.health if health.state is State.DOWN)
    assert not ear.chunks


def troubled(ear: Listening) -> bool:
    complaints = getattr(ear.source, "complaints", None)
    return any(health.state is State.DOWN for health in ear.health) or bool(complaints and complaints.counts)


def test_whoever_sends_rubbish_to_our_port_does_not_keep_others_from_it(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a token that is long enough")
    port = free_port()
    source = PushSource("x", f"127.0.0.1:{port}", token_file=tmp_path / "token")
    with Listening(source) as ear:
        poll(lambda: answers(port), "an open port")
        for said in RUBBISH.values():
            shout(port, said)
        body = b'{"temperature": 21.5}'
        head = b"POST /a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a token that is long enough\r\n"
        shout(port, head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        ear.until(lambda: ear.chunks)


@pytest.fixture(scope="module")
def figures() -> Iterator[int]:
    port = free_port()
    with closing(MetricsServer(f"127.0.0.1:{port}", Figures(0))):
        yield port


@FEW
@given(st.binary(max_size=200) | st.binary(max_size=50).map(lambda path: b"GET /" + path + b" HTTP/1.1\r\n\r\n"))
def test_whatever_is_asked_of_the_figures_the_next_one_is_answered(figures: int, said: bytes) -> None:
    shout(figures, said)
    with urlopen(f"http://127.0.0.1:{figures}/metrics", timeout=5) as answer:
        assert b"kizashi_last_verdict_timestamp_seconds" in answer.read()


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def shout(port: int, said: bytes) -> None:
    """Say something, and listen no longer than the other end speaks."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as way:
        way.sendall(said)
        way.shutdown(socket.SHUT_WR)
        while way.recv(1 << 16):
            pass
