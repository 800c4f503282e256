"""A site on an MQTT broker.

`<base>/incidents`  events, one for each change of an incident (CloudEvents), never retained
`<base>/incident`   retained: the incident that is open, or was last
`<base>/sensor/...` retained: the condition of each sensor
`<base>/verdict`    once a second, not retained
`<base>/status`     retained: online; offline by the last will, too

Why states go without a receipt: the library sends what was not confirmed again after a connection, and an old state
would come after the newest. An event is confirmed, and never published twice while its receipt may still come.

After each connection, and whenever Home Assistant says that it has begun, all that is retained is told anew: a broker
that lost its memory has it again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from threading import Lock
from typing import Any

import msgspec

from fusion.events import FusedScore, Incident
from fusion.sinks.envelope import event_id, slug
from fusion.sinks.home_assistant import discovery, sensor_topic
from fusion.sinks.jsonl import incident_line, shortened
from fusion.sinks.news import Changed, Condition, News, Verdict
from sensors.environment.live.brokers import Broker
from sensors.types import NS, Modality

CONFIRM_S = 5.0
_ONLINE, _OFFLINE = "online", "offline"


class MqttSink:
    """Tells a broker; a sink of states, and a receiver of events.

    Parameters
    ----------
    broker : Broker
        Where it is.
    site : str
        Name of the place.
    streams : mapping of str to Modality
        The sensors.
    version : str
        Of Kizashi.
    base : str
        What topics begin with; "kizashi/<place>" where it is empty.
    prefix : str
        Where Home Assistant looks for devices; empty where it need not.
    """

    def __init__(
        self, broker: Broker, site: str, streams: Mapping[str, Modality], version: str, base: str = "",
        prefix: str = "homeassistant",
    ) -> None:  # fmt: skip
        self.base = base or f"kizashi/{slug(site)}"
        self._prefix, self._lock, self._second = prefix, Lock(), -1
        self._pending: tuple[str, Any] | None = None
        self._found = discovery(site, self.base, streams, version, prefix)
        self._states: dict[str, bytes] = {f"{self.base}/incident": _encode({"open": False})}
        self._client = self._prepared(broker)
        self._client.connect_async(broker.host, broker.port, keepalive=broker.keepalive_s)
        self._client.loop_start()

    def deliver(self, news: News) -> None:
        """Tell a state."""
        if isinstance(news, Changed):
            self._keep(f"{self.base}/incident", _incident(news.incident, event_id(news)))
        elif isinstance(news, Condition):
            told = {"state": str(news.health.state), "reason": news.health.reason, "since_ns": news.health.at_ns}
            self._keep(sensor_topic(self.base, news.health.stream), _encode(told))
        elif isinstance(news, Verdict) and news.verdict.at_ns // NS != self._second and self._client.is_connected():
            self._second = news.verdict.at_ns // NS
            self._client.publish(f"{self.base}/verdict", _encode(_verdict(news.verdict)))

    def send(self, name: str, body: bytes) -> None:
        """Publish an event, and wait until the broker has it.

        Raises
        ------
        OSError
            If it does not say so in time.
        """
        if self._pending is None or self._pending[0] != name:
            if not self._client.is_connected():
                raise OSError(0, "not connected")
            self._pending = name, self._client.publish(f"{self.base}/incidents", body, qos=1)
        try:
            self._pending[1].wait_for_publish(CONFIRM_S)
            confirmed = self._pending[1].is_published()
        except (RuntimeError, ValueError) as error:
            self._pending = None
            raise OSError(0, "not connected") from error
        if not confirmed:
            raise OSError(0, "the broker does not answer")

    def close(self) -> None:
        """Say goodbye."""
        if self._client.is_connected():
            with suppress(RuntimeError, ValueError):
                self._client.publish(f"{self.base}/status", _OFFLINE, qos=1, retain=True).wait_for_publish(1.0)
        self._client.disconnect()
        self._client.loop_stop()
        # Or the two would hold each other, and the library close its sockets only when both are collected.
        self._client.on_connect = self._client.on_message = None

    def _keep(self, topic: str, payload: bytes) -> None:
        with self._lock:
            self._states[topic] = payload
        if self._client.is_connected():
            self._client.publish(topic, payload, retain=True)

    def _introduce(self) -> None:
        if self._prefix:
            topic, payload = self._found
            self._client.publish(topic, _encode(payload), qos=1, retain=True)
        with self._lock:
            states = dict(self._states)
        for topic, state in states.items():
            self._client.publish(topic, state, retain=True)
        self._client.publish(f"{self.base}/status", _ONLINE, qos=1, retain=True)

    def _on_connect(self, client: Any, _: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            return
        if self._prefix:
            client.subscribe(f"{self._prefix}/status", 1)
        self._introduce()

    def _on_message(self, client: Any, _: Any, message: Any) -> None:
        if message.payload == _ONLINE.encode() and not message.retain:
            self._introduce()

    def _prepared(self, broker: Broker) -> Any:
        import paho.mqtt.client as paho
        from paho.mqtt.enums import CallbackAPIVersion

        client = paho.Client(CallbackAPIVersion.VERSION2, broker.client_id, clean_session=True)
        client.reconnect_delay_set(1, 15)
        client.connect_timeout = broker.connect_s
        client.will_set(f"{self.base}/status", _OFFLINE, qos=1, retain=True)
        client.on_connect, client.on_message = self._on_connect, self._on_message
        if context := broker.context():
            client.tls_set_context(context)
        if broker.user:
            client.username_pw_set(broker.user, broker.password())
        return client


def _incident(incident: Incident, name: str) -> bytes:
    facts = msgspec.json.decode(incident_line(incident))
    return _encode({"open": incident.closed_ns is None, "event": name, **facts})


def _verdict(verdict: FusedScore) -> dict[str, Any]:
    surprise = {str(part.sense): round(-math.log10(part.p_value), 2) for part in verdict.parts}
    missing = {item.stream: item.reason for item in verdict.missing}
    return {
        "at_ns": verdict.at_ns, "per_day": shortened(verdict.per_day), "p_value": shortened(verdict.p_value),
        "surprise": surprise, "missing": missing,
    }  # fmt: skip


def _encode(told: object) -> bytes:
    return msgspec.json.encode(told)
