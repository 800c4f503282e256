"""A microphone on a real sound server, which is unplugged and plugged in again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sensors.audio.live.microphone import MicrophoneSource
from sensors.types import State
from tests.live.listening import Listening, assert_laws
from tests.live.servers import Pulse

QUICK: dict[str, Any] = {"open_s": 5.0, "stall_s": 2.0}


@pytest.fixture
def pulse(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pulse]:
    with Pulse() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def tone(write_sound: Callable[..., Path]) -> Path:
    """Half a minute of 660 Hz."""
    return write_sound("tone.wav", 0.5 * np.sin(2 * np.pi * 660 * np.arange(30 * 44_100) / 44_100), 44_100)


def test_what_is_played_is_heard_also_after_it_was_unplugged(pulse: Pulse, tone: Path) -> None:
    pulse.plug()
    with Listening(MicrophoneSource("hall/mic", "pulse", **QUICK)) as ear:
        ear.until_up()
        assert not ear.hears(660)
        for _ in range(2):
            with pulse.play(tone) as player:
                ear.until(lambda: ear.hears(660))
                player.kill()
            pulse.unplug()
            ear.until_down("cannot be read")
            pulse.plug()
            ear.until_up()
    assert [state for state in ear.states() if state is State.UP] == [State.UP] * 3
    assert_laws(ear.chunks)


def test_a_microphone_that_is_not_there_yet_is_heard_when_it_comes(pulse: Pulse) -> None:
    with Listening(MicrophoneSource("hall/mic", **QUICK)) as ear:
        ear.until_down("cannot be read")
        pulse.plug()
        ear.until_up()
    assert ear.source.modality == "audio"


def test_a_name_that_no_microphone_has_is_told() -> None:
    with Listening(MicrophoneSource("hall/mic", "theremin", **QUICK)) as ear:
        ear.until_down("no such microphone (No input device matching 'theremin')")
    assert not ear.chunks
