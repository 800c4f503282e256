from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sensors.types import Chunk, Features, Health, Quality, Score, State
from sensors.video.detectors import CHANNELS, VideoDetector
from sensors.video.features import VideoExtractor

RATE_HZ = 10.0


def scene(seconds: float, seed: int = 0) -> NDArray[np.float64]:
    """A textured wall under a lamp that flickers a little, with sensor noise; somebody passes now and then."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE_HZ)
    wall = np.kron(np.random.default_rng(99).uniform(40, 160, (12, 16)), np.ones((5, 5)))
    return wall * rng.normal(1, 0.01, (count, 1, 1)) + rng.normal(0, 1.5, (count, *wall.shape))


def extract(picture: NDArray[np.float64]) -> list[Features]:
    frames = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    return list(VideoExtractor("v").extract(Chunk("v", 0, 0, RATE_HZ, frames)))


@pytest.fixture(scope="module")
def quiet() -> list[Features]:
    return extract(scene(40.0))


def learned(quiet: list[Features]) -> VideoDetector:
    detector = VideoDetector("v")
    for features in quiet:
        detector.learn(features)
    return detector


def run(detector: VideoDetector, features: list[Features]) -> tuple[list[Score], list[Health]]:
    told = [one for each in features for one in detector.score(each)]
    return [one for one in told if isinstance(one, Score)], [one for one in told if isinstance(one, Health)]


def raws(told: list[Score], what: str) -> list[float]:
    return [one.raw for one in told if one.channel == f"v:{what}" and one.raw is not None]


@pytest.mark.parametrize("what", ["energy", "flow", "foreground"])
def test_somebody_running_is_stranger_than_the_quiet_past(quiet: list[Features], what: str) -> None:
    picture = scene(6.0, seed=3)
    figure = np.random.default_rng(4).uniform(0, 255, (30, 14))
    for index in range(30, 60):
        at = (index - 30) * 4 % 66
        picture[index, 20:50, at : at + 14] = figure
    past = raws(run(learned(quiet), extract(scene(20.0, seed=2)))[0], what)
    told, changes = run(learned(quiet), extract(picture))
    assert max(raws(told, what)) > np.quantile(past, 0.999)
    assert changes == []


def test_scores_say_what_was_measured_and_what_is_usual(quiet: list[Features]) -> None:
    told, _ = run(learned(quiet), extract(scene(2.0, seed=2)))
    assert {one.channel: one.unit for one in told[-3:]} == {"v:energy": "", "v:flow": "heights/s", "v:foreground": "%"}
    assert all(one.value is not None and one.usual is not None for one in told[-3:])


def test_all_that_is_asked_for_is_told_and_says_where(quiet: list[Features]) -> None:
    detector = VideoDetector("v", channels=CHANNELS, keen=True)
    for features in quiet:
        detector.learn(features)
    picture = scene(3.0, seed=3)
    for index in range(15, 30):
        picture[index, 5:30, 4 * (index - 15) : 4 * (index - 15) + 14] = np.random.default_rng(4).uniform(
            0, 255, (25, 14)
        )
    told, _ = run(detector, extract(picture))
    assert {one.channel for one in told} == {f"v:{name}" for name in CHANNELS if name != "scene"}
    strangest = max(
        (one for one in told if one.channel == "v:motion" and one.raw is not None), key=lambda one: one.raw or 0
    )
    assert strangest.top[0][0].startswith("upper")
    assert sum(share for _, share in strangest.top) <= 1 + 1e-9


def test_nothing_is_told_before_twenty_seconds(quiet: list[Features]) -> None:
    detector = VideoDetector("v")
    warm = []
    for features in quiet:
        warm += [one.end_ns for one in run(detector, [features])[0] if one.quality is Quality.OK]
        detector.learn(features)
    assert min(warm) == pytest.approx(20e9, abs=1e9)


def spoil(kind: str) -> NDArray[np.float64]:
    picture = scene(12.0, seed=7)
    noise = np.random.default_rng(8).normal(0, 1.0, (60, *picture.shape[1:]))
    if kind == "frozen":
        picture[30:90] = picture[30]
    elif kind == "black":
        picture[30:90] = 2 + 0.5 * noise
    elif kind == "covered":
        picture[30:90] = 60 + noise + np.linspace(0, 15, picture.shape[2])
    return picture


@pytest.mark.parametrize(
    ("kind", "state"), [("frozen", State.DEGRADED), ("black", State.DEGRADED), ("covered", State.TAMPERED)]
)
def test_a_blind_camera_abstains_says_why_once_and_comes_back(quiet: list[Features], kind: str, state: State) -> None:
    told, changes = run(learned(quiet), extract(spoil(kind)))
    assert [change.state for change in changes] == [state, State.UP]
    assert changes[0].reason.startswith(kind)
    assert changes[0].at_ns < 8e9
    blind = [one for one in told if changes[0].at_ns <= one.end_ns < changes[1].at_ns]
    assert all(one.raw is None and one.quality is Quality.DEGRADED for one in blind)
    assert told[-1].quality is Quality.OK


@pytest.mark.parametrize(("before", "after"), [(1.0, 0.3), (0.3, 1.0), (1.0, 1.5)])
def test_switching_lights_is_not_covering(before: float, after: float) -> None:
    past = extract(before * scene(40.0))
    picture = before * scene(10.0, seed=7)
    picture[50:] *= after / before
    _, changes = run(learned(past), extract(picture))
    assert changes == []


def test_a_blind_camera_is_not_learned_from(quiet: list[Features]) -> None:
    detector = learned(quiet)
    before = {name: array.tobytes() for name, array in detector.state().items()}
    for features in extract(spoil("covered")[35:85]):
        detector.learn(features)
    assert {name: array.tobytes() for name, array in detector.state().items()} == before
