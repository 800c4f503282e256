"""Sound as the network sees it: 64 log-mel bands every 15.625 ms, a quarter of a second at a time.

Frame i of a hop ends with its sample 250 (i + 1), so nothing is known before it was heard and nothing is waited for;
what lies before the first sample, and before a gap's end, counts as 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sensors.audio.mel import MelSpectrum, decibels

Samples = NDArray[np.float32]

RATE_HZ = 16_000.0
"""The only rate that is heard, Hz."""

HOP = 4000
"""Samples between two hearings: 0.25 s."""

HOP_S = HOP / RATE_HZ
"""Seconds between two hearings."""

FFT = 512
"""Samples of a frame: 32 ms."""

FRAME_HOP = 250
"""Samples between frames."""

FRAMES = HOP // FRAME_HOP
"""Frames of a hop."""

BANDS = 64
"""Mel bands, 0 to 8 kHz."""

OVERLAP = FFT - FRAME_HOP
"""Samples before a hop that its first frame reaches back to."""


class FrontEnd:
    """Mel bands of a stream, hop by hop; keeps 262 samples of it and nothing else."""

    def __init__(self) -> None:
        self._mel = MelSpectrum(RATE_HZ, fft=FFT, hop=FRAME_HOP, bands=BANDS, dtype=np.float32)
        self._samples: Samples = np.zeros(OVERLAP + HOP, np.float32)

    @property
    def centres_hz(self) -> tuple[float, ...]:
        """Centre of each band, Hz."""
        return tuple(self._mel.edges_hz[1:-1].tolist())

    def reset(self) -> None:
        """Forget what came before: the stream begins, or had a gap."""
        self._samples[:] = 0

    def push(self, samples: Samples) -> NDArray[np.float32]:
        """Frames that end in the next hop.

        Parameters
        ----------
        samples : ndarray (HOP,) float32
            In [-1, 1], following those pushed before.

        Returns
        -------
        ndarray (FRAMES, BANDS) float32
            dB >= -100; a full-scale sine gives about 45 at its centre.
        """
        self._samples[:OVERLAP] = self._samples[-OVERLAP:]
        self._samples[OVERLAP:] = samples
        return decibels(self._mel.power(self._samples)).astype(np.float32, copy=False)


def natural(bands_db: NDArray[np.float32]) -> NDArray[np.float32]:
    """Decibels in the network's scale, where -30 dB is 0 and 30 dB apart is 1.

    Parameters
    ----------
    bands_db : ndarray
        dB >= -100, any shape.

    Returns
    -------
    ndarray
        (dB + 30) / 30, the same shape.
    """
    return (bands_db + np.float32(30)) / np.float32(30)
