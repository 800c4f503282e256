"""How strange each quantity of a place is, each aspect of it a channel of its own.

1. `faults` says which readings can be believed; the others are neither scored nor learned.
2. A measured quantity has six channels (`normal`): `<quantity>.level`, how far it is from where it usually is, at this
   hour of the day once days are known; `.change`, how far from what the rows before predicted; `.step`, how much the
   last rows differ from those before them; `.unrest`, how much wilder or calmer it is; `.pattern`, how unlike anything
   learned the last rows are; `.drift`, how far it has crept away, slowly, from where it was for long.
3. A switch has two (`rates`): `.level`, how rare its state is at this hour, and `.rate`, how unusual its share of ones.
4. `together.lately` and `together.long` (`together`) say how strange the quantities of a row are beside each other,
   and `together.law` how far they are from all that was learned, where that was fitted as a whole.

Why the fusion hears four of these (`FUSED`): it averages what the channels of a sense say, so that each one that seldom
speaks makes the others fainter. On composed recordings of three families (20 events) the four found 12 at one false
alarm an hour, all eight 7. Who judges a table by itself asks for `EVERY` one.

All in scales of a long past, never finer than the smallest step that matters. Why a short memory for the place and a
long one for the scale: a new day begins elsewhere, but it is no calmer or wilder. After a long gap or a restart `level`
and `change` warm up again, for what has just been switched on still settles; what they are divided by is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from sensors.base import Arrays
from sensors.environment.faults import Faults
from sensors.environment.features import Measured, unpack
from sensors.environment.normal import ASPECTS, Found, Normal
from sensors.environment.quantities import quantity_of
from sensors.environment.rates import Rates
from sensors.environment.together import CHANNELS, PREFIX, WINDOWS, Together
from sensors.types import Features, Health, Modality, Quality, Score

UNITS = {"c": "°C", "percent": "%", "ug_per_m3": "µg/m³", "hpa": "hPa", "pa": "Pa", "db": "dB", "dbfs": "dBFS"} | {
    "v": "V", "w": "W", "kwh": "kWh", "a": "A", "l_per_min": "l/min"
}  # fmt: skip
"""How units are written for people, where that differs from the suffix."""

FUSED = frozenset({"level", "change", "step", "rate"})
"""Aspects that a detector tells of unless it is asked for others."""

EVERY = frozenset({*ASPECTS, *Rates.channels, *CHANNELS})
"""All aspects there are."""

SEASONS = ":seasons.open"
"""After the name of every quantity: an array that all that learn have."""


class EnvironmentDetector:
    """Scores every quantity of one environmental sensor.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    minimum : int
        Learned rows from which scores are given.
    aspects : collection of str
        Which aspects to tell of; no others are learned.
    """

    def __init__(self, stream: str, *, minimum: int = 20, aspects: Collection[str] = FUSED) -> None:
        self.stream = stream
        self._aspects = frozenset(aspects)
        self._minimum = minimum
        self._normals: dict[str, Normal | Rates] = {}
        self._labels: dict[str, _Label] = {}
        self._faults = Faults(stream)
        self._together = Together()
        self._joins = not self._aspects.isdisjoint(CHANNELS)
        self._joint, self._windows = self._name(PREFIX, CHANNELS, ""), self._name(PREFIX, WINDOWS, "")

    def score(self, features: Features) -> list[Score | Health]:
        """Scores of the quantities in this row, and the sensor's health."""
        began_ns, row = unpack(features)
        qualities, changes = self._faults.judge(began_ns, features.end_ns, row)
        told: list[Score | Health] = [*changes]
        for one in row:
            told += self._score(features, one, began_ns, qualities[one.name])
        if len(row) > 1 and self._joins:
            told += self._score_together(features, row, [qualities[one.name] for one in row])
        return told

    def learn(self, features: Features) -> None:
        """Take this row as normal, except quantities at fault."""
        began_ns, row = unpack(features)
        taken = self._faults.learn(row)
        for one in row:
            if one.name in taken:
                self._normal(one.name).learn(one, began_ns, features.end_ns)
        if self._joins:
            self._together.learn(row, [one.name in taken for one in row], features.end_ns)

    @property
    def on_learned(self) -> Callable[[str, Sequence[float]], None] | None:
        """Told of every row of several quantities that is learned, for what can be fitted to all of them."""
        return self._together.on_learned

    @on_learned.setter
    def on_learned(self, told: Callable[[str, Sequence[float]], None] | None) -> None:
        self._together.on_learned = told

    def adopt(self, name: str, arrays: Arrays) -> None:
        """Tell of `together.law`, too, by what was fitted for the quantities that a name stands for."""
        self._together.adopt(name, arrays)

    def state(self) -> Arrays:
        """The past of every quantity, as arrays named "<quantity>:<part>"."""
        normals = self._normals.items()
        pasts = {f"{name}:{part}": array for name, normal in normals for part, array in normal.state().items()}
        return {**pasts, **self._together.state(), **self._faults.state()}

    def restore(self, state: Arrays) -> None:
        """Begin with the past of an equal detector."""
        self._faults.restore(state)
        self._together.restore(state)
        self._normals.clear()
        for name in dict.fromkeys(key.removesuffix(SEASONS) for key in state if key.endswith(SEASONS)):
            parts = {key.rpartition(":")[2]: array for key, array in state.items() if key.rpartition(":")[0] == name}
            normal = self._normals[name] = self._new(name)
            normal.restore(parts)

    def _normal(self, name: str) -> Normal | Rates:
        normal = self._normals.get(name)
        if normal is None:
            normal = self._normals[name] = self._new(name)
        return normal

    def _new(self, name: str) -> Normal | Rates:
        quantity = quantity_of(name)[0]
        return Rates(self._minimum) if quantity and quantity.binary else Normal(quantity, self._minimum, self._aspects)

    def _score(self, features: Features, reading: Measured, began_ns: int, quality: Quality) -> Iterator[Score]:
        normal = self._normals.get(reading.name)
        label = self._labels.get(reading.name) or self._label(reading.name)
        found: Sequence[Found | None] = label.nothing
        if normal is not None and quality is Quality.OK:
            found = normal.look(reading, began_ns, features.end_ns)
        yield from _tell(features, label, found, quality, reading.value)

    def _score_together(
        self, features: Features, row: Sequence[Measured], qualities: Sequence[Quality]
    ) -> Iterator[Score]:
        well = [quality is Quality.OK for quality in qualities]
        known = self._together.channels(row)
        found = self._together.look(row, well) if any(well) else (None,) * known
        label = self._joint if known == len(CHANNELS) else self._windows
        yield from _tell(features, label, found, Quality.OK if any(well) else qualities[0])

    def _label(self, name: str) -> _Label:
        quantity = quantity_of(name)[0]
        suffix = quantity.unit if quantity else ""
        label = self._labels[name] = self._name(name, self._new(name).channels, UNITS.get(suffix, suffix))
        return label

    def _name(self, name: str, aspects: Sequence[str], unit: str) -> _Label:
        channels = tuple(f"{self.stream}:{name}.{aspect}" for aspect in aspects)
        told = tuple(aspect in self._aspects for aspect in aspects)
        return _Label(channels, told, unit, (None,) * len(aspects))


class _Label(NamedTuple):
    """Names of a quantity's channels, which are told, its unit, and what is found of it while nothing is known."""

    channels: tuple[str, ...]
    told: tuple[bool, ...]
    unit: str
    nothing: tuple[None, ...]


def _tell(
    features: Features, label: _Label, found: Sequence[Found | None], quality: Quality, measured: float | None = None
) -> Iterator[Score]:
    """A score a channel; what could not be found is told by its quality, and while warming with what was measured."""
    stream, end_ns, span_ns, sense = features.stream, features.end_ns, features.span_ns, Modality.ENVIRONMENT
    for channel, told, one in zip(label.channels, label.told, found, strict=True):
        if not told:
            continue
        if one is not None and math.isfinite(one.raw):
            raw, value, usual = one
            yield Score(stream, channel, sense, end_ns, span_ns, raw, quality, (), value, usual, label.unit)
        else:
            why = quality if quality is not Quality.OK else Quality.WARMING if one is None else Quality.GAP
            seen = measured if why is Quality.WARMING and channel == label.channels[0] else None
            unit = label.unit if seen is not None else ""
            yield Score(stream, channel, sense, end_ns, span_ns, None, why, (), seen, None, unit)
