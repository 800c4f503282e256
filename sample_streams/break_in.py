"""A shop at night: a pane breaks, somebody climbs in with a torch, looks for the till and leaves."""

from __future__ import annotations

from functools import partial

import numpy as np

from sample_streams import air, impacts, machines
from sample_streams.camera import Sensor
from sample_streams.figures import Look
from sample_streams.film import Film
from sample_streams.noise import Samples, stream, wander
from sample_streams.script import AirTrack, FilmTrack, Script, SoundTrack, Table, Truth
from sample_streams.sound import Room, Sounding
from sample_streams.stage import Array, Box, Camera, Lamp, Stage, build, grain
from sample_streams.walks import Walk, along

NAME, SECONDS, FPS, LATE_S = "break_in_at_night", 330.0, 10.0, 0.6
BREAKS_S, ENTERS_S, LEAVES_S = 261.4, 267.2, 313.5
SWEEPS_S = (74.0, 197.0)
ROUTE = [
    (ENTERS_S, 2.3, 12.4), (269.6, 2.2, 10.2), (272.8, 0.9, 7.6), (275.6, -0.6, 5.9), (277.4, -1.7, 5.2),
    (284.5, -1.7, 5.2), (286.2, -0.6, 4.6), (289.0, 1.6, 5.4), (296.0, 1.7, 5.4), (298.4, 0.9, 7.2),
    (301.0, -1.2, 8.6), (305.0, -1.3, 8.6), (308.4, 1.4, 9.4), (310.4, 2.2, 10.6), (LEAVES_S, 2.5, 12.6),
]  # fmt: skip
THIEF = Look(1.78, (0.16, 0.16, 0.17), (0.09, 0.09, 0.10), (0.40, 0.40, 0.40), (0.05, 0.05, 0.05))


def paint(points: Array, normals: Array, name: str) -> Array:
    """Grey values of the shop: boards on the floor, plastered walls, shelves with goods, a window, a counter."""
    x, y, z = points[:, 0], points[:, 1], points[:, 2]
    a, b = (x, y) if name == "floor" else (x + y, z)
    value = 0.30 + 0.05 * grain(a, b, name)
    if name == "floor":
        board = np.floor(x / 0.18)
        value = 0.20 + 0.03 * grain(9 * x, 0.7 * y, "boards") + 0.025 * np.sin(board * 7.3)
        value = np.where(np.abs(x / 0.18 - board - 0.5) > 0.46, 0.10, value)
    elif name == "back" or name == "side":
        value = np.where(z < 0.12, 0.12, value + 0.10)
    elif name == "shelf":
        goods = stream("goods").random((64, 16))
        across = np.floor((x + y) / 0.17).astype(np.int64) % 64
        row = np.floor(z / 0.38).astype(np.int64)
        value = 0.08 + 0.45 * goods[across, row % 16] + 0.05 * grain(20 * (x + y), 20 * z, "goods")
        value = np.where(np.abs(z / 0.38 - row - 0.05) < 0.06, 0.30, value)
    elif name == "pane":
        value = 0.07 + 0.03 * z
    elif name == "counter":
        value = np.where(normals[:, 2] > 0.5, 0.42, 0.22 + 0.03 * grain(12 * (x + y), 2 * z, "wood"))
    return np.repeat(np.clip(value, 0.02, 0.9)[:, None], 3, axis=1)


def shop() -> Stage:
    """The empty shop."""
    boxes = [
        Box((-3.4, 5.9, 0.0), (-0.9, 6.6, 1.05), "counter"),
        Box((-5.0, 3.0, 0.0), (-4.4, 10.0, 2.1), "shelf"),
        Box((4.4, 4.0, 0.0), (5.0, 9.0, 2.1), "shelf"),
        Box((-4.0, 10.5, 0.0), (0.4, 11.0, 1.9), "shelf"),
        Box((1.2, 10.94, 0.55), (3.5, 11.01, 2.35), "pane"),
        Box((2.33, 10.90, 0.55), (2.37, 10.935, 2.35), "frame"),
        Box((1.1, 10.90, 0.45), (3.6, 10.935, 0.55), "frame"),
        Box((2.7, 6.3, 0.0), (3.6, 7.2, 0.8), "counter"),
    ]
    return build(Camera(320, 240, 1.25, 2.7, 0.27), (5.0, 11.0, 3.2), boxes, paint, {"pane"})


class Extra:
    """Light that moves: headlights through the window, and the torch in the thief's hand."""

    def __init__(self, stage: Stage, walk: Walk) -> None:
        self._stage, self._walk = stage, walk
        count = len(walk.x)
        draws = [stream(NAME, "torch", part) for part in range(2)]
        self._pan = 0.35 * wander(draws[0], count, 11.0)
        self._tilt = -0.33 + 0.10 * wander(draws[1], count, 14.0)

    def __call__(self, index: int) -> Array | None:
        """Radiance of frame `index`, or None in the dark."""
        time_s = LATE_S + index / FPS
        for sweep in SWEEPS_S:
            if abs(time_s - sweep) < 3.5:
                return self.headlights(time_s - sweep)
        stance = self._walk.stance(index)
        if stance is None:
            return None
        heading = stance.heading_rad + self._pan[index]
        level, tilt = np.cos(self._tilt[index]), np.sin(self._tilt[index])
        aim = np.array([np.sin(heading) * level, np.cos(heading) * level, tilt])
        hand = np.array([stance.x + 0.3 * aim[0], stance.y + 0.3 * aim[1], 1.1])
        return self._stage.lit_by_torch(hand, aim, 0.20, 22.0)

    def headlights(self, since_s: float) -> Array:
        """A window-shaped patch glides over ceiling and side wall while a car turns outside."""
        points = self._stage.points
        along_m = points[..., 0] + 0.35 * points[..., 1]
        patch = np.exp(-0.5 * ((along_m - 1.0 - 2.2 * since_s) / 0.7) ** 2) * (points[..., 2] > 1.4)
        bars = 0.75 + 0.25 * np.tanh(6 * np.sin(7 * along_m))
        return np.asarray(
            self._stage.albedo * (0.05 * np.exp(-((since_s / 1.6) ** 2)) * patch * bars)[..., None], np.float64
        )


def film() -> Film:
    """An infrared camera in the dark; its lamp is weak."""
    count = round((SECONDS - LATE_S) * FPS)
    stage = shop()
    walk = along([(at - LATE_S, x, y) for at, x, y in ROUTE], FPS, count)
    lamps = [Lamp((0.3, -0.2, 2.9), strength=3.0), Lamp((2.4, 10.4, 2.2), strength=0.22)]
    draws = [stream(NAME, "lamp", part) for part in range(2)]
    levels = np.stack([1 + 0.004 * wander(draws[0], count, 40), 1 + 0.12 * wander(draws[1], count, 300)], axis=1)
    sensor = Sensor(gain=3.4, shot=1.6e-4, read=0.0030, fixed=0.02, colour=False)
    return Film(NAME, stage, sensor, FPS, levels, lamps, [(THIEF, walk)], 0.3, Extra(stage, walk))


def soundings() -> list[Sounding]:
    """A quiet night, then glass, then steps and rummaging."""
    night = [
        Sounding(9.0, 33, partial(machines.compressor, seconds=88.0), far=0.6),
        Sounding(97.2, 37, impacts.click, far=0.6),
        Sounding(205.5, 33, partial(machines.compressor, seconds=70.0), far=0.6),
        Sounding(275.6, 36, impacts.click, far=0.6),
        Sounding(66.0, 38, partial(machines.car, seconds=16.0), far=0.8),
        Sounding(131.0, 33, partial(machines.car, seconds=20.0), far=0.9),
        Sounding(189.0, 39, partial(machines.car, seconds=16.0), far=0.8),
        Sounding(48.3, 35, machines.thump, far=0.9),
        Sounding(113.1, 34, machines.thump, far=0.9),
        Sounding(158.7, 36, machines.thump, far=0.9),
        Sounding(232.4, 34, machines.thump, far=0.9),
    ]
    draw = stream(NAME, "creaks")
    for at_s in np.sort(draw.uniform(5, 255, 14)):
        night.append(Sounding(float(at_s), float(draw.uniform(27, 34)), impacts.click, far=0.9))
    theft = [
        Sounding(BREAKS_S, 98, impacts.glass, far=0.45),
        Sounding(264.3, 70, impacts.shard, far=0.5),
        Sounding(265.0, 66, impacts.shard, far=0.5),
        Sounding(266.1, 74, impacts.door, far=0.5),
        Sounding(268.3, 66, impacts.shard, far=0.5),
        Sounding(268.6, 62, partial(impacts.steps, seconds=9.0, per_s=1.9), far=0.5),
        Sounding(279.0, 64, impacts.clatter, far=0.4),
        Sounding(281.7, 68, impacts.clatter, far=0.4),
        Sounding(284.4, 60, partial(impacts.steps, seconds=4.8, per_s=1.9), far=0.4),
        Sounding(291.5, 66, impacts.door, far=0.4),
        Sounding(293.6, 62, impacts.clatter, far=0.4),
        Sounding(296.0, 60, partial(impacts.steps, seconds=5.0, per_s=2.0), far=0.5),
        Sounding(302.6, 58, impacts.clatter, far=0.6),
        Sounding(305.0, 62, partial(impacts.steps, seconds=8.0, per_s=2.2), far=0.6),
        Sounding(312.3, 64, impacts.shard, far=0.7),
    ]
    return night + theft


def readings(_: Samples) -> Table:
    """One row a second: a cold night; later a warm body, a torch, breath, and a draught through the window."""
    count = round(SECONDS)
    time_s = np.arange(count, dtype=np.float64)
    inside = ((time_s >= ENTERS_S) & (time_s < LEAVES_S)).astype(np.float64)
    broken = time_s >= BREAKS_S
    zone = air.Zone(38.0, 0.25, 60_000.0, 9.0, 4.5)
    draws = [stream(NAME, "air", part) for part in range(8)]
    heat = air.temperature(zone, np.asarray(92 + 130 * inside, np.float64), np.where(broken, 18.0, 9.0), 14.7, 1.0)
    shown_c = air.lag(heat, 1.0, 15.0) + air.jitter(draws[0], count, 0.03)
    moist = air.humidity(zone, inside, heat, 46.0, 1.0) + air.jitter(draws[1], count, 0.12)
    ppm = air.lag(air.carbon_dioxide(zone, inside, 447.0, 1.0, 3.5 * inside), 1.0, 12.0) + air.jitter(
        draws[2], count, 1.8
    )
    walk = along(ROUTE, 1.0, count)
    moving = np.where(inside > 0, np.maximum(walk.speed_mps, 0.5 * (draws[3].random(count) < 0.25)), 0.0)
    glow = sum(np.exp(-(((time_s - sweep) / 1.6) ** 2)) for sweep in SWEEPS_S)
    torch = inside * np.exp(0.9 + 0.7 * wander(draws[4], count, 2.5))
    lux = np.maximum(
        0, 0.42 + 0.03 * wander(draws[5], count, 35) + 0.5 * glow + torch + air.jitter(draws[6], count, 0.015)
    )
    motion = air.passive_infrared(moving, 4)
    columns = (shown_c, moist, ppm, lux, motion)
    digits = (2, 1, 0, 2, 0)
    rows = [
        (f"{at:.0f}", *(f"{column[index]:.{digit}f}" for column, digit in zip(columns, digits, strict=True)))
        for index, at in enumerate(time_s)
    ]
    return Table(("t_s", "temperature_c", "humidity_percent", "co2_ppm", "illuminance_lx", "motion"), rows)


def script() -> Script:
    """The whole recording."""
    room = Room(rt60_s=0.7, tone_db=38.0, hum_db=24.0, self_noise_db=22.5)
    return Script(
        NAME,
        "shop",
        "2024-11-07T02:10:00+01:00",
        SECONDS,
        "Synthetic. A shop at night: refrigerator, cars outside, headlights; at 4:21 a window is broken, a person with "
        "a torch climbs in, searches the place and leaves; the camera started 0.6 s after the rest",
        SoundTrack("sound.flac", 16_000, 1, soundings(), room),
        FilmTrack("picture.mp4", 27, film, LATE_S),
        AirTrack("air.csv", readings),
        (
            Truth(
                "break_in", "high", "window broken from outside; one person with a torch",
                (BREAKS_S, 313.0), (ENTERS_S + 0.3, LEAVES_S), (ENTERS_S, 325.0),
            ),
        ),
    )  # fmt: skip
