"""How strange each quantity of a place is.

1. `<quantity>.level`: distance from the median of the last 200 rows that were learned.
2. `<quantity>.change`: distance from the median of the ten rows before.
3. Both in scales of a long past, never finer than the smallest step that matters. A switch has a `level` only: how
   rare its present state was.

Why a short memory for the place and a long one for the scale: a new day begins elsewhere, but it is no calmer or
wilder. After a long gap or a restart `level` warms up again; what it is divided by is kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import StrEnum

from sensors.base import Arrays
from sensors.condition import Condition, Fault
from sensors.environment.features import is_physical
from sensors.environment.normal import Normal
from sensors.environment.quantities import quantity_of
from sensors.types import NS, Features, Health, Modality, Quality, Score, State

UNITS = {"c": "°C", "percent": "%", "ug_per_m3": "µg/m³", "hpa": "hPa", "pa": "Pa", "db": "dB", "dbfs": "dBFS"} | {
    "v": "V", "w": "W", "kwh": "kWh", "a": "A", "l_per_min": "l/min"
}  # fmt: skip
"""How units are written for people, where that differs from the suffix."""

CODES = frozenset({85.0, -127.0, -999.0, -9999.0, 9999.0, 32767.0, 65535.0})
"""Readings that sensors give instead of an error; only believed where the place is near them."""

FAR = 50.0
"""Scales from the place beyond which such a reading is the error, not the world."""


class Look(StrEnum):
    """How a quantity looks at an instant."""

    GOOD = "good"
    STILL = "still"
    STUCK = "stuck"
    DROPOUT = "dropout"


class EnvironmentDetector:
    """Level and change of every quantity of one environmental sensor.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    minimum : int
        Learned rows from which scores are given.
    """

    def __init__(self, stream: str, *, minimum: int = 20) -> None:
        self.stream = stream
        self._minimum = minimum
        self._normals: dict[str, Normal] = {}
        self._looks: dict[str, tuple[Look, float]] = {}
        self._labels: dict[str, tuple[str, str, str]] = {}
        self._condition = Condition(stream)

    def score(self, features: Features) -> list[Score | Health]:
        """Scores of the quantities in this row, and the sensor's health."""
        began_ns, row = _unpack(features)
        readings = list(row)
        for name, value, _, repeats in readings:
            self._looks[name] = self._look(name, value, repeats, began_ns), value
        quality, changes = self._condition.judge(features.end_ns, self._fault())
        told: list[Score | Health] = [*changes]
        for name, value, change, _ in readings:
            mine = Quality.GAP if self._looks[name][0] in (Look.DROPOUT, Look.STUCK) else Quality.OK
            told += self._score(features, name, value, change, began_ns, mine if quality is Quality.OK else quality)
        return told

    def learn(self, features: Features) -> None:
        """Take this row as normal, except quantities at fault."""
        began_ns, row = _unpack(features)
        for name, value, change, repeats in row:
            if self._look(name, value, repeats, began_ns) in (Look.GOOD, Look.STILL):
                self._normal(name).learn(value, change, repeats, began_ns, features.end_ns)

    def state(self) -> Arrays:
        """The past of every quantity, as arrays named "<quantity>:<part>"."""
        normals = self._normals.items()
        return {f"{name}:{part}": array for name, normal in normals for part, array in normal.state().items()}

    def restore(self, state: Arrays) -> None:
        """Begin with the past of an equal detector."""
        self._normals.clear()
        for name in dict.fromkeys(key.rpartition(":")[0] for key in state):
            parts = {key.rpartition(":")[2]: array for key, array in state.items() if key.rpartition(":")[0] == name}
            normal = Normal(quantity_of(name)[0], self._minimum)
            normal.restore(parts)
            self._normals[name] = normal

    def _normal(self, name: str) -> Normal:
        normal = self._normals.get(name)
        if normal is None:
            normal = self._normals[name] = Normal(quantity_of(name)[0], self._minimum)
        return normal

    def _look(self, name: str, value: float, repeats: float, began_ns: int) -> Look:
        normal = self._normals.get(name)
        if normal is None:
            return Look.GOOD if is_physical(value, quantity_of(name)[0]) else Look.DROPOUT
        if not is_physical(value, normal.quantity):
            return Look.DROPOUT
        if value in CODES and (place := normal.level(value, began_ns)) is not None and place[0] > FAR:
            return Look.DROPOUT
        if repeats and normal.is_stuck(repeats) and not _is_switch(normal):
            return Look.STUCK
        return Look.STILL if repeats > 0 and (_is_switch(normal) or not normal.moves) else Look.GOOD

    def _fault(self) -> Fault | None:
        """What is wrong with the sensor as a whole: nothing, as long as one quantity is seen to live."""
        looks = [look for look, _ in self._looks.values()]
        if Look.GOOD in looks:
            return None
        if Look.STUCK in looks:
            return Fault(State.DEGRADED, "stuck: the same values again and again")
        if Look.STILL in looks or not looks:
            return None
        codes = sorted({f"{value:g}" for _, value in self._looks.values() if math.isfinite(value)})
        return Fault(State.DEGRADED, f"dropout: reads {', '.join(codes[:3])}" if codes else "dropout: no values")

    def _score(
        self, features: Features, name: str, value: float, change: float, began_ns: int, quality: Quality
    ) -> list[Score]:
        normal = self._normals.get(name) or Normal(quantity_of(name)[0], self._minimum)
        level, move, unit = self._labels.get(name) or self._label(name, normal)
        good = quality is Quality.OK
        if _is_switch(normal):
            return [self._tell(features, level, quality, normal.rarity(value) if good else None, value, unit)]
        near = self._tell(features, level, quality, normal.level(value, began_ns) if good else None, value, unit)
        if good and math.isnan(change):
            quality, good = Quality.GAP, False
        moved = self._tell(features, move, quality, normal.change(change) if good else None, change, unit)
        return [near, moved]

    def _label(self, name: str, normal: Normal) -> tuple[str, str, str]:
        suffix = normal.quantity.unit if normal.quantity else ""
        channel = f"{self.stream}:{name}"
        label = self._labels[name] = f"{channel}.level", f"{channel}.change", UNITS.get(suffix, suffix)
        return label

    def _tell(
        self,
        features: Features,
        channel: str,
        quality: Quality,
        found: tuple[float, float] | None,
        value: float,
        unit: str,
    ) -> Score:
        stream, end_ns, span_ns = features.stream, features.end_ns, features.span_ns
        if found is None:
            quality = Quality.WARMING if quality is Quality.OK else quality
            return Score(stream, channel, Modality.ENVIRONMENT, end_ns, span_ns, None, quality)
        return Score(
            stream, channel, Modality.ENVIRONMENT, end_ns, span_ns, found[0], quality, (), value, found[1], unit
        )


def _is_switch(normal: Normal) -> bool:
    return normal.quantity is not None and normal.quantity.binary


def _unpack(features: Features) -> tuple[int, Iterator[tuple[str, float, float, float]]]:
    """Beginning of the segment, nanoseconds UTC, and name, value, change and repeats of every quantity."""
    values = features.values.tolist()
    count = (len(values) - 1) // 3
    began_ns = features.end_ns - round(values[-1] * NS)
    return began_ns, zip(
        features.names, values[:count], values[count : 2 * count], values[2 * count : -1], strict=False
    )
