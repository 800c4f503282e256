"""What every registered detector promises; a new one in the registry is held to it without being named here."""

from __future__ import annotations

import numpy as np
import pytest

from sensors.base import Detector
from sensors.registry import DETECTORS, detector_class, extractor_class
from sensors.types import NS, Chunk, Features, Health, Modality, Quality, Score

STREAM = "hall/one"
START_NS = 1_700_000_000 * NS


def ordinary(modality: Modality) -> Chunk:
    """A minute of an uneventful life, with a disturbance late in it."""
    rng = np.random.default_rng(11)
    if modality is Modality.AUDIO:
        samples = rng.normal(0, 0.02, 16_000 * 60).astype(np.float32)
        samples[16_000 * 55 :] *= 8
        return Chunk(STREAM, 0, START_NS, 16_000.0, samples)
    if modality is Modality.VIDEO:
        scene = rng.integers(40, 200, (48, 64))
        frames = np.clip(scene + rng.normal(0, 2, (300, 48, 64)), 0, 255).astype(np.uint8)
        frames[270:, 10:30, 10:30] = rng.integers(0, 255, (30, 20, 20))
        return Chunk(STREAM, 0, START_NS, 5.0, frames)
    rows = np.column_stack([rng.normal(21, 0.2, 120), rng.normal(600, 20, 120), rng.random(120) < 0.1])
    rows[100:, 1] += 900
    rows[60, 0] = np.nan
    return Chunk(STREAM, 0, START_NS, 1.0, rows, ("temperature_c", "co2_ppm", "motion"))


@pytest.fixture(scope="module", params=list(DETECTORS))
def modality(request: pytest.FixtureRequest) -> Modality:
    return Modality(request.param)


@pytest.fixture(scope="module")
def life(modality: Modality) -> list[Features]:
    return list(extractor_class(modality)(STREAM).extract(ordinary(modality)))


@pytest.fixture
def detector(modality: Modality) -> Detector:
    return detector_class(modality)(STREAM)


def snapshot(detector: Detector) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in detector.state().items()}


def live(detector: Detector, life: list[Features]) -> list[Score | Health]:
    told = []
    for features in life:
        told += detector.score(features)
        detector.learn(features)
    return told


def test_scoring_never_learns(detector: Detector, life: list[Features]) -> None:
    for features in life[: len(life) // 2]:
        detector.learn(features)
    before = snapshot(detector)
    for features in life:
        detector.score(features)
    assert snapshot(detector) == before


def test_state_is_plain_numbers(detector: Detector, life: list[Features]) -> None:
    live(detector, life)
    assert detector.state()
    assert {array.dtype for array in detector.state().values()} == {np.dtype(np.float64)}
    assert sum(array.nbytes for array in detector.state().values()) < 4_000_000


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_restored_is_as_if_never_interrupted(
    modality: Modality, detector: Detector, life: list[Features], share: float
) -> None:
    middle = int(share * len(life))
    live(detector, life[:middle])
    resumed = detector_class(modality)(STREAM)
    resumed.restore({name: array.copy() for name, array in detector.state().items()})
    assert live(resumed, life[middle:]) == live(detector, life[middle:])
    assert snapshot(resumed) == snapshot(detector)


def test_twice_the_same(modality: Modality, life: list[Features]) -> None:
    make = detector_class(modality)
    assert live(make(STREAM), life) == live(make(STREAM), life)


def test_begins_warming_and_never_with_zero(detector: Detector, life: list[Features]) -> None:
    first = [one for features in life[:5] for one in detector.score(features) if isinstance(one, Score)]
    assert first
    assert all(one.raw is None and one.quality is not Quality.OK for one in first)


def test_scores_are_well_formed(modality: Modality, detector: Detector, life: list[Features]) -> None:
    told = [one for one in live(detector, life) if isinstance(one, Score)]
    assert any(one.quality is Quality.OK for one in told)
    for one in told:
        assert one.stream == STREAM
        assert one.modality is modality
        assert one.channel.startswith(f"{STREAM}:")
        assert (one.raw is None) == (one.quality is not Quality.OK)
        assert one.raw is None or np.isfinite(one.raw)
        assert all(0 <= share <= 1 for _, share in one.top)


def test_the_disturbance_is_the_strangest(detector: Detector, life: list[Features]) -> None:
    quiet = len(life) * 4 // 5
    for features in life[:quiet]:
        detector.learn(features)
    raws: dict[str, list[tuple[float, bool]]] = {}
    for index, features in enumerate(life):
        for one in detector.score(features):
            if isinstance(one, Score) and one.raw is not None:
                raws.setdefault(one.channel, []).append((one.raw, index >= quiet))
    assert any(max(found)[1] for found in raws.values())
