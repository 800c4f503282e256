"""Cameras that do not see, and what only looks like it."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from sensors.types import NS, Chunk, Features, Health, Quality, Score, State
from sensors.video.detectors import VideoDetector
from sensors.video.features import VideoExtractor
from sensors.video.views import ACCEPT_NS

Frame = NDArray[np.uint8]
HEIGHT, WIDTH, RATE_HZ = 96, 128, 10.0
BEFORE, SPOILED, AFTER = 300, 80, 70
Spoil = Callable[[Frame, int], Frame | None]


def world(height: int = HEIGHT, width: int = 3 * WIDTH) -> NDArray[np.float64]:
    """A place larger than the picture: soft patches, hard edges, colours."""
    rng = np.random.default_rng(1)
    walls = np.kron(rng.uniform(40, 180, (height // 8, width // 8)), np.ones((8, 8)))
    return np.dstack([walls + 20, walls, 0.8 * walls]) + rng.uniform(0, 25, (height, width, 1))


def film(count: int, spoil: Spoil = lambda frame, number: frame, first: int = 0, seed: int = 2) -> list[Features]:
    """Frames of the middle of the world, with noise and somebody who walks to and fro; None leaves one out."""
    rng, place, extractor, out = np.random.default_rng(seed), world(), VideoExtractor("v"), list[Features]()
    for number in range(first, first + count):
        picture = place[:, WIDTH : 2 * WIDTH].copy()
        x = 10 + abs(number * 2 % 180 - 90)
        picture[40:80, x : x + 14] = (200, 60, 40)
        frame = np.clip(picture + rng.normal(0, 1.5, picture.shape), 0, 255).astype(np.uint8)
        if (spoiled := spoil(frame, number)) is not None:
            out += extractor.extract(Chunk("v", number, round(number * NS / RATE_HZ), 0.0, spoiled[None]))
    return out


@pytest.fixture(scope="module")
def quiet() -> list[Features]:
    return film(BEFORE)


def learned(quiet: list[Features]) -> VideoDetector:
    detector = VideoDetector("v")
    for features in quiet:
        detector.learn(features)
    return detector


def told(spoil: Spoil, quiet: list[Features]) -> tuple[list[Health], list[Score]]:
    def during(frame: Frame, number: int) -> Frame | None:
        return spoil(frame, number) if BEFORE + 20 <= number < BEFORE + 20 + SPOILED else frame

    detector = learned(quiet)
    said = [one for each in film(20 + SPOILED + AFTER, during, BEFORE, seed=5) for one in detector.score(each)]
    return [one for one in said if isinstance(one, Health)], [one for one in said if isinstance(one, Score)]


def cover(frame: Frame, number: int) -> Frame:
    light = np.linspace(50, 62, WIDTH)[None, :, None] + np.zeros_like(frame)
    return np.clip(light + np.random.default_rng(number).normal(0, 1.5, frame.shape), 0, 255).astype(np.uint8)


def turn(frame: Frame, number: int) -> Frame:
    noise = np.random.default_rng(number).normal(0, 1.5, frame.shape)
    return np.clip(world()[:, WIDTH + 50 : 2 * WIDTH + 50] + noise, 0, 255).astype(np.uint8)


def infrared(frame: Frame, number: int) -> Frame:
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return np.dstack([np.clip(grey * 0.8 + 10, 0, 255).astype(np.uint8)] * 3)


class Frozen:
    def __init__(self) -> None:
        self.held: Frame | None = None

    def __call__(self, frame: Frame, number: int) -> Frame:
        self.held = frame if self.held is None else self.held
        return self.held


@pytest.mark.parametrize(
    ("spoil", "state", "reason"),
    [
        (cover, State.TAMPERED, "covered"),
        (lambda frame, _: cv2.GaussianBlur(frame, (0, 0), 2.5), State.TAMPERED, "out of focus"),
        (turn, State.TAMPERED, "moved"),
        (Frozen(), State.DEGRADED, "frozen"),
        (lambda frame, _: (frame // 100).astype(np.uint8), State.DEGRADED, "black"),
        (lambda frame, _: np.clip(frame * 4.0 + 90, 0, 255).astype(np.uint8), State.DEGRADED, "overexposed"),
        (infrared, State.DEGRADED, "switched to infrared"),
        (lambda frame, number: frame if number % 6 == 0 else None, State.DEGRADED, "slow"),
    ],
)
def test_a_camera_that_does_not_see_says_so_within_five_seconds_and_comes_back(
    spoil: Spoil, state: State, reason: str, quiet: list[Features]
) -> None:
    health, scores = told(spoil, quiet)
    assert [one.state for one in health] == [state, State.UP]
    assert health[0].reason.startswith(reason)
    assert health[0].at_ns <= (BEFORE + 20) * NS / RATE_HZ + 5 * NS
    blind = [one for one in scores if health[0].at_ns <= one.end_ns < health[1].at_ns]
    assert all(one.raw is None and one.quality is Quality.DEGRADED for one in blind)


@pytest.mark.parametrize(
    "change",
    [
        lambda frame, _: (frame * 0.35).astype(np.uint8),
        lambda frame, _: np.clip(frame * 1.4, 0, 255).astype(np.uint8),
        lambda frame, _: np.clip(frame * np.linspace(1.6, 0.9, WIDTH)[None, :, None], 0, 255).astype(np.uint8),
        lambda frame, number: np.roll(frame, round(3 * np.sin(number)), axis=1),
    ],
    ids=["lights off", "lights on", "a lamp at one side", "shaken"],
)
def test_lights_and_wind_are_no_tampering(change: Spoil, quiet: list[Features]) -> None:
    assert told(change, quiet)[0] == []


def test_switched_lights_are_no_event(quiet: list[Features]) -> None:
    _, scores = told(lambda frame, _: (frame * 0.35).astype(np.uint8), quiet)
    _, ordinary = told(lambda frame, _: frame, quiet)
    most = {
        one.channel: max(o.raw for o in ordinary if o.channel == one.channel and o.raw is not None) for one in scores
    }
    assert max(one.raw for one in scores if one.channel == "v:motion" and one.raw is not None) <= most["v:motion"] + 0.5


def test_a_shaken_camera_abstains_only_while_it_is_shaken(quiet: list[Features]) -> None:
    _, scores = told(lambda frame, number: np.roll(frame, 3 * (-1) ** number, axis=1), quiet)
    ended_ns = (BEFORE + 20 + SPOILED) * NS / RATE_HZ
    assert {one.quality for one in scores if ended_ns - 5 * NS < one.end_ns < ended_ns} == {Quality.GAP}
    assert {one.quality for one in scores if one.end_ns > ended_ns + 2 * NS} == {Quality.OK}


def test_another_view_is_taken_as_it_is_after_ten_minutes_and_not_before(quiet: list[Features]) -> None:
    detector = learned(quiet)
    turned = film(4, turn, BEFORE)[-1]
    for number in range(0, round(ACCEPT_NS / NS) + 40):
        at_ns = turned.end_ns + number * NS
        detector.learn(Features("v", at_ns, turned.span_ns, turned.names, turned.values))
        if number == 500:
            assert told_of(detector, at_ns, turned).reason.startswith("moved")
    said = [
        detector.score(Features("v", at_ns + n * NS // 10, turned.span_ns, turned.names, turned.values))
        for n in range(30)
    ]
    assert [one for each in said for one in each if isinstance(one, Health)][-1].state is State.UP


def told_of(detector: VideoDetector, at_ns: int, features: Features) -> Health:
    """What is told after two seconds of the same."""
    said = [
        one
        for n in range(20)
        for one in detector.score(
            Features("v", at_ns + n * NS // 10, features.span_ns, features.names, features.values)
        )
    ]
    return next(one for one in said if isinstance(one, Health))
