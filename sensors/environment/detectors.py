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

from sensors.base import Arrays
from sensors.environment.faults import PART, Faults
from sensors.environment.features import unpack
from sensors.environment.normal import Normal
from sensors.environment.quantities import quantity_of
from sensors.types import Features, Health, Modality, Quality, Score

UNITS = {"c": "°C", "percent": "%", "ug_per_m3": "µg/m³", "hpa": "hPa", "pa": "Pa", "db": "dB", "dbfs": "dBFS"} | {
    "v": "V", "w": "W", "kwh": "kWh", "a": "A", "l_per_min": "l/min"
}  # fmt: skip
"""How units are written for people, where that differs from the suffix."""


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
        self._labels: dict[str, tuple[str, str, str]] = {}
        self._faults = Faults(stream)

    def score(self, features: Features) -> list[Score | Health]:
        """Scores of the quantities in this row, and the sensor's health."""
        began_ns, row = unpack(features)
        qualities, changes = self._faults.judge(began_ns, features.end_ns, row)
        told: list[Score | Health] = [*changes]
        for one in row:
            told += self._score(features, one.name, one.value, one.change, began_ns, qualities[one.name])
        return told

    def learn(self, features: Features) -> None:
        """Take this row as normal, except quantities at fault."""
        began_ns, row = unpack(features)
        taken = self._faults.learn(row)
        for one in row:
            if one.name in taken:
                self._normal(one.name).learn(one.value, one.change, began_ns, features.end_ns)

    def state(self) -> Arrays:
        """The past of every quantity, as arrays named "<quantity>:<part>"."""
        normals = self._normals.items()
        pasts = {f"{name}:{part}": array for name, normal in normals for part, array in normal.state().items()}
        return {**pasts, **self._faults.state()}

    def restore(self, state: Arrays) -> None:
        """Begin with the past of an equal detector."""
        self._faults.restore(state)
        self._normals.clear()
        for name in dict.fromkeys(key.rpartition(":")[0] for key in state if PART not in key):
            parts = {key.rpartition(":")[2]: array for key, array in state.items() if key.rpartition(":")[0] == name}
            normal = Normal(quantity_of(name)[0], self._minimum)
            normal.restore(parts)
            self._normals[name] = normal

    def _normal(self, name: str) -> Normal:
        normal = self._normals.get(name)
        if normal is None:
            normal = self._normals[name] = Normal(quantity_of(name)[0], self._minimum)
        return normal

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
        if found is None and quality is Quality.OK:
            warming = Quality.WARMING
            return Score(stream, channel, Modality.ENVIRONMENT, end_ns, span_ns, None, warming, (), value, None, unit)
        if found is None:
            return Score(stream, channel, Modality.ENVIRONMENT, end_ns, span_ns, None, quality)
        return Score(
            stream, channel, Modality.ENVIRONMENT, end_ns, span_ns, found[0], quality, (), value, found[1], unit
        )


def _is_switch(normal: Normal) -> bool:
    return normal.quantity is not None and normal.quantity.binary
