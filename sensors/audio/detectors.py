"""How strange a sound is for its place.

1. `novelty`: distance of the spectrum from the nearest spectra of this site's past.
2. `level`: how much louder than usual, in scales of the usual loudness.

Why nearest neighbours in 16 regions: on composed recordings of seven families (77 events) they found as many events
at 5 false alarms an hour as any rule tried (.40; strongest robust deviations .34, shrunk Mahalanobis .31), and a
site's past has many centres: speech, doors, dishes. Finer bands, more neighbours and more prototypes changed nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sensors.audio.features import BANDS, CLIPPED_RATIO, RATE_HZ
from sensors.audio.mel import band_edges_hz
from sensors.base import Arrays
from sensors.condition import Condition, Fault
from sensors.past import RobustPast, join_time, split_time
from sensors.types import NS, Features, Health, Modality, Quality, Score, State

Floats = NDArray[np.float64]

REGIONS = 16
"""Groups of neighbouring mel bands."""

PROTOTYPES = 512
"""Most past spectra that a new one is compared with."""

NEIGHBOURS = 5
"""Nearest of them that count."""

SCALE_FLOOR_DB = 1.0
"""Least scale of a region and of the level, dB."""

STILL_S = 0.05
"""Longest run of equal samples that a living microphone gives, seconds."""

FAULT_S = 1.0
"""Silence or clipping that lasts longer is a fault, seconds."""


def region_names(regions: int = REGIONS) -> tuple[str, ...]:
    """Names for people of groups of mel bands, "1.2-1.6 kHz"."""
    edges_hz = band_edges_hz(RATE_HZ, BANDS)[:-1]
    bounds = [edges_hz[index * BANDS // regions] for index in range(regions)] + [RATE_HZ / 2]
    return tuple(
        f"{low:.0f}-{high:.0f} Hz" if high < 1000 else f"{low / 1000:.1f}-{high / 1000:.1f} kHz"
        for low, high in zip(bounds, bounds[1:], strict=False)
    )


LOST_DB = 6.0
"""Sound that is fainter than the faintest ever heard here, by this much in the mean over regions, says nothing."""

ACCEPT_NS = 600 * NS
"""Such faintness that lasts longer is how the place is now, and learned."""


class AudioDetector:
    """Novelty and level of a microphone.

    Less sound than ever was heard here is no event, and no proof that all is well: cut cables and covered capsules
    sound like that. Such moments are left out, and nothing else: whatever is loud enough is scored at once.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    capacity : int
        Past spectra kept; with `spacing_ns` 3000 are 25 minutes of quiet and 200 kB.
    spacing_ns : int
        Least event time between two that are kept, nanoseconds.
    minimum : int
        Kept spectra from which scores are given.
    """

    def __init__(self, stream: str, *, capacity: int = 3000, spacing_ns: int = NS // 2, minimum: int = 40) -> None:
        self.stream = stream
        self._past = RobustPast(REGIONS + 1, capacity, spacing_ns=spacing_ns, minimum=minimum, floor=SCALE_FLOOR_DB)
        self._condition = Condition(stream, hold_ns=NS // 2)
        self._names = region_names()
        self._prototypes: Floats = np.zeros((0, REGIONS))
        self._faintest: Floats = np.full(REGIONS, -np.inf)
        self._lost_since_ns: int | None = None

    def score(self, features: Features) -> list[Score | Health]:
        """`<stream>:novelty` and `<stream>:level`, and the microphone's health."""
        fault, suspect = find_fault(features.values)
        suspect = suspect or self._lost(summarise(features.values))
        quality, changes = self._condition.judge(features.end_ns, fault, suspect=suspect)
        if quality is Quality.OK and not self._past.ready:
            quality = Quality.WARMING
        if quality is not Quality.OK:
            return [*changes, self._abstain(features, "novelty", quality), self._abstain(features, "level", quality)]
        vector = summarise(features.values)
        return [*changes, self._novelty(features, vector), self._level(features, vector)]

    def learn(self, features: Features) -> None:
        """Take these features as normal, unless the microphone was at fault."""
        fault, suspect = find_fault(features.values)
        vector = summarise(features.values)
        if fault is not None or suspect or not self._acceptable(vector, features.end_ns):
            return
        if self._past.learn(vector, features.end_ns):
            self._choose()

    def state(self) -> Arrays:
        """The past and the prototypes chosen from it, as arrays."""
        lost_since = split_time(self._lost_since_ns)
        own = {"prototypes": self._prototypes.copy(), "faintest": self._faintest.copy(), "lost_since": lost_since}
        return {**self._past.state(), **own}

    def restore(self, state: Arrays) -> None:
        """Begin with the past of an equal detector."""
        self._past.restore(state)
        self._prototypes = np.array(state["prototypes"], order="C")
        self._faintest = np.array(state["faintest"])
        self._lost_since_ns = join_time(state["lost_since"])

    def _lost(self, vector: Floats) -> bool:
        return self._past.ready and float((vector[:REGIONS] - self._faintest).mean()) < -LOST_DB

    def _acceptable(self, vector: Floats, at_ns: int) -> bool:
        """Whether a spectrum may be learned: not one that is lost, unless it has been so for long."""
        if not self._lost(vector):
            self._lost_since_ns = None
            return True
        if self._lost_since_ns is None:
            self._lost_since_ns = at_ns
        return at_ns - self._lost_since_ns >= ACCEPT_NS

    def _choose(self) -> None:
        kept = self._past.vectors
        self._faintest = kept[:REGIONS].min(axis=1).astype(np.float64)
        chosen = kept[:REGIONS, :: -(-kept.shape[1] // PROTOTYPES)].T
        places = (chosen - self._past.median[:REGIONS]) / self._past.scale[:REGIONS]
        # Sums depend on memory order in the last bit: a restored detector must have the same.
        self._prototypes = np.ascontiguousarray(places)

    def _novelty(self, features: Features, vector: Floats) -> Score:
        place = self._past.deviation(vector)[:REGIONS]
        offsets = place - self._prototypes
        distances = np.einsum("ij,ij->i", offsets, offsets)
        count = min(NEIGHBOURS, len(distances))
        nearest = np.argpartition(distances, count - 1)[:count]
        raw = float(np.sqrt(distances[nearest] / REGIONS).mean())
        energy = np.square(offsets[nearest]).sum(axis=0)
        total = float(energy.sum())
        strongest = np.argsort(-energy, kind="stable")[:3]
        top = tuple((self._names[index], float(energy[index]) / total) for index in strongest) if total else ()
        first = int(strongest[0])
        return Score(
            *self._about(features, "novelty"),
            raw,
            top=top,
            value=float(vector[first]),
            usual=float(self._past.median[first]),
            unit="dB",
        )

    def _level(self, features: Features, vector: Floats) -> Score:
        usual = float(self._past.median[REGIONS])
        raw = (float(vector[REGIONS]) - usual) / float(self._past.scale[REGIONS])
        return Score(*self._about(features, "level"), raw, value=float(vector[REGIONS]), usual=usual, unit="dBFS")

    def _abstain(self, features: Features, what: str, quality: Quality) -> Score:
        return Score(*self._about(features, what), None, quality)

    def _about(self, features: Features, what: str) -> tuple[str, str, Modality, int, int]:
        return self.stream, f"{self.stream}:{what}", Modality.AUDIO, features.end_ns, features.span_ns


def summarise(values: Floats) -> Floats:
    """Regions and level of the features' values.

    Parameters
    ----------
    values : ndarray
        Values of `AudioExtractor`.

    Returns
    -------
    ndarray (REGIONS + 1,)
        Mean dB of each region, then the level, dBFS.
    """
    regions = values[:BANDS].reshape(REGIONS, -1).mean(axis=1)
    return np.append(regions, values[BANDS])


def find_fault(values: Floats) -> tuple[Fault | None, bool]:
    """What is wrong with the microphone, and whether to abstain in any case.

    Parameters
    ----------
    values : ndarray
        Values of `AudioExtractor`.

    Returns
    -------
    fault : Fault or None
        Digital silence or clipping of more than a second.
    suspect : bool
        Part of the span is digital silence: what it says about the place is not known.
    """
    level_dbfs, _, _, _, constant_s, clipped_s = (float(value) for value in values[BANDS:])
    if constant_s > FAULT_S:
        return Fault(State.DEGRADED, "digital silence: muted or disconnected?"), True
    if clipped_s >= FAULT_S:
        return Fault(State.DEGRADED, f"clipping: over {CLIPPED_RATIO:.0%} of the samples at full scale"), True
    return None, constant_s > STILL_S or not np.isfinite(level_dbfs)
