"""What every live source promises, with the real thing at the other end. Whoever is in the registry is tested here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from sensors.backoff import Backoff
from sensors.base import LiveSource
from sensors.errors import BadInputError
from sensors.registry import LIVE, live_class
from sensors.types import NS, State
from tests.live.listening import Listening, assert_laws, open_files, readers
from tests.live.servers import Pulse, free_port, poll, rtsp_server, wyoming_server

KINDS = sorted(LIVE)
Make = Callable[[], LiveSource]


class LastCentury:
    """A clock that is thirty years slow."""

    @staticmethod
    def now_ns() -> int:
        return time.time_ns() - 30 * 365 * 86_400 * NS


@pytest.fixture(scope="module", params=KINDS)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """A maker of sources of a kind, whose other end is running."""
    kind: str = request.param
    with ExitStack() as stack:
        if kind == "audio.url":
            port = free_port()
            stack.enter_context(rtsp_server(port))
            address = f"rtsp://127.0.0.1:{port}/live"
        elif kind == "audio.wyoming":
            port = free_port()
            stack.enter_context(wyoming_server(port, "satellite"))
            address = f"tcp://127.0.0.1:{port}"
        elif kind == "audio.microphone":
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            pulse = stack.enter_context(Pulse())
            pulse.plug()
            for name, value in pulse.environment.items():
                patch.setenv(name, value)
            address = "pulse"
        else:
            raise NotImplementedError(f"a new kind: start the other end of {kind} here")
        ways: dict[str, Any] = {"clock": LastCentury(), "stall_s": 1.0}
        yield lambda: live_class(kind)("hall/x", address, **ways, backoff=Backoff(0.05, 0.5))


def test_seq_grows_by_one_and_time_is_the_clocks_and_never_goes_back(make: Make) -> None:
    with Listening(make()) as ear:
        ear.until_up(8)
        ear.until(lambda: ear.chunks)
        now_ns = LastCentury.now_ns()
    assert_laws(ear.chunks)
    assert {chunk.stream for chunk in ear.chunks} == {"hall/x"} == {ear.source.stream}
    assert now_ns - 60 * NS < ear.chunks[0].start_ns < now_ns
    assert [(told.stream, told.state, told.reason) for told in ear.health] == [("hall/x", State.UP, "")]


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_a_reader_that_hangs_or_dies_is_told_and_replaced(make: Make, number: signal.Signals) -> None:
    with Listening(make()) as ear:
        ear.until_up()
        os.kill(readers()[0], number)
        ear.until_down("no sound for 1 s" if number == signal.SIGSTOP else "the reader ended (code -9)")
        ear.until_up()
    assert ear.states() == [State.UP, State.DOWN, State.UP]
    assert_laws(ear.chunks)


@pytest.mark.parametrize("taken", [0, 2])
def test_closing_midway_leaves_nothing(make: Make, taken: int) -> None:
    before = open_files()
    source = make()
    chunks: Any = source.chunks()
    for _ in range(taken):
        next(chunks)
    assert len(readers()) == bool(taken)
    chunks.close()
    assert not readers()
    assert open_files() == before


def test_a_stopped_source_stays_stopped(make: Make) -> None:
    source = make()
    source.stop()
    assert not list(source.chunks())
    assert not readers()


def test_what_nobody_takes_leaves_nothing_either(make: Make) -> None:
    source = make()
    next(iter(source.chunks()))
    poll(lambda: not readers(), "the end of a reader that nobody kept")


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(
        BadInputError, match=r"site\.toml: no sensor of kind 'audio\.wyomin'; did you mean 'audio\.wyoming'"
    ):
        live_class("audio.wyomin", "site.toml")


@pytest.mark.parametrize("kind", KINDS)
def test_making_a_source_starts_nothing(kind: str) -> None:
    address = "rtsp://camera.local/x" if kind == "audio.url" else "camera.local"
    before = open_files()
    assert live_class(kind)("hall/x", address).stream == "hall/x"
    assert not readers()
    assert open_files() == before


def test_heavy_libraries_stay_with_the_readers() -> None:
    code = (
        "import sys; from sensors.registry import LIVE, live_class\n"
        "for kind in LIVE: live_class(kind)('a/b', 'rtsp://a/b' if kind == 'audio.url' else 'a')\n"
        "print(sorted({'av', 'sounddevice', 'soundfile', 'soxr', 'librosa', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
