"""RTSP from a real server, which is killed, paused, locked and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sensors.audio.live.url import UrlSource
from sensors.backoff import Backoff
from sensors.errors import BadInputError
from sensors.reader.source import OPEN_S
from sensors.types import NS, State
from tests.live.listening import Listening, assert_laws, readers
from tests.live.servers import Server, free_port, poll, rtsp_server

PORT = free_port()


def quick() -> dict[str, Any]:
    return {"open_s": 1.5, "stall_s": 1.0, "backoff": Backoff(0.1, 0.5)}


@pytest.fixture
def server() -> Iterator[Server]:
    with rtsp_server(PORT) as running:
        yield running


def source(path: str = "/live", user: str = "", **options: Any) -> UrlSource:
    return UrlSource("yard/camera", f"rtsp://{user}127.0.0.1:{PORT}{path}", **{**quick(), **options})


def test_the_tone_arrives_and_only_the_sound_was_asked_for(server: Server) -> None:
    with Listening(source()) as ear:
        ear.until(lambda: ear.hears(440))
    assert ear.states() == [State.UP]
    assert_laws(ear.chunks)
    assert all(b.start_ns == a.time_ns(len(a.data)) for a, b in pairwise(ear.chunks))
    assert {line for line in server.lines() if line.startswith("setup")} == {"setup /live/stream=0"}


def test_a_killed_server_is_told_and_found_again(server: Server) -> None:
    with Listening(source()) as ear:
        ear.until_up()
        server.kill()
        ear.until_down("Connection refused")
        server.start()
        ear.until_up()
    assert_laws(ear.chunks)
    assert [state for state in ear.states() if state is State.UP] == [State.UP] * 2
    assert all(health.reason for health in ear.health if health.state is State.DOWN)
    gaps = [b.start_ns - a.time_ns(len(a.data)) for a, b in pairwise(ear.chunks)]
    assert sum(gap > NS // 4 for gap in gaps) == 1


def test_a_server_that_hangs_is_told_and_found_again(server: Server) -> None:
    with Listening(source()) as ear:
        ear.until_up()
        server.pause()
        ear.until_down("no sound for 1 s")
        ear.until_down("no answer within 1.5 s")
        server.resume()
        ear.until_up()
    assert ear.states() == [State.UP, State.DOWN, State.DOWN, State.UP]
    assert_laws(ear.chunks)


def test_whatever_happened_the_next_attempt_is_at_most_ten_seconds_away() -> None:
    longest = Backoff(chance=lambda: 0.0)
    delays_s = [longest.next_s() for _ in range(20)]
    assert delays_s == sorted(delays_s)
    assert delays_s[-1] + OPEN_S < 10
    longest.reset()
    assert longest.next_s() == delays_s[0] <= 0.25


def test_a_source_stops_while_the_other_end_hangs(server: Server) -> None:
    with Listening(source(open_s=600.0)) as ear:
        ear.until_up(1)
        server.pause()
        ear.until_down("no sound")
        poll(readers, "another attempt")


def test_a_locked_stream_opens_with_a_password_that_nobody_sees() -> None:
    with rtsp_server(PORT, "locked"), Listening(source(user="ear:s3cret@")) as ear:
        ear.until_up()
        ways = [Path(f"/proc/{pid}/{name}").read_bytes() for pid in readers() for name in ("cmdline", "environ")]
        assert len(ways) == 2
        assert not [text for text in ways if b"s3cret" in text]
    with rtsp_server(PORT, "locked") as server, Listening(source(user="ear:wr0ng@")) as ear:
        ear.until_down("401")
        server.kill()
        ear.until_down("Connection refused")
    assert not [reason for reason in ear.reasons() if "wr0ng" in reason or "127.0.0.1" in reason]


def test_a_stream_of_pictures_alone_has_no_sound(server: Server) -> None:
    with Listening(source("/mute")) as ear:
        ear.until_down("")
    assert not ear.chunks


def test_another_rate_and_two_channels_are_heard_alike(server: Server) -> None:
    with Listening(source("/blind", chunk_s=0.25)) as ear:
        ear.until(lambda: ear.hears(440))
    assert_laws(ear.chunks)


def test_a_killed_parent_leaves_no_reader(server: Server) -> None:
    code = (
        "from sensors.audio.live.url import UrlSource\n"
        f"for chunk in UrlSource('a/b', 'rtsp://127.0.0.1:{PORT}/live').chunks(): print(chunk.seq, flush=True)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        assert parent.stdout.readline()
        (reader,) = readers(parent.pid)
        os.kill(parent.pid, signal.SIGKILL)
        poll(lambda: not Path(f"/proc/{reader}/cmdline").exists() or not _alive(reader), "the reader's end")


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"


@pytest.mark.parametrize(
    "url", ["", "attic", "file:///etc/passwd", "rtsp:///live", "rtsp://a:99999/x", "rtsp://[::1/x"]
)
def test_what_is_no_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(BadInputError, match="no address of a stream") as error:
        UrlSource("a/b", url)
    assert not url or url not in str(error.value)
