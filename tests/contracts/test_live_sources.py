"""What every live source promises, with the real thing at the other end. Whoever is in the registry is tested here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from sensors.backoff import Backoff
from sensors.base import LiveSource
from sensors.errors import BadInputError
from sensors.registry import LIVE, live_class
from sensors.types import NS, Chunk, Modality, State
from tests.contracts.other_ends import End, other_end
from tests.live.feeling import assert_rows
from tests.live.listening import Listening, assert_laws, open_files, readers
from tests.live.seeing import assert_pictures
from tests.live.servers import poll

# No kernel here brings a camera; `tests/live/test_v4l2.py` has what can be tested of it without one.
KINDS = sorted(LIVE.keys() - {"video.v4l2"})
READ_APART = [kind for kind in KINDS if not kind.startswith("environment.")]
LAWS: dict[Modality, Callable[[list[Chunk]], None]] = {
    Modality.AUDIO: assert_laws, Modality.ENVIRONMENT: assert_rows, Modality.VIDEO: assert_pictures
}  # fmt: skip


class LastCentury:
    """A clock that is thirty years slow."""

    @staticmethod
    def now_ns() -> int:
        return time.time_ns() - 30 * 365 * 86_400 * NS


class Made:
    """A maker of sources of a kind, whose other end is running."""

    def __init__(self, kind: str, end: End) -> None:
        self.kind, self.end, self.is_read_apart = kind, end, kind in READ_APART
        self.modality = Modality(kind.split(".")[0])

    def __call__(self) -> LiveSource:
        ways: dict[str, Any] = {**self.end.options, "clock": LastCentury(), "backoff": Backoff(0.05, 0.5)}
        return live_class(self.kind)("hall/x", self.end.address, **ways)


@pytest.fixture(scope="module", params=KINDS)
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with ExitStack() as stack:
        yield Made(request.param, other_end(request.param, stack, tmp_path_factory.mktemp("end")))


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """The test leaves no process, thread or handle."""
    before = threading.active_count(), open_files()
    yield
    poll(lambda: (threading.active_count(), open_files()) == before and not readers(), "an end that leaves nothing")


def test_seq_grows_by_one_and_time_is_the_clocks_and_never_goes_back(make: Made) -> None:
    with Listening(make()) as ear, make.end.speaking():
        ear.until_up(8)
        now_ns = LastCentury.now_ns()
    LAWS[make.modality](ear.chunks)
    assert {chunk.stream for chunk in ear.chunks} == {"hall/x"} == {ear.source.stream}
    assert now_ns - 60 * NS < ear.chunks[0].start_ns < now_ns
    assert [(told.stream, told.state, told.reason) for told in ear.health] == [("hall/x", State.UP, "")]
    assert ear.source.modality is make.modality


@pytest.mark.parametrize("taken", [0, 2])
@pytest.mark.usefixtures("nothing_left")
def test_closing_midway_leaves_nothing(make: Made, taken: int) -> None:
    chunks: Any = make().chunks()
    with make.end.speaking():
        for _ in range(taken):
            next(chunks)
        assert len(readers()) == (bool(taken) and make.is_read_apart)
        chunks.close()


@pytest.mark.usefixtures("nothing_left")
def test_a_stopped_source_stays_stopped(make: Made) -> None:
    source = make()
    source.stop()
    assert not list(source.chunks())


@pytest.mark.usefixtures("nothing_left")
def test_a_source_is_stopped_from_another_thread_while_nothing_comes(make: Made) -> None:
    source = make()
    thread = threading.Thread(target=lambda: list(source.chunks()))
    thread.start()
    source.stop()
    thread.join(20)
    assert not thread.is_alive()


@pytest.mark.usefixtures("nothing_left")
def test_what_nobody_takes_leaves_nothing_either(make: Made) -> None:
    with make.end.speaking():
        next(iter(make().chunks()))


@pytest.mark.usefixtures("nothing_left")
def test_making_a_source_starts_nothing(make: Made) -> None:
    before = threading.active_count(), open_files()
    assert make().stream == "hall/x"
    assert (threading.active_count(), open_files()) == before
    assert not readers()


@pytest.fixture(scope="module", params=READ_APART)
def make_apart(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with ExitStack() as stack:
        yield Made(request.param, other_end(request.param, stack, tmp_path_factory.mktemp("end")))


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_a_reader_that_hangs_or_dies_is_told_and_replaced(make_apart: Made, number: signal.Signals) -> None:
    with Listening(make_apart()) as ear:
        ear.until_up()
        os.kill(readers()[0], number)
        what = "sound" if make_apart.modality is Modality.AUDIO else "picture"
        ear.until_down(f"no {what} for 1 s" if number == signal.SIGSTOP else "the reader ended (code -9)")
        ear.until_up()
    assert ear.states()[:3] == [State.UP, State.DOWN, State.UP]
    LAWS[make_apart.modality](ear.chunks)


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(
        BadInputError, match=r"site\.toml: no sensor of kind 'audio\.wyomin'; did you mean 'audio\.wyoming'"
    ):
        live_class("audio.wyomin", "site.toml")


def test_heavy_libraries_stay_with_the_readers() -> None:
    heavy = "av sounddevice soundfile soxr librosa scipy paho pymodbus serial".split()
    code = (
        "import sys; from sensors.registry import LIVE, live_class\n"
        "for kind in LIVE: live_class(kind)\n"
        f"print(sorted({{*{heavy}}} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
