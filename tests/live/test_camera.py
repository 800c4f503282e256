"""Pictures over RTSP from a real server, which is killed, paused, and sends other sizes while it runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sensors.backoff import Backoff
from sensors.errors import BadInputError
from sensors.types import NS, State
from sensors.video.live.decoding import KEYS_ONLY
from sensors.video.live.source import LARGEST
from sensors.video.live.url import UrlSource
from tests.live.listening import Listening, readers
from tests.live.seeing import assert_pictures, lateness_s, sizes
from tests.live.servers import Server, free_port, rtsp_server

PORT = free_port()
SMALL, LARGE = (144, 192), (240, 320)


@pytest.fixture
def server() -> Iterator[Server]:
    with rtsp_server(PORT) as running:
        yield running


def source(path: str = "/clock", user: str = "", **options: Any) -> UrlSource:
    ways = {"open_s": 15.0, "stall_s": 10.0, "backoff": Backoff(0.1, 0.5), **options}
    return UrlSource("yard/camera", f"rtsp://{user}127.0.0.1:{PORT}{path}", **ways)


def spacing_s(eye: Listening, count: int) -> float:
    """What lies between two pictures as a rule, of the last `count`, seconds."""
    return float(np.median([(b.start_ns - a.start_ns) / NS for a, b in pairwise(eye.chunks[-count:])]))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("path", ["/clock", "/jpeg"])
def test_pictures_bear_the_time_at_which_they_were_taken(server: Server, path: str, transport: str) -> None:
    with Listening(source(path, transport=transport)) as eye:
        eye.until_up(40)
    assert eye.states() == [State.UP]
    assert_pictures(eye.chunks)
    assert np.median(np.abs(lateness_s(eye.chunks))) < 0.05
    assert spacing_s(eye, 30) == pytest.approx(0.1, abs=0.02)
    assert {line for line in server.lines() if path in line} == {f"setup {path}/stream=0"}


def test_of_sound_and_pictures_only_the_pictures_are_asked_for(server: Server) -> None:
    with Listening(source("/live")) as eye:
        eye.until_up()
    assert sizes(eye.chunks) == [(48, 64)]
    assert {line for line in server.lines() if "/live" in line} == {"setup /live/stream=1"}


def test_a_killed_server_is_told_and_found_again(server: Server) -> None:
    with Listening(source()) as eye:
        eye.until_up()
        server.kill()
        eye.until_down("Connection refused")
        server.start()
        eye.until_up()
    assert_pictures(eye.chunks)
    assert [state for state in eye.states() if state is State.UP] == [State.UP] * 2
    assert all(health.reason for health in eye.health if health.state is State.DOWN)


def test_a_server_that_hangs_is_told_and_found_again(server: Server) -> None:
    with Listening(source(open_s=3.0, stall_s=1.5)) as eye:
        eye.until_up()
        server.pause()
        eye.until_down("no picture for 1.5 s")
        eye.until_down("no answer within 3 s")
        server.resume()
        eye.until_up()
    assert eye.states() == [State.UP, State.DOWN, State.DOWN, State.UP]
    assert_pictures(eye.chunks)


def test_a_camera_that_changes_its_size_midway_is_followed(server: Server) -> None:
    with Listening(source()) as eye:
        eye.until_up()
        server.switch()
        eye.until(lambda: sizes(eye.chunks) == [LARGE, SMALL])
        server.switch()
        eye.until(lambda: sizes(eye.chunks) == [LARGE, SMALL, LARGE])
        eye.until_up()
    assert eye.states() == [State.UP]
    assert_pictures(eye.chunks)


def test_a_camera_that_comes_back_with_another_size_is_followed(server: Server) -> None:
    with Listening(source()) as eye:
        eye.until_up()
        server.kill()
        eye.until_down("")
        server.start()
        server.switch()
        eye.until(lambda: sizes(eye.chunks) == [LARGE, SMALL])
    assert_pictures(eye.chunks)


def test_load_is_shed_and_taken_up_again_while_it_runs(server: Server) -> None:
    eye = Listening(source("/rare", stall_s=3.5))
    with eye:
        eye.until_up(20)
        assert spacing_s(eye, 15) == pytest.approx(0.1, abs=0.02)
        for level, wanted_s, some in ((1, 0.2, 14), (2, 0.4, 8), (KEYS_ONLY, 4.0, 3), (0, 0.1, 60)):
            eye.source.shed(level)  # type: ignore[attr-defined]
            eye.until_up(some)
            assert spacing_s(eye, some // 2 + 1) == pytest.approx(wanted_s, rel=0.15)
    assert eye.states() == [State.UP]
    assert_pictures(eye.chunks)
    assert np.median(np.abs(lateness_s(eye.chunks))) < 0.05


def test_what_sheds_goes_on_shedding_after_a_restart(server: Server) -> None:
    eye = Listening(source())
    with eye:
        eye.source.shed(2)  # type: ignore[attr-defined]
        eye.until_up()
        os.kill(readers()[0], signal.SIGKILL)
        eye.until_down("the reader ended")
        eye.until_up(8)
        assert spacing_s(eye, 6) == pytest.approx(0.4, rel=0.15)


def test_restarts_leave_no_memory_process_thread_or_handle(server: Server) -> None:
    with Listening(source("/jpeg")) as eye:
        used_kb = []
        for _ in range(12):
            eye.until_up(1)
            del eye.chunks[:]
            used_kb.append(memory_kb())
            (reader,) = readers()
            os.kill(reader, signal.SIGKILL)
            eye.until_down("the reader ended")
        eye.until_up(1)
    assert eye.states() == [State.UP, State.DOWN] * 12 + [State.UP]
    assert max(used_kb[6:]) - max(used_kb[:6]) < 4_000


def memory_kb() -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_what_nobody_takes_in_time_is_dropped_and_told(server: Server) -> None:
    told: list[Any] = []
    eye = source("/jpeg", on_health=told.append, queue_s=0.3)
    chunks = eye.chunks()
    first = next(chunks)
    other = source("/jpeg").chunks()
    while next(other).start_ns < first.start_ns + 2 * NS:
        pass
    other.close()
    while not eye.dropped:
        next(chunks)
    chunks.close()
    assert [health.state for health in told] == [State.UP, State.DEGRADED]
    assert "not taken in time" in told[-1].reason


def test_a_stream_of_sound_alone_has_no_pictures(server: Server) -> None:
    with Listening(source("/blind")) as eye:
        eye.until_down("")
    assert not eye.chunks


def test_a_locked_camera_opens_with_a_password_that_nobody_sees() -> None:
    port = free_port()
    with rtsp_server(port, "locked"):
        ways: dict[str, Any] = {"backoff": Backoff(0.1, 0.5), "open_s": 15.0}
        with Listening(UrlSource("a/b", f"rtsp://ear:s3cret@127.0.0.1:{port}/clock", **ways)) as eye:
            eye.until_up()
            seen = [Path(f"/proc/{pid}/{name}").read_bytes() for pid in readers() for name in ("cmdline", "environ")]
            assert len(seen) == 2
            assert not [text for text in seen if b"s3cret" in text]
        with Listening(UrlSource("a/b", f"rtsp://ear:wr0ng@127.0.0.1:{port}/clock", **ways)) as eye:
            eye.until_down("401")
    assert not [reason for reason in eye.reasons() if "wr0ng" in reason or "127.0.0.1" in reason]


@pytest.mark.parametrize("url", ["", "attic", "file:///etc/passwd", "rtsp:///clock", "/dev/video0"])
def test_what_is_no_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(BadInputError, match="no address of a stream") as error:
        UrlSource("a/b", url)
    assert not url or url not in str(error.value)


def test_what_cannot_be_watched_is_refused() -> None:
    with pytest.raises(BadInputError, match="'mail' is no transport"):
        source(transport="mail")
    for options in ({"width": LARGEST}, {"height": 0}, {"max_rate_hz": 0.0}):
        with pytest.raises(BadInputError, match="cannot be watched"):
            source(**options)
