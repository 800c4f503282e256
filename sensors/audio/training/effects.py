"""What happens to a sound between its cause and its recording."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft  # type: ignore[import-untyped]

RATE_HZ = 16_000

Samples = NDArray[np.float32]
Random = np.random.Generator


def change_speed(samples: Samples, random: Random, spread: float = 0.25) -> Samples:
    """Play faster or slower, pitch and all, by up to about e^spread."""
    factor = float(np.exp(np.clip(random.normal(0, spread / 2), -spread, spread)))
    count = max(int(len(samples) / factor), 16)
    places = np.linspace(0, len(samples) - 1, count)
    return np.interp(places, np.arange(len(samples)), samples).astype(np.float32)


def convolve(samples: Samples, response: Samples | None, shape: NDArray[np.float64] | None, length: int) -> Samples:
    """Apply a room's response and a frequency response in one transform.

    Parameters
    ----------
    samples : ndarray (n,)
        The sound.
    response : ndarray (m,), optional
        Impulse response.
    shape : ndarray (k,), optional
        Gains at k equally spaced frequencies from 0 to 8 kHz.
    length : int
        Samples to return.
    """
    size = fft.next_fast_len(len(samples) + (len(response) if response is not None else 512), real=True)
    spectrum = fft.rfft(samples, size)
    if response is not None:
        spectrum = spectrum * fft.rfft(response, size)
    if shape is not None:
        bins = np.linspace(0, len(shape) - 1, len(spectrum), dtype=np.float32)
        spectrum = spectrum * np.interp(bins, np.arange(len(shape)), shape).astype(np.float32)
    out = fft.irfft(spectrum, size)[:length]
    return np.pad(out, (0, max(0, length - len(out)))).astype(np.float32)


def room(random: Random) -> Samples:
    """Impulse response of a room: direct sound, a few early reflections, a decaying diffuse tail.

    The tail is Gaussian noise under an exponential envelope (Moorer 1979, doi:10.2307/3680280), reverberation time
    0.1 to 1.5 s, darker the later, 0 to 25 dB below the direct sound in energy.
    """
    decay_s = float(np.exp(random.uniform(np.log(0.1), np.log(1.5))))
    length = int(min(decay_s, 1.0) * RATE_HZ)
    times = np.arange(length) / RATE_HZ
    tail = random.standard_normal(length) * 10 ** (-3 * times / decay_s)
    dark = 0.5 * tail + 0.5 * np.concatenate([[0.0], tail[:-1]])
    mix = np.clip(times / decay_s, 0, 1)
    tail = (1 - mix) * tail + mix * dark
    tail[: int(0.002 * RATE_HZ)] = 0
    for _ in range(int(random.integers(0, 7))):
        tail[int(random.integers(16, 800)) % length] += random.choice([-1, 1]) * random.uniform(2, 12)
    tail *= 10 ** (-random.uniform(0, 25) / 20) / max(float(np.sqrt((tail**2).sum())), 1e-9)
    tail[0] = 1.0
    return tail.astype(np.float32)


def repeat(samples: Samples, random: Random) -> Samples:
    """The same again, two to eight times in a steady beat, each time a little fainter or louder: a burst."""
    every = int(random.uniform(0.06, 0.5) * RATE_HZ)
    count = int(random.integers(2, 9))
    out = np.zeros(every * (count - 1) + len(samples), np.float32)
    for number in range(count):
        out[number * every : number * every + len(samples)] += samples * np.float32(random.uniform(0.6, 1.0))
    return out


def distance(samples: Samples, random: Random) -> Samples:
    """From far away, out of doors: dull, and thrown back late by walls and hills."""
    response = np.zeros(int(random.uniform(0.3, 2.0) * RATE_HZ), np.float32)
    response[0] = 1.0
    for _ in range(int(random.integers(2, 9))):
        at = int(random.uniform(0.02, 1.0) ** 1.5 * (len(response) - 400))
        width = int(random.uniform(10, 400))
        response[at : at + width] += (random.standard_normal(width) * random.uniform(0.05, 0.5) / width**0.5).astype(
            np.float32
        )
    points = np.linspace(0, 8000, 65)
    corner_hz = float(np.exp(random.uniform(np.log(500), np.log(6000))))
    shape = 1 / np.sqrt(1 + (points / corner_hz) ** 2)
    return convolve(samples, response, shape, len(samples) + len(response))


def microphone(random: Random) -> NDArray[np.float64]:
    """Frequency response of a cheap microphone in a housing, and sometimes of a narrow line: gains at 65 points."""
    points = np.linspace(0, 8000, 65)
    knots = np.array([0, 150, 400, 1000, 2500, 4500, 6500, 8000.0])
    gain_db = np.interp(points, knots, random.normal(0, 4, len(knots)))
    low_hz = float(np.exp(random.uniform(np.log(20), np.log(400))))
    gain_db -= 10 * np.log10(1 + (low_hz / np.maximum(points, 1.0)) ** 4)
    if random.random() < 0.35:
        high_hz = random.uniform(2800, 7500)
        gain_db -= 10 * np.log10(1 + (points / high_hz) ** 12)
    return np.asarray(10 ** (gain_db / 20))


def record(samples: Samples, random: Random) -> Samples:
    """Gain, a noise floor, now and then clipping or a telephone's 8 bits, then 16 bits."""
    peak = float(np.abs(samples).max()) or 1.0
    level_db = random.uniform(-40, 0) if random.random() < 0.93 else random.uniform(0, 12)
    out = samples * (10 ** (level_db / 20) / peak)
    out = out + random.standard_normal(len(out)) * 10 ** (random.uniform(-95, -55) / 20)
    out = np.clip(out, -1, 1)
    if random.random() < 0.06:
        squeezed = np.sign(out) * np.log1p(255 * np.abs(out)) / np.log(256)
        squeezed = np.round(squeezed * 127) / 127
        out = np.sign(squeezed) * (256 ** np.abs(squeezed) - 1) / 255
    return (np.round(out * 32767) / 32768).astype(np.float32)


def coloured_noise(count: int, random: Random) -> Samples:
    """Noise whose power falls by 0 to 8 dB an octave, slowly swelling."""
    spectrum = np.fft.rfft(random.standard_normal(count))
    slope = random.uniform(0, 1.35)
    spectrum *= np.maximum(np.arange(len(spectrum)), 8.0) ** -slope
    noise = np.fft.irfft(spectrum, count)
    swell = np.interp(np.arange(count), np.linspace(0, count, 6), random.uniform(0.5, 1.5, 6))
    return np.asarray(noise * swell / (np.abs(noise).max() or 1.0), np.float32)
