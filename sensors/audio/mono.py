"""Samples of any rate and number of channels to one channel at one rate: `Mono`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.errors import BadInputError

Samples = NDArray[np.float32]


class Mono:
    """Mixes and resamples one run of samples after another.

    Parameters
    ----------
    rate_hz : int
        Samples per second of what comes out.
    channel : int or None
        Which channel, from 0; all are averaged otherwise.
    where : object
        What an error names as its place.

    Attributes
    ----------
    repaired : int
        Samples that were NaN or infinite, read as 0. Why not an error: one bad sample must not cost the night it was
        recorded in, and one NaN would live in the resampler for ever.
    """

    def __init__(self, rate_hz: int, channel: int | None, where: object) -> None:
        self.repaired = 0
        self._rate_hz, self._channel, self._where = rate_hz, channel, where
        self._resampler: Any = None

    def begin(self, rate_hz: int) -> None:
        """Forget the past: what is fed next is a new run at `rate_hz`."""
        self._resampler = None
        if rate_hz != self._rate_hz:
            import soxr  # type: ignore[import-untyped]

            self._resampler = soxr.ResampleStream(rate_hz, self._rate_hz, 1, dtype="float32")

    def feed(self, samples: Samples) -> Samples:
        """Next samples (n, channels) float32 of the run -> samples (m,) float32 in [-1, 1] that are complete by now.

        Raises
        ------
        BadInputError
            If there is no such channel.
        """
        one = self._mix(samples)
        return _bounded(self._resampler.resample_chunk(one) if self._resampler else one)

    def rest(self) -> Samples:
        """What the resampler still holds at the end of a run, shape (m,)."""
        nothing = np.zeros(0, np.float32)
        return _bounded(self._resampler.resample_chunk(nothing, last=True)) if self._resampler else nothing

    def _mix(self, samples: Samples) -> Samples:
        count = samples.shape[1]
        if self._channel is not None and not 0 <= self._channel < count:
            what = f"no channel {self._channel}"
            raise BadInputError(what, where=self._where, mend=f"its channels are 0 to {count - 1}")
        if not np.isfinite(samples).all():
            bad = ~np.isfinite(samples)
            self.repaired += int(bad.sum())
            samples = np.where(bad, np.float32(0), samples)
        if self._channel is not None or count == 1:
            return np.ascontiguousarray(samples[:, self._channel or 0])
        return np.asarray(samples.mean(axis=1), np.float32)


def _bounded(samples: Samples) -> Samples:
    return np.clip(samples, -1.0, 1.0)
