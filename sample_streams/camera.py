"""What a camera makes of light: shot noise, read noise, fixed pattern, 12-bit converter, tone curve, YUV.

Noise follows the linear model of EMVA Standard 1288 (release 4.0, 2021): variance = K * signal + read noise, with
a photo response and a dark signal that differ from pixel to pixel and stay. The tone curve is that of ITU-R BT.709,
the colours those of BT.601 in limited range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_streams.noise import stream

Array = NDArray[np.float64]
Frame = NDArray[np.uint8]
"""Planar YUV 4:2:0, shape (3 h / 2, w): Y, then U and V."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """An image sensor and its gain.

    Attributes
    ----------
    gain : float
        Display signal per unit of radiance.
    shot : float
        Variance of shot noise at full signal, as a share of full scale squared; grows with gain.
    read : float
        Standard deviation of read noise, share of full scale.
    fixed : float
        Pixel to pixel differences: of the response, and a tenth of it in the dark.
    colour : bool
        False for an infrared night picture: no chroma.
    """

    gain: float
    shot: float
    read: float
    fixed: float = 0.01
    colour: bool = True


def tone_curve() -> NDArray[np.float64]:
    """BT.709 opto-electronic transfer of a 12-bit value: (4096,) in [0, 1]."""
    linear = np.arange(4096) / 4095
    return np.where(linear < 0.018, 4.5 * linear, 1.099 * np.maximum(linear, 1e-9) ** 0.45 - 0.099)


_TONE = tone_curve()


def fixed_pattern(name: str, sensor: Sensor, shape: tuple[int, int]) -> tuple[Array, Array]:
    """Response and dark signal of each pixel, both (h, w)."""
    rng = stream(name, "fixed pattern")
    return 1 + sensor.fixed * rng.standard_normal(shape), 0.1 * sensor.fixed * rng.standard_normal(shape)


def expose(radiance: Array, sensor: Sensor, pattern: tuple[Array, Array], rng: np.random.Generator) -> Frame:
    """One frame.

    Parameters
    ----------
    radiance : ndarray (h, w, 3)
        Light from the scene, linear, h and w even.
    sensor : Sensor
    pattern : pair of ndarray (h, w)
        From `fixed_pattern`.
    rng : numpy.random.Generator
        Of this frame alone.

    Returns
    -------
    ndarray (3 h / 2, w) uint8

    Notes
    -----
    Noise is the same in all three colours, as after the chroma filter of a surveillance camera.
    """
    signal = np.clip(radiance * (sensor.gain * pattern[0])[..., None], 0, 1.0)
    bright = luminance(signal)
    noise = rng.standard_normal(bright.shape) * np.sqrt(sensor.shot * bright + sensor.read**2) + pattern[1]
    digital = np.clip(np.round((signal + noise[..., None]) * 4095), 0, 4095).astype(np.int64)
    colours = _TONE[digital]
    luma = luminance(colours)
    height, width = luma.shape
    frame = np.full((height * 3 // 2, width), 128, np.uint8)
    frame[:height] = np.clip(np.round(16 + 219 * luma), 16, 235).astype(np.uint8)
    if sensor.colour:
        blueness, redness = quarter(0.564 * (colours[..., 2] - luma)), quarter(0.713 * (colours[..., 0] - luma))
        chroma = np.concatenate([blueness.ravel(), redness.ravel()])
        frame[height:] = np.clip(np.round(128 + 224 * chroma), 16, 240).astype(np.uint8).reshape(-1, width)
    return frame


def luminance(colours: Array) -> Array:
    """Weighted sum over the last axis (BT.601)."""
    return np.asarray(0.299 * colours[..., 0] + 0.587 * colours[..., 1] + 0.114 * colours[..., 2], np.float64)


def quarter(plane: Array) -> Array:
    """Mean of every 2 x 2 pixels."""
    height, width = plane.shape
    return np.asarray(plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)), np.float64)
