"""Ten times a second, how the last 400 ms sounded: log-mel bands, level, peak, and whether the microphone lives."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sensors.audio.mel import MelSpectrum, decibels
from sensors.framing import Framer
from sensors.types import NS, Chunk, Features

RATE_HZ = 16_000.0
"""The only rate that the extractor takes, Hz."""

BANDS = 64
"""Mel bands."""

STEP = 1600
"""Samples between features: 100 ms."""

STEPS = 4
"""Steps that a feature describes: 400 ms."""

FULL_SCALE = 0.999
"""Magnitude from which a sample counts as clipped."""

CLIPPED_RATIO = 0.05
"""Share of clipped samples from which a step counts as clipped."""

MEASURES = ("level_dbfs", "peak_dbfs", "crest_db", "clipped_ratio", "constant_s", "clipped_s")
"""Names of the values after the mel bands.

`level_dbfs` is the RMS and `peak_dbfs` the largest magnitude over the span, -inf where there is none; `crest_db`
their distance, NaN where there is none. `clipped_ratio` is the share of samples at full scale. `constant_s` tells
for how long the samples up to the end of the span have not moved (not: how many in all), longest within the last
step; `clipped_s` for how long each step has been clipped.
"""


class AudioExtractor:
    """Features of a microphone.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    """

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self._mel = MelSpectrum(RATE_HZ, bands=BANDS)
        overlap = self._mel.fft - self._mel.hop
        self._framer = Framer(RATE_HZ, STEP + overlap, STEP)
        centres = self._mel.edges_hz[1:-1]
        self.names = (*(f"mel_{round(hz)}hz_db" for hz in centres), *MEASURES)
        self._bands: deque[NDArray[np.float64]] = deque(maxlen=STEPS)
        self._loudness: deque[tuple[float, float, float]] = deque(maxlen=STEPS)
        self._still = Stillness()
        self._clipped_steps = 0

    def extract(self, chunk: Chunk) -> Iterator[Features]:
        """Features every 100 ms, the first 422 ms after the start or a gap.

        Raises
        ------
        ValueError
            If the chunk is not sampled at 16 kHz.
        """
        if chunk.rate_hz != RATE_HZ:
            raise ValueError(f"{chunk.stream}: audio must come at {RATE_HZ:g} Hz, not {chunk.rate_hz:g}")
        for end_ns, frame, fresh in self._framer.frames(chunk):
            if fresh:
                self._forget()
            self._add(frame)
            if len(self._bands) == STEPS:
                span_ns = round(STEPS * STEP * NS / RATE_HZ)
                yield Features(self.stream, end_ns, span_ns, self.names, self._values())

    def _forget(self) -> None:
        self._bands.clear()
        self._loudness.clear()
        self._still = Stillness()
        self._clipped_steps = 0

    def _add(self, frame: NDArray[np.float32]) -> None:
        self._bands.append(decibels(self._mel.power(frame)).mean(axis=0))
        step = frame[-STEP:]
        magnitude = np.abs(step)
        clipped = float(np.count_nonzero(magnitude >= FULL_SCALE)) / STEP
        wide = step.astype(np.float64)
        self._loudness.append((float(wide @ wide) / STEP, float(magnitude.max()), clipped))
        self._clipped_steps = self._clipped_steps + 1 if clipped > CLIPPED_RATIO else 0
        self._still.add(step)

    def _values(self) -> NDArray[np.float64]:
        powers, peaks, clipped = zip(*self._loudness, strict=True)
        level_dbfs = 10 * np.log10(sum(powers) / STEPS) if any(powers) else -np.inf
        peak_dbfs = 20 * np.log10(max(peaks)) if any(peaks) else -np.inf
        crest_db = peak_dbfs - level_dbfs if any(powers) else np.nan
        bands = (self._bands[0] + self._bands[1] + self._bands[2] + self._bands[3]) / STEPS
        measures = (
            level_dbfs,
            peak_dbfs,
            crest_db,
            sum(clipped) / STEPS,
            self._still.longest / RATE_HZ,
            self._clipped_steps * STEP / RATE_HZ,
        )
        return np.concatenate([bands, measures])


class Stillness:
    """How long the signal has not moved at all."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._run = 0
        self._recent: deque[int] = deque(maxlen=STEPS)

    @property
    def longest(self) -> int:
        """Longest run of equal samples that touches the last 400 ms, in samples; it may have begun before."""
        return max(self._recent)

    def add(self, step: NDArray[np.float32]) -> None:
        """Take the next samples, at least one."""
        before = step[0] if self._last is None else self._last
        moved = np.flatnonzero(np.diff(step, prepend=before))
        if len(moved):
            inner = int(np.diff(moved).max(initial=0))
            longest = max(self._run + int(moved[0]), inner, len(step) - int(moved[-1]))
            self._run = len(step) - int(moved[-1])
        else:
            self._run += len(step)
            longest = self._run
        self._last = float(step[-1])
        self._recent.append(longest)
