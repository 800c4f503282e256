"""A hall by day full of strolling people: somebody screams, and all run for the exits."""

from __future__ import annotations

from functools import partial

import numpy as np

from sample_streams import air, impacts, machines, voices
from sample_streams.camera import Sensor
from sample_streams.figures import looks
from sample_streams.film import Film
from sample_streams.noise import Samples, stream, wander
from sample_streams.script import AirTrack, FilmTrack, Script, SoundTrack, Table, Truth
from sample_streams.sound import Room, Sounding
from sample_streams.stage import Array, Box, Camera, Lamp, Stage, build, grain
from sample_streams.walks import Point, Walk, along, flee, mill

NAME, SECONDS, FPS, PEOPLE = "crowd_panic", 300.0, 10.0, 20
SCREAM_S, CENTRE = 240.3, (0.3, 8.0)
EXITS: list[Point] = [(0, -9.5, 6.0), (0, 9.5, 6.0), (0, -9.5, 11.0), (0, 9.5, 11.0), (0, 1.5, -1.5), (0, -1.5, -1.5)]


def paint(points: Array, normals: Array, name: str) -> Array:
    """Colours of the hall: stone tiles, a panelled wall with two doorways and a banner, pillars, a kiosk."""
    x, y, z = points[:, 0], points[:, 1], points[:, 2]
    base, value = np.array([0.52, 0.50, 0.46]), 1 + 0.10 * grain(x + y, z, name)
    if name == "floor":
        base = np.array([0.46, 0.43, 0.38])
        i, j = np.floor(x / 0.9), np.floor(y / 0.9)
        value = 1 + 0.12 * grain(3 * x, 3 * y, "stone") + 0.10 * (((i + j) % 2) - 0.5) + 0.05 * np.sin(13 * i + 7 * j)
        seam = (np.abs(x / 0.9 - i - 0.5) > 0.485) | (np.abs(y / 0.9 - j - 0.5) > 0.485)
        value = np.where(seam, 0.6, value)
    elif name == "back":
        value = np.where(np.abs((x / 1.5) % 1 - 0.5) > 0.485, 0.75, value) * np.where(z < 0.15, 0.4, 1.0)
        banner = (np.abs(x - 0.5) < 1.6) & (np.abs(z - 3.2) < 0.5)
        stripes = np.where(np.floor(3 * (x + z)) % 3 == 0, 1.2, 0.9)
        return np.clip(
            np.where(banner[:, None], np.array([0.5, 0.12, 0.10]) * stripes[:, None], base * value[:, None]), 0, 1
        )
    elif name == "pillar":
        base = np.array([0.58, 0.56, 0.52])
    elif name == "kiosk":
        base = np.where(z[:, None] > 0.95, np.array([[0.6, 0.55, 0.4]]), np.array([[0.16, 0.27, 0.36]]))
        value = value * np.where(normals[:, 1] < -0.5, 1.0, 0.7)
    elif name == "doorway":
        base = np.array([0.10, 0.10, 0.11])
    return np.asarray(np.clip(base * value[:, None], 0.02, 0.95), np.float64)


def hall() -> Stage:
    """The empty hall."""
    boxes = [
        Box((-4.6, 10.2, 0.0), (-4.0, 10.8, 5.0), "pillar"),
        Box((4.0, 10.2, 0.0), (4.6, 10.8, 5.0), "pillar"),
        Box((5.2, 12.2, 0.0), (7.6, 13.2, 1.15), "kiosk"),
        Box((-5.6, 15.95, 0.0), (-3.6, 16.01, 2.5), "doorway"),
        Box((3.4, 15.95, 0.0), (4.9, 16.01, 2.5), "doorway"),
        Box((-2.7, 14.6, 0.0), (-0.9, 15.1, 0.45), "kiosk"),
    ]
    return build(Camera(256, 192, 1.22, 4.0, 0.36), (13.0, 16.0, 5.0), boxes, paint, {"doorway"})


def routes() -> list[list[Point]]:
    """Everybody's way: strolling, then each after a reaction time runs away from the scream."""
    ways = []
    for number in range(PEOPLE):
        rng = stream(NAME, "person", number)
        points = mill(rng, SCREAM_S + 5, (5.0, 14.0, 0.5))
        knots = np.array(points)
        x, y = (float(np.interp(SCREAM_S, knots[:, 0], knots[:, column])) for column in (1, 2))
        wait = 0.45 + 0.06 * float(np.hypot(x - CENTRE[0], y - CENTRE[1])) + float(rng.exponential(0.35))
        ways.append(flee(points, SCREAM_S + wait, float(rng.uniform(3.0, 4.9)), CENTRE, EXITS))
    return ways


def people(fps: float, count: int) -> list[Walk]:
    """Everybody, `count` entries at `fps`."""
    phases = stream(NAME, "phases").uniform(0, 6.28, PEOPLE)
    return [along(way, fps, count, float(phase)) for way, phase in zip(routes(), phases, strict=True)]


def film() -> Film:
    """A colour camera under a high ceiling; the daylight drifts with the clouds."""
    count = round(SECONDS * FPS)
    lamps = [Lamp((-6.0, 7.0, 7.5), (1.0, 1.0, 1.02), 26.0), Lamp((5.0, 9.0, 4.9), (1.0, 0.93, 0.80), 8.0)]
    daylight = 1 + 0.03 * wander(stream(NAME, "clouds"), count, 350)
    levels = np.stack([daylight, 1 + 0.004 * wander(stream(NAME, "mains"), count, 5)], axis=1)
    sensor = Sensor(gain=1.25, shot=9e-5, read=0.0032, fixed=0.008)
    crowd = list(zip(looks(stream(NAME, "looks"), PEOPLE), people(FPS, count), strict=True))
    return Film(NAME, hall(), sensor, FPS, levels, lamps, crowd, 0.55)


def soundings() -> list[Sounding]:
    """Talk and steps for four minutes, now and then a laugh or a door; then screams, shouts and running."""
    heard, draw = [], stream(NAME, "talk")
    for talker in range(7):
        pitch, side = (
            float(draw.choice([108, 121, 192, 214])) * float(draw.uniform(0.92, 1.08)),
            float(draw.uniform(-0.8, 0.8)),
        )
        at_s = float(draw.uniform(0, 4))
        while at_s < SCREAM_S - 2:
            length = float(draw.uniform(0.8, 2.9))
            make = partial(voices.utterance, seconds=min(length, SCREAM_S - at_s), pitch_hz=pitch)
            heard.append(Sounding(at_s, float(draw.normal(61, 2.5)), make, side, 0.35 + 0.08 * talker))
            at_s += length + float(draw.exponential(3.0)) + 0.2
    at_s = 0.0
    while at_s < SCREAM_S - 3:
        make_steps = partial(impacts.steps, seconds=float(draw.uniform(3, 7)), per_s=float(draw.uniform(1.5, 2.1)))
        heard.append(Sounding(at_s, float(draw.normal(55, 3)), make_steps, float(draw.uniform(-0.9, 0.9)), 0.5))
        at_s += float(draw.exponential(2.2))
    for at_s, level in ((58.0, 68), (117.5, 66), (171.3, 69)):
        heard.append(Sounding(at_s, level, impacts.door, 0.7, 0.8))
    for at_s, level in ((34.0, 68), (93.2, 70), (149.8, 67), (203.6, 70)):
        make = partial(voices.utterance, seconds=1.1, pitch_hz=205.0, effort=0.45)
        heard.append(Sounding(at_s, level, make, -0.4, 0.6))
    heard.append(Sounding(131.4, 66, impacts.clatter, 0.2, 0.6))
    return heard + alarm()


def alarm() -> list[Sounding]:
    """The first scream, those that follow, shouts, and feet."""
    heard = [Sounding(SCREAM_S, 93, partial(voices.scream, seconds=1.7, pitch_hz=1420.0), 0.05, 0.3)]
    draw = stream(NAME, "panic")
    for number, at_s in enumerate(SCREAM_S + 0.9 + np.sort(draw.uniform(0, 11, 9))):
        make = partial(voices.scream, seconds=float(draw.uniform(0.7, 1.6)), pitch_hz=float(draw.uniform(980, 1650)))
        heard.append(
            Sounding(float(at_s), 90.0 - 1.3 * number, make, float(draw.uniform(-0.9, 0.9)), 0.4 + 0.05 * number)
        )
    for at_s in SCREAM_S + 0.8 + np.sort(draw.uniform(0, 13, 26)):
        pitch = float(draw.choice([115, 130, 205, 225]))
        make = partial(voices.utterance, seconds=float(draw.uniform(0.5, 1.3)), pitch_hz=pitch, effort=0.9)
        level = 80.0 - 0.9 * float(at_s - SCREAM_S) + float(draw.normal(0, 2))
        heard.append(Sounding(float(at_s), level, make, float(draw.uniform(-0.9, 0.9)), 0.6))
    heard.append(Sounding(SCREAM_S + 0.7, 77, partial(impacts.stampede, seconds=10.0, feet=420), 0.0, 0.5))
    heard.append(Sounding(SCREAM_S + 1.9, 79, impacts.clatter, -0.3, 0.5))
    heard.append(Sounding(SCREAM_S + 3.6, 84, impacts.door, 0.8, 0.7))
    heard.append(Sounding(SCREAM_S + 5.2, 82, impacts.door, -0.8, 0.7))
    return heard


def bed(rng: np.random.Generator, rate_hz: float, count: int) -> Samples:
    """Murmur of the hall, which sinks away once the people have gone."""
    time_s = np.arange(count) / rate_hz
    left = 1 / (1 + np.exp(np.clip((time_s - SCREAM_S - 4.0) / 1.5, -30, 30)))
    return machines.murmur(rng, rate_hz, count) * (0.03 + 0.97 * left)


def readings(dba: Samples) -> Table:
    """One row a second; as many as there are seconds of sound."""
    count = round(SECONDS)
    there = np.zeros(count)
    for walk in people(1.0, count):
        there[walk.first : walk.last + 1] += 1
    time_s = np.arange(count, dtype=np.float64)
    running = np.where((time_s > SCREAM_S) & (time_s < SCREAM_S + 14), 5.0, 1.0)
    zone = air.Zone(900.0, 1.6, 1.6e6, 420.0, 12.0)
    draws = [stream(NAME, "air", part) for part in range(6)]
    heat = air.temperature(zone, 1750 + 100 * there, np.full(count, 420.0), 20.9, 1.0)
    ppm = air.lag(air.carbon_dioxide(zone, there, 655.0, 1.0, running), 1.0, 10.0)
    columns = (
        air.lag(heat, 1.0, 15.0) + air.jitter(draws[0], count, 0.02),
        air.humidity(zone, there, heat, 41.0, 1.0) + air.jitter(draws[1], count, 0.15),
        ppm + air.jitter(draws[2], count, 2.0),
        air.lag(there, 1.0, 1.5),
        dba + air.jitter(draws[3], count, 0.15)[: len(dba)],
    )
    digits = (2, 1, 0, 0, 1)
    rows = [
        (f"{time_s[index]:.0f}", *(f"{column[index]:.{digit}f}" for column, digit in zip(columns, digits, strict=True)))
        for index in range(min(count, len(dba)))
    ]
    names = ("t_s", "temperature_c", "humidity_percent", "co2_ppm", "people", "sound_pressure_dba")
    return Table(names, rows)


def script() -> Script:
    """The whole recording."""
    room = Room(rt60_s=1.3, tone_db=44.0, hum_db=26.0, self_noise_db=28.0, bed=bed, bed_db=56.0)
    return Script(
        NAME,
        "hall",
        "2024-06-15T15:20:00+02:00",
        SECONDS,
        "Synthetic. A hall by day with twenty people who stroll and talk; at 4:00 somebody screams, and all run for "
        "the exits; nobody comes back",
        SoundTrack("sound.ogg", 48_000, 2, soundings(), room),
        FilmTrack("picture.mp4", 26, film),
        AirTrack("air.csv", readings),
        (
            Truth(
                "crowd_panic", "critical", "one scream, then many; all leave at a run",
                (SCREAM_S, SCREAM_S + 15), (SCREAM_S + 0.6, SCREAM_S + 8), (SCREAM_S, SCREAM_S + 25),
            ),
        ),
    )  # fmt: skip
