from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sensors.audio.features import LOGIT, AudioExtractor, Layout
from sensors.audio.frontend import RATE_HZ
from sensors.audio.measures import MEASURES
from sensors.audio.packs import HOME, load_pack, read_pack
from sensors.framing import Framer
from sensors.types import NS, Chunk, Features


def noise(seconds: float, level: float = 0.05, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE_HZ)).astype(np.float32)


def extract(samples: NDArray[np.float32]) -> list[Features]:
    return list(AudioExtractor("a").extract(Chunk("a", 0, 0, RATE_HZ, samples)))


def column(features: list[Features], name: str) -> NDArray[np.float64]:
    return np.array([one.values[one.names.index(name)] for one in features])


def test_features_come_every_250_ms_and_speak_of_them() -> None:
    features = extract(noise(2.0))
    assert [one.end_ns for one in features] == [(n + 1) * NS // 4 for n in range(8)]
    assert {one.span_ns for one in features} == {NS // 4}
    assert all(len(one.names) == len(one.values) for one in features)


def test_every_value_is_named_once_and_every_class_is_there() -> None:
    names = extract(noise(0.3))[0].names
    assert len(set(names)) == len(names)
    assert [name.removeprefix(LOGIT) for name in names if name.startswith(LOGIT)] == list(load_pack().labels)
    assert set(MEASURES) <= set(names)
    layout = Layout(len(load_pack().labels))
    assert names[layout.measures] == MEASURES
    assert all(name.startswith("mel_") for name in names[layout.bands])
    assert all(name.startswith("embedding_") for name in names[layout.embedding])


def test_values_are_finite_but_for_what_silence_has_not() -> None:
    for one in extract(noise(1.0)):
        assert np.isfinite(one.values).all()
    for one in extract(np.zeros(16_000, np.float32)):
        bad = {name for name, value in zip(one.names, one.values, strict=True) if not np.isfinite(value)}
        assert bad == {"level_dbfs", "peak_dbfs", "crest_db", "hum_ratio_db"}


def test_no_sound_is_kept_beyond_the_hop_and_the_frame_before() -> None:
    """What an extractor holds after a minute of speech is less than half a second of it."""
    extractor = AudioExtractor("a", read_pack(HOME))
    list(extractor.extract(Chunk("a", 0, 0, RATE_HZ, noise(60.0))))
    held: dict[int, int] = {}
    waiting: list[object] = [extractor]
    while waiting:
        one = waiting.pop()
        if isinstance(one, np.ndarray):
            bases = one if one.base is None or not isinstance(one.base, np.ndarray) else one.base
            if bases.dtype == np.float32 and bases.ndim == 1:
                held[id(bases)] = bases.size
        elif type(one).__module__.startswith("sensors.audio") or type(one) is Framer:
            waiting.extend(vars(one).values() if hasattr(one, "__dict__") else ())
    assert 0 < sum(held.values()) < 4 * 8000
    assert max(held.values()) < 8000


def test_how_a_stream_is_cut_does_not_matter_to_what_is_heard() -> None:
    samples = noise(3.0)
    whole = extract(samples)
    for size in (160, 3999, 16_000):
        extractor = AudioExtractor("a")
        cut = [
            features
            for seq, at in enumerate(range(0, len(samples), size))
            for features in extractor.extract(Chunk("a", seq, at * 62_500, RATE_HZ, samples[at : at + size]))
        ]
        assert [one.values.tobytes() for one in cut] == [one.values.tobytes() for one in whole]


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
    assert column(features, "clipped_s")[-1] == 2.0


def test_a_gap_forgets_what_was_before() -> None:
    extractor = AudioExtractor("a")
    loud, quiet = noise(1.0, 0.5), noise(1.0, 0.001, seed=1)
    list(extractor.extract(Chunk("a", 0, 0, RATE_HZ, loud)))
    after = list(extractor.extract(Chunk("a", 1, 5 * NS, RATE_HZ, quiet)))
    fresh = list(AudioExtractor("a").extract(Chunk("a", 0, 5 * NS, RATE_HZ, quiet)))
    assert [one.end_ns for one in after] == [one.end_ns for one in fresh]
    assert all(one.values.tobytes() == other.values.tobytes() for one, other in zip(after, fresh, strict=True))
