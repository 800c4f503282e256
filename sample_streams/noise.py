"""Seeded randomness, coloured noise, slow wandering, and the few filters that the synthesis needs.

Why every stream of random numbers has a name: a sound keeps its samples whatever else a scene holds, and the
first seconds of a recording can be made without the rest.
"""

from __future__ import annotations

import zlib
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]
"""Sound pressure or any other series, float64."""

_signal: Any = import_module("scipy.signal")


def stream(*key: str | int) -> np.random.Generator:
    """Random numbers that belong to `key` and to nothing else.

    Parameters
    ----------
    key : str or int >= 0
        Names of what is drawn: ("break_in_at_night", "glass", 3).

    Returns
    -------
    numpy.random.Generator
        PCG64 (O'Neill 2014, HMC-CS-2014-0905), the same on every machine.
    """
    words = [zlib.crc32(part.encode()) if isinstance(part, str) else part for part in key]
    return np.random.Generator(np.random.PCG64(words))


def white(rng: np.random.Generator, count: int) -> Samples:
    """White Gaussian noise of unit variance, shape (count,)."""
    return rng.standard_normal(count)


def pink(rng: np.random.Generator, count: int, rate_hz: float) -> Samples:
    """Noise whose power falls with 1/f between 10 Hz and half the rate.

    Poles and zeros alternate at equal steps on a logarithmic axis of frequency.

    Parameters
    ----------
    rng : numpy.random.Generator
        Drawn from in order: the first samples do not depend on `count`.
    count : int
        Samples wanted.
    rate_hz : float
        Samples per second.

    Returns
    -------
    ndarray (count,)
        About unit variance.

    References
    ----------
    Corsini & Saletti 1988, "A 1/f^gamma power spectrum noise sequence generator",
    IEEE Trans. Instrum. Meas. 37(4), doi:10.1109/19.9825.
    """
    poles = 10.0 * 4.0 ** np.arange(6)
    poles = poles[poles * 2 < rate_hz / 2]
    analogue = (-2 * np.pi * poles * 2, -2 * np.pi * poles, 1.0)
    zeros, poles_z, gain = _signal.bilinear_zpk(*analogue, rate_hz)
    sections = _signal.zpk2sos(zeros, poles_z, gain)
    lead = int(rate_hz)
    response = np.abs(_signal.sosfreqz(sections, 8192)[1])
    filtered = _signal.sosfilt(sections, rng.standard_normal(count + lead))[lead:]
    return np.asarray(filtered / np.sqrt(np.mean(response**2)), np.float64)


def band(samples: Samples, rate_hz: float, low_hz: float, high_hz: float, order: int = 2) -> Samples:
    """Butterworth band-pass, causal; a bound at or beyond 0 or half the rate is left open.

    Parameters
    ----------
    samples : ndarray (n,) or (n, channels)
        Filtered along the first axis.
    rate_hz, low_hz, high_hz : float
        Rate and the -3 dB bounds.
    order : int
        Of each slope; 2 is 12 dB per octave.

    Returns
    -------
    ndarray, same shape
    """
    if low_hz > 0:
        samples = _signal.sosfilt(slope(order, low_hz, "high", rate_hz), samples, axis=0)
    if high_hz < rate_hz / 2:
        samples = _signal.sosfilt(slope(order, high_hz, "low", rate_hz), samples, axis=0)
    return samples


@cache
def slope(order: int, corner_hz: float, side: str, rate_hz: float) -> NDArray[np.float64]:
    """Second-order sections of a Butterworth "low" or "high" pass."""
    return np.asarray(_signal.butter(order, corner_hz, side, fs=rate_hz, output="sos"), np.float64)


def sections(samples: Samples, rows: NDArray[np.float64]) -> Samples:
    """Run second-order sections (k, 6) one after the other."""
    return np.asarray(_signal.sosfilt(rows, samples), np.float64)


def convolve(samples: Samples, response: Samples) -> Samples:
    """Causal convolution by overlap-add, as long as `samples`."""
    return np.asarray(_signal.oaconvolve(samples, response)[: len(samples)], np.float64)


def upsample(samples: Samples, factor: int) -> Samples:
    """Raise the rate by a whole factor with a linear-phase polyphase filter."""
    return samples if factor == 1 else np.asarray(_signal.resample_poly(samples, factor, 1), np.float64)


def wander(rng: np.random.Generator, count: int, period: float) -> Samples:
    """A smooth random curve of about unit variance that never repeats.

    Parameters
    ----------
    rng : numpy.random.Generator
        Drawn from in order.
    count : int
        Samples wanted.
    period : float > 0
        Samples from one random knot to the next; between them a smoothstep.

    Returns
    -------
    ndarray (count,)
    """
    place = np.arange(count) / period
    knots = rng.standard_normal(int(count / period) + 2) * 1.15
    index = place.astype(np.int64)
    part = place - index
    part = part * part * (3 - 2 * part)
    return np.asarray(knots[index] * (1 - part) + knots[index + 1] * part, np.float64)
