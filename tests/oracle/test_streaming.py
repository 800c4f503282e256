"""However a stream is cut into chunks, its features are the same, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from sensors.audio.features import AudioExtractor
from sensors.base import Extractor
from sensors.environment.features import EnvironmentExtractor
from sensors.types import NS, Chunk, Features
from sensors.video.features import VideoExtractor

NAMES = ("temperature_c", "co2_ppm", "motion")
START_NS = 1_700_000_000 * NS


def cut(whole: Chunk, size: int) -> list[Chunk]:
    return [
        Chunk(whole.stream, seq, whole.time_ns(at), whole.rate_hz, whole.data[at : at + size], whole.names)
        for seq, at in enumerate(range(0, len(whole.data), size))
    ]


def extract(extractor: Extractor, chunks: list[Chunk]) -> list[Features]:
    return [features for chunk in chunks for features in extractor.extract(chunk)]


def assert_equal(left: list[Features], right: list[Features]) -> None:
    assert len(left) == len(right) > 0
    for one, other in zip(left, right, strict=True):
        assert (one.end_ns, one.span_ns, one.names) == (other.end_ns, other.span_ns, other.names)
        assert one.values.tobytes() == other.values.tobytes()


@pytest.mark.parametrize("size", [7, 160, 1601, 16_000])
def test_audio_chunks_do_not_matter(size: int) -> None:
    samples = np.random.default_rng(2).normal(0, 0.1, 40_000).astype(np.float32)
    whole = Chunk("a", 0, START_NS, 16_000.0, samples)
    assert_equal(extract(AudioExtractor("a"), [whole]), extract(AudioExtractor("a"), cut(whole, size)))


@pytest.mark.parametrize("size", [1, 4, 25])
def test_video_chunks_do_not_matter(size: int) -> None:
    frames = np.random.default_rng(3).integers(0, 255, (30, 60, 80), np.uint8)
    frames[10:15] = frames[10]
    whole = Chunk("v", 0, START_NS, 10.0, frames)
    assert_equal(extract(VideoExtractor("v"), [whole]), extract(VideoExtractor("v"), cut(whole, size)))


@pytest.mark.parametrize("size", [1, 3, 20])
def test_environment_chunks_do_not_matter(size: int) -> None:
    rows = np.random.default_rng(4).normal(20, 1, (50, 3))
    rows[7, 1] = np.nan
    whole = Chunk("e", 0, START_NS, 0.5, rows, NAMES)
    assert_equal(extract(EnvironmentExtractor("e"), [whole]), extract(EnvironmentExtractor("e"), cut(whole, size)))
