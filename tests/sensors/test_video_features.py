from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sensors.types import NS, Chunk, Features
from sensors.video.features import VideoExtractor

Frames = NDArray[np.uint8]
MOTION = ("energy", "flow_mean_heights_s", "flow_p95_heights_s", "flow_p99_heights_s", "foreground_ratio")


def scene(count: int, seed: int = 0, height: int = 120, width: int = 160) -> NDArray[np.float64]:
    """A textured wall with sensor noise."""
    rng = np.random.default_rng(seed)
    coarse = np.random.default_rng(99).uniform(40, 160, (height // 8, width // 8))
    return np.kron(coarse, np.ones((8, 8)))[None] + rng.normal(0, 1.5, (count, height, width))


def shoot(picture: NDArray[np.float64]) -> Frames:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def with_walker(frames: Frames, step: int) -> Frames:
    """A textured block that moves `step` pixels a frame to the right."""
    block = np.random.default_rng(5).integers(0, 255, (40, 24), np.uint8).repeat(1, axis=0)
    for index, frame in enumerate(frames):
        at = (10 + index * step) % (frame.shape[1] - 24)
        frame[50:90, at : at + 24] = block
    return frames


def extract(frames: Frames, rate_hz: float = 10.0) -> list[Features]:
    return list(VideoExtractor("v").extract(Chunk("v", 0, 0, rate_hz, frames)))


def column(features: list[Features], name: str) -> NDArray[np.float64]:
    return np.array([one.values[one.names.index(name)] for one in features])


def test_every_frame_has_features_and_the_first_no_motion() -> None:
    features = extract(shoot(scene(5)))
    assert [one.end_ns for one in features] == [round(index * NS / 10) for index in range(5)]
    assert all(np.isnan(column(features, name)[0]) for name in MOTION)
    assert all(np.isfinite(column(features, name)[1:]).all() for name in MOTION)


def test_a_walker_moves_more_than_an_empty_room() -> None:
    empty, walked = extract(shoot(scene(30))), extract(with_walker(shoot(scene(30)), 3))
    for name in ("energy", "flow_mean_heights_s", "foreground_ratio"):
        assert column(walked, name)[15:].min() > column(empty, name)[15:].max()


def test_speed_does_not_depend_on_the_frame_rate() -> None:
    slow = column(extract(with_walker(shoot(scene(20)), 4), 10.0), "flow_p99_heights_s")[10]
    fast = column(extract(with_walker(shoot(scene(40)), 2), 20.0), "flow_p99_heights_s")[20]
    assert slow == pytest.approx(fast, rel=0.5)


def test_lights_are_not_motion() -> None:
    lit = scene(40)
    lit[20:] *= 0.5
    walked = extract(with_walker(shoot(scene(40)), 3))
    assert column(extract(shoot(lit)), "energy")[18:].max() < 0.5 * np.nanmedian(column(walked, "energy"))


def test_a_gap_forgets_the_frame_before() -> None:
    extractor = VideoExtractor("v")
    list(extractor.extract(Chunk("v", 0, 0, 10.0, shoot(scene(5)))))
    after = list(extractor.extract(Chunk("v", 1, 10 * NS, 10.0, shoot(255 - scene(5)))))
    assert np.isnan(column(after, "energy")[0])
    assert after[0].span_ns == 0
    assert column(after, "energy")[1] < 10


def test_a_thawed_picture_is_not_motion() -> None:
    frames = shoot(scene(40))
    frames[10:30] = frames[10]
    frames[30:] = 255 - frames[30:]
    features = extract(frames)
    assert column(features, "identical_s")[29] == pytest.approx(1.9)
    assert np.isnan(column(features, "energy")[30])
    assert np.nanmax(column(features, "energy")) < 10


def test_colour_and_size_may_change_midway() -> None:
    extractor = VideoExtractor("v")
    grey = shoot(scene(3, height=240, width=640))
    colour = np.repeat(shoot(scene(3))[..., None], 3, axis=3)
    features = [
        *extractor.extract(Chunk("v", 0, 0, 10.0, grey)),
        *extractor.extract(Chunk("v", 1, 3 * NS // 10, 10.0, colour)),
    ]
    assert np.isnan(column(features, "energy")).tolist() == [True, False, False, True, False, False]
