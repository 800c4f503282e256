"""Webhooks to a real server that is away, busy, refuses: each event arrives, signed, at least once, over restarts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from fusion.sinks.outbox import Outbox
from fusion.sinks.webhook import Webhook
from fusion.store.writer import Writer
from sensors.backoff import Backoff
from sensors.errors import BadInputError
from tests.fusion.incidents import AT_NS, closed, opened
from tests.live.hook_server import HookServer
from tests.live.servers import free_port, poll

SECRET = "between you and me"  # noqa: S105 - of a server that lives for a test


@pytest.fixture
def server() -> Iterator[HookServer]:
    with HookServer(SECRET.encode()) as running:
        yield running


@contextmanager
def closing_soon(box: Outbox) -> Iterator[Outbox]:
    """The outbox, as long as this lasts; at the end it need not get rid of anything."""
    yield box
    box.close(0.2)


def outbox(url: str, folder: Path | None = None, writer: Writer | None = None) -> Outbox:
    receiver = Webhook(url, SECRET, lambda: AT_NS, timeout_s=5)
    return Outbox("webhook me", "Shop", receiver, folder, writer, Backoff(0.02, 0.05))


def sent_but_not_noted(server: HookServer, folder: Path, writer: Writer) -> Outbox:
    """An outbox that has sent an event while the store could not be written; now the store can."""
    writer.do(_hurry, bare=True).result()
    with closing_soon(outbox(f"http://127.0.0.1:{free_port()}/", folder, writer)) as box:
        box.deliver(opened())
    with closing(sqlite3.connect(folder / "kizashi.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        box = outbox(server.url, folder, writer)
        poll(lambda: box.sent == 1 and writer.failed, "a store that cannot be written")
        other.execute("ROLLBACK")
    return box


def _hurry(database: sqlite3.Connection) -> None:
    """Have it wait for others no longer than a moment."""
    database.execute("PRAGMA busy_timeout=10")


def test_events_arrive_in_order_signed_and_as_cloudevents(server: HookServer) -> None:
    with closing_soon(outbox(server.url)) as box:
        box.deliver(opened())
        box.deliver(closed())
        poll(lambda: len(server.events) == 2, "both events")
    first, second = server.events
    assert server.forged == 0
    assert [first["id"], second["id"]] == ["1a.1", "1a.2"]
    assert [first["type"], second["type"]] == ["org.kizashi.incident.new", "org.kizashi.incident.end"]
    assert {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"} == first.keys()
    assert (first["specversion"], first["source"], first["subject"]) == ("1.0", "/kizashi/shop", "1a")
    assert first["time"] == "2023-11-14T22:13:20.000+00:00"
    assert second["data"]["closed_ns"] == AT_NS + 10**9


def test_a_busy_server_gets_it_later_and_one_that_refuses_does_not_hold_up_the_rest(server: HookServer) -> None:
    server.answers = [503, 429, 200, 400]
    with closing_soon(outbox(server.url)) as box:
        box.deliver(opened("1"))
        box.deliver(opened("2"))
        box.deliver(opened("3"))
        poll(lambda: box.sent == 2, "what is wanted")
        assert box.refused == 1
    assert [event["subject"] for event in server.events] == ["1", "3"]


def test_what_waited_when_the_daemon_was_killed_is_sent_by_the_next_one(tmp_path: Path, server: HookServer) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/"
    with closing(Writer(tmp_path)) as writer, closing_soon(outbox(nobody, tmp_path, writer)) as box:
        box.deliver(opened())
        box.deliver(closed())
        box.deliver(closed())
        assert box.sent == 0
    with closing(Writer(tmp_path)) as writer:
        with closing_soon(outbox(server.url, tmp_path, writer)) as box:
            assert box.waiting <= 2
            poll(lambda: box.sent == 2, "what waited")
        assert writer.do(lambda db: None).result()
        with closing_soon(outbox(server.url, tmp_path, writer)) as box:
            assert not box.waiting
    assert [event["id"] for event in server.events] == ["1a.1", "1a.2"]


def test_what_was_sent_while_the_store_could_not_be_written_is_not_sent_again(
    tmp_path: Path, server: HookServer
) -> None:
    with closing(Writer(tmp_path)) as writer:
        box = sent_but_not_noted(server, tmp_path, writer)
        box.close(1)
        with closing_soon(outbox(server.url, tmp_path, writer)) as later:
            assert not later.waiting
    assert [event["id"] for event in server.events] == ["1a.1"]


def test_who_is_killed_before_he_could_note_in_the_store_what_was_sent_does_not_send_it_again(
    tmp_path: Path, server: HookServer
) -> None:
    with closing(Writer(tmp_path)) as writer:
        killed = sent_but_not_noted(server, tmp_path, writer)
        with closing_soon(outbox(server.url, tmp_path, writer)) as later:
            assert not later.waiting
            later.deliver(opened())
            later.deliver(closed())
            poll(lambda: later.sent == 1, "what is new")
        killed.close(1)
    assert [event["id"] for event in server.events] == ["1a.1", "1a.2"]


@pytest.mark.parametrize("url", ["", "ftp://a/", "http://", "http://a b/", "http://a:99999/", "file:///etc/passwd"])
def test_only_the_web_has_webhooks(url: str) -> None:
    with pytest.raises(BadInputError, match="no address of a webhook"):
        Webhook(url, "", lambda: 0)
