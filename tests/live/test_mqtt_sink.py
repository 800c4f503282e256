"""A site on a real Mosquitto: states are retained, events come once, and a broker that forgot is told again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fusion.sinks.mqtt import MqttSink
from fusion.sinks.news import Condition
from fusion.sinks.outbox import Outbox
from sensors.backoff import Backoff
from sensors.environment.live.brokers import Broker, broker_address
from sensors.types import Health, Modality, State
from tests.fusion.incidents import AT_NS, closed, opened, told
from tests.live.broker import USER, Mosquitto
from tests.live.servers import poll
from tests.live.subscriber import Subscriber

BASE = "kizashi/shop"
STREAMS = {"hall/mic": Modality.AUDIO}


def sink(broker: Mosquitto, **options: str) -> MqttSink:
    host, port, _ = broker_address(broker.address, "here", secure=False)
    return MqttSink(Broker(host, port, False), "Shop", STREAMS, "0.1.0", **options)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path) as running:
        yield running


def test_home_assistant_sees_states_change(broker: Mosquitto) -> None:
    with Subscriber(broker) as ear, closing(sink(broker)) as mqtt:
        poll(lambda: ear.last(f"{BASE}/status") == "online", "a site that is online")
        (device,) = ear.said("homeassistant/device/kizashi_shop/config")
        topics = {entity["state_topic"] for entity in device["components"].values()}
        assert topics == {f"{BASE}/incident", f"{BASE}/verdict", f"{BASE}/sensor/hall/mic"}
        mqtt.deliver(Condition(Health("hall/mic", AT_NS, State.TAMPERED, "covered")))
        mqtt.deliver(opened())
        mqtt.deliver(told())
        poll(lambda: ear.last(f"{BASE}/verdict"), "a verdict")
        assert ear.last(f"{BASE}/sensor/hall/mic")["state"] == "tampered"
        assert ear.last(f"{BASE}/incident")["open"] is True
        assert ear.last(f"{BASE}/incident")["why"] == "Audio: hall/mic level."
        assert ear.last(f"{BASE}/verdict")["surprise"] == {"audio": 6.0}
        mqtt.deliver(closed())
        poll(lambda: ear.last(f"{BASE}/incident")["open"] is False, "the end of the incident")
    with Subscriber(broker) as late:
        poll(lambda: late.last(f"{BASE}/status") == "offline", "what is retained")
        kept = {topic for topic, _, retained in late.heard if retained}
    assert {f"{BASE}/incident", f"{BASE}/sensor/hall/mic", f"{BASE}/status"} <= kept
    assert f"{BASE}/verdict" not in kept
    assert f"{BASE}/incidents" not in kept


def test_who_is_asked_by_home_assistant_tells_all_again(broker: Mosquitto) -> None:
    with Subscriber(broker) as ear, closing(sink(broker)):
        poll(lambda: ear.last(f"{BASE}/status") == "online", "a site that is online")
        broker.publish("homeassistant/status", "online")
        poll(lambda: len(ear.said(f"{BASE}/status")) == 2, "all of it again")
        assert len(ear.said("homeassistant/device/kizashi_shop/config")) == 2


def test_a_broker_that_was_away_gets_each_event_once_and_all_states(broker: Mosquitto) -> None:
    with closing(sink(broker)) as mqtt:
        outbox = Outbox("mqtt", "Shop", mqtt, backoff=Backoff(0.1, 0.2))
        outbox.deliver(opened())
        poll(lambda: outbox.sent == 1, "an event")
        broker.kill()
        for name in ("2b", "3c"):
            outbox.deliver(opened(name))
            mqtt.deliver(opened(name))
        broker.start()
        with Subscriber(broker) as ear:
            poll(lambda: outbox.sent == 3, "the events that waited")
            poll(lambda: ear.last(f"{BASE}/incident") and ear.last(f"{BASE}/incident")["id"] == "3c", "the state")
            names = [event["id"] for event in ear.said(f"{BASE}/incidents")]
        outbox.close(5)
    assert len(names) == len(set(names))
    assert set(names) <= {"2b.1", "3c.1"}


def test_the_last_will_is_told_when_nobody_says_goodbye(broker: Mosquitto) -> None:
    with Subscriber(broker) as ear:
        code = (
            "import os, sys, time; from pathlib import Path; from tests.live.test_mqtt_sink import *\n"
            "mqtt = MqttSink(Broker('127.0.0.1', int(sys.argv[1]), False), 'Shop', STREAMS, '0.1.0')\n"
            "sys.stdin.read(); os.kill(os.getpid(), 9)"
        )
        command = [sys.executable, "-c", code, str(broker.port)]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as child:
            poll(lambda: ear.last(f"{BASE}/status") == "online", "a site that is online")
            child.communicate()
        poll(lambda: ear.last(f"{BASE}/status") == "offline", "its last will")


def test_a_broker_behind_tls_and_a_password(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, locked=True) as locked:
        host, port, tls = broker_address(locked.address, "here", secure=True)
        whom = Broker(host, port, tls, user=USER, password_file=locked.password, ca_file=locked.ca)
        mqtt = MqttSink(whom, "Shop", STREAMS, "0.1.0", prefix="")
        outbox = Outbox("mqtt", "Shop", mqtt, backoff=Backoff(0.1, 0.2))
        outbox.deliver(opened())
        poll(lambda: outbox.sent == 1, "an event")
        outbox.close(5)
        mqtt.close()
