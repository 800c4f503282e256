"""Documents polled from a real server, which fails, drips and dies; and readings pushed by real clients."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sensors.environment.live.http import HttpSource
from sensors.environment.live.push import PushSource
from sensors.errors import BadInputError
from sensors.types import State
from tests.live.broker import make_certificates
from tests.live.feeling import assert_rows, column, quick, values
from tests.live.listening import Listening
from tests.live.servers import free_port, poll
from tests.live.web_server import WebSensor

TOKEN = "a token that is long enough"  # noqa: S105 - of a server that lives for a test
AIR = '{"temperature": 70.5, "humidity": 40}'


def polled(sensor: WebSensor, **options: Any) -> HttpSource:
    return HttpSource("hall/air", sensor.url, **quick(poll_s=0.05, timeout_s=0.5, **options))


def test_a_document_is_polled_with_its_secret_and_again_after_its_server_was_gone(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    with WebSensor(AIR) as sensor:
        heard = polled(sensor, token_file=tmp_path / "token", units={"temperature": "F"})
        with Listening(heard) as ear:
            ear.until_up(2)
            sensor.end()
            ear.until_down("Connection refused")
            sensor.start()
            ear.until_up(2)
    assert values(ear.chunks)[0] == {"temperature_c": pytest.approx(21.39, abs=0.01), "humidity_percent": 40}
    assert set(sensor.asked) == {("/status?all=1", f"Bearer {TOKEN}")}
    assert_rows(ear.chunks)


def test_an_error_is_an_outage_and_rubbish_is_not(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret")
    with WebSensor(AIR, 503) as sensor:
        heard = polled(sensor, user="skin", password_file=tmp_path / "password")
        with Listening(heard) as ear:
            ear.until_down("it answers 503")
            sensor.status = 200
            ear.until_up(1)
            sensor.body = AIR[:20].encode()
            poll(lambda: heard.complaints.counts["truncated JSON", ""] > 1, "complaints")
            sensor.body = b"[" + b"1," * 300_000 + b"1]"
            poll(lambda: heard.complaints.counts["too large", ""] > 1, "complaints")
            sensor.body = AIR.encode()
            ear.until_up(1)
    assert ear.states() == [State.DOWN, State.UP]
    assert sensor.asked[0][1] == "Basic c2tpbjpzM2NyZXQ="


def test_an_answer_that_drips_is_given_up_in_time() -> None:
    with WebSensor(AIR) as sensor:
        sensor.dripping = True
        with Listening(polled(sensor)) as ear:
            ear.until_down("no answer within 0.5 s")
            sensor.dripping = False
            ear.until_up(1)


def test_a_path_and_the_device_s_own_time_are_used() -> None:
    with WebSensor('{"air": [{"t": "19.5"}], "at": 1750000000}') as sensor:
        heard = polled(sensor, quantity="temperature", path="air[0].t", time="at")
        with Listening(heard) as ear:
            poll(lambda: heard.duplicates > 1, "the same again")
            sensor.body = b'{"air": [{"t": "19.6"}], "at": 1750000060}'
            ear.until(lambda: len(ear.chunks) == 2)
    assert column(ear.chunks, "temperature_c") == [19.5, 19.6]
    assert "the clock is" in ear.reasons()[0]


@pytest.mark.parametrize(
    "url", ["", "file:///etc/passwd", "http://", "http://a b/", "http://u:p@a/", "http://a:0/", "http://a/\r\nX: y"]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(BadInputError, match="url of sensor 'hall/air'"):
        HttpSource("hall/air", url)


@pytest.fixture
def push(tmp_path: Path) -> Callable[..., PushSource]:
    (tmp_path / "token").write_text(TOKEN)
    return lambda **more: PushSource(
        "hall/air", f"127.0.0.1:{free_port()}", token_file=tmp_path / "token", **quick(**more)
    )


def port_of(source: PushSource) -> int:
    return int(source._reader._place[1])  # type: ignore[attr-defined]  # noqa: SLF001


def send(
    source: PushSource, body: bytes | str, *, path: str = "/", token: str = TOKEN, kind: str = "application/json",
    tls: ssl.SSLContext | None = None,
) -> tuple[int, str]:  # fmt: skip
    """Post, as soon as somebody listens."""
    poll(lambda: _listens(port_of(source)), "a port")
    way: Any = http.client.HTTPConnection("127.0.0.1", port_of(source), timeout=20)
    if tls:
        way = http.client.HTTPSConnection("127.0.0.1", port_of(source), timeout=20, context=tls)
    with closing(way) as connection:
        connection.request("POST", path, body, {"Authorization": f"Bearer {token}", "Content-Type": kind})
        with closing(connection.getresponse()) as answer:
            return answer.status, answer.read().decode()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_what_is_pushed_is_read_and_named_after_its_path(push: Callable[..., PushSource]) -> None:
    source = push()
    senml = json.dumps(
        [{"bn": "urn:dev:ow:10e2:", "n": "temp", "u": "Cel", "v": 20.5}, {"n": "hum", "u": "%RH", "v": 41}]
    )
    with Listening(source) as ear:
        assert send(source, AIR, path="/kitchen") == (204, "")
        assert send(source, senml, kind="application/senml+json") == (204, "")
        assert send(source, "ON", path="/front_door", kind="text/plain") == (204, "")
        ear.until(lambda: len(ear.chunks) == 3)
    assert values(ear.chunks) == [
        {"kitchen_temperature_c": 70.5, "kitchen_humidity_percent": 40}, {"temp_c": 20.5, "hum_percent": 41},
        {"front_door": 1},
    ]  # fmt: skip
    assert_rows(ear.chunks)


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", "ünïcode"])
def test_without_the_token_nothing_is_taken(push: Callable[..., PushSource], token: str) -> None:
    source = push()
    with Listening(source) as ear:
        assert send(source, AIR, token=token.encode().decode("latin-1")) == (401, "wrong or no token\n")
        poll(lambda: source.complaints.counts["wrong or no token", "127.0.0.1"] == 1, "a complaint")
        assert not ear.chunks


def test_what_cannot_be_taken_is_answered_with_the_reason_and_counted(push: Callable[..., PushSource]) -> None:
    source = push()
    with Listening(source) as ear:
        assert send(source, AIR[:20], path="/a") == (400, "truncated JSON\n")
        assert send(source, "[]", path="/a", kind="application/senml+json") == (400, "not SenML\n")
        assert send(source, b"x" * 10_000_000, path="/a") == (413, "too large\n")
        assert send(source, AIR, path="/a/b")[0] == 404
        assert send(source, AIR) == (204, "")
        ear.until_up(0)
    assert source.complaints.counts == {
        ("truncated JSON", "a"): 1, ("not SenML", "a"): 1, ("too large", "a"): 1, ("no such path", ""): 1,
    }  # fmt: skip


def test_clients_that_hang_keep_nobody_waiting_and_leave_nothing(push: Callable[..., PushSource]) -> None:
    source = push()
    with Listening(source) as ear:
        assert send(source, AIR) == (204, "")
        hung = [socket.create_connection(("127.0.0.1", port_of(source))) for _ in range(8)]
        for client in hung:
            client.sendall(b"POST / HTTP/1.1\r\nAuthorization: ")
        assert send(source, AIR) == (204, "")
        ear.until(lambda: len(ear.chunks) == 2)
        ear.source.stop()
        for client in hung:
            client.settimeout(20)
            client.recv(1000)
            client.close()


def test_with_a_certificate_what_is_pushed_is_encrypted(push: Callable[..., PushSource], tmp_path: Path) -> None:
    make_certificates(tmp_path)
    source = push(cert_file=tmp_path / "server.pem", key_file=tmp_path / "server.key")
    trust = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    with Listening(source) as ear:
        assert send(source, AIR, tls=trust) == (204, "")
        with pytest.raises((OSError, http.client.HTTPException)):
            send(source, AIR)
        assert send(source, AIR, tls=trust) == (204, "")
        ear.until(lambda: len(ear.chunks) == 2)


def test_a_port_that_is_taken_is_told_and_had_when_it_is_free(push: Callable[..., PushSource]) -> None:
    source = push()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port_of(source)))
        other.listen()
        with Listening(source) as ear:
            ear.until_down("cannot be opened (Address already in use)")
            other.close()
            poll(lambda: send(source, AIR)[0] == 204, "a port")
            ear.until_up(0)
            ear._before = ear._before[0], ear._before[1] - 1  # noqa: SLF001 - the other's socket


def test_who_lets_others_send_without_encryption_is_warned(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "token").write_text(TOKEN)
    source = PushSource("hall/air", f"0.0.0.0:{free_port()}", token_file=tmp_path / "token", **quick())
    with Listening(source) as ear:
        assert send(source, AIR) == (204, "")
        ear.until_up(0)
    assert "others can read the token" in caplog.text


@pytest.mark.parametrize(
    ("address", "token", "told"),
    [
        ("", TOKEN, "nowhere to listen"),
        ("a:99999", TOKEN, "nowhere to listen"),
        ("127.0.0.1:1", "short", "less than 16"),
    ],
)
def test_settings_of_an_endpoint_that_cannot_be_are_refused(
    address: str, token: str, told: str, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(token)
    with pytest.raises(BadInputError, match=told):
        PushSource("hall/air", address, token_file=tmp_path / "token")
    with pytest.raises(BadInputError, match="no token"):
        PushSource("hall/air")
