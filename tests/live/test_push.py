"""Messages to a real service, as ntfy and Gotify want them: by template, at least once, over restarts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from email.header import decode_header
from pathlib import Path

import msgspec
import pytest

from fusion.config import Settings, load_settings
from fusion.events import Change, Severity
from fusion.live.outlets import Outlets, build_outlets
from fusion.sinks.envelope import EventLine, event, event_id
from fusion.sinks.news import Changed
from sensors.clock import SystemClock
from sensors.errors import BadInputError
from tests.fusion.incidents import closed, incident, opened
from tests.live.hook_server import PushServer
from tests.live.servers import free_port, poll

NTFY = """
fields = { topic = "shop", title = "{title}", message = "{message}", priority = "{priority}", id = "{event}" }
header_files = { Authorization = "token" }
"""
TEXT = """
method = "PUT"
fields = {}
headers = { Title = "{title}", Priority = "{priority}", X-Place = "{place}" }
message = "{severity}, {change} since {opened}: {why} {place}"
"""


@pytest.fixture
def server() -> Iterator[PushServer]:
    with PushServer() as running:
        yield running


def settings(folder: Path, url: str, more: str = "", top: str = "") -> Settings:
    path = folder / "site.toml"
    path.write_text(f'name = "店"\n{top}\n[[pushes]]\nname = "phone"\nurl = "{url}"\n{more}')
    return load_settings(path)


def told(settings: Settings, stack: ExitStack) -> Outlets:
    return build_outlets(settings, {}, SystemClock(), 0, stack)


def test_gotify_gets_its_object_and_the_events_id(tmp_path: Path, server: PushServer) -> None:
    with ExitStack() as stack:
        told(settings(tmp_path, server.url), stack).outboxes[0].deliver(opened())
        poll(lambda: server.messages, "a message")
    (message,) = server.messages
    assert (message.method, message.path) == ("POST", "/hook?to=me")
    assert json.loads(message.body) == {
        "title": "店: sound (high)", "message": "Audio: hall/mic level.", "priority": 4,
    }  # fmt: skip
    assert message.headers["Content-Type"] == "application/json"
    assert message.headers["Idempotency-Key"] == event_id(opened())


def test_ntfy_gets_its_topic_and_the_token_of_a_file(
    tmp_path: Path, server: PushServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("Bearer of-news\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with ExitStack() as stack:
        told(settings(tmp_path, server.url, NTFY), stack).outboxes[0].deliver(opened())
        poll(lambda: server.messages, "a message")
    (message,) = server.messages
    assert message.headers["Authorization"] == "Bearer of-news"
    assert json.loads(message.body).items() >= {"topic": "shop", "priority": 4, "id": "1a.1"}.items()


def test_a_message_may_be_plain_text_with_headers_in_any_script(tmp_path: Path, server: PushServer) -> None:
    with ExitStack() as stack:
        told(settings(tmp_path, server.url, TEXT, 'language = "ja"'), stack).outboxes[0].deliver(opened())
        poll(lambda: server.messages, "a message")
    (message,) = server.messages
    assert message.method == "PUT"
    assert message.body.decode() == "高, new since 2023-11-14T22:13:20.000+00:00: Audio: hall/mic level. 店"
    ((place, coding),) = decode_header(message.headers["X-Place"])
    assert isinstance(place, bytes)
    assert place.decode(coding or "ascii") == "店"
    assert message.headers["Priority"] == "4"


def test_what_is_not_wanted_is_not_sent_and_holds_up_nothing(tmp_path: Path, server: PushServer) -> None:
    wanted = 'least = "high"\nchanges = ["new", "end"]\npriorities = { high = 9 }'
    low = Changed(Change.OPENED, incident("low", severity=Severity.LOW), 1)
    update = Changed(Change.ESCALATED, incident(), 2)
    with ExitStack() as stack:
        (box,) = told(settings(tmp_path, server.url, wanted), stack).outboxes
        for news in (low, opened(), update, closed(number=3)):
            box.deliver(news)
        poll(lambda: box.sent == 4, "all of them")
    assert [message.headers["Idempotency-Key"] for message in server.messages] == ["1a.1", "1a.3"]
    assert json.loads(server.messages[0].body)["priority"] == 9


def test_what_waited_for_a_busy_service_when_all_ended_is_sent_later(tmp_path: Path, server: PushServer) -> None:
    (tmp_path / "kept").mkdir()
    store = f'[store]\nfolder = "{tmp_path}/kept"\n'
    with ExitStack() as stack:
        nobody = settings(tmp_path, f"http://127.0.0.1:{free_port()}/", store)
        told(nobody, stack).outboxes[0].deliver(opened())
    server.answers = [503]
    with ExitStack() as stack:
        (box,) = told(settings(tmp_path, server.url, store), stack).outboxes
        poll(lambda: server.messages and not box.waiting, "what waited")
    assert [message.headers["Idempotency-Key"] for message in server.messages] == ["1a.1"]


@pytest.mark.parametrize(
    "phrase", ["{place.__class__}", "{0}", "{}", "{{why}}", "{why!r}", "%(why)s", "${why}", "{severity:>{priority}}"]
)
def test_a_phrase_can_name_fields_and_do_nothing_else(tmp_path: Path, server: PushServer, phrase: str) -> None:
    with ExitStack() as stack:
        more = f'fields = {{}}\nmessage = "{phrase}"'
        told(settings(tmp_path, server.url, more), stack).outboxes[0].deliver(opened())
        poll(lambda: server.messages, "a message")
    assert server.messages[0].body.decode() == phrase.replace("{why}", "Audio: hall/mic level.").replace(
        "{priority}", "4"
    )


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ('message = "{wy}"', "did you mean why"),
        ('title = "{message}"', "stands for nothing"),
        ('headers = { "X Y" = "a" }', "Expected"),
        ('method = "GET"', "Invalid enum"),
        ('url_file = "nowhere"', "this secret cannot be read"),
    ],
)
def test_what_cannot_be_sent_is_refused_at_the_start(tmp_path: Path, more: str, complaint: str) -> None:
    with ExitStack() as stack, pytest.raises(BadInputError, match=complaint):
        told(settings(tmp_path, "http://127.0.0.1:9/", more), stack)


def test_an_event_reads_as_it_was_written() -> None:
    read = msgspec.json.decode(event("Shop", closed()), type=EventLine)
    assert (read.change, read.number, read.data.id, read.data.rank) == ("end", 2, "1a", Severity.HIGH)
