"""Sounds that nobody has named: blows, blasts, voices, motors and drops by formula.

They carry no label. What they are is for the teachers to say; they fill the room between the few recordings with
sounds of the same nature (modal synthesis: van den Doel & Pai 1998, doi:10.1162/105474698565794; source and filter:
Fant 1960).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sensors.audio.training.effects import RATE_HZ, Random, Samples

Floats = NDArray[np.float64]


def texture(random: Random) -> Samples:
    """One sound of 0.2 to 4 s, its largest magnitude 1."""
    makers = (shatter, blow, blast, voice, voice, motor, drops)
    sound = makers[int(random.integers(len(makers)))](random)
    return np.asarray(sound / (np.abs(sound).max() or 1.0), np.float32)


def shatter(random: Random) -> Floats:
    """A crash, and then many splinters of high pitch that grow rarer."""
    count = int(random.integers(20, 150))
    crash_s = random.uniform(0.02, 0.25)
    times = np.arange(int(5 * crash_s * RATE_HZ)) / RATE_HZ
    out = _coloured(len(times), random.uniform(-0.2, 0.3), random) * np.exp(-times / crash_s) * random.uniform(0.2, 1.0)
    for time_s in np.sort(random.exponential(random.uniform(0.05, 0.4), count)):
        piece = _modes(random, float(np.exp(random.uniform(np.log(0.004), np.log(0.09)))), random.uniform(2000, 7000))
        out = _add(out, piece * random.exponential(0.3), float(time_s))
    return out


def blow(random: Random) -> Floats:
    """Something hard is struck, once or several times: partials that die away, and the noise of the contact."""
    decay_s = float(np.exp(random.uniform(np.log(0.01), np.log(1.2))))
    body = _modes(random, decay_s, float(np.exp(random.uniform(np.log(80), np.log(3000)))))
    hits = int(random.choice([1, 1, 1, 2, 3, 6]))
    return _scatter(body, np.cumsum(random.uniform(0.08, 0.7, hits)) - 0.08, random)


def blast(random: Random) -> Floats:
    """A front of pressure and the noise behind it, low or high, dry or rolling, single or in bursts."""
    decay_s = float(np.exp(random.uniform(np.log(0.01), np.log(1.2))))
    times = np.arange(int(min(6 * decay_s + 0.05, 3.0) * RATE_HZ)) / RATE_HZ
    noise = _coloured(len(times), random.uniform(0.0, 1.6), random)
    rumble = 1 + random.uniform(0, 0.8) * np.sin(2 * np.pi * random.uniform(2, 12) * times)
    body = noise * np.exp(-times / decay_s) * rumble
    front = int(random.uniform(0.0005, 0.006) * RATE_HZ)
    body[:front] += np.linspace(1, -1, front) * random.uniform(0, 4) * np.abs(body).max()
    shots = int(random.choice([1, 1, 1, 2, 5, 12]))
    return _scatter(body, np.arange(shots, dtype=np.float64) * random.uniform(0.07, 0.5), random)


def voice(random: Random) -> Floats:
    """A throat that calls, cries, laughs or screams: pulses of a wandering pitch through resonances."""
    length = int(random.uniform(0.3, 3.0) * RATE_HZ)
    base = float(np.exp(random.uniform(np.log(90), np.log(1400))))
    knots = int(random.integers(3, 9))
    bend = np.interp(
        np.arange(length), np.linspace(0, length, knots), random.normal(0, random.uniform(0.05, 0.4), knots)
    )
    rough = random.uniform(0, 0.08) * random.standard_normal(length).cumsum() / 30
    pitch = np.clip(base * np.exp(bend + rough * (random.random() < 0.4)), 60, 3000)
    phase = np.cumsum(pitch) / RATE_HZ
    pulses = (1 - (phase % 1)) ** random.uniform(1, 6) - 0.3
    breath = random.standard_normal(length) * random.uniform(0.0, 0.5)
    spectrum = np.fft.rfft(pulses + breath)
    hertz = np.fft.rfftfreq(length, 1 / RATE_HZ)
    stretch = random.uniform(0.8, 1.5)
    gain = np.full(len(hertz), 0.05)
    for centre in np.array([600, 1500, 2700, 3800]) * stretch * random.uniform(0.7, 1.3, 4):
        gain += random.uniform(0.2, 1.0) / (1 + ((hertz - centre) / random.uniform(60, 250)) ** 2)
    sound = np.fft.irfft(spectrum * gain, length)
    calls = random.uniform(0.5, 6.0)
    cut = np.clip(np.sin(2 * np.pi * calls * np.arange(length) / RATE_HZ) + random.uniform(-0.2, 1.5), 0, 1)
    return np.asarray(sound * cut)


def motor(random: Random) -> Floats:
    """Something that turns: harmonics of its speed, noise in its rhythm, faster and slower."""
    length = int(random.uniform(1.0, 4.0) * RATE_HZ)
    speed = random.uniform(12, 200) * np.interp(
        np.arange(length), np.linspace(0, length, 5), random.uniform(0.7, 1.4, 5)
    )
    phase = np.cumsum(speed) / RATE_HZ
    out = np.zeros(length)
    for number in range(1, int(random.integers(4, 40))):
        out += random.uniform(0, 1) / number**0.7 * np.sin(2 * np.pi * number * phase + random.uniform(0, 6))
    noise = _coloured(length, random.uniform(0, 1), random)
    return np.asarray(out + noise * (1 + np.sin(2 * np.pi * phase)) * random.uniform(0.1, 4))


def drops(random: Random) -> Floats:
    """Many little clicks: rain, fire, typing, applause."""
    length = int(random.uniform(1.0, 4.0) * RATE_HZ)
    rate = float(np.exp(random.uniform(np.log(4), np.log(800))))
    clicks = (random.random(length) < rate / RATE_HZ) * random.exponential(1.0, length)
    grain = _modes(random, random.uniform(0.004, 0.06), random.uniform(300, 5000))
    return np.asarray(np.convolve(clicks, grain[:1500])[:length])


def _modes(random: Random, decay_s: float, base_hz: float) -> Floats:
    times = np.arange(int(min(4 * decay_s + 0.01, 2.5) * RATE_HZ)) / RATE_HZ
    count = int(random.integers(3, 25))
    pitches = base_hz * np.cumsum(np.concatenate([[1.0], random.uniform(0.1, 0.9, count - 1)]))
    pitches = pitches[pitches < 7800]
    out = random.standard_normal(len(times)) * np.exp(-times / random.uniform(0.002, 0.02)) * random.uniform(0, 4)
    for pitch in pitches:
        own_s = decay_s * (base_hz / pitch) ** random.uniform(0, 1)
        out += random.uniform(0, 1) * np.sin(2 * np.pi * pitch * times + random.uniform(0, 6)) * np.exp(-times / own_s)
    return out


def _coloured(count: int, slope: float, random: Random) -> Floats:
    spectrum = np.fft.rfft(random.standard_normal(count))
    noise = np.fft.irfft(spectrum * np.maximum(np.arange(len(spectrum)), 4.0) ** -slope, count)
    return np.asarray(noise / (noise.std() or 1.0))


def _scatter(body: Floats, times: Floats, random: Random) -> Floats:
    out = np.zeros(0)
    for time_s in times:
        out = _add(out, body * random.uniform(0.3, 1.0), float(time_s))
    return out


def _add(out: Floats, piece: Floats, time_s: float) -> Floats:
    begin = int(time_s * RATE_HZ)
    longer = np.zeros(max(len(out), begin + len(piece)))
    longer[: len(out)] = out
    longer[begin : begin + len(piece)] += piece
    return longer[: 4 * RATE_HZ]
