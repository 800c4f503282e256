"""Somebody who listens to a broker, and keeps all that is said: topic, payload, and whether it was retained."""

from __future__ import annotations

import json
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.live.broker import Mosquitto
from tests.live.servers import poll


class Subscriber:
    """Listens as long as the `with` lasts."""

    def __init__(self, broker: Mosquitto, *topics: str) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self._topics = topics or ("#",)
        self._subscribed = False
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)
        self._port = broker.port

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        poll(lambda: self._subscribed, "a subscription")
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_connect = self._client.on_subscribe = self._client.on_message = None

    def said(self, topic: str) -> list[Any]:
        """What was said of a topic, as JSON or text, oldest first."""
        return [_read(payload) for where, payload, _ in self.heard if where == topic]

    def last(self, topic: str) -> Any:
        """The last of it; None before the first."""
        return next(iter(reversed(self.said(topic))), None)

    def _on_connect(self, client: Any, _: Any, flags: Any, reason: Any, properties: Any) -> None:
        client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(self, *_: Any) -> None:
        self._subscribed = True

    def _on_message(self, client: Any, _: Any, message: Any) -> None:
        self.heard.append((message.topic, message.payload, message.retain))


def _read(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode()
