"""Sensors that speak by MQTT (3.1.1 and 5): `MqttSource`.

Why a clean session: what a broker kept while we were away would arrive with the time of its arrival, hours late. Why
retained messages are no readings: they are a broker's memory, and the sensor may have died last year. Why the library
is run in our own thread: so that nothing of it is left when the connection is closed.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sensors.environment.live.brokers import VERSIONS, Broker, broker_address, cause_of, given_file
from sensors.environment.live.flaws import PayloadError
from sensors.environment.live.payloads import Recipe, parse
from sensors.environment.live.reading import Complaint, Item, ReaderError, Report
from sensors.environment.live.source import LiveReadingsSource
from sensors.environment.live.topics import Subscription, Topics, form_of, subscriptions
from sensors.errors import BadInputError

MOST_PACKET = 1 << 24
"""Larger messages are not even sent by a broker of version 5, bytes."""

_TICK_S = 0.25


class MqttSource(LiveReadingsSource):
    """Whatever sensors publish under some topics: plain values, JSON, SenML, Zigbee2MQTT, Tasmota, Home Assistant.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    address : str
        "mqtt://host:port", "mqtts://host" or "host".
    topics : str, sequence or mapping
        Filters; of each may be told its quantity, or a table of quantity, unit, path, time, form, on, off.
    qos : int
        0, 1 or 2.
    form, time, utc_offset_s
        For all topics: how payloads are written, where they tell their time, and its offset where that tells none.
    version, user, password_file, ca_file, cert_file, key_file, client_id, keepalive_s, connect_s
        As in `Broker`.
    options
        Those of `LiveReadingsSource`.

    Attributes
    ----------
    retained : int
        Messages that the broker had kept, and which are no readings.

    Raises
    ------
    BadInputError
        If the address, a topic or a file is none.
    """

    def __init__(
        self, stream: str, address: str, *, topics: Topics = (), qos: int = 1, form: str = "auto", time: str = "",
        utc_offset_s: int | None = None, version: str = "3.1.1", user: str = "", client_id: str = "",
        password_file: str | Path | None = None, ca_file: str | Path | None = None,
        cert_file: str | Path | None = None, key_file: str | Path | None = None, keepalive_s: int = 15,
        connect_s: float = 10.0, **options: Any,
    ) -> None:  # fmt: skip
        where = f"'{stream}'"
        host, port, tls = broker_address(address, where, secure=ca_file is not None)
        if str(version) not in VERSIONS:
            raise BadInputError(f"no version '{version}' of MQTT", where=where, mend=f"known are {', '.join(VERSIONS)}")
        if qos not in (0, 1, 2):
            raise BadInputError(f"no qos {qos}", where=where, mend="0, 1 or 2")
        password, ca, cert, key = map(given_file, (password_file, ca_file, cert_file, key_file))
        base = Recipe(form=form_of(form, where), name="", time=time, utc_offset_s=utc_offset_s)
        broker = Broker(
            host, port, tls, str(version), user, client_id, password, ca, cert, key, keepalive_s, connect_s
        )  # fmt: skip
        self._mqtt = MqttReader(broker, subscriptions(topics, base, stream), qos)
        super().__init__(stream, self._mqtt, **options)

    @property
    def retained(self) -> int:
        """Messages that the broker had kept."""
        return self._mqtt.retained


class MqttReader:
    """A connection to a broker.

    Parameters
    ----------
    broker : Broker
        Whom to connect to.
    subscriptions : tuple of Subscription
        What to ask for; the first that matches a topic reads it.
    qos : int
        How surely messages are delivered.
    """

    def __init__(self, broker: Broker, subscriptions: tuple[Subscription, ...], qos: int) -> None:
        self.retained = 0
        self._broker, self._subscriptions, self._qos = broker, subscriptions, qos

    def readings(self) -> Generator[Item, None, None]:
        """Connect, subscribe, and yield what is published.

        Raises
        ------
        ReaderError
            If the broker cannot be reached, refuses, goes, or does not answer any more.
        """
        session = _Session()
        context = self._broker.context()
        client = self._client(session, context)
        try:
            yield from self._run(client, session)
        finally:
            with suppress(OSError, ValueError):
                client.disconnect()
            for left in (client.socket(), *(context.opened if context else ())):
                if left is not None:
                    left.close()

    def _run(self, client: Any, session: _Session) -> Generator[Item, None, None]:
        broker = self._broker
        try:
            client.connect(broker.host, broker.port, keepalive=broker.keepalive_s, **_clean(broker))
        except (OSError, ValueError) as error:
            raise ReaderError(f"the broker cannot be reached ({cause_of(error)})") from error
        deadline_s, asked = time.monotonic() + broker.connect_s, False
        while True:
            code = client.loop(_TICK_S)
            if session.connected and not asked:
                client.subscribe([(one.filter, self._qos) for one in self._subscriptions])
                asked = True
            while session.messages:
                message = session.messages.popleft()
                item = self._item(message)
                if item is not None:
                    yield item
            while session.refused:
                yield Complaint("the broker refuses the topic", self._subscriptions[session.refused.pop()].filter)
            if session.fault or code:
                raise ReaderError(session.fault or _lost(code))
            if not session.subscribed and time.monotonic() > deadline_s:
                raise ReaderError(f"no answer within {broker.connect_s:g} s")
            yield None

    def _item(self, message: Any) -> Item:
        topic = message.topic
        if message.retain:
            self.retained += 1
            return Complaint("kept by the broker, who knows since when", topic)
        recipe = next((found for one in self._subscriptions if (found := one.match(topic))), None)
        if recipe is None:
            return None
        try:
            return Report(parse(message.payload, recipe), topic)
        except PayloadError as error:
            return Complaint(error.flaw.value, topic)

    def _client(self, session: _Session, context: Any) -> Any:
        import paho.mqtt.client as paho
        from paho.mqtt.enums import CallbackAPIVersion

        broker = self._broker
        five = broker.version == "5"
        client = paho.Client(
            CallbackAPIVersion.VERSION2, broker.client_id, clean_session=None if five else True,
            protocol=paho.MQTTv5 if five else paho.MQTTv311, reconnect_on_failure=False,
        )  # fmt: skip
        client.connect_timeout = broker.connect_s
        client.on_connect, client.on_subscribe = session.on_connect, session.on_subscribe
        client.on_message, client.on_disconnect = session.on_message, session.on_disconnect
        if context:
            client.tls_set_context(context)
        if broker.user:
            client.username_pw_set(broker.user, broker.password())
        return client


@dataclass(slots=True)
class _Session:
    """What the library told of one connection."""

    messages: deque[Any] = field(default_factory=deque)
    refused: list[int] = field(default_factory=list)
    connected: bool = False
    subscribed: bool = False
    fault: str = ""

    def on_connect(self, client: Any, _: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self.fault = f"the broker refuses ({reason})"
        self.connected = not reason.is_failure

    def on_subscribe(self, client: Any, _: Any, mid: int, reasons: list[Any], properties: Any) -> None:
        if all(reason.is_failure for reason in reasons):
            self.fault = f"the broker refuses the topics ({reasons[0]})"
        self.refused = [number for number, reason in enumerate(reasons) if reason.is_failure]
        self.subscribed = True

    def on_message(self, client: Any, _: Any, message: Any) -> None:
        self.messages.append(message)

    def on_disconnect(self, client: Any, _: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure and not self.fault:
            self.fault = f"the broker is gone ({reason})"


def _clean(broker: Broker) -> dict[str, Any]:
    """What version 5 is told beside: forget the last session, send nothing huge."""
    if broker.version != "5":
        return {}
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    made: Any = Properties
    properties = made(PacketTypes.CONNECT)
    properties.MaximumPacketSize = MOST_PACKET
    return {"clean_start": True, "properties": properties}


def _lost(code: int) -> str:
    import paho.mqtt.client as paho

    return "the broker does not answer" if code == paho.MQTT_ERR_KEEPALIVE else "the broker is gone"
