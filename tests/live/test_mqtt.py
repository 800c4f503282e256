"""MQTT through a real Mosquitto, which is stopped, paused, locked and started again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sensors.environment.live.flaws import Flaw
from sensors.environment.live.mqtt import MqttSource
from sensors.errors import BadInputError
from sensors.types import State
from tests.live.broker import USER, Mosquitto
from tests.live.feeling import assert_rows, column, quick, values
from tests.live.listening import Listening
from tests.live.servers import poll

SECRET = "never to be told"  # noqa: S105 - not one


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path) as running:
        yield running


def source(broker: Mosquitto, topics: Any, **options: Any) -> MqttSource:
    return MqttSource("hall/air", broker.address, topics=topics, **quick(**options))


def await_subscription(broker: Mosquitto, ear: Listening, topic: str) -> None:
    """Publish rubbish until it is complained of: then the source listens, and has heard the last of the rubbish."""
    counts = ear.source.complaints.counts  # type: ignore[attr-defined]

    def complained(payload: str, of: Flaw) -> bool:
        if payload:
            broker.publish(topic, payload)
        return (of.value, topic) in counts

    counts.clear()
    poll(lambda: complained("are you there?", Flaw.NOT_A_NUMBER), "a subscription")
    broker.publish(topic, "")
    poll(lambda: complained("", Flaw.EMPTY), "the end of the rubbish")
    counts.clear()


def publish_until_heard(broker: Mosquitto, ear: Listening, topic: str, value: float) -> None:
    """For connections that may break at any moment."""

    def heard() -> bool:
        broker.publish(topic, str(value))
        return value in [cell for row in values(ear.chunks) for cell in row.values()]

    poll(heard, f"{value} on {topic}")


@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("qos", [0, 2])
def test_what_is_published_is_read_in_documented_units(broker: Mosquitto, version: str, qos: int) -> None:
    topics = {"a/t": {"quantity": "temperature", "unit": "F"}, "a/+/state": {}, "zigbee2mqtt/+": {}}
    with Listening(source(broker, topics, version=version, qos=qos)) as ear:
        await_subscription(broker, ear, "a/t")
        broker.publish("a/t", "71.6")
        broker.publish("a/front_door/state", "ON")
        broker.publish("zigbee2mqtt/attic", '{"temperature": 20.5, "humidity": 41, "linkquality": 90}')
        ear.until(lambda: len(ear.chunks) == 3)
    assert_rows(ear.chunks)
    assert values(ear.chunks) == [
        {"temperature_c": pytest.approx(22)}, {"front_door": 1},
        {"attic_temperature_c": 20.5, "attic_humidity_percent": 41},
    ]  # fmt: skip
    assert ear.states() == [State.UP]


def test_a_broker_behind_tls_and_password_is_read_stopped_and_read_again(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, locked=True) as broker:
        ways = {"user": USER, "password_file": broker.password, "ca_file": broker.ca}
        with Listening(source(broker, "a/temperature", **ways)) as ear:
            await_subscription(broker, ear, "a/temperature")
            broker.publish("a/temperature", "20")
            ear.until_up(0)
            broker.end()
            ear.until_down("cannot be reached (Connection refused)")
            broker.start()
            await_subscription(broker, ear, "a/temperature")
            broker.publish("a/temperature", "21")
            ear.until_up(0)
    assert column(ear.chunks, "temperature_c") == [20, 21]
    assert [state for state in ear.states() if state is State.UP] == [State.UP] * 2
    assert_rows(ear.chunks)


def test_whom_nobody_vouches_for_and_a_wrong_password_are_told_without_secrets(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, locked=True) as broker:
        with Listening(source(broker, "a/b")) as ear:
            ear.until_down("unable to get local issuer certificate")
        broker.password.write_text(SECRET)
        with Listening(source(broker, "a/b", ca_file=broker.ca, user=USER, password_file=broker.password)) as other:
            other.until_down("Not authorized")
    assert SECRET not in "".join(ear.reasons() + other.reasons())


def test_a_broker_that_hangs_is_found_out_by_keepalive_and_read_when_it_is_back(own_broker: Mosquitto) -> None:
    with Listening(source(own_broker, "a/temperature", keepalive_s=1, connect_s=1.0)) as ear:
        publish_until_heard(own_broker, ear, "a/temperature", 20)
        own_broker.pause()
        ear.until_down("Keep alive timeout")
        own_broker.resume()
        publish_until_heard(own_broker, ear, "a/temperature", 21)
        ear.until_up(0)
    assert sorted(set(column(ear.chunks, "temperature_c"))) == [20, 21]
    assert_rows(ear.chunks)


def test_of_ten_thousand_messages_at_once_none_is_lost(broker: Mosquitto) -> None:
    with broker.publisher() as client, Listening(source(broker, "pace/+/temperature")) as ear:
        await_subscription(broker, ear, "pace/x/temperature")
        for number in range(9_999):
            client.publish(f"pace/{number % 10}/temperature", str(number / 100), wait=False)
        client.publish("pace/9/temperature", "99.99")
        ear.until(lambda: len(ear.chunks) == 10_000, 60)
    assert sorted(value for row in values(ear.chunks) for value in row.values()) == [n / 100 for n in range(10_000)]
    assert not ear.source.dropped  # type: ignore[attr-defined]
    assert_rows(ear.chunks)


def test_a_retained_message_is_not_taken_for_fresh_neither_at_first_nor_after_a_restart(own_broker: Mosquitto) -> None:
    own_broker.publish("a/temperature", "19", retain=True)
    heard = source(own_broker, "a/temperature")
    with Listening(heard) as ear:
        poll(lambda: heard.retained == 1, "a retained message")
        own_broker.publish("a/temperature", "20", retain=True)
        ear.until_up(0)
        own_broker.end()
        ear.until_down("Connection refused")
        own_broker.start()
        poll(lambda: heard.retained == 2, "a retained message")
        assert ear.states()[-1] is State.DOWN
        own_broker.publish("a/temperature", "21", retain=True)
        ear.until_up(0)
    assert heard.complaints.counts == {("kept by the broker, who knows since when", "a/temperature"): 2}
    assert column(ear.chunks, "temperature_c") == [20, 21]


def test_what_was_read_is_known_again_after_the_broker_came_back(own_broker: Mosquitto) -> None:
    heard = source(own_broker, "a/air", clock_s=1e9)
    told = '{"temperature": 2%d, "time": "2026-01-01T00:00:0%dZ"}'
    with Listening(heard) as ear:
        await_subscription(own_broker, ear, "a/air")
        own_broker.publish("a/air", told % (0, 0))
        ear.until_up(0)
        own_broker.end()
        ear.until_down("Connection refused")
        own_broker.start()
        await_subscription(own_broker, ear, "a/air")
        own_broker.publish("a/air", told % (0, 0))
        own_broker.publish("a/air", told % (1, 1))
        ear.until_up(0)
    assert column(ear.chunks, "temperature_c") == [20, 21]
    assert heard.duplicates == 1


def test_bad_payloads_are_counted_by_reason_and_topic_and_stop_nothing(broker: Mosquitto) -> None:
    heard = source(broker, "bad/#")
    bad: dict[str, tuple[str | bytes, str]] = {
        "bad/cut": ('{"temperature": 2', "truncated JSON"), "bad/nan": ("NaN", "NaN or infinite"),
        "bad/text": ("Hello!", "not a number"), "bad/binary": (b"\xff\xfe\x00\x01", "not text"),
        "bad/none": ("", "empty"),
        "bad/large": (b"[" + b"1," * 5_000_000 + b"1]", "too large"), "bad/deep": ("[" * 50_000, "nested too deep"),
        "bad/temperature": ('{"value": 4000, "unit": "C"}', "temperature_c outside what is physical"),
    }  # fmt: skip
    with Listening(heard) as ear:
        await_subscription(broker, ear, "bad/first")
        for topic, (payload, _) in bad.items():
            broker.publish(topic, payload)
        broker.publish("bad/temperature", "21")
        ear.until_up(0)
    assert heard.complaints.counts == {(reason, topic): 1 for topic, (_, reason) in bad.items()}
    assert heard.refused == 1
    first, last = (row["temperature_c"] for row in values(ear.chunks))
    assert math.isnan(first)
    assert last == 21
    assert ear.states() == [State.DEGRADED, State.UP]


def test_silence_is_told_and_ends_with_the_next_reading(broker: Mosquitto) -> None:
    with Listening(source(broker, "still/temperature", stale_s=0.5)) as ear:
        ear.until_down("no reading for 0.5 s")
        broker.publish("still/temperature", "20")
        ear.until_up(0)
        ear.until_down("no reading for 0.5 s")
        broker.publish("still/temperature", "21")
        ear.until_up(0)
    assert column(ear.chunks, "temperature_c") == [20, 21]


def test_a_wrong_clock_is_told_and_made_good(broker: Mosquitto) -> None:
    with Listening(source(broker, "clock/air")) as ear:
        await_subscription(broker, ear, "clock/air")
        for second in range(3):
            broker.publish("clock/air", f'{{"temperature": 20, "time": "2026-01-01T00:00:0{second}Z"}}')
        ear.until(lambda: len(ear.chunks) == 3)
    assert State.UP not in ear.states()
    assert "the clock of clock/air is" in ear.reasons()[0]
    assert_rows(ear.chunks)


@pytest.mark.parametrize(
    "address", ["", "http://a", "a b", "mqtt://a:0", "mqtt://a:99999", "mqtt://u:p@a", "mqtt://a/x", "mqtt://[::1"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadInputError, match="address of 'hall/air'"):
        MqttSource("hall/air", address, topics="a")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "no topic"), ({"topics": "a/#/b"}, "no topic"), ({"topics": "a+"}, "no topic"),
        ({"topics": {"a": {"quantty": "x"}}}, "unknown setting 'quantty'"), ({"topics": "a", "form": "xml"}, "no form"),
        ({"topics": {"a": {"path": "a..["}}}, "no path"), ({"topics": "a", "version": "4"}, "no version"),
        ({"topics": "a", "qos": 3}, "no qos"), ({"topics": "a", "password_file": "/nowhere"}, "cannot be read"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        MqttSource("hall/air", "broker.local", **options)
