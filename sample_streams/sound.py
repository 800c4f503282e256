"""The microphone: sounds of a scene at their levels and places, the room's echo, room tone, 16-bit samples.

1. every sound is made alone, from its own random numbers, and set to its level;
2. it reaches each channel by the direct way and through the room's impulse response;
3. room tone, hum and the microphone's own noise never stop;
4. a soft limiter and a dithered 16-bit converter.

Levels are dB re 20 uPa; the loudest sine that the converter holds has 100 dB.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_streams.noise import Samples, band, convolve, pink, stream, wander, white

FULL_SCALE_DB = 103.0
"""Sound pressure level of a signal with an RMS of 1 in digital full scale."""

Voice = Callable[[np.random.Generator, float], Samples]
"""Makes one sound from its own random numbers at a rate."""


@dataclass(frozen=True, slots=True)
class Sounding:
    """One sound of a scene.

    Attributes
    ----------
    at_s : float
        Its start in the recording.
    level_db : float
        Level of its loudest 50 ms at the microphone, dB re 20 uPa.
    make : callable
        (rng, rate_hz) -> samples.
    pan : float
        -1 left to 1 right.
    far : float
        0 beside the microphone to 1 far off: how much of it comes by way of the room.
    """

    at_s: float
    level_db: float
    make: Voice
    pan: float = 0.0
    far: float = 0.5


@dataclass(frozen=True, slots=True)
class Room:
    """What is always heard: levels in dB re 20 uPa, reverberation time in seconds."""

    rt60_s: float
    tone_db: float
    hum_db: float
    self_noise_db: float
    bed: Callable[[np.random.Generator, float, int], Samples] | None = None
    bed_db: float = 0.0


def impulse_response(rng: np.random.Generator, rate_hz: float, rt60_s: float) -> Samples:
    """Late reverberation of a room, without the direct sound.

    Noise that decays exponentially (Schroeder 1962; Moorer 1979, "About this reverberation business", CMJ 3(2),
    doi:10.2307/3680280), above 2 kHz twice as fast as below, since air and cloth take the highs.

    Parameters
    ----------
    rng : numpy.random.Generator
        One for each channel: late reverberation is diffuse.
    rate_hz : float
        Samples per second.
    rt60_s : float
        Time to fall by 60 dB (Sabine).

    Returns
    -------
    ndarray (rt60_s * rate_hz,)
        Energy 1, after a pre-delay of 9 ms.
    """
    time_s = np.arange(int(rt60_s * rate_hz)) / rate_hz
    noise = white(rng, len(time_s))
    lows = band(noise, rate_hz, 60, 2000, 1) * 10 ** (-3 * time_s / rt60_s)
    highs = band(noise, rate_hz, 2000, rate_hz, 1) * 10 ** (-6 * time_s / rt60_s)
    response = (lows + highs) * (time_s > 0.009)
    return np.asarray(response / np.sqrt(np.sum(response**2)), np.float64)


def gain_of(level_db: float) -> float:
    """RMS in digital full scale of a sound of this level."""
    return float(10 ** ((level_db - FULL_SCALE_DB) / 20))


def loudest(samples: Samples, rate_hz: float) -> float:
    """Largest RMS of any 50 ms."""
    size = min(len(samples), int(0.05 * rate_hz))
    power = np.cumsum(np.concatenate([[0.0], samples**2]))
    return float(np.sqrt(np.max(power[size:] - power[:-size]) / size))


def record(
    name: str, soundings: list[Sounding], room: Room, rate_hz: float, channels: int, seconds: float
) -> NDArray[np.int16]:
    """What the microphone writes down.

    Parameters
    ----------
    name : str
        Of the recording: its random numbers hang on it.
    soundings : list of Sounding
        Keep their order: a sound's random numbers hang on its index.
    room : Room
        Where they sound.
    rate_hz, channels : float, int
        Of the recording.
    seconds : float
        How much of it; the beginning does not depend on it.

    Returns
    -------
    ndarray (seconds * rate_hz, channels) int16
    """
    count = round(seconds * rate_hz)
    dry, wet = np.zeros((count, channels)), np.zeros(count)
    for index, sounding in enumerate(soundings):
        if sounding.at_s < seconds:
            part = sounding.make(stream(name, "sound", index), rate_hz)
            part = part * (gain_of(sounding.level_db) / max(1e-9, loudest(part, rate_hz)))
            start = round(sounding.at_s * rate_hz)
            stop = min(count, start + len(part))
            sides = [np.sqrt(1 - sounding.pan), np.sqrt(1 + sounding.pan)] if channels == 2 else [1.0]
            dry[start:stop] += np.outer(part[: stop - start] * (1 - 0.75 * sounding.far), sides)
            wet[start:stop] += part[: stop - start] * (0.15 + 0.75 * sounding.far)
    columns = [
        dry[:, side]
        + convolve(wet, impulse_response(stream(name, "room", side), rate_hz, room.rt60_s))
        + always(name, side, room, rate_hz, count)
        for side in range(channels)
    ]
    return quantise(np.stack(columns, axis=1), stream(name, "dither"))


def always(name: str, side: int, room: Room, rate_hz: float, count: int) -> Samples:
    """Room tone, mains hum, the bed of the room and the microphone's own noise; shape (count,)."""
    draws = [stream(name, "always", side, part) for part in range(6)]
    tone = band(pink(draws[0], count, rate_hz), rate_hz, 28, 900, 1) * np.exp(
        0.12 * wander(draws[1], count, 9 * rate_hz)
    )
    phase = 2 * np.pi * np.cumsum(50 + 0.015 * wander(draws[2], count, 8 * rate_hz)) / rate_hz
    hum = np.sin(phase) + 0.6 * np.sin(2 * phase + 1) + 0.25 * np.sin(3 * phase) + 0.15 * np.sin(6 * phase + 2)
    total = gain_of(room.tone_db) * 2.0 * tone + gain_of(room.hum_db) * hum
    total += gain_of(room.self_noise_db) * white(draws[3], count)
    if room.bed is not None:
        total += gain_of(room.bed_db) * room.bed(draws[4], rate_hz, count)
    return total


def quantise(samples: Samples, rng: np.random.Generator) -> NDArray[np.int16]:
    """Limit softly above 0.6 of full scale, add triangular dither of one step, round to 16 bits."""
    over = np.abs(samples) - 0.6
    limited = np.where(over > 0, np.sign(samples) * (0.6 + 0.38 * np.tanh(over / 0.38)), samples)
    draws = rng.random((*samples.shape, 2))
    dither = draws[..., 0] - draws[..., 1]
    return np.round(limited * 32767 + dither).astype(np.int16)


def level_dba(pcm: NDArray[np.int16], rate_hz: float) -> Samples:
    """A-weighted sound pressure level of every whole second (LAeq,1s), as a sound level meter shows it.

    The weighting's poles at 20.6, 107.7, 737.9 and 12194 Hz (IEC 61672-1) as first-order high- and low-passes.

    Parameters
    ----------
    pcm : ndarray (n, channels) int16
        The recording; its first channel is measured.
    rate_hz : float
        Samples per second.

    Returns
    -------
    ndarray (whole seconds,)
        dB re 20 uPa.
    """
    samples = pcm[:, 0] / 32767.0
    for corner in (20.6, 20.6, 107.7, 737.9):
        samples = band(samples, rate_hz, corner, rate_hz, 1)
    for _ in range(2):
        samples = band(samples, rate_hz, 0, min(12194.0, 0.45 * rate_hz), 1)
    whole = len(samples) // round(rate_hz)
    power = np.mean(samples[: whole * round(rate_hz)].reshape(whole, -1) ** 2, axis=1)
    return np.asarray(10 * np.log10(power + 1e-12) + FULL_SCALE_DB + 2.0, np.float64)
