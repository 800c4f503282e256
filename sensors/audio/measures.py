"""What tells a living microphone from a broken one: level, peaks, stillness, clipping, hum and holes of one hop."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from sensors.audio.frontend import HOP, HOP_S, RATE_HZ, Samples

Floats = NDArray[np.float64]

FULL_SCALE = 0.999
"""Magnitude from which a sample counts as clipped."""

CLIPPED_RATIO = 0.05
"""Share of clipped samples from which a hop counts as clipped."""

MAINS_HZ = (50.0, 60.0)
"""Frequencies of the mains."""

HARMONICS = 6
"""Harmonics of the mains that count as hum, the first included."""

HUM_RATIO_DB = 12.0
"""Hum that is stronger than all other sound by this drowns it."""

SILENT = 1e-5
"""Magnitude below which a sample counts as 0 in a hole: what a resampler leaves of digital silence."""

HOLE = 160
"""Shortest run of silence that counts as a hole, samples: 10 ms."""

EDGE = 16
"""Samples beside a hole that tell whether the sound broke off: 1 ms."""

ABRUPT = 0.25
"""Magnitude at an edge, as a share of the RMS, from which sound broke off instead of fading."""

HOLES_HOPS = 40
"""Hops in which holes are counted: 10 s."""

MEASURES = (
    "level_dbfs", "peak_dbfs", "crest_db", "clipped_ratio", "constant_s", "clipped_s",
    "constant_amplitude", "hum_ratio_db", "hum_s", "dropout_ratio", "dropout_hops",
)  # fmt: skip
"""Names of what `Meter` gives.

`level_dbfs` is the RMS and `peak_dbfs` the largest magnitude over the hop, -inf where there is none; `crest_db` their
distance, NaN where there is none. `clipped_ratio` is the share of samples at full scale. `constant_s` tells for how
long the samples up to the end of the hop have not moved (not: how many in all), longest within the hop; `clipped_s`
for how long each hop has been clipped. `constant_amplitude` is the magnitude at which that longest run stood still:
0 is digital silence. `hum_ratio_db` is the power of the mains' harmonics over that of all else, NaN where there is no
sound; `hum_s` for how long it has been above `HUM_RATIO_DB`. `dropout_ratio` is the share of the hop in holes: runs of
silence within sound; `dropout_hops` how many of the last 40 hops had some.
"""


class Meter:
    """Measures of a stream, hop by hop; keeps one hop of it."""

    def __init__(self) -> None:
        self._hum = [_harmonics(mains_hz) for mains_hz in MAINS_HZ]
        self.reset()

    def reset(self) -> None:
        """Forget what came before."""
        self._still = Stillness()
        self._clipped_hops = self._hum_hops = 0
        self._holed: deque[bool] = deque(maxlen=HOLES_HOPS)
        self._before: Samples = np.zeros(0, np.float32)

    def measure(self, samples: Samples) -> Floats:
        """Measures of the next hop.

        Parameters
        ----------
        samples : ndarray (HOP,) float32
            In [-1, 1].

        Returns
        -------
        ndarray (len(MEASURES),)
            In the order of `MEASURES`.
        """
        magnitude = np.abs(samples)
        wide = samples.astype(np.float64)
        power, peak = float(wide @ wide) / len(wide), float(magnitude.max())
        level_dbfs = 10 * np.log10(power) if power else -np.inf
        peak_dbfs = 20 * np.log10(peak) if peak else -np.inf
        clipped = float(np.count_nonzero(magnitude >= FULL_SCALE)) / len(samples)
        self._clipped_hops = self._clipped_hops + 1 if clipped > CLIPPED_RATIO else 0
        constant, amplitude = self._still.add(samples)
        hum_db = self._hum_ratio_db(wide)
        self._hum_hops = self._hum_hops + 1 if hum_db > HUM_RATIO_DB else 0
        holes = count_holes(np.concatenate([self._before, samples]), len(samples))
        self._holed.append(holes > 0)
        self._before = samples.copy()
        return np.array([
            level_dbfs, peak_dbfs, peak_dbfs - level_dbfs if power else np.nan, clipped,
            constant / RATE_HZ, self._clipped_hops * HOP_S, amplitude, hum_db, self._hum_hops * HOP_S,
            holes / len(samples), sum(self._holed),
        ])  # fmt: skip

    def _hum_ratio_db(self, wide: Floats) -> float:
        """Strongest mains' harmonics over the rest, dB in [-100, 100]; NaN without sound."""
        moving = wide - wide.mean()
        total = float(moving @ moving)
        if not total > 0:
            return np.nan
        hum = max(float(np.square(basis @ moving).sum()) for basis in self._hum)
        return float(10 * np.log10(np.clip(hum / max(total - hum, 1e-10 * total), 1e-10, 1e10)))


def _harmonics(mains_hz: float) -> Floats:
    """Orthonormal sines and cosines of the mains' harmonics over a hop, (2 * HARMONICS, HOP)."""
    phase = 2 * np.pi * mains_hz / RATE_HZ * np.outer(np.arange(HOP), np.arange(1, HARMONICS + 1))
    basis, _ = np.linalg.qr(np.hstack([np.cos(phase), np.sin(phase)]))
    return np.ascontiguousarray(basis.T)


def count_holes(samples: Samples, fresh: int) -> int:
    """Samples in holes: short runs of silence into which the sound breaks off, and out of which it comes abruptly.

    Why both: sounds that were cut together have silences between them too, but fade into them.

    Parameters
    ----------
    samples : ndarray (n,) float32
        The hop with what came before it.
    fresh : int
        Samples of the hop, at the end; only holes that end in it count.

    Returns
    -------
    int
        Samples >= 0, not more than `fresh`.
    """
    silent = np.abs(samples) < SILENT
    if np.count_nonzero(silent) < HOLE:
        return 0
    edges = np.flatnonzero(np.diff(silent.astype(np.int8), prepend=np.int8(0), append=np.int8(0)))
    sound = samples[~silent].astype(np.float64)
    least = ABRUPT * float(np.sqrt(sound @ sound / len(sound))) if len(sound) else np.inf
    total = 0
    for start, end in edges.reshape(-1, 2).tolist():
        inner = start > 0 and len(samples) - fresh < end < len(samples)
        if inner and end - start >= HOLE:
            beside = (samples[max(0, start - EDGE) : start], samples[end : end + EDGE])
            if min(float(np.abs(side).max()) for side in beside) >= least:
                total += end - start
    return min(total, fresh)


class Stillness:
    """How long the signal has not moved at all."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._run = 0

    def add(self, samples: Samples) -> tuple[int, float]:
        """Take the next samples, at least one.

        Returns
        -------
        longest : int
            Longest run of equal samples that touches them, in samples; it may have begun before.
        amplitude : float
            Magnitude of that run.
        """
        before = samples[0] if self._last is None else self._last
        moved = np.flatnonzero(np.diff(samples, prepend=before))
        first = self._run + (int(moved[0]) if len(moved) else len(samples))
        runs = np.diff(moved, append=len(samples)) if len(moved) else np.array([first])
        index = int(np.argmax(runs))
        longest, held = (first, before) if first >= runs[index] else (int(runs[index]), samples[moved[index]])
        self._run = int(runs[-1])
        self._last = float(samples[-1])
        return longest, abs(float(held))
