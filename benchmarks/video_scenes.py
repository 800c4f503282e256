"""Ordinary scenes and what is done to them: lights, shakes and exposure that are no event; tampering that is a fault.

All of it is done to decoded frames, before the features, as a camera or a hand would do it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sensors.types import NS, Chunk
from sensors.video.sources import VideoFileSource

Frame = NDArray[np.uint8]
Change = Callable[[Frame, float], Frame]
"""A frame and the seconds since the change began, to the changed frame."""

CV: Any = cv2


def play(path: Path, seconds: float, colour: bool = False) -> Iterator[tuple[float, Frame]]:
    """Frames of a clip with their times, forwards and backwards by turns for as long as wanted: no cut, no loop.

    Why backwards: scenes of half a minute must last for an hour; a walk backwards has the same speeds, and its
    directions are those of people who walk the other way.
    """
    taken = [(chunk.start_ns, chunk.data[0]) for chunk in VideoFileSource("scene", path, 0).chunks()]
    frames = [tint(frame) if colour else frame for _, frame in taken]
    step_s = (taken[-1][0] - taken[0][0]) / NS / (len(taken) - 1)
    for number in range(round(seconds / step_s)):
        place = number % (2 * len(frames) - 2)
        yield number * step_s, frames[place if place < len(frames) else 2 * len(frames) - 2 - place]


def tint(frame: Frame) -> Frame:
    """Some colour on a grey frame: warm lights, cool shadows."""
    return np.clip(np.dstack([frame * 1.05 + 4, frame * 1.0, frame * 0.85]), 0, 255).astype(np.uint8)


def chunks(frames: Iterator[tuple[float, Frame]]) -> Iterator[Chunk]:
    """Frames as a source gives them."""
    for seq, (at_s, frame) in enumerate(frames):
        yield Chunk("scene", seq, round(at_s * NS), 0.0, np.ascontiguousarray(frame)[np.newaxis])


def changed(
    frames: Iterator[tuple[float, Frame]], change: Change, times_s: tuple[tuple[float, float], ...]
) -> Iterator[tuple[float, Frame]]:
    """Frames, with a change laid over them from each begin to each end, seconds."""
    for at_s, frame in frames:
        begun = next((begin for begin, end in times_s if begin <= at_s < end), None)
        yield at_s, frame if begun is None else change(frame, at_s - begun)


def gain(factor: float) -> Change:
    """Light that is `factor` times as bright."""
    return lambda frame, _: np.clip(frame.astype(np.float32) * factor, 0, 255).astype(np.uint8)


def ramp(factor: float, seconds: float) -> Change:
    """Exposure that moves to `factor` within some seconds."""

    def change(frame: Frame, since_s: float) -> Frame:
        now = 1 + (factor - 1) * min(since_s / seconds, 1.0)
        return np.asarray(np.clip(frame.astype(np.float32) * now, 0, 255), np.uint8)

    return change


def lamp(frame: Frame, _: float) -> Frame:
    """A lamp in one corner that lights what is near it most."""
    height, width = frame.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    near = 1 + 0.9 * np.exp(-(((x / width - 0.2) ** 2 + (y / height - 0.2) ** 2) / 0.5))
    lit = frame * (near[..., None] if frame.ndim == 3 else near)
    return np.asarray(np.clip(lit, 0, 255), np.uint8)


def shake(pixels: float, hz: float = 6.0) -> Change:
    """A mast in the wind: the picture swings by so many pixels, and a little round."""

    def change(frame: Frame, since_s: float) -> Frame:
        height, width = frame.shape[:2]
        turn = 0.3 * np.sin(2 * np.pi * hz * 0.7 * since_s)
        matrix = CV.getRotationMatrix2D((width / 2, height / 2), turn, 1.0)
        matrix[:, 2] += (
            pixels * np.sin(2 * np.pi * hz * since_s),
            0.6 * pixels * np.sin(2 * np.pi * hz * 1.3 * since_s),
        )
        return np.asarray(CV.warpAffine(frame, matrix, (width, height), borderMode=CV.BORDER_REFLECT), np.uint8)

    return change


def cover(frame: Frame, since_s: float) -> Frame:
    """A cloth over the lens: grey, with the light that comes through it and sensor noise."""
    noise = np.random.default_rng(round(since_s * 1000)).normal(0, 1.5, frame.shape)
    height, width = frame.shape[:2]
    light = 55 + 12 * np.linspace(0, 1, width)[None, :] * np.ones((height, 1))
    return np.clip((light[..., None] if frame.ndim == 3 else light) + noise, 0, 255).astype(np.uint8)


def blacken(frame: Frame, since_s: float) -> Frame:
    """No light at all, with sensor noise."""
    noise = np.random.default_rng(round(since_s * 1000)).normal(2, 1.0, frame.shape)
    return np.clip(noise, 0, 255).astype(np.uint8)


def defocus(frame: Frame, _: float) -> Frame:
    """Out of focus by a hundredth of the picture's width."""
    return np.asarray(CV.GaussianBlur(frame, (0, 0), frame.shape[1] / 100), np.uint8)


def turn_away(frame: Frame, _: float) -> Frame:
    """The camera turned by a third of its picture; the other side shows more of the place, mirrored."""
    height, width = frame.shape[:2]
    matrix = np.array([[1.0, 0.0, width / 3], [0.0, 1.0, height / 10]])
    return np.asarray(CV.warpAffine(frame, matrix, (width, height), borderMode=CV.BORDER_REFLECT), np.uint8)


def overexpose(frame: Frame, _: float) -> Frame:
    """Far too much light."""
    return np.clip(frame.astype(np.float32) * 4 + 90, 0, 255).astype(np.uint8)


def infrared(frame: Frame, _: float) -> Frame:
    """The cut filter swings away: no colours, an own lamp that fades to the corners, other greys."""
    grey = CV.cvtColor(frame, CV.COLOR_RGB2GRAY).astype(np.float32)
    height, width = grey.shape
    y, x = np.mgrid[0:height, 0:width]
    beam = np.exp(-(((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) / 0.4))
    night = np.clip((255 * (grey / 255) ** 0.7) * beam, 0, 255).astype(np.uint8)
    return np.dstack([night] * 3)


class Freeze:
    """The same frame again and again."""

    def __init__(self) -> None:
        self._held: Frame | None = None

    def __call__(self, frame: Frame, since_s: float) -> Frame:
        """The first frame since the change began."""
        if self._held is None or since_s < 0.05:
            self._held = frame
        return self._held


def slow_down(
    frames: Iterator[tuple[float, Frame]], times_s: tuple[tuple[float, float], ...], keep: int
) -> Iterator[tuple[float, Frame]]:
    """Only every `keep`-th frame between each begin and each end."""
    for number, (at_s, frame) in enumerate(frames):
        if number % keep == 0 or not any(begin <= at_s < end for begin, end in times_s):
            yield at_s, frame


def tampers() -> Mapping[str, Change]:
    """Changes that make a camera blind, by name; a slow camera is not among them."""
    return {
        "covered": cover,
        "black": blacken,
        "defocused": defocus,
        "moved": turn_away,
        "overexposed": overexpose,
        "infrared": infrared,
        "frozen": Freeze(),
    }


def decoys() -> Mapping[str, tuple[Change, float]]:
    """Changes that are no event and no fault, with how long each lasts, seconds."""
    return {
        "lights off": (gain(0.4), 20.0),
        "lights on": (gain(1.8), 20.0),
        "a lamp": (lamp, 20.0),
        "exposure down": (ramp(0.7, 1.0), 15.0),
        "exposure up": (ramp(1.3, 0.5), 15.0),
        "exposure step": (gain(0.8), 15.0),
        "shake": (shake(2.0), 5.0),
        "strong shake": (shake(6.0), 4.0),
        "slow sway": (shake(3.0, 1.0), 8.0),
    }
