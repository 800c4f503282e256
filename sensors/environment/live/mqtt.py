"""Sensors that speak by MQTT (3.1.1 and 5): `MqttSource`.

Why a clean session: what a broker kept while we were away would arrive with the time of its arrival, hours late. Why
retained messages are no readings: they are a broker's memory, and the sensor may have died last year. Why the library
is run in our own thread: so that nothing of it is left when the connection is closed.
"""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sensors.environment.live.flaws import PayloadError
from sensors.environment.live.payloads import Recipe, parse
from sensors.environment.live.reading import Complaint, Item, ReaderError, Report
from sensors.environment.live.source import LiveReadingsSource
from sensors.environment.live.topics import Subscription, Topics, form_of, subscriptions
from sensors.errors import BadInputError
from sensors.files import require_file

PORT, TLS_PORT = 1883, 8883
VERSIONS = ("3.1.1", "5")
MOST_PACKET = 1 << 24
"""Larger messages are not even sent by a broker of version 5, bytes."""

_TICK_S = 0.25
_MEND = "give one like mqtts://broker.local:8883"


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is, and how it is spoken to.

    Attributes
    ----------
    host : str
        Name or address.
    port : int
        Its port.
    tls : bool
        Whether the connection is encrypted, and the broker's certificate checked.
    version : str
        "3.1.1" or "5".
    user, client_id : str
        How to sign in; may be empty.
    password_file : Path or None
        Holds the password; read anew for each connection.
    ca_file, cert_file, key_file : Path or None
        Who vouches for the broker, other than those whom the system trusts; and our own certificate.
    keepalive_s : int
        After so much silence the broker is asked whether it is there, seconds; as long again, and it is not.
    connect_s : float
        How long a connection may take, seconds.
    """

    host: str
    port: int
    tls: bool
    version: str = "3.1.1"
    user: str = ""
    client_id: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    keepalive_s: int = 15
    connect_s: float = 10.0


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
        host, port, tls = _address(address, where, secure=ca_file is not None)
        if str(version) not in VERSIONS:
            raise BadInputError(f"no version '{version}' of MQTT", where=where, mend=f"known are {', '.join(VERSIONS)}")
        if qos not in (0, 1, 2):
            raise BadInputError(f"no qos {qos}", where=where, mend="0, 1 or 2")
        password, ca, cert, key = map(_file, (password_file, ca_file, cert_file, key_file))
        base = Recipe(form=form_of(form, where), name="", time=time, utc_offset_s=utc_offset_s)
        broker = Broker(
            host,
            port,
            tls,
            str(version),
            user,
            client_id,
            password,
            ca,
            cert,
            key,
            keepalive_s,
            connect_s,
        )
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
        context = self._context()
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
            raise ReaderError(f"the broker cannot be reached ({_cause(error)})") from error
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
            return None
        recipe = next((found for one in self._subscriptions if (found := one.match(topic))), None)
        if recipe is None:
            return None
        try:
            return Report(parse(message.payload, recipe), topic)
        except PayloadError as error:
            return Complaint(error.flaw.value, topic)

    def _context(self) -> _Context | None:
        broker = self._broker
        if not broker.tls:
            return None
        try:
            context = _Context(ssl.PROTOCOL_TLS_CLIENT)
            context.opened = []
            if broker.ca_file:
                context.load_verify_locations(broker.ca_file)
            else:
                context.load_default_certs()
            if broker.cert_file:
                context.load_cert_chain(broker.cert_file, broker.key_file)
        except (OSError, ValueError) as error:
            raise ReaderError(f"its certificates cannot be used ({_cause(error)})") from error
        return context

    def _client(self, session: _Session, context: _Context | None) -> Any:
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
            client.username_pw_set(broker.user, _secret(broker.password_file))
        return client


class _Context(ssl.SSLContext):
    """Remembers what it has wrapped: the library forgets to close what fails in the handshake."""

    opened: list[ssl.SSLSocket]

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        wrapped = super().wrap_socket(*args, **options)
        self.opened.append(wrapped)
        return wrapped


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


def _file(told: str | Path | None) -> Path | None:
    if told is None:
        return None
    require_file(Path(told))
    return Path(told)


def _address(address: str, where: str, *, secure: bool) -> tuple[str, int, bool]:
    """Host, port, and whether by TLS."""
    try:
        parts = urlsplit(address if "://" in address else f"mqtt://{address}")
        known = parts.scheme in ("mqtt", "mqtts", "tcp", "ssl", "tls") and parts.path in ("", "/")
        host, port = parts.hostname, parts.port
    except ValueError:
        known, host, port = False, None, None
    if not known or not host or port == 0 or any(letter.isspace() for letter in address):
        raise BadInputError("this is no address of a broker", where=f"address of {where}", mend=_MEND)
    if parts.username or parts.password:
        mend = "give user and password_file, so that no password stands in the settings"
        raise BadInputError("a password in an address", where=f"address of {where}", mend=mend)
    tls = secure or parts.scheme not in ("mqtt", "tcp")
    return host, port or (TLS_PORT if tls else PORT), tls


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


def _secret(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, ValueError) as error:
        raise ReaderError(f"the password cannot be read ({_cause(error)})") from error


def _lost(code: int) -> str:
    import paho.mqtt.client as paho

    return "the broker does not answer" if code == paho.MQTT_ERR_KEEPALIVE else "the broker is gone"


def _cause(error: Exception) -> str:
    return getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error) or type(error).__name__
