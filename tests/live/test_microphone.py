"""A microphone on a real sound server, which is unplugged and plugged in again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sensors.audio.live.microphone import MicrophoneSource
from sensors.backoff import Backoff
from sensors.types import State
from tests.live.listening import Listening, assert_laws
from tests.live.servers import Pulse


def quick() -> dict[str, Any]:
    return {"open_s": 5.0, "stall_s": 2.0, "backoff": Backoff(0.1, 0.5)}


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


def test_what_is_played_is_heard_whenever_the_microphone_is_plugged_in(pulse: Pulse, tone: Path) -> None:
    with Listening(MicrophoneSource("hall/mic", "pulse", **quick())) as ear:
        ear.until_down("cannot be read")
        pulse.plug()
        ear.until_up()
        assert not ear.hears(660)
        with pulse.play(tone) as player:
            ear.until(lambda: ear.hears(660))
            player.kill()
        pulse.unplug()
        ear.until_down("cannot be read")
        pulse.plug()
        ear.until_up()
        with pulse.play(tone) as player:
            ear.until(lambda: ear.hears(660))
            player.kill()
    assert [state for state in ear.states() if state is State.UP] == [State.UP] * 2
    assert_laws(ear.chunks)


def test_a_name_that_no_microphone_has_is_told() -> None:
    with Listening(MicrophoneSource("hall/mic", "theremin", **quick())) as ear:
        ear.until_down("no such microphone (No input device matching 'theremin')")
    assert not ear.chunks
