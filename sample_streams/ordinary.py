"""An office floor by day: people, doors, talk, a telephone, lights, heating, a gap in the readings; no event."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import numpy as np

from sample_streams import air, impacts, machines, voices
from sample_streams.camera import Sensor
from sample_streams.figures import looks
from sample_streams.film import Film
from sample_streams.noise import Samples, stream, wander
from sample_streams.script import AirTrack, FilmTrack, Script, SoundTrack, Table
from sample_streams.sound import Room, Sounding
from sample_streams.stage import Array, Box, Camera, Lamp, Stage, build, grain
from sample_streams.walks import Point, Walk, along

NAME, SECONDS, FPS, START = "ordinary_hour", 520.0, 10.0, "2024-03-12T10:05:00+01:00"
DARK_S, GAP_S, HEATS_S = (318.4, 361.0), (402.0, 468.0), (88.0, 236.0)
DOORS: dict[str, tuple[float, float]] = {
    "left": (-3.2, 12.5),
    "right": (2.8, 12.5),
    "near": (2.2, -1.0),
    "side": (-7.0, 5.5),
}
STOPS = ((-2.2, 6.2), (1.2, 7.5), (2.6, 9.0), (-0.4, 9.6), (0.4, 5.4))


def paint(points: Array, normals: Array, name: str) -> Array:
    """Colours of the office: carpet, white walls with notices, desks, a cupboard, two doorways."""
    x, y, z = points[:, 0], points[:, 1], points[:, 2]
    base, value = np.array([0.62, 0.61, 0.57]), 1 + 0.05 * grain(x + y, z, name)
    if name == "floor":
        base = np.array([0.24, 0.27, 0.31])
        i, j = np.floor(x / 0.5), np.floor(y / 0.5)
        value = 1 + 0.16 * grain(7 * x, 7 * y, "carpet") + 0.06 * np.sin(5 * i + 11 * j)
    elif name in ("back", "side"):
        value = value * np.where(z < 0.10, 0.35, 1.0)
        sheet = (
            (np.abs(((x + y) / 0.9) % 1 - 0.5) < 0.2) & (np.abs(z - 1.6) < 0.22) & (np.floor((x + y) / 0.9) % 3 == 0)
        )
        lines = 0.85 - 0.25 * (np.sin(60 * z) > 0.5)
        value = np.where(sheet, 1.35 * lines, value)
    elif name == "desk":
        base = np.array([0.50, 0.38, 0.25])
        value = (1 + 0.12 * grain(2 * x, 18 * y, "wood")) * np.where(normals[:, 2] > 0.5, 1.0, 0.6)
    elif name == "screen":
        base = np.array([0.05, 0.06, 0.07])
    elif name == "cupboard":
        base, value = np.array([0.42, 0.44, 0.45]), np.where(np.abs((x / 0.6) % 1 - 0.5) > 0.48, 0.5, 1.0)
    elif name == "doorway":
        base = np.array([0.22, 0.20, 0.17])
    return np.asarray(np.clip(base * value[:, None], 0.02, 0.95), np.float64)


def office() -> Stage:
    """The empty office."""
    boxes = [
        Box((-4.4, 7.0, 0.0), (-2.6, 8.0, 0.74), "desk"),
        Box((-3.9, 7.6, 0.74), (-3.2, 7.7, 1.20), "screen"),
        Box((3.0, 6.0, 0.0), (4.6, 7.0, 0.74), "desk"),
        Box((3.4, 6.6, 0.74), (4.1, 6.7, 1.20), "screen"),
        Box((-1.6, 11.4, 0.0), (0.8, 12.0, 1.9), "cupboard"),
        Box((-3.8, 11.95, 0.0), (-2.6, 12.01, 2.1), "doorway"),
        Box((2.2, 11.95, 0.0), (3.4, 12.01, 2.1), "doorway"),
    ]
    return build(Camera(320, 240, 1.20, 2.8, 0.26), (6.5, 12.0, 3.0), boxes, paint, {"doorway"})


def routes() -> list[list[Point]]:
    """Who comes and goes: from one door by some stops to another, at 1.0-1.5 m/s."""
    draw, ways = stream(NAME, "people"), []
    at_s, names = 6.0, list(DOORS)
    while at_s < SECONDS - 8:
        start, end = (DOORS[names[int(index)]] for index in draw.permutation(len(names))[:2])
        places = [
            start,
            *(STOPS[int(index)] for index in draw.permutation(len(STOPS))[: int(draw.integers(1, 4))]),
            end,
        ]
        now, way = at_s, [(at_s, *start)]
        for (x0, y0), (x1, y1) in zip(places[:-1], places[1:], strict=True):
            now += float(np.hypot(x1 - x0, y1 - y0)) / float(draw.uniform(1.0, 1.5))
            way.append((now, x1, y1))
            if (x1, y1) != end and draw.random() < 0.7:
                now += float(draw.uniform(1.5, 9.0))
                way.append((now, x1, y1))
        ways.append(way)
        at_s += float(draw.exponential(20.0)) + 5.0
    return ways


def people(fps: float, count: int) -> list[Walk]:
    """Everybody, `count` entries at `fps`."""
    return [along(way, fps, count, float(number)) for number, way in enumerate(routes())]


def lights(time_s: Samples) -> Samples:
    """Ceiling lights, 0 to 1: switched off for 40 s; tubes come back in two steps."""
    off, on = DARK_S
    level = np.ones(len(time_s))
    level[(time_s >= off) & (time_s < on)] = 0.0
    level[(time_s >= on) & (time_s < on + 0.7)] = 0.6
    return level


def film() -> Film:
    """A colour camera; two rows of ceiling lights and a window at the left."""
    count = round(SECONDS * FPS)
    time_s = np.arange(count, dtype=np.float64) / FPS
    mains = 1 + 0.004 * wander(stream(NAME, "mains"), count, 5)
    daylight = 1 + 0.08 * wander(stream(NAME, "clouds"), count, 450)
    levels = np.stack([lights(time_s) * mains, lights(time_s) * mains, daylight], axis=1)
    lamps = [
        Lamp((0.0, 5.0, 2.9), (1.0, 0.96, 0.88), 2.6),
        Lamp((0.5, 9.5, 2.9), (1.0, 0.96, 0.88), 2.6),
        Lamp((-6.0, 7.0, 2.2), (0.88, 0.95, 1.08), 3.2),
    ]
    sensor = Sensor(gain=1.75, shot=5e-5, read=0.0022, fixed=0.008)
    walks = people(FPS, count)
    staff = looks(stream(NAME, "looks"), len(walks))
    return Film(NAME, office(), sensor, FPS, levels, lamps, list(zip(staff, walks, strict=True)), 0.35)


def soundings() -> list[Sounding]:
    """Steps of those who walk, doors behind them, talk, two calls, the heater, switches."""
    heard, draw = [], stream(NAME, "sounds")
    for way in routes():
        length = min(way[-1][0] - way[0][0], 14.0)
        make = partial(impacts.steps, seconds=length, per_s=float(draw.uniform(1.7, 2.05)))
        heard.append(Sounding(way[0][0], float(draw.normal(52, 2)), make, far=0.5))
        if draw.random() < 0.5:
            heard.append(Sounding(way[0][0] - 0.8, float(draw.normal(62, 3)), impacts.door, far=0.6))
    for talker in range(4):
        pitch, at_s = float(draw.choice([112, 128, 198, 216])), float(draw.uniform(0, 8))
        while at_s < SECONDS - 4:
            for _ in range(int(draw.integers(1, 6))):
                length = float(draw.uniform(0.7, 2.8))
                make = partial(voices.utterance, seconds=length, pitch_hz=pitch)
                heard.append(Sounding(at_s, float(draw.normal(58, 2.5)), make, far=0.35 + 0.1 * talker))
                at_s += length + float(draw.uniform(0.15, 0.6))
            at_s += float(draw.exponential(11.0)) + 1.0
    for at_s, rings in ((142.0, 3), (288.5, 2), (441.0, 4)):
        heard.append(Sounding(at_s, 63, partial(machines.telephone, rings=rings), far=0.5))
    for start, seconds in ((HEATS_S[0], HEATS_S[1] - HEATS_S[0]), (430.0, 85.0)):
        heard.append(Sounding(start, 47, partial(machines.fan, seconds=seconds), far=0.7))
    for at_s in DARK_S:
        heard.append(Sounding(at_s - 0.05, 56, impacts.click, far=0.4))
    for at_s, level in ((203.3, 64), (383.0, 62), (487.2, 63)):
        heard.append(Sounding(at_s, level, impacts.clatter, far=0.4))
    heard.append(Sounding(255.0, 47, partial(machines.car, seconds=18.0), far=0.9))
    return [sounding for sounding in heard if sounding.at_s >= 0]


def bed(rng: np.random.Generator, rate_hz: float, count: int) -> Samples:
    """Murmur from the rooms around."""
    return machines.murmur(rng, rate_hz, count)


def readings(_: Samples) -> Table:
    """One row every two seconds with ISO 8601 times; the sensor is away for a minute."""
    step_s, count = 2.0, round(SECONDS / 2)
    time_s = np.arange(count, dtype=np.float64) * step_s
    moving, passing = np.zeros(count), np.zeros(count)
    for walk in people(1 / step_s, count):
        passing[walk.first : walk.last + 1] += 1
        moving[walk.first : walk.last + 1] += walk.speed_mps[walk.first : walk.last + 1]
    zone = air.Zone(220.0, 1.1, 2.4e5, 85.0, 7.0)
    draws = [stream(NAME, "air", part) for part in range(6)]
    heating = ((time_s >= HEATS_S[0]) & (time_s < HEATS_S[1])) | ((time_s >= 430) & (time_s < 515))
    heat = air.temperature(zone, 700 + 100 * passing + 900 * heating, np.full(count, 85.0), 20.8, step_s)
    daylight = 210 * (1 + 0.08 * wander(draws[0], count, 22))
    columns = (
        air.lag(heat, step_s, 20.0) + air.jitter(draws[1], count, 0.03),
        air.humidity(zone, 4 + passing, heat, 37.5, step_s) + air.jitter(draws[2], count, 0.15),
        air.lag(air.carbon_dioxide(zone, 4 + passing, 702.0, step_s), step_s, 20.0) + air.jitter(draws[3], count, 2.2),
        daylight + 330 * lights(time_s) + air.jitter(draws[4], count, 1.2),
        air.passive_infrared(moving, 3),
    )
    digits, begin = (2, 1, 0, 0, 0), datetime.fromisoformat(START)
    rows = [
        (
            (begin + timedelta(seconds=float(at))).isoformat(timespec="seconds"),
            *(f"{column[index]:.{digit}f}" for column, digit in zip(columns, digits, strict=True)),
        )
        for index, at in enumerate(time_s)
        if not GAP_S[0] <= at < GAP_S[1]
    ]
    return Table(("time", "temperature_c", "humidity_percent", "co2_ppm", "illuminance_lx", "motion"), rows)


def script() -> Script:
    """The whole recording."""
    room = Room(rt60_s=0.55, tone_db=41.0, hum_db=26.0, self_noise_db=27.0, bed=bed, bed_db=45.0)
    return Script(
        NAME,
        "office",
        START,
        SECONDS,
        "Synthetic. An ordinary hour in an office, cut short to its first 8:40: people come and go, doors, talk, a "
        "telephone, lights off and on, heating; a minute of the air sensor is missing; nothing that matters happens",
        SoundTrack("sound.ogg", 16_000, 1, soundings(), room),
        FilmTrack("picture.mp4", 28, film),
        AirTrack("air.csv", readings),
    )
