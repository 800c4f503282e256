"""The camera's film: lamps and people of each moment, one frame after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from sample_streams.camera import Frame, Sensor, expose, fixed_pattern
from sample_streams.figures import Look, chest, draw, shadow
from sample_streams.noise import stream
from sample_streams.stage import Array, Lamp, Stage, irradiance
from sample_streams.walks import Walk

UPRIGHT = np.array([[0.0, -0.7, 0.7]])
"""Mean direction that a person's visible side faces."""


@dataclass(frozen=True, slots=True)
class Film:
    """All that the camera is going to see.

    Attributes
    ----------
    name : str
        Of the recording: noise hangs on it.
    stage : Stage
    sensor : Sensor
    fps : float
        Frames per second.
    levels : ndarray (frames, lamps)
        Brightness of each lamp in each frame, 1 as built.
    lamps : list of Lamp
    people : list of (Look, Walk)
    shadows : float
        Depth of shadows on the floor, 0 to 1.
    more : callable or None
        Further radiance of a frame, (h, w, 3): a torch, headlights.
    ambient : float
        Light that reaches every surface alike.
    """

    name: str
    stage: Stage
    sensor: Sensor
    fps: float
    levels: Array
    lamps: list[Lamp]
    people: list[tuple[Look, Walk]]
    shadows: float = 0.4
    more: Callable[[int], Array | None] | None = None
    ambient: float = 0.02

    def frames(self, wanted: Iterable[int] | None = None) -> Iterator[Frame]:
        """Every frame in order, or those wanted; a frame depends on no other."""
        shape = self.stage.depth.shape
        pattern = fixed_pattern(self.name, self.sensor, (shape[0], shape[1]))
        maps = [self.stage.lit_by(lamp) for lamp in self.lamps]
        for index in range(len(self.levels)) if wanted is None else wanted:
            picture = self.ambient * float(self.levels[index].max()) * self.stage.albedo
            for level, light in zip(self.levels[index], maps, strict=True):
                picture = picture + level * light
            extra = self.more(index) if self.more is not None else None
            if extra is not None:
                picture = picture + extra
            self.add_people(picture, index)
            yield expose(picture, self.sensor, pattern, stream(self.name, "frame", index))

    def add_people(self, picture: Array, index: int) -> None:
        """Draw everybody who is there, the farthest first."""
        there = [(look, walk.stance(index)) for look, walk in self.people]
        near_last = sorted(((look, s) for look, s in there if s is not None), key=lambda pair: -pair[1].y)
        for _, stance in near_last:
            shadow(picture, self.stage, stance, self.shadows, self.lamps[0].at[:2])
        for look, stance in near_last:
            light = np.full(3, self.ambient * float(self.levels[index].max()))
            for level, lamp in zip(self.levels[index], self.lamps, strict=True):
                light += level * float(irradiance(lamp, chest(stance)[None], UPRIGHT)[0]) * np.array(lamp.colour)
            draw(picture, self.stage, look, stance, light)
