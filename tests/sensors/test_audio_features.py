from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sensors.audio.features import RATE_HZ, AudioExtractor
from sensors.types import NS, Chunk, Features


def noise(seconds: float, level: float = 0.05, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE_HZ)).astype(np.float32)


def extract(samples: NDArray[np.float32]) -> list[Features]:
    return list(AudioExtractor("a").extract(Chunk("a", 0, 0, RATE_HZ, samples)))


def column(features: list[Features], name: str) -> NDArray[np.float64]:
    return np.array([one.values[one.names.index(name)] for one in features])


def test_features_come_every_100_ms_and_speak_of_400() -> None:
    features = extract(noise(2.0))
    assert features[0].end_ns == 422_000_000
    assert {later.end_ns - one.end_ns for one, later in zip(features, features[1:], strict=False)} == {NS // 10}
    assert {one.span_ns for one in features} == {400_000_000}
    assert all(len(one.names) == len(one.values) for one in features)


def test_another_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="16000 Hz, not 44100"):
        list(AudioExtractor("a").extract(Chunk("a", 0, 0, 44_100.0, noise(1.0))))


def test_level_is_the_rms() -> None:
    sine = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(16_000) / RATE_HZ)).astype(np.float32)
    features = extract(sine)
    np.testing.assert_allclose(column(features, "level_dbfs"), 20 * np.log10(0.5 / np.sqrt(2)), atol=0.01)
    np.testing.assert_allclose(column(features, "peak_dbfs"), 20 * np.log10(0.5), atol=0.01)
    np.testing.assert_allclose(column(features, "crest_db"), 3.01, atol=0.01)
    loudest = features[-1].names[int(np.argmax(features[-1].values[:64]))]
    assert 900 < float(loudest.split("_")[1].removesuffix("hz")) < 1100


def test_digital_silence_has_no_level() -> None:
    features = extract(np.zeros(16_000, np.float32))
    assert np.all(np.isneginf(column(features, "level_dbfs")))
    assert np.all(np.isnan(column(features, "crest_db")))


def test_standing_still_is_measured_across_steps() -> None:
    samples = np.concatenate([noise(1.0), np.full(24_000, 0.25, np.float32), noise(1.0, seed=1)])
    constant_s = column(extract(samples), "constant_s")
    assert constant_s.max() == pytest.approx(1.5, abs=0.001)
    assert constant_s[0] < 0.001
    assert constant_s[-1] < 0.001


def test_clipping_is_counted() -> None:
    features = extract(np.clip(noise(2.0, level=2.0), -1, 1))
    assert column(features, "clipped_ratio")[-1] == pytest.approx(0.62, abs=0.05)
    assert column(features, "clipped_s")[-1] == pytest.approx(1.9, abs=0.11)


def test_a_gap_forgets_what_was_before() -> None:
    extractor = AudioExtractor("a")
    loud, quiet = noise(1.0, 0.5), noise(1.0, 0.001, seed=1)
    list(extractor.extract(Chunk("a", 0, 0, RATE_HZ, loud)))
    after = list(extractor.extract(Chunk("a", 1, 5 * NS, RATE_HZ, quiet)))
    fresh = list(AudioExtractor("a").extract(Chunk("a", 0, 5 * NS, RATE_HZ, quiet)))
    assert [one.end_ns for one in after] == [one.end_ns for one in fresh]
    assert all(one.values.tobytes() == other.values.tobytes() for one, other in zip(after, fresh, strict=True))
