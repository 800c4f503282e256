"""What buildings measure: one table of quantities, their units, physical range, and smallest step that matters.

A column is recognised by a word in its name, and its unit by a bracket ("Temperature[F]"), a suffix ("temperature_f")
or a hint. A name whose unit could be anything ("pressure", "flow") is left alone unless a unit is told.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from sensors.errors import BadInputError


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something measured.

    Attributes
    ----------
    name : str
        "temperature".
    unit : str
        Suffix of the unit its values are converted to: "c", "percent", "lx"; empty for pure numbers.
    low, high : float
        Physical range in `unit`; what lies outside is a broken reading, not an event.
    resolution : float
        Smallest step that matters, in `unit`, > 0.
    binary : bool
        Only 0 and 1 occur.
    """

    name: str
    unit: str
    low: float
    high: float
    resolution: float
    binary: bool = False


LARGEST = 1e30
"""What is larger, either way, is no measurement of anything."""


class _Row(NamedTuple):
    quantity: Quantity
    words: tuple[str, ...]
    bare: bool


def _row(name: str, unit: str, low: float, high: float, step: float, words: str = "", bare: bool = True) -> _Row:
    return _Row(Quantity(name, unit, low, high, step), (name, *words.split()), bare)


def _switch(name: str, words: str) -> _Row:
    return _Row(Quantity(name, "", 0.0, 1.0, 1.0, binary=True), (name, *words.split()), bare=True)


_TABLE = (
    _row("temperature", "c", -90, 1000, 0.1, "temp thermocouple dew_point dewpoint"),
    _row("humidity", "percent", 0, 105, 0.5, "relative_humidity rh hum"),
    _row("co2", "ppm", 0, 100_000, 10, "eco2 carbon_dioxide"),
    _row("co", "ppm", 0, 10_000, 1, "carbon_monoxide", bare=False),
    _row("voc", "ppb", 0, 100_000, 10, "tvoc"),
    _row("voc_index", "", 0, 500, 5, "iaq air_quality_index"),
    _row("pm1", "ug_per_m3", 0, 10_000, 1, "pm1_0"),
    _row("pm2_5", "ug_per_m3", 0, 10_000, 1, "pm25"),
    _row("pm10", "ug_per_m3", 0, 10_000, 1, "pm10_0"),
    _row("air_pressure", "hpa", 300, 1200, 0.1, "barometer barometric_pressure"),
    _row("pressure", "pa", -1e5, 1e9, 1e-3, bare=False),
    _row("illuminance", "lx", 0, 200_000, 2, "light lux brightness"),
    _row("sound_pressure_level", "db", -20, 200, 0.5, "sound_level noise_level noise loudness sound", bare=False),
    _row("sound_level", "dbfs", -200, 0, 0.5, "noise_level noise loudness sound", bare=False),
    _row("sound_level", "v", 0, 50, 0.02, "noise_level noise loudness sound", bare=False),
    _row("vibration", "g", -500, 500, 1e-3, "acceleration accelerometer accel", bare=False),
    _row("power", "w", -1e7, 1e7, 1, "active_power", bare=False),
    _row("energy", "kwh", -1e9, 1e9, 0.01, bare=False),
    _row("current", "a", -1e4, 1e4, 0.01),
    _row("voltage", "v", -1e5, 1e5, 0.1),
    _row("flow", "l_per_min", -1e6, 1e6, 0.1, "flow_rate", bare=False),
    _row("water_level", "m", -100, 1000, 0.005, "level", bare=False),
    _row("smoke_density", "percent", 0, 100, 0.1, "obscuration smoke", bare=False),
    _row("battery", "percent", 0, 100, 1, "battery_level"),
    _switch("motion", "pir movement presence"),
    _switch("occupancy", "occupied"),
    _switch("contact", "door window opening"),
    _switch("water_leak", "leak flood moisture_alarm"),
    _switch("smoke", "smoke_alarm smoke_detected"),
    _switch("tamper", "tampering"),
)

_UNITS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "c": {"c degc celsius": (1, 0), "f degf fahrenheit": (5 / 9, -160 / 9), "k kelvin": (1, -273.15)},
    "percent": {"percent pct rh": (1, 0), "fraction": (100, 0)},
    "ppm": {"ppm": (1, 0), "ppb": (1e-3, 0), "percent pct": (1e4, 0)},
    "ppb": {"ppb": (1, 0), "ppm": (1e3, 0)},
    "ug_per_m3": {"ug_per_m3 ug_m3 ugm3": (1, 0), "mg_per_m3 mg_m3": (1e3, 0)},
    "hpa": {"hpa mbar": (1, 0), "kpa": (10, 0), "mmhg": (1.333224, 0), "inhg": (33.86389, 0)},
    "pa": {"pa": (1, 0), "hpa mbar": (100, 0), "kpa": (1e3, 0), "mpa": (1e6, 0), "bar": (1e5, 0), "psi": (6894.757, 0)},
    "lx": {"lx lux": (1, 0), "klx": (1e3, 0), "fc": (10.76391, 0)},
    "db": {"db dba db_a dbspl db_spl": (1, 0)},
    "dbfs": {"dbfs": (1, 0)},
    "v": {"v volt volts": (1, 0), "mv": (1e-3, 0), "kv": (1e3, 0)},
    "g": {"g": (1, 0), "mg": (1e-3, 0), "m_per_s2 m_s2": (0.1019716, 0)},
    "w": {"w watt watts": (1, 0), "kw": (1e3, 0)},
    "kwh": {"kwh": (1, 0), "wh": (1e-3, 0)},
    "a": {"a amp amps ampere": (1, 0), "ma": (1e-3, 0)},
    "l_per_min": {
        "l_per_min l_min lpm": (1, 0), "l_per_s l_s": (60, 0), "m3_per_h m3_h": (1e3 / 60, 0), "gpm": (3.785412, 0),
    },
    "m": {"m": (1, 0), "cm": (1e-2, 0), "mm": (1e-3, 0)},
}  # fmt: skip

_FACTORS = {unit: {word: fo for words, fo in table.items() for word in words.split()} for unit, table in _UNITS.items()}
_UNIT_WORDS = frozenset(word for table in _FACTORS.values() for word in table)
_DERIVED = frozenset("ratio setpoint target count status absolute alarm_limit threshold".split())
_SIGNS = str.maketrans({"°": "deg", "º": "deg", "µ": "u", "μ": "u", "%": "percent", "²": "2", "³": "3", "₂": "2"})


def quantity_of(column_name: str, unit_hint: str = "") -> tuple[Quantity | None, float, float]:
    """What a column measures, and how to convert it: value in the documented unit = cell * factor + offset.

    Parameters
    ----------
    column_name : str
        As the file writes it: "Temperature[C]", "pressure_hpa", "S6_PIR".
    unit_hint : str
        Unit told from outside; goes before what the name says.

    Returns
    -------
    quantity : Quantity or None
        None where the column is not known: then factor 1 and offset 0.
    factor, offset : float
        The conversion.
    """
    _, quantity, factor, offset = _recognise(column_name, unit_hint)
    return quantity, factor, offset


def documented_name(column_name: str, unit_hint: str = "") -> str:
    """Name of a column after conversion, with its unit as suffix: "Temperature[F]" -> "temperature_c".

    A column that is not known keeps its name, with the unit that was told: "radon" in Bq/m3 -> "radon [Bq/m3]". Only
    what would break the name of a channel, "stream:name.what", becomes "_".
    """
    return _recognise(column_name, unit_hint)[0]


@lru_cache(maxsize=1024)
def _recognise(column_name: str, unit_hint: str) -> tuple[str, Quantity | None, float, float]:
    told = f" [{unit_hint.strip()}]" if unit_hint.strip() else ""
    shown = re.sub(r"[\s:.]+", lambda gap: " " if gap[0].isspace() else "_", f"{column_name.strip()}{told}")
    unknown = (shown, None, 1.0, 0.0)
    stem, unit = _split(column_name)
    unit = _plain(unit_hint) or unit
    for row in _matches(stem):
        known = _FACTORS.get(row.quantity.unit, {})
        if unit in known or (not unit and row.bare):
            factor, offset = known.get(unit, (1.0, 0.0))
            suffix = row.quantity.unit
            return (f"{stem}_{suffix}" if suffix else stem), row.quantity, float(factor), float(offset)
    return unknown


def require_unit(column_name: str, unit_hint: str, where: object) -> None:
    """Check that a unit told from outside is one of the quantity's; a quantity that no table knows may have any.

    Raises
    ------
    BadInputError
        If it is none; the known ones are named.
    """
    measured = [row.quantity for row in _matches(_split(column_name)[0])]
    known = list(dict.fromkeys(word for one in measured for word in _FACTORS.get(one.unit, {})))
    if _plain(unit_hint) and known and _plain(unit_hint) not in known and not measured[0].binary:
        names = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
        what = f"'{unit_hint}' is no unit of '{column_name}' known here"
        raise BadInputError(
            what, where=where, mend=f'known are {names}; give units = {{ "{column_name}" = "{known[0]}" }}'
        )


def _matches(stem: str) -> list[_Row]:
    """What a name without its unit can mean, the longest word first."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", stem) if not unicodedata.combining(letter))
    words = bare.split("_")
    if not bare or _DERIVED.intersection(words):
        return []
    padded = f"_{bare}_", "_" + "_".join(re.sub(r"(?<=[a-z])\d+$", "", word) for word in words) + "_"
    found = [
        (len(word), -position, row)
        for position, row in enumerate(_TABLE)
        for word in row.words
        if any(f"_{word}_" in text for text in padded)
    ]
    return [row for _, _, row in sorted(found, key=lambda match: match[:2], reverse=True)]


def _plain(text: str) -> str:
    """Letters and digits of any script, the rest as "_"."""
    spelled = unicodedata.normalize("NFC", text).strip().translate(_SIGNS).lower().replace("/", "_per_")
    kept = (letter if letter.isalnum() or unicodedata.combining(letter) else "_" for letter in spelled)
    return re.sub("_+", "_", "".join(kept)).strip("_")


def _split(column_name: str) -> tuple[str, str]:
    """Name without its unit, and the unit."""
    bracket = re.fullmatch(r"\s*(.+?)\s*[\[(]([^\])]*)[\])]\s*", column_name)
    if bracket and _plain(bracket[2]) in _UNIT_WORDS:
        return _plain(bracket[1]), _plain(bracket[2])
    words = _plain(column_name).split("_")
    for length in (3, 2, 1):
        unit = "_".join(words[-length:])
        if len(words) > length and unit in _UNIT_WORDS:
            return "_".join(words[:-length]), unit
    return "_".join(words), ""
