"""Whatever bytes come from the network: readings, or the error that is named for it, in bounded memory."""

from __future__ import annotations

import io
import json
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sensors.environment.live.complaints import Complaint
from sensors.environment.live.finding import Door, read_door
from sensors.environment.live.flaws import PayloadError
from sensors.environment.live.lines import LineCutter, parser
from sensors.environment.live.payloads import Form, Recipe, parse
from sensors.environment.live.topics import subscriptions
from sensors.reader.faults import ReaderError
from sensors.reader.wire import LIMIT, Decoder, Kind, Message
from sensors.video.live.finding import NetworkCamera, read_answer
from sensors.video.live.wire import Shot

LAW = settings(max_examples=200, deadline=None, derandomize=True, database=None)
NUMBERS = st.integers() | st.floats() | st.integers(10**300, 10**320)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from("n bn v t bt bs s u ut bver vb vd state attributes Time StatusSNS temperature".split())
        | st.text(max_size=5), inner, max_size=5,
    ), max_leaves=12,
)  # fmt: skip
PAYLOADS = st.binary(max_size=80) | DOCUMENTS.map(lambda told: json.dumps(told).encode())


@LAW
@given(PAYLOADS, st.sampled_from(Form), st.sampled_from(["", "a.b", "[0].v", "t"]), st.sampled_from(["", "t", "Time"]))
@example(b"[" * 100_000, Form.JSON, "", "")
@example(b'{"a":' * 100_000, Form.AUTO, "", "")
@example(b"1" * 5_000, Form.PLAIN, "", "")
@example(b"9" * 5_000, Form.JSON, "", "")
@example(b'[{"n":"t","v":1e999,"t":1e999}]', Form.SENML, "", "")
def test_a_payload_is_readings_or_named_rubbish(payload: bytes, form: Form, path: str, time: str) -> None:
    recipe = Recipe(form, paths={"x": path} if path else {}, time=time, utc_offset_s=0)
    try:
        readings = parse(payload, recipe)
    except PayloadError:
        return
    assert 0 < len(readings) <= 1000


@LAW
@given(st.lists(st.binary(max_size=60)), st.booleans())
@example([b"a=" * 5_000, b"\n" * 5_000], False)
def test_lines_are_cut_and_what_waits_is_never_longer_than_a_line(parts: list[bytes], skip: bool) -> None:
    cutter = LineCutter(64, skip_first=skip)
    ways = [parser(None, None, "x"), parser(r"(?P<t>[\d.]+)", None, "x"), parser(None, ["a", "b"], "x")]
    for part in parts:
        for line in cutter.cut(part):
            if isinstance(line, Complaint):
                continue
            assert len(line.encode()) <= 64
            for way in ways:
                assert way(line) is None or way(line)
        assert len(cast(bytes, vars(cutter)["_rest"])) <= 64


@LAW
@given(st.text(max_size=60))
@example("/" * 20_000)
@example("a/" * 10_000 + "b")
def test_any_topic_is_ours_or_not(topic: str) -> None:
    for subscription in subscriptions(["a/+/b", "#", "+/+"], Recipe(), "x"):
        subscription.match(topic)


EVENTS = st.dictionaries(
    st.sampled_from(["type", "data", "data_length", "payload_length"]), st.none() | NUMBERS | st.text(max_size=5)
)


@LAW
@given(
    st.binary(max_size=200)
    | st.tuples(EVENTS, st.binary(max_size=9)).map(lambda t: json.dumps(t[0]).encode() + b"\n" + t[1])
)
@example(b'{"type":"a","payload_length":999999999999}\n')
@example(b'{"type":"a","data_length":true}\n{')
@example(b"[" * 60_000 + b"\n")
@example(b"9" * 60_000 + b"\n")
def test_an_event_of_wyoming_is_one_or_named_rubbish(said: bytes) -> None:
    from sensors.audio.live.wyoming import read_event

    wire: Any = io.BytesIO(said)
    try:
        while read_event(wire):
            pass
    except ReaderError:
        pass


@LAW
@given(st.lists(st.binary(max_size=120), max_size=6), st.binary(max_size=40))
def test_a_readers_pipe_holds_messages_or_is_refused(parts: list[bytes], body: bytes) -> None:
    decoder = Decoder()
    try:
        for part in [Message(Kind.DATA, body=body).encode(), *parts]:
            for message in decoder.feed(part):
                Shot.of(message)
    except ValueError:
        return
    assert len(cast(bytes, vars(decoder)["_held"])) <= LIMIT


@LAW
@given(st.binary(max_size=300) | st.text(max_size=100).map(
    lambda told: f"<d:Scopes>onvif://www.onvif.org/name/{told}</d:Scopes><d:XAddrs>http://{told}/ http://a</d:XAddrs>".encode()
))  # fmt: skip
@example(b"<" * 65_000)
@example(b"<XAddrs>" * 8_000)
@example(b"<a:XAddrs " + b"x" * 60_000)
def test_an_answer_to_the_call_for_cameras_names_hosts_or_nothing(answer: bytes) -> None:
    for camera in read_answer(answer):
        assert isinstance(camera, NetworkCamera)
        assert camera.host
        assert camera.host.isprintable()
        assert not set(camera.host) & set("\"'\\/ ")
        assert len(camera.name) <= 100
        assert camera.name.isprintable()


@LAW
@given(st.binary(max_size=6))
def test_what_answers_like_no_broker_is_none(answer: bytes) -> None:
    door = read_door(answer)
    assert door is Door.NONE or answer[:2] == b"\x20\x02"


@pytest.mark.parametrize("answer", [b"\x20\x02\x00\x00", b"\x20\x02\x01\x00"])
def test_a_broker_that_lets_us_in_is_open(answer: bytes) -> None:
    assert read_door(answer) is Door.OPEN
