"""Steady and passing sounds of a building: compressors, fans, telephones, cars, wind."""

from __future__ import annotations

import numpy as np

from sample_streams.noise import Samples, band, pink, wander, white

Rng = np.random.Generator


def swell(count: int, rate_hz: float, rise_s: float, fall_s: float) -> Samples:
    """An envelope that comes up within `rise_s` and goes down within `fall_s`; shape (count,)."""
    time_s = np.arange(count) / rate_hz
    left_s = count / rate_hz - time_s
    shape = np.clip(time_s / rise_s, 0, 1) * np.clip(left_s / fall_s, 0, 1)
    return np.asarray(shape * shape * (3 - 2 * shape), np.float64)


def compressor(rng: Rng, rate_hz: float, seconds: float) -> Samples:
    """A refrigerator: harmonics of its motor, which slips a little behind the 50 Hz mains, and a rush of gas.

    Returns
    -------
    ndarray (seconds * rate_hz,)
    """
    count = int(seconds * rate_hz)
    phase = 2 * np.pi * np.cumsum(49.2 + 0.12 * wander(rng, count, 3 * rate_hz)) / rate_hz
    total = 0.15 * band(pink(rng, count, rate_hz), rate_hz, 200, 1500)
    for number, gain in enumerate((0.5, 1.0, 0.25, 0.5, 0.1, 0.22, 0.06, 0.1), start=1):
        breath = 1 + 0.2 * wander(rng, count, 1.7 * rate_hz)
        total += gain * breath * np.sin(number * phase + rng.uniform(0, 6.28))
    return total * swell(count, rate_hz, 1.2, 0.8)


def fan(rng: Rng, rate_hz: float, seconds: float, blade_hz: float = 93.0) -> Samples:
    """Ventilation or a fan heater: broadband flow noise and a weak blade tone; shape (seconds * rate_hz,)."""
    count = int(seconds * rate_hz)
    flow = band(pink(rng, count, rate_hz), rate_hz, 90, 2600) * (1 + 0.1 * wander(rng, count, 0.7 * rate_hz))
    tone = np.sin(2 * np.pi * np.cumsum(blade_hz * (1 + 0.004 * wander(rng, count, 2 * rate_hz))) / rate_hz)
    return (flow + 0.12 * tone) * swell(count, rate_hz, 4.0, 5.0)


def telephone(rng: Rng, rate_hz: float, rings: int) -> Samples:
    """A desk telephone: a two-tone warble, a second on and two off, from a small loudspeaker.

    Returns
    -------
    ndarray (3 * rings * rate_hz,)
    """
    count = int(3.0 * rings * rate_hz)
    time_s = np.arange(count) / rate_hz
    high = np.sin(2 * np.pi * 21.3 * time_s) > 0
    phase = 2 * np.pi * np.cumsum(np.where(high, 1270.0, 1015.0)) / rate_hz
    on = np.clip(((time_s % 3.0) - 0.02) / 0.01, 0, 1) * np.clip((1.02 - (time_s % 3.0)) / 0.03, 0, 1)
    tone = np.sin(phase) + 0.3 * np.sin(2 * phase + 0.4) + 0.15 * np.sin(3 * phase) + 0.01 * white(rng, count)
    return band(tone * on, rate_hz, 500, 5200)


def car(rng: Rng, rate_hz: float, seconds: float) -> Samples:
    """A car passes outside: tyre noise through a wall, loudest and brightest half way; (seconds * rate_hz,).

    Sound of a moving source: level falls with distance squared, d^2 = d0^2 + (v t)^2; walls pass the lows.
    """
    count = int(seconds * rate_hz)
    away = (np.arange(count) / rate_hz - seconds / 2) / (seconds / 7)
    near = 1 / (1 + away * away)
    noise = pink(rng, count, rate_hz)
    lows, mids = band(noise, rate_hz, 35, 180), band(noise, rate_hz, 180, 700)
    engine = np.sin(2 * np.pi * np.cumsum(62 - 3 * np.tanh(away) + wander(rng, count, rate_hz)) / rate_hz)
    return (lows + 0.5 * mids * near + 0.15 * engine) * near * swell(count, rate_hz, 1.5, 1.5)


def thump(rng: Rng, rate_hz: float) -> Samples:
    """Something far away in the house, only its lows arrive; shape (0.8 * rate_hz,)."""
    count = int(0.8 * rate_hz)
    decay = np.exp(-np.arange(count) / rate_hz / rng.uniform(0.05, 0.12))
    return band(white(rng, count), rate_hz, 40, 170) * decay


def murmur(rng: Rng, rate_hz: float, count: int) -> Samples:
    """Speech of many people too far to be told apart: speech-shaped noise in three bands that breathe apart.

    The long-term spectrum of speech falls by about 9 dB an octave above 500 Hz (Byrne et al. 1994,
    doi:10.1121/1.410152); its envelope moves at 2-6 Hz.

    Returns
    -------
    ndarray (count,)
    """
    total, draws = np.zeros(count), rng.spawn(9)
    for low, high, gain in ((130, 500, 1.0), (500, 1500, 0.6), (1500, 4500, 0.22)):
        fast, slow = wander(draws.pop(), count, 0.13 * rate_hz), wander(draws.pop(), count, 2.9 * rate_hz)
        noise = band(white(draws.pop(), count), rate_hz, low, high)
        total += gain * np.exp(0.35 * fast + 0.3 * slow) * noise * (500 / (high - low)) ** 0.5
    return total
