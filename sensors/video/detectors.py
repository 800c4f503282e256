"""How strange what a camera sees is for its place.

1. `motion`: motion that does not fit its height in the picture: too fast, or the wrong way.
2. `running`: the part of it that is too fast.
3. `energy`, `flow`, `foreground`: how much the picture changes, moves, and stands off the background.
4. `crowd`: far fuller or emptier than usual, or filling and emptying far faster.
5. `loitering`, `left_behind`, `fall`: the conduct of single things.
6. `intrusion`: somebody where a zone of the settings says that nobody may be; only with zones.
7. `scene`: how unlike all that was learned the whole picture is; only where a model was fitted to that (`adopt`).

Measures of 3 are logarithms against this camera's own past, in robust scales; more counts, less does not alarm. Why
logarithms: motion is multiplicative, and twice the usual should mean the same in a lobby and in a yard. Each score
names the parts of the picture, or the zone, that caused it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from sensors.base import Arrays
from sensors.condition import Condition
from sensors.fitted import Fitted
from sensors.past import RobustPast
from sensors.types import NS, Features, Health, Modality, Quality, Score
from sensors.video.condition import find_fault
from sensors.video.conduct import Conduct, deepest_fall, intrusion, longest_left, longest_stay
from sensors.video.layout import cells, gradients, name_place, place_of, things
from sensors.video.places import STILLNESS_HEIGHTS_S, NormalMotion, describe
from sensors.video.scene import PART, describe_scene
from sensors.video.views import LOOKS_AT, UsualView
from sensors.video.zones import Zone

Floats = NDArray[np.float64]

AMOUNTS = (("energy", "", 1.0), ("flow", "heights/s", 1.0), ("foreground", "%", 100.0))
"""Name, unit and factor of each channel that measures how much."""

FUSED = ("energy", "flow", "foreground", "motion", "scene")
"""Channels that are told without being asked for; `intrusion` comes with zones, `scene` with a fitted model.

Why not all: channels of one sense share its voice, and one that seldom speaks makes the others fainter.
"""

CHANNELS = (
    "motion",
    "running",
    "energy",
    "flow",
    "foreground",
    "crowd",
    "loitering",
    "left_behind",
    "fall",
    "intrusion",
    "scene",
)
"""All of them."""

FLOORS = np.array([0.2, 0.01, 0.003])
"""Added before the logarithm: energy of a still picture, flow's noise, a few pixels."""

SCALE_FLOOR = 0.1
"""Least scale of the logarithms: a tenth more is not strange anywhere."""

EVIDENCE_FLOOR = 0.01
"""Least scale of strange motion, per cell: one cell in fifty that is half as fast again."""

CONDUCT_FLOORS = (0.3, 0.5, 0.1, 0.25)
"""Least scales: logarithms of seconds stayed and left, share of a height lost, intruders."""

CROWD_FLOORS = (0.2, 0.02)
"""Least scales: logarithm of the density, its growth a second."""

SHAKEN_HEIGHTS_S = 0.05
"""A camera that shakes faster, and faster than it usually does, tells nothing of what moves."""

RELIT = 0.25
"""Nor does one for which the logarithm of the light has just changed by more."""

_MEASURES = place_of(("energy", "flow_mean_heights_s", "foreground_ratio"))
_CROWD = place_of(("density", "gathering_per_s"))
_ASPECT, _SHAKE, _LIT = LOOKS_AT[-3:]


class VideoDetector:
    """Motion, crowds and conduct before a camera.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    channels : collection of str
        Which of `CHANNELS` are told.
    zones : sequence of Zone
        Parts of the picture with rules.
    keen : bool
        Judge motion by single frames, not by the steady motion of the last 0.8 s.
    capacity : int
        Past frames kept; with `spacing_ns` 2400 are 20 minutes of quiet and 1.2 MB.
    spacing_ns : int
        Least event time between two that are kept, nanoseconds.
    minimum : int
        Kept frames from which scores are given.
    """

    def __init__(
        self, stream: str, *, channels: Collection[str] = FUSED, zones: Sequence[Zone] = (),
        keen: bool = False, capacity: int = 2400, spacing_ns: int = NS // 2, minimum: int = 40,
    ) -> None:  # fmt: skip
        self.stream = stream
        self._channels = [name for name in CHANNELS if name in channels or (zones and name == "intrusion")]
        self._zones = tuple(zones)
        self._prefix = "" if keen else "steady_"
        past = {"spacing_ns": spacing_ns, "minimum": minimum}
        self._amounts = RobustPast(3, capacity, **past, floor=SCALE_FLOOR)
        self._evidence = RobustPast(2, capacity, **past, floor=EVIDENCE_FLOOR, tail=1.0)
        self._conduct = RobustPast(4, capacity, **past, floor=CONDUCT_FLOORS, tail=1.0)
        self._crowds = RobustPast(2, capacity, **past, floor=CROWD_FLOORS, tail=1.0)
        self._pasts = {"amounts": self._amounts, "evidence": self._evidence}
        self._pasts |= {"conduct": self._conduct, "crowds": self._crowds}
        self._normal = NormalMotion(spacing_ns=spacing_ns, minimum=minimum)
        self._view = UsualView(capacity=capacity, **past)
        self._condition = Condition(stream, onset_ns=NS, hold_ns=3 * NS // 2)
        self._scene: Fitted | None = None
        self.on_learned: Callable[[str, Sequence[float]], None] | None = None

    def score(self, features: Features) -> list[Score | Health]:
        """Scores of the channels, and the camera's health."""
        values = features.values
        usual = self._view.usual
        fault = find_fault(values[LOOKS_AT], gradients(values), usual)
        shaken = usual is not None and self._upset(values, float(usual.looks[-2]))
        suspect = shaken or not bool(np.isfinite(values[_MEASURES]).all())
        quality, changes = self._condition.judge(features.end_ns, fault, suspect=suspect)
        if quality is Quality.OK and not (self._amounts.ready and self._normal.ready):
            quality = Quality.WARMING
        names = [name for name in self._channels if name != "scene" or self._scene is not None]
        if quality is not Quality.OK:
            return [*changes, *(self._tell(features, name, None, quality) for name in names)]
        motions = self._motions(features.values)
        strange = self._strange(motions)
        told = {
            **self._score_motion(features, motions, strange),
            **self._score_amounts(features),
            **self._score_crowd(features),
            **self._score_conduct(features),
            **self._score_scene(features, strange[0]),
        }
        return [*changes, *(told[name] for name in names)]

    def learn(self, features: Features) -> None:
        """Take this frame as normal, unless the camera was blind or shaken."""
        values, at_ns = features.values, features.end_ns
        if not np.isfinite(values[_MEASURES]).all() or not self._view.learn(values, at_ns):
            return
        usual = self._view.usual
        if usual is not None and self._upset(values, float(usual.looks[-2])):
            return
        if not self._normal.due(at_ns):
            return
        self._amounts.learn(np.log(values[_MEASURES] + FLOORS), at_ns)
        motions = self._motions(values)
        if self._normal.ready:
            self._evidence.learn(_evidence(*self._strange(motions)), at_ns)
        self._normal.learn(motions, at_ns)
        self._crowds.learn(_crowding(values), at_ns)
        self._conduct.learn([_amount(name, one) for name, one in self._conducts(features).items()], at_ns)
        if self.on_learned is not None:
            self.on_learned(PART, describe_scene(values).tolist())

    def adopt(self, name: str, arrays: Arrays) -> None:
        """Tell of `scene`, too, by a model that was fitted to the rows of `on_learned`.

        Raises
        ------
        ValueError
            If the arrays are not those of a fitted model.
        """
        if name == PART:
            self._scene = Fitted(arrays)

    def strange_cells(self, features: Features) -> Floats | None:
        """How strange the motion in each cell is, (ROWS, COLUMNS), >= 0; None while that is not known."""
        motions = self._motions(features.values)
        return self._strange(motions)[0] if self._normal.ready and np.isfinite(motions).all() else None

    def state(self) -> Arrays:
        """The past, as arrays."""
        pasts = {f"{name}_{key}": array for name, past in self._pasts.items() for key, array in past.state().items()}
        fitted = self._scene.state() if self._scene else {}
        scene = {f"{PART}:{name}": array for name, array in fitted.items()}
        return {**pasts, **self._normal.state(), **self._view.state(), **scene}

    def restore(self, state: Arrays) -> None:
        """Begin with the past of an equal detector."""
        for name, past in self._pasts.items():
            mine = {key.removeprefix(f"{name}_"): array for key, array in state.items() if key.startswith(f"{name}_")}
            past.restore(mine)
        self._normal.restore(state)
        self._view.restore(state)
        scene = {name.removeprefix(f"{PART}:"): array for name, array in state.items() if name.startswith(f"{PART}:")}
        self._scene = Fitted(scene) if scene else None

    def _upset(self, values: Floats, usual_shake: float) -> bool:
        """Whether the camera was just shaken, or the light switched."""
        shaken = float(values[_SHAKE]) > SHAKEN_HEIGHTS_S + 3 * usual_shake
        return shaken or abs(float(np.log(values[_LIT]))) > RELIT

    def _motions(self, values: Floats) -> Floats:
        speed, dx, dy = (cells(values, f"{self._prefix}{what}_heights_s") for what in ("speed", "dx", "dy"))
        return describe(speed, dx, dy)

    def _strange(self, motions: Floats) -> tuple[Floats, Floats]:
        haste = self._normal.haste(motions)
        return self._normal.strangeness(motions) + haste, haste

    def _score_motion(self, features: Features, motions: Floats, found: tuple[Floats, Floats]) -> dict[str, Score]:
        told = {}
        known = self._evidence.ready
        middle = self._evidence.median if known else np.zeros(2)
        scale = self._evidence.scale if known else np.full(2, EVIDENCE_FLOOR)
        for number, (name, strange) in enumerate(zip(("motion", "running"), found, strict=True)):
            raw = float((strange.mean() - middle[number]) / scale[number])
            row, column = np.unravel_index(
                int(strange.argmax() if strange.any() else motions[..., 0].argmax()), strange.shape
            )
            seen = float(np.exp(motions[row, column, 0]) - STILLNESS_HEIGHTS_S)
            usual = float(np.exp(self._normal.bands[row].fast) - STILLNESS_HEIGHTS_S)
            told[name] = self._tell(
                features, name, raw, top=_where(strange), value=seen, usual=usual, unit="heights/s"
            )  # fmt: skip
        return told

    def _score_amounts(self, features: Features) -> dict[str, Score]:
        measures = features.values[_MEASURES]
        raws = self._amounts.deviation(np.log(measures + FLOORS))
        usual = np.exp(self._amounts.median) - FLOORS
        told = {}
        for (name, unit, factor), raw, value, middle in zip(AMOUNTS, raws, measures, usual, strict=True):
            seen, normal = float(value) * factor, max(0.0, float(middle)) * factor
            told[name] = self._tell(features, name, float(raw), value=seen, usual=normal, unit=unit)
        return told

    def _score_crowd(self, features: Features) -> dict[str, Score]:
        raw = float(np.abs(self._crowds.deviation(_crowding(features.values))).max())
        density, usual = float(features.values[_CROWD[0]]), float(np.exp(self._crowds.median[0]) - FLOORS[2])
        told = self._tell(features, "crowd", raw, value=100 * density, usual=max(0.0, 100 * usual), unit="%")
        return {"crowd": told}

    def _score_conduct(self, features: Features) -> dict[str, Score]:
        told = {}
        for number, (name, one) in enumerate(self._conducts(features).items()):
            raw = (_amount(name, one) - self._conduct.median[number]) / self._conduct.scale[number]
            top = ((one.where, 1.0),) if one.where else ()
            unit = "s" if name in _LASTING else ""
            told[name] = self._tell(features, name, float(raw), top=top, value=one.value, unit=unit)
        return told

    def _score_scene(self, features: Features, strange: Floats) -> dict[str, Score]:
        if self._scene is None:
            return {}
        raw = self._scene.score(describe_scene(features.values))
        quality = Quality.WARMING if raw is None else Quality.OK
        return {"scene": self._tell(features, "scene", raw, quality, _where(strange))}

    def _conducts(self, features: Features) -> dict[str, Conduct]:
        seen, aspect = things(features.values), float(features.values[_ASPECT])
        span_s = features.span_ns / NS
        return {
            "loitering": longest_stay(seen),
            "left_behind": longest_left(seen),
            "fall": deepest_fall(seen, aspect),
            "intrusion": intrusion(seen, self._zones, features.end_ns, span_s, aspect),
        }

    def _tell(
        self, features: Features, name: str, raw: float | None, quality: Quality = Quality.OK,
        top: tuple[tuple[str, float], ...] = (), value: float | None = None, usual: float | None = None, unit: str = "",
    ) -> Score:  # fmt: skip
        about = (self.stream, f"{self.stream}:{name}", Modality.VIDEO, features.end_ns, features.span_ns)
        return Score(*about, raw, quality, top, value, usual, unit)


_LASTING = ("loitering", "left_behind")


def _amount(name: str, one: Conduct) -> float:
    """Conduct as a number whose spread means the same for little and much."""
    return float(np.log1p(one.value)) if name in _LASTING else one.value


def _crowding(values: Floats) -> Floats:
    density, growth = values[_CROWD]
    return np.array([np.log(density + FLOORS[2]), growth])


def _evidence(strange: Floats, haste: Floats) -> Floats:
    return np.array([strange.mean(), haste.mean()])


def _where(strange: Floats) -> tuple[tuple[str, float], ...]:
    """The parts of the picture that hold most of what is strange, three at most, with their shares."""
    total = float(strange.sum())
    if total <= 0:
        return ()
    shares: dict[str, float] = {}
    rows, columns = strange.shape
    for (row, column), one in np.ndenumerate(strange):
        if one > 0:
            name = name_place((column + 0.5) / columns, (row + 0.5) / rows)
            shares[name] = shares.get(name, 0.0) + float(one) / total
    ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return tuple((name, min(share, 1.0)) for name, share in ranked[:3])
