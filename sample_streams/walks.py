"""Where people are: along way-points, milling about, running away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_streams.figures import Stance
from sample_streams.stage import Array

Point = tuple[float, float, float]
"""Seconds, x and y in metres."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A person's way, one entry a frame; not there before `first` nor after `last`."""

    x: Array
    y: Array
    heading_rad: Array
    speed_mps: Array
    phase_rad: Array
    first: int
    last: int

    def stance(self, frame: int) -> Stance | None:
        """How the person stands in a frame; None when absent."""
        if not self.first <= frame <= self.last:
            return None
        at = (self.x, self.y, self.heading_rad, self.speed_mps, self.phase_rad)
        x, y, heading, speed, phase = (float(series[frame]) for series in at)
        return Stance(x, y, heading, speed, phase)


def along(points: list[Point], fps: float, count: int, phase_rad: float = 0.0) -> Walk:
    """Walk from point to point; corners and starts are rounded over 0.7 s.

    Parameters
    ----------
    points : list of (seconds, x, y)
        In order of time; the person is there between the first and the last.
    fps : float
        Frames per second.
    count : int
        Frames.
    phase_rad : float
        Phase of the gait at the start, radians.

    Returns
    -------
    Walk
        The gait makes 2 steps a second at 1.4 m/s and as many more as the root of the speed asks.
    """
    time_s = np.arange(count) / fps
    knots = np.array(points)
    window = np.hanning(9)[1:-1] / np.hanning(9)[1:-1].sum()
    x = smooth(np.interp(time_s, knots[:, 0], knots[:, 1]), window)
    y = smooth(np.interp(time_s, knots[:, 0], knots[:, 2]), window)
    vx, vy = np.gradient(x) * fps, np.gradient(y) * fps
    speed = np.hypot(vx, vy)
    heading = np.zeros(count)
    now = float(np.arctan2(knots[1, 1] - knots[0, 1], knots[1, 2] - knots[0, 2]))
    for frame in range(count):
        if speed[frame] > 0.25:
            turn = (float(np.arctan2(vx[frame], vy[frame])) - now + np.pi) % (2 * np.pi) - np.pi
            now += 0.5 * turn
        heading[frame] = now
    steps_per_s = np.where(speed > 0.08, 2.0 * np.sqrt(speed / 1.4), 0.0)
    phase = phase_rad + np.cumsum(np.pi * steps_per_s / fps)
    return Walk(x, y, heading, speed, phase, round(points[0][0] * fps), round(points[-1][0] * fps))


def smooth(series: Array, window: Array) -> Array:
    """Moving average with the ends held, same length."""
    half = len(window) // 2
    held = np.concatenate([np.full(half, series[0]), series, np.full(half, series[-1])])
    return np.convolve(held, window, "valid")


def mill(rng: np.random.Generator, until_s: float, view: tuple[float, float, float]) -> list[Point]:
    """Stroll between random places and stand a while at each.

    Parameters
    ----------
    rng : numpy.random.Generator
        Of this person alone.
    until_s : float
        When to stop.
    view : (nearest, farthest, slope)
        Places lie between two distances in metres, at most slope * distance to the side.
    """
    near, far, slope = view

    def somewhere() -> tuple[float, float]:
        y = float(rng.uniform(near, far))
        return float(rng.uniform(-slope, slope)) * y, y

    x, y = somewhere()
    points, now = [(0.0, x, y)], 0.0
    while now < until_s:
        now += float(rng.exponential(7.0)) * float(rng.random() < 0.7)
        points.append((now, x, y))
        pull = float(rng.uniform(0.25, 0.9))
        tx, ty = somewhere()
        nx, ny = x + pull * (tx - x), y + pull * (ty - y)
        now += max(0.3, float(np.hypot(nx - x, ny - y)) / float(rng.uniform(0.5, 1.35)))
        x, y = nx, ny
        points.append((now, x, y))
    return points


def flee(
    points: list[Point], start_s: float, speed_mps: float, origin: tuple[float, float], exits: list[Point]
) -> list[Point]:
    """Cut a walk at `start_s` and run: two metres straight away from `origin`, then to the nearest exit (0, x, y)."""
    knots = np.array(points)
    x, y = (float(np.interp(start_s, knots[:, 0], knots[:, column])) for column in (1, 2))
    ax, ay = x - origin[0], y - origin[1]
    away = float(np.hypot(ax, ay)) + 0.1
    sx, sy = x + 1.6 * ax / away, y + 1.6 * ay / away
    _, ex, ey = min(exits, key=lambda door: float(np.hypot(door[1] - sx, door[2] - sy)))
    turn_s = start_s + 0.2 + 1.6 / (0.6 * speed_mps)
    done_s = turn_s + float(np.hypot(ex - sx, ey - sy)) / speed_mps
    kept = [point for point in points if point[0] < start_s]
    return [*kept, (start_s, x, y), (turn_s, sx, sy), (done_s, ex, ey)]
