"""Log-mel spectra in plain numpy: periodic Hann window, real FFT, Slaney's mel bands.

Why not librosa: its first window costs 20 s and 300 MB; `tests/oracle/test_mel.py` holds this one equal to it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Floats = NDArray[np.float64]

KNEE_HZ = 1000.0
"""Below, Slaney's mel scale is linear; above, logarithmic."""

LINEAR_HZ = 200.0 / 3
"""Width of a mel below the knee."""

LOG_STEP = np.log(6.4) / 27
"""Natural logarithm of the frequency ratio of a mel above the knee."""

FLOOR = 1e-10
"""Smallest power that is told apart from none, -100 dB."""


def mel_to_hz(mel: Floats) -> Floats:
    """Frequency of a point on Slaney's mel scale.

    Parameters
    ----------
    mel : ndarray (n,)
        Mels >= 0; 15 mels are 1 kHz.

    Returns
    -------
    ndarray (n,)
        Frequencies, Hz.

    References
    ----------
    Slaney, M. (1998). Auditory Toolbox, version 2. Interval Research Corporation, Technical Report 1998-010.
    """
    knee = KNEE_HZ / LINEAR_HZ
    return np.where(mel < knee, mel * LINEAR_HZ, KNEE_HZ * np.exp(LOG_STEP * (mel - knee)))


def band_edges_hz(rate_hz: float, bands: int) -> Floats:
    """Lower edges, centres and upper edges of mel bands that fill 0 .. `rate_hz` / 2.

    Parameters
    ----------
    rate_hz : float
        Samples per second.
    bands : int
        Number of bands, > 0.

    Returns
    -------
    ndarray (bands + 2,)
        Band b runs from element b over its centre b + 1 to b + 2, Hz.
    """
    top_hz = rate_hz / 2
    knee = KNEE_HZ / LINEAR_HZ
    top_mel = knee + np.log(top_hz / KNEE_HZ) / LOG_STEP if top_hz > KNEE_HZ else top_hz / LINEAR_HZ
    return mel_to_hz(np.linspace(0.0, float(top_mel), bands + 2))


def mel_bank(rate_hz: float, fft: int, bands: int) -> Floats:
    """Triangular filters of equal area.

    Parameters
    ----------
    rate_hz : float
        Samples per second.
    fft : int
        Length of the transform, even.
    bands : int
        Number of bands.

    Returns
    -------
    ndarray (fft // 2 + 1, bands)
        Weights >= 0; each column's area over frequency in Hz is 1 up to the width of a bin.
    """
    edges = band_edges_hz(rate_hz, bands)
    bins = np.arange(fft // 2 + 1)[:, None] * (rate_hz / fft)
    rising = (bins - edges[None, :-2]) / np.diff(edges)[None, :-1]
    falling = (edges[None, 2:] - bins) / np.diff(edges)[None, 1:]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    weights: Floats = triangles * (2.0 / (edges[2:] - edges[:-2]))[None, :]
    return weights


class MelSpectrum:
    """Power in mel bands of a run of overlapping frames.

    Parameters
    ----------
    rate_hz : float
        Samples per second.
    fft : int
        Samples per frame.
    hop : int
        Samples between the starts of frames.
    bands : int
        Number of bands.
    dtype : dtype
        Precision of window, transform and bank: float64, or float32 at half the price and 1e-6 of error.
    """

    def __init__(
        self, rate_hz: float = 16_000.0, *, fft: int = 512, hop: int = 160, bands: int = 64,
        dtype: DTypeLike = np.float64,
    ) -> None:  # fmt: skip
        self.fft, self.hop, self.bands = fft, hop, bands
        self.edges_hz = band_edges_hz(rate_hz, bands)
        self._bank = mel_bank(rate_hz, fft, bands).astype(dtype)
        self._window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(fft) / fft)).astype(dtype)

    def power(self, samples: NDArray[np.float32]) -> NDArray[Any]:
        """Mel power of every whole frame.

        Parameters
        ----------
        samples : ndarray (n,)
            Samples in [-1, 1], n >= fft.

        Returns
        -------
        ndarray ((n - fft) // hop + 1, bands)
            Power >= 0; a full-scale sine gives about (fft / 4)^2 times the filter's weight.
        """
        frames = np.lib.stride_tricks.sliding_window_view(samples, self.fft)[:: self.hop]
        spectrum = np.fft.rfft(frames * self._window)
        return np.asarray((spectrum.real**2 + spectrum.imag**2) @ self._bank)


def decibels(power: NDArray[Any]) -> NDArray[Any]:
    """Power as 10 log10, not below -100 dB.

    Parameters
    ----------
    power : ndarray
        Power >= 0, any shape.

    Returns
    -------
    ndarray
        dB >= -100, the same shape.
    """
    return np.asarray(10.0 * np.log10(np.maximum(power, FLOOR)))
