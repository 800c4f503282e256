"""A broken microphone is told from a quiet room."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sensors.audio.frontend import HOP, RATE_HZ
from sensors.audio.measures import HOLE, MEASURES, Meter, count_holes

Sound = NDArray[np.float32]


def noise(seconds: float, level: float = 0.05, seed: int = 0) -> Sound:
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE_HZ)).astype(np.float32)


def tone(hz: float, seconds: float, level: float = 0.1) -> Sound:
    phase = 2 * np.pi * hz / RATE_HZ * np.arange(round(seconds * RATE_HZ))
    return np.asarray(level * np.sin(phase), np.float32)


def measured(sound: Sound, name: str) -> NDArray[np.float64]:
    meter = Meter()
    rows = [meter.measure(sound[at : at + HOP]) for at in range(0, len(sound) - HOP + 1, HOP)]
    return np.array(rows)[:, MEASURES.index(name)]


@pytest.mark.parametrize("mains_hz", [50.0, 60.0, 49.9, 60.1])
def test_hum_is_hum_at_both_mains(mains_hz: float) -> None:
    sound = tone(mains_hz, 6.0) + tone(3 * mains_hz, 6.0, 0.05) + noise(6.0, 0.005)
    assert measured(sound, "hum_ratio_db").min() > 12
    assert measured(sound, "hum_s")[-1] == 6.0


@pytest.mark.parametrize(
    "sound",
    [noise(2.0), tone(440, 2.0), tone(520, 2.0), tone(3100, 2.0), tone(75, 2.0), tone(50, 2.0, 0.02) + noise(2.0)],
    ids=["noise", "440", "520", "3100", "75", "noise over hum"],
)
def test_other_sound_is_not(sound: Sound) -> None:
    assert measured(sound, "hum_ratio_db").max() < 12
    assert not measured(sound, "hum_s").any()


def test_silence_has_no_hum_and_no_level() -> None:
    silence = np.zeros(2 * HOP, np.float32)
    assert np.isnan(measured(silence, "hum_ratio_db")).all()
    assert np.isneginf(measured(silence, "level_dbfs")).all()
    assert np.isnan(measured(silence, "crest_db")).all()


def holed(at: int, length: int, seconds: float = 1.0) -> Sound:
    sound = noise(seconds)
    sound[at : at + length] = 0
    return sound


@pytest.mark.parametrize("at", [100, 3900, 4000, 7000])
def test_a_hole_counts_once_wherever_it_lies(at: int) -> None:
    ratio = measured(holed(at, 320), "dropout_ratio")
    assert np.count_nonzero(ratio) == 1
    assert ratio.sum() * HOP == 320


@pytest.mark.parametrize("length", [10, HOLE - 1])
def test_zeros_shorter_than_ten_milliseconds_are_no_hole(length: int) -> None:
    assert not measured(holed(2000, length), "dropout_ratio").any()


def test_silence_into_which_sound_fades_is_no_hole() -> None:
    sound = noise(1.0)
    fade = np.linspace(1, 0, 800, dtype=np.float32)
    sound[4000:4800] *= fade
    sound[4800:6400] = 0
    sound[6400:7200] *= fade[::-1]
    assert not measured(sound, "dropout_ratio").any()


def test_holes_are_counted_over_ten_seconds() -> None:
    sound = np.concatenate([holed(1000, 400, 1.0), holed(1000, 400, 1.0), noise(12.0)])
    hops = measured(sound, "dropout_hops")
    assert hops[4] == 2
    assert hops[-1] == 0


def test_nothing_but_silence_has_no_holes() -> None:
    assert count_holes(np.zeros(HOP, np.float32), HOP) == 0


@pytest.mark.parametrize("value", [0.0, 0.25, -0.5])
def test_standing_still_tells_where(value: float) -> None:
    sound = np.concatenate([noise(0.5), np.full(24_000, value, np.float32), noise(0.5, seed=1)])
    longest = int(np.argmax(measured(sound, "constant_s")))
    assert measured(sound, "constant_s")[longest] == pytest.approx(1.5, abs=1e-3)
    assert measured(sound, "constant_amplitude")[longest] == abs(value)
    assert measured(sound, "constant_s")[-1] < 0.001


def test_stillness_is_the_same_however_long_the_hops_before() -> None:
    """The slow twin: every run of equal samples, counted one by one."""
    sound = np.round(noise(1.0, 0.4), 0).astype(np.float32)
    run, runs = 0, []
    for index, value in enumerate(sound):
        run = run + 1 if index and value == sound[index - 1] else 1
        runs.append(run)
    for hop, told in enumerate(measured(sound, "constant_s")):
        assert round(told * RATE_HZ) == max(runs[hop * HOP : (hop + 1) * HOP])
