"""How strange a sound is for its place, and whether it is one that has a name.

1. `<alert class>`: the classifier's calibrated log-odds, one channel a class.
2. `novelty`: distance of the classifier's embedding from the nearest of this site's past: sounds that no class names.
3. `level`: how much louder than usual, in scales of the usual loudness.

Why nearest neighbours: a site's past has many centres: speech, doors, dishes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sensors.audio.classifier import Calibration, sigmoid
from sensors.audio.features import Layout
from sensors.audio.frontend import BANDS
from sensors.audio.measures import CLIPPED_RATIO, HOLES_HOPS, MEASURES
from sensors.audio.novelty import NeighbourPast
from sensors.audio.packs import BUILTIN, Pack, load_pack
from sensors.base import Arrays
from sensors.condition import Condition, Fault
from sensors.errors import BadInputError
from sensors.past import RobustPast, join_time, split_time
from sensors.types import NS, Features, Health, Modality, Quality, Score, State

Floats = NDArray[np.float64]

REGIONS = 16
"""Groups of neighbouring mel bands."""

SCALE_FLOOR_DB = 1.0
"""Least scale of a region and of the level, dB."""

STILL_S = 0.05
"""Longest run of equal samples that a living microphone gives, seconds."""

FAULT_S = 1.0
"""Silence, stillness or clipping that lasts longer is a fault, seconds."""

MUTED = 1e-4
"""Magnitude below which what stands still is silence: an idle converter may rest some steps beside 0."""

HUM_S = 5.0
"""Hum that drowns everything for longer is a fault, seconds."""

HOLED_HOPS = 4
"""Hops with holes, of the last 40, from which the connection counts as broken."""

LOST_DB = 6.0
"""Sound that is fainter than the faintest ever heard here, by this much in the mean over regions, says nothing."""

ACCEPT_NS = 600 * NS
"""Such faintness that lasts longer is how the place is now, and learned."""

SETTLED = 4
"""Kept moments from which classes are told: two seconds, in which the classifier's own memory fills."""

HEARD = 3
"""Classes that are named with a score."""


class AudioDetector:
    """Classes, novelty and level of a microphone.

    Less sound than ever was heard here is no event, and no proof that all is well: cut cables and covered capsules
    sound like that. Such moments are left out, and nothing else: whatever is loud enough is scored at once.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    model : str or Pack
        The classifier's pack: the one that the features come from.
    capacity : int
        Past moments kept; with `spacing_ns` 2400 are 20 minutes of quiet and 250 kB.
    spacing_ns : int
        Least event time between two that are kept, nanoseconds.
    minimum : int
        Kept moments from which level and novelty are given.
    """

    def __init__(
        self, stream: str, model: str | Pack = BUILTIN, *,
        capacity: int = 2400, spacing_ns: int = NS // 2, minimum: int = 40,
    ) -> None:  # fmt: skip
        pack = load_pack(model) if isinstance(model, str) else model
        self.stream = stream
        self._labels, self._alerts = pack.labels, [pack.labels.index(label) for label in pack.alerts]
        self._calibration = Calibration(pack)
        self._model = np.array([*pack.marks(), *self._calibration.terms.flat])
        self._layout = Layout(len(pack.labels))
        width = REGIONS + 1 + len(self._alerts)
        self._past = RobustPast(width, capacity, spacing_ns=spacing_ns, minimum=minimum, floor=SCALE_FLOOR_DB)
        self._sounds = NeighbourPast(spacing_ns=4 * spacing_ns, minimum=max(minimum // 4, 6))
        self._condition = Condition(stream, hold_ns=NS // 2)
        self._faintest: Floats = np.full(REGIONS, -np.inf)
        self._lost_since_ns: int | None = None

    def score(self, features: Features) -> list[Score | Health]:
        """A channel for each alert class, `<stream>:novelty` and `<stream>:level`, and the microphone's health."""
        fault, suspect = find_fault(features.values[self._layout.measures])
        suspect = suspect or self._lost(features.values) or not np.isfinite(features.values[self._layout.logits]).all()
        quality, changes = self._condition.judge(features.end_ns, fault, suspect=suspect)
        logits = self._calibration.logits(features.values[self._layout.logits])
        heard = self._heard(logits)
        told = [self._class(features, number, logits, heard, quality) for number in range(len(self._alerts))]
        return [*changes, *told, self._novelty(features, heard, quality), self._level(features, quality)]

    def learn(self, features: Features) -> None:
        """Take these features as normal, unless the microphone was at fault."""
        fault, suspect = find_fault(features.values[self._layout.measures])
        vector = self._summarise(features.values)
        if fault is not None or suspect or not np.isfinite(vector).all():
            return
        if not self._acceptable(features):
            return
        if self._past.learn(vector, features.end_ns):
            self._faintest = self._past.vectors[:REGIONS].min(axis=1).astype(np.float64)
        self._sounds.learn(features.values[self._layout.embedding], features.end_ns)

    def state(self) -> Arrays:
        """The past as arrays, with a mark of the model that it was heard by."""
        lost_since = split_time(self._lost_since_ns)
        own = {"faintest": self._faintest.copy(), "lost_since": lost_since, "model": self._model.copy()}
        return {**self._past.state(), **self._sounds.state(), **own}

    def restore(self, state: Arrays) -> None:
        """Begin with the past of an equal detector.

        Raises
        ------
        BadInputError
            If it was learned through another model.
        """
        if not np.array_equal(state.get("model", np.zeros(0)), self._model):
            mend = "learn the baseline again, or set [audio] model as it was"
            raise BadInputError("the baseline was learned through another audio model", where=self.stream, mend=mend)
        self._past.restore(state)
        self._sounds.restore(state)
        self._faintest = np.array(state["faintest"])
        self._lost_since_ns = join_time(state["lost_since"])

    def _summarise(self, values: Floats) -> Floats:
        """Regions and level as `summarise`, then the alert classes' calibrated log-odds."""
        logits = self._calibration.logits(values[self._layout.logits])
        return np.concatenate([summarise(values), logits[self._alerts]])

    def _lost(self, values: Floats) -> bool:
        return self._past.ready and float((summarise(values)[:REGIONS] - self._faintest).mean()) < -LOST_DB

    def _acceptable(self, features: Features) -> bool:
        """Whether a moment may be learned: not one that is lost, unless it has been so for long."""
        if not self._lost(features.values):
            self._lost_since_ns = None
            return True
        if self._lost_since_ns is None:
            self._lost_since_ns = features.end_ns
        return features.end_ns - self._lost_since_ns >= ACCEPT_NS

    def _heard(self, logits: Floats) -> tuple[tuple[str, float], ...]:
        """The likeliest classes, with their calibrated scores."""
        likely = np.argsort(-logits, kind="stable")[:HEARD]
        return tuple((self._labels[i], float(p)) for i, p in zip(likely, sigmoid(logits[likely]), strict=True))

    def _class(
        self, features: Features, number: int, logits: Floats, heard: tuple[tuple[str, float], ...], quality: Quality
    ) -> Score:
        index = self._alerts[number]
        what = self._labels[index]
        if quality is not Quality.OK or self._past.count < SETTLED:
            return self._abstain(features, what, quality, log_odds=True)
        raw, usual = float(logits[index]), self._past.median[REGIONS + 1 + number]
        value, ordinary = sigmoid(np.array([raw, usual])).tolist()
        return Score(*self._about(features, what), raw, top=heard, value=value, usual=ordinary, log_odds=True)

    def _novelty(self, features: Features, heard: tuple[tuple[str, float], ...], quality: Quality) -> Score:
        raw = self._sounds.distance(features.values[self._layout.embedding]) if quality is Quality.OK else None
        if raw is None or not self._past.ready:
            return self._abstain(features, "novelty", quality)
        return Score(*self._about(features, "novelty"), raw, top=heard, value=raw, usual=1.0)

    def _level(self, features: Features, quality: Quality) -> Score:
        if quality is not Quality.OK or not self._past.ready:
            return self._abstain(features, "level", quality)
        level, usual = float(features.values[BANDS]), float(self._past.median[REGIONS])
        raw = (level - usual) / float(self._past.scale[REGIONS])
        return Score(*self._about(features, "level"), raw, value=level, usual=usual, unit="dBFS")

    def _abstain(self, features: Features, what: str, quality: Quality, log_odds: bool = False) -> Score:
        why = Quality.WARMING if quality is Quality.OK else quality
        return Score(*self._about(features, what), None, why, log_odds=log_odds)

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


def find_fault(measures: Floats) -> tuple[Fault | None, bool]:
    """What is wrong with the microphone, and whether to abstain in any case.

    Parameters
    ----------
    measures : ndarray (len(MEASURES),)
        As `sensors.audio.measures.Meter` gives them.

    Returns
    -------
    fault : Fault or None
        Digital silence, a signal that stands still, clipping, hum that drowns all, or repeated holes.
    suspect : bool
        Part of the span is silence or stillness: what it says about the place is not known.
    """
    told = dict(zip(MEASURES, measures.tolist(), strict=True))
    if told["constant_s"] > FAULT_S:
        muted = told["constant_amplitude"] < MUTED
        what = "digital silence: muted or disconnected?" if muted else "stuck: the signal stands still"
        return Fault(State.DEGRADED, what), True
    if told["clipped_s"] >= FAULT_S:
        return Fault(State.DEGRADED, f"clipping: over {CLIPPED_RATIO:.0%} of the samples at full scale"), True
    if told["hum_s"] >= HUM_S:
        return Fault(State.DEGRADED, "hum of the mains drowns everything: disconnected input?"), True
    if told["dropout_hops"] >= HOLED_HOPS:
        return Fault(
            State.DEGRADED, f"dropouts: holes in the sound, over {HOLED_HOPS - 1} in {HOLES_HOPS // 4} s"
        ), True
    still = told["constant_s"] > STILL_S or told["dropout_ratio"] > 0
    return None, still or not np.isfinite(told["level_dbfs"])
