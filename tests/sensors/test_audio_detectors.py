from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sensors.audio.detectors import AudioDetector
from sensors.audio.features import RATE_HZ, AudioExtractor
from sensors.types import Chunk, Features, Health, Quality, Score, State


def room(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """Noise that falls off with frequency, and a fan's hum."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE_HZ)
    smooth = np.convolve(rng.normal(0, 0.01, count + 7), np.ones(8) / 8, mode="valid")
    hum = 0.002 * np.sin(2 * np.pi * 120 * np.arange(count) / RATE_HZ)
    return np.asarray(smooth + hum + rng.normal(0, 5e-4, count), np.float32)


def extract(samples: NDArray[np.float32], start_ns: int = 0) -> list[Features]:
    return list(AudioExtractor("a").extract(Chunk("a", 0, start_ns, RATE_HZ, samples)))


@pytest.fixture(scope="module")
def quiet() -> list[Features]:
    return extract(room(40.0))


def learned(quiet: list[Features]) -> AudioDetector:
    detector = AudioDetector("a")
    for features in quiet:
        detector.learn(features)
    return detector


def scores(detector: AudioDetector, features: list[Features], what: str) -> list[Score]:
    told = [one for each in features for one in detector.score(each)]
    return [one for one in told if isinstance(one, Score) and one.channel == f"a:{what}"]


def health(detector: AudioDetector, features: list[Features]) -> list[Health]:
    return [one for each in features for one in detector.score(each) if isinstance(one, Health)]


def strangest(told: list[Score]) -> float:
    return max(one.raw for one in told if one.raw is not None)


@pytest.mark.parametrize("what", ["novelty", "level"])
def test_a_crash_is_stranger_than_the_quiet_past(quiet: list[Features], what: str) -> None:
    sound = room(4.0, seed=5)
    burst = np.random.default_rng(6).normal(0, 0.2, 4000) * np.exp(-np.arange(4000) / 1000)
    sound[32_000:36_000] += burst.astype(np.float32)
    past = [one.raw for one in scores(learned(quiet), extract(room(20.0, seed=4)), what) if one.raw is not None]
    assert strangest(scores(learned(quiet), extract(sound), what)) > np.quantile(past, 0.999)


def test_a_faint_whistle_is_novel_and_named_by_its_region(quiet: list[Features]) -> None:
    sound = room(3.0, seed=7)
    sound[16_000:] += (0.004 * np.sin(2 * np.pi * 5000 * np.arange(32_000) / RATE_HZ)).astype(np.float32)
    last = scores(learned(quiet), extract(sound), "novelty")[-1]
    past = [one.raw for one in scores(learned(quiet), extract(room(20.0, seed=8)), "novelty") if one.raw is not None]
    assert last.raw is not None
    assert last.raw > max(past)
    low, high = last.top[0][0].removesuffix(" kHz").split("-")
    assert float(low) <= 5.0 <= float(high)
    assert 0.5 < last.top[0][1] <= 1.0


def test_level_says_what_was_measured_and_what_is_usual(quiet: list[Features]) -> None:
    last = scores(learned(quiet), extract(10 * room(1.0, seed=9)), "level")[-1]
    assert last.unit == "dBFS"
    assert last.value is not None
    assert last.usual is not None
    assert last.value - last.usual == pytest.approx(20.0, abs=0.5)


def test_nothing_is_told_before_twenty_seconds(quiet: list[Features]) -> None:
    detector = AudioDetector("a")
    told = []
    for features in quiet:
        told += [one for one in detector.score(features) if isinstance(one, Score)]
        detector.learn(features)
    assert all((one.raw is None) == (one.quality is Quality.WARMING) for one in told)
    assert sum(one.quality is Quality.WARMING for one in told) == pytest.approx(2 * 200, abs=12)


def test_a_muted_microphone_abstains_says_so_once_and_comes_back(quiet: list[Features]) -> None:
    sound = np.concatenate([room(3.0, seed=1), np.zeros(48_000, np.float32), room(3.0, seed=2)])
    features = extract(sound)
    changes = health(learned(quiet), features)
    assert [change.state for change in changes] == [State.DEGRADED, State.UP]
    assert "digital silence" in changes[0].reason
    told = scores(learned(quiet), features, "novelty")
    inside = [one for one in told if 3.15e9 < one.end_ns < 6.2e9]
    assert all(one.raw is None and one.quality in (Quality.GAP, Quality.DEGRADED) for one in inside)
    assert told[-1].quality is Quality.OK
    assert strangest(told) < 5


def test_clipping_is_a_fault(quiet: list[Features]) -> None:
    changes = health(learned(quiet), extract(np.clip(300 * room(3.0, seed=1), -1, 1)))
    assert [change.state for change in changes] == [State.DEGRADED]
    assert "clipping" in changes[0].reason


def test_silence_is_not_learned(quiet: list[Features]) -> None:
    detector = learned(quiet)
    before = {name: array.tobytes() for name, array in detector.state().items()}
    for features in extract(np.zeros(32_000, np.float32), start_ns=60_000_000_000):
        detector.learn(features)
    assert {name: array.tobytes() for name, array in detector.state().items()} == before
