"""Alarms and sirens by formula, and tones that are neither.

Temporal patterns three and four: ISO 8201 and ANSI/NFPA 72 (0.5 s on, 0.5 s off, three times, 1.5 s pause; for
carbon monoxide 0.1 s on and off, four times, 5 s pause), near 3.1 kHz or 520 Hz. Sirens: wail, yelp, two-tone and
piercer as in SAE J1849 and DIN 14610.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sensors.audio.training.effects import RATE_HZ, Random, Samples

Floats = NDArray[np.float64]


def alarm(random: Random, seconds: float = 4.0) -> Samples:
    """A smoke or gas alarm, an alarm clock, a buzzer, an alarm bell."""
    times = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    kind = random.choice(["t3", "t4", "beeps", "beeps", "two", "whoop", "buzzer", "bell", "chirp"])
    pitch_hz = float(random.choice([random.uniform(2700, 3600), random.uniform(480, 1100), random.uniform(1500, 2600)]))
    if kind in ("t3", "t4", "beeps", "chirp"):
        pattern = {
            "t3": [0.5, 0.5, 0.5, 0.5, 0.5, 1.5],
            "t4": [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 5.0],
            "chirp": [random.uniform(0.03, 0.1), random.uniform(1.0, 3.0)],
            "beeps": _beeps(random),
        }[kind]
        stretch = random.uniform(0.9, 1.1)
        pattern = [part * stretch for part in pattern]
        gate = _gate(times + random.uniform(0, 2), pattern)
        gate = gate if gate.any() else _gate(times, pattern)
        return _tone(np.full(len(times), pitch_hz), random) * gate
    if kind == "bell":
        return _bell(times, random)
    if kind == "buzzer":
        gate = _gate(times, [random.uniform(0.3, 1.0), random.uniform(0.0, 0.5)])
        return _tone(np.full(len(times), random.uniform(90, 480)), random, harmonics=12) * gate
    period_s = random.uniform(0.2, 1.2)
    phase = (times / period_s + random.random()) % 1
    other = pitch_hz * random.uniform(1.15, 1.6)
    low, high = min(pitch_hz, other), max(pitch_hz, other)
    track = np.where(phase < 0.5, low, high) if kind == "two" else low * (high / low) ** phase
    return _tone(track, random)


def siren(random: Random, seconds: float = 4.0) -> Samples:
    """An emergency vehicle's or an air-raid siren, now and then passing by."""
    times = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    kind = random.choice(["wail", "wail", "yelp", "two", "piercer", "air"])
    start = random.random()
    if kind == "two":
        low = random.uniform(360, 700)
        phase = (times / random.uniform(0.8, 1.6) + start) % 1
        track = np.where(phase < 0.5, low, low * random.uniform(1.2, 1.45))
    else:
        period_s = {
            "wail": random.uniform(2, 8),
            "yelp": random.uniform(0.25, 0.6),
            "piercer": random.uniform(0.06, 0.15),
        }
        phase = (times / period_s.get(str(kind), random.uniform(6, 20)) + start) % 1
        rise = random.uniform(0.3, 0.7) if kind != "piercer" else 0.95
        wave = np.where(phase < rise, phase / rise, (1 - phase) / (1 - rise))
        low = random.uniform(300, 800)
        track = low * (random.uniform(1.6, 2.6) ** wave)
    if random.random() < 0.3:
        speed = random.uniform(-25, 25)
        place = (times - random.uniform(0, seconds)) * abs(speed)
        track = track * (1 - np.sign(speed) * np.tanh(place / 15) * abs(speed) / 343)
    return _tone(track, random, harmonics=int(random.integers(2, 9)))


def tone(random: Random, seconds: float = 4.0) -> Samples:
    """Something tonal that is no alarm: a hum, a whistle, a chord, keys being pressed on a telephone."""
    times = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    kind = random.choice(["hum", "whistle", "chord", "keys"])
    if kind == "hum":
        return _tone(np.full(len(times), float(random.choice([50, 60, 100, 120]))), random, harmonics=8)
    if kind == "keys":
        rows, columns = (697, 770, 852, 941), (1209, 1336, 1477)
        out = np.zeros(len(times), np.float32)
        for begin in np.arange(0, seconds, random.uniform(0.2, 0.5)):
            inside = (times >= begin) & (times < begin + random.uniform(0.08, 0.18))
            pair = np.sin(2 * np.pi * random.choice(rows) * times) + np.sin(2 * np.pi * random.choice(columns) * times)
            out[inside] += pair[inside].astype(np.float32)
        return out
    notes = 1 if kind == "whistle" else int(random.integers(2, 5))
    out = np.zeros(len(times), np.float32)
    for _ in range(notes):
        drift = np.interp(times, np.linspace(0, seconds, 8), random.normal(0, 0.03 if notes == 1 else 0.001, 8))
        out += _tone(random.uniform(200, 2200) * np.exp(drift), random, harmonics=int(random.integers(1, 6)))
    return out * np.interp(times, [0, 0.05, seconds], [0, 1, random.uniform(0.1, 1)]).astype(np.float32)


def _beeps(random: Random) -> list[float]:
    on, off, count = random.uniform(0.04, 0.4), random.uniform(0.04, 0.4), int(random.integers(1, 6))
    return [on, off] * (count - 1) + [on, random.uniform(0.1, 1.2)]


def _gate(times: Floats, pattern: list[float]) -> Samples:
    edges = np.concatenate([[0.0], np.cumsum(pattern)])
    place = np.searchsorted(edges, times % edges[-1], side="right") - 1
    gate = (place % 2 == 0).astype(np.float32)
    return np.convolve(gate, np.ones(48, np.float32) / 48, mode="same").astype(np.float32)


def _tone(track_hz: Floats, random: Random, harmonics: int | None = None) -> Samples:
    """A tone along a track of frequencies, with weaker and weaker harmonics, below 8 kHz."""
    count = int(random.integers(1, 6)) if harmonics is None else harmonics
    turn = 2 * np.pi * np.cumsum(track_hz) / RATE_HZ
    fall = random.uniform(0.5, 2.0)
    odd = random.random() < 0.4
    out = np.zeros(len(track_hz))
    for number in range(1, count + 1):
        if odd and number % 2 == 0:
            continue
        weight = np.where(track_hz * number < 7600, number**-fall, 0.0)
        out += weight * np.sin(number * turn + random.uniform(0, 6))
    return np.asarray(out / (np.abs(out).max() or 1.0), np.float32)


def _bell(times: Floats, random: Random) -> Samples:
    """A clapper on a gong 8 to 25 times a second: inharmonic partials that ring on."""
    strikes_hz = random.uniform(8, 25)
    since = (times % (1 / strikes_hz)) * np.exp(random.normal(0, 0.02))
    base = random.uniform(500, 2200)
    ratios = np.array([1.0, 1.51, 2.02, 2.74, 3.41, 4.3]) * random.uniform(0.97, 1.03, 6)
    out = np.zeros(len(times))
    for ratio in ratios[base * ratios < 7600]:
        out += (
            random.uniform(0.2, 1) * np.sin(2 * np.pi * base * ratio * times) * np.exp(-since * random.uniform(5, 40))
        )
    return np.asarray(out / (np.abs(out).max() or 1.0), np.float32)
