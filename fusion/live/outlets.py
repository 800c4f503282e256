"""Settings to sinks: who is told, and what is closed in which order when it is over."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from fusion.assemble import read_secret
from fusion.config import HookOut, MqttOut, Settings
from fusion.events import Severity
from fusion.language.choice import texts_of
from fusion.live.clipping import Clipper
from fusion.live.custody import build_clipper, clip_samples, has_vault, oldest_kept_ns
from fusion.receivers import LogOut, PushOut
from fusion.sinks.cap_folder import CapFolder
from fusion.sinks.journald import Journald
from fusion.sinks.lines import LinesSink
from fusion.sinks.metrics import Figures, MetricsServer, Sample
from fusion.sinks.mqtt import MqttSink
from fusion.sinks.news import Sink
from fusion.sinks.outbox import Outbox, Receiver
from fusion.sinks.post import Post
from fusion.sinks.push import Message, Push
from fusion.sinks.syslog import FACILITIES, Syslog, log_address
from fusion.sinks.web import Address
from fusion.sinks.webhook import Webhook
from fusion.store.database import read_database
from fusion.store.keeper import Keeper, oldest_unflagged_ns, orphans
from fusion.store.writer import Writer
from sensors.clock import Clock
from sensors.environment.live.brokers import Broker, broker_address, given_file
from sensors.environment.live.reading import ReaderError
from sensors.errors import BadInputError
from sensors.types import NS, Chunk, Modality

HOUR_NS = 3600 * NS

PRIORITIES = {"low": 2, "medium": 3, "high": 4, "critical": 5}
"""What ntfy calls low, default, high and urgent."""


@dataclass
class Outlets:
    """Who is told.

    Attributes
    ----------
    posts : list of Post
        A queue and a thread for each.
    figures : Figures
        What Prometheus is told, whether or not anybody asks.
    outboxes : list of Outbox
        Where events wait.
    writer : Writer or None
        The database's.
    folder : Path or None
        Where it lies.
    clipper : Clipper or None
        Who puts clips away.
    """

    figures: Figures
    posts: list[Post] = field(default_factory=list)
    outboxes: list[Outbox] = field(default_factory=list)
    writer: Writer | None = None
    folder: Path | None = None
    clipper: Clipper | None = None

    def keep(self, chunk: Chunk) -> None:
        """Keep what a sensor brought, for clips."""
        if self.clipper:
            self.clipper.ring.keep(chunk)

    def add(self, name: str, sink: Sink) -> None:
        """Tell this one, too."""
        self.posts.append(Post(name, sink))

    def add_lines(self, name: str, folder: Path, most_bytes: int, stack: ExitStack) -> None:
        """Write lines there, too.

        Raises
        ------
        BadInputError
            If nothing can be written there.
        """
        try:
            lines = LinesSink(folder, most_bytes)
        except OSError as error:
            what = f"nothing can be written there ({error.strerror})"
            raise BadInputError(what, where=folder, mend="name another folder") from error
        stack.callback(lines.close)
        self.add(name, lines)


def build_outlets(
    settings: Settings, streams: Mapping[str, Modality], clock: Clock, bound_ns: int, stack: ExitStack
) -> Outlets:
    """Open all sinks of the settings; they are closed with the stack.

    What an earlier run left open is told to have ended.

    Raises
    ------
    BadInputError
        If one cannot be.
    """
    outlets = Outlets(Figures(bound_ns))
    outlets.add("metrics", outlets.figures)
    if settings.metrics.address:
        stack.callback(MetricsServer(settings.metrics.address, outlets.figures).close)
    if settings.store.folder:
        _add_store(outlets, settings, stack)
    if settings.evidence.enabled or (settings.store.folder and has_vault(settings)):
        _add_clips(outlets, settings, streams, stack)
    if settings.jsonl.folder:
        outlets.add_lines("jsonl", Path(settings.jsonl.folder), round(settings.jsonl.most_mb * 1e6), stack)
    if settings.mqtt.address:
        mqtt = _mqtt(settings.mqtt, settings.name, streams)
        stack.callback(mqtt.close)
        outlets.add("mqtt", mqtt)
        _add_outbox(outlets, stack, Outbox("mqtt", settings.name, mqtt, outlets.folder, outlets.writer))
    for name, receiver in _receivers(settings, clock):
        _add_outbox(outlets, stack, Outbox(name, settings.name, receiver, outlets.folder, outlets.writer))
    if outlets.folder:
        with closing(read_database(outlets.folder)) as database:
            for ended in orphans(database):
                for post in outlets.posts:
                    post.put(ended)
    return outlets


def sink_samples(outlets: Outlets) -> Iterator[Sample]:
    """What sinks and store have to tell of themselves."""
    for post in outlets.posts:
        labels = {"sink": post.name}
        yield "kizashi_sink_dropped_total", "counter", "News that gave way in a sink's queue.", labels, post.dropped
    for post in outlets.posts:
        yield "kizashi_sink_failures_total", "counter", "News a sink failed at.", {"sink": post.name}, post.failed
    for outbox in outlets.outboxes:
        yield "kizashi_outbox_waiting", "gauge", "Events that wait.", {"sink": outbox.name}, outbox.waiting
    for outbox in outlets.outboxes:
        yield "kizashi_outbox_sent_total", "counter", "Events handed over.", {"sink": outbox.name}, outbox.sent
    if outlets.writer:
        writer = outlets.writer
        yield "kizashi_store_failures_total", "counter", "Writes that failed.", {}, writer.failed + writer.dropped
    if outlets.clipper:
        yield from clip_samples(outlets.clipper)
    if outlets.folder:
        oldest_ns = _oldest_ns(outlets.folder)
        what = "Event time of the oldest that is kept and that nobody flagged: rows, clips, exports."
        yield "kizashi_oldest_unflagged_timestamp_seconds", "gauge", what, {}, (oldest_ns or 0) / NS


def _add_store(outlets: Outlets, settings: Settings, stack: ExitStack) -> None:
    folder = Path(settings.store.folder)
    try:
        writer = Writer(folder)
    except sqlite3.Error as error:
        mend = "free some space, check its permissions, or name another folder"
        raise BadInputError(f"the database cannot be opened ({error})", where=folder, mend=mend) from error
    stack.callback(writer.close)
    keep = settings.store
    keeper = Keeper(writer, round(keep.keep_h * HOUR_NS), round(keep.keep_flagged_days * 24 * HOUR_NS))
    stack.callback(keeper.close)
    outlets.writer, outlets.folder = writer, folder
    outlets.add("store", keeper)


def _receivers(settings: Settings, clock: Clock) -> Iterator[tuple[str, Receiver]]:
    """Who gets events, by a name that stays the same over restarts."""
    for hook in settings.webhooks:
        yield f"webhook {hook.name}", _webhook(hook, clock)
    for push in settings.pushes:
        yield f"push {push.name}", _push(push, settings)
    for log in settings.logs:
        yield f"log {log.name}", _log(log, settings.name)
    if settings.cap.folder:
        yield "cap", CapFolder(settings.cap, settings.name)


def _add_clips(outlets: Outlets, settings: Settings, streams: Mapping[str, Modality], stack: ExitStack) -> None:
    """Have clips put away, or at least let go of in time."""
    try:
        clipper = build_clipper(settings, streams)
    except (OSError, sqlite3.Error) as error:
        mend = "free some space, check permissions, or name other folders"
        raise BadInputError(f"clips cannot be kept ({error})", where="[evidence]", mend=mend) from error
    stack.callback(clipper.close)
    outlets.clipper = clipper
    outlets.add("clips", clipper)


def _add_outbox(outlets: Outlets, stack: ExitStack, outbox: Outbox) -> None:
    stack.callback(outbox.close, 1.0)
    outlets.outboxes.append(outbox)
    outlets.add(f"{outbox.name} events", outbox)


def _mqtt(told: MqttOut, site: str, streams: Mapping[str, Modality]) -> MqttSink:
    host, port, tls = broker_address(told.address, "[mqtt]", secure=told.ca_file is not None)
    password, ca, cert, key = map(given_file, (told.password_file, told.ca_file, told.cert_file, told.key_file))
    broker = Broker(
        host, port, tls, user=told.user, password_file=password, ca_file=ca, cert_file=cert, key_file=key
    )  # fmt: skip
    try:
        return MqttSink(broker, site, streams, version("kizashi"), told.topic, told.discovery_prefix)
    except ReaderError as error:
        raise BadInputError(str(error), where="[mqtt]", mend="check the files and their permissions") from error


def _webhook(told: HookOut, clock: Clock) -> Webhook:
    url = read_secret(Path(told.url_file)) if told.url_file else told.url
    secret = read_secret(Path(told.secret_file)) if told.secret_file else ""
    return Webhook(url, secret, clock.now_ns)


def _push(told: PushOut, settings: Settings) -> Push:
    url = read_secret(Path(told.url_file)) if told.url_file else told.url
    priorities = PRIORITIES | {str(grade): told.priorities[grade] for grade in told.priorities}
    written = Message(
        told.title, told.message, told.fields, told.headers, priorities, told.changes,
        Severity[told.least.upper()], {name: read_secret(Path(path)) for name, path in told.header_files.items()},
    )  # fmt: skip
    address = Address(url, "push service", "[[pushes]] url")
    return Push(address, told.method, written, settings.name, texts_of(settings.language))


def _log(told: LogOut, place: str) -> Receiver:
    log = log_address(told.address, f"[[logs]] {told.name}")
    if log.way == "journal":
        return Journald(log.path, place)
    return Syslog(log, place, FACILITIES[told.facility], told.enterprise)


def _oldest_ns(folder: Path) -> int | None:
    try:
        with closing(read_database(folder)) as database:
            oldest_ns = oldest_unflagged_ns(database)
        clips_ns = oldest_kept_ns(folder)
        return min((ns for ns in (oldest_ns, clips_ns) if ns is not None), default=None)
    except (sqlite3.Error, BadInputError):
        return None
