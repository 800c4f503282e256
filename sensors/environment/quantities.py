"""What buildings measure: one table of quantities, their units, physical range, and smallest step that matters.

A column is recognised by a word in its name, and its unit by a bracket ("Temperature[F]"), a suffix ("temperature_f")
or a hint. A name whose unit could be anything ("pressure", "flow") is left alone unless a unit is told. A thing that is
on or off under the name of something measured ("gas": true) is told by the unit "bool", and is "gas_detected" then.

Units are our own table too; `units` says why not pint. Rates, periods and intervals are orders of magnitude from data
sheets and the practice of buildings: where to begin until the place's own past is known, never a threshold by itself.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from sensors.environment.units import FACTORS, SWITCH, plain, split
from sensors.errors import BadInputError

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0
WEEK_S = 7 * DAY_S


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
    senml : str
        Unit in which SenML (RFC 8428, RFC 8798) gives it, which `quantity_of` understands; empty where it has none.
    device_class : str
        Home Assistant's class of such a sensor, of a binary sensor where `binary`; empty where it has none.
    rate_per_min : float or None
        How much it moves in a minute at most when nothing is wrong, in `unit`; None where it may leap at any time.
    period_s : float or None
        After how long its ordinary course begins again, seconds: a day, a week; None where it has no such rhythm.
    report_s : float
        Usual time between two readings of such a sensor, seconds; of a switch between two signs of life.
    """

    name: str
    unit: str
    low: float
    high: float
    resolution: float
    binary: bool = False
    senml: str = ""
    device_class: str = ""
    rate_per_min: float | None = None
    period_s: float | None = None
    report_s: float = MINUTE_S


LARGEST = 1e30
"""What is larger, either way, is no measurement of anything."""


class _Row(NamedTuple):
    quantity: Quantity
    words: tuple[str, ...]
    bare: bool


def _row(
    name: str, unit: str, low: float, high: float, step: float, senml: str, device_class: str, rate: float | None,
    period_s: float | None, report_s: float, words: str = "", bare: bool = True,
) -> _Row:  # fmt: skip
    told = Quantity(name, unit, low, high, step, False, senml, device_class, rate, period_s, report_s)
    return _Row(told, (name, *words.split()), bare)


def _switch(name: str, device_class: str, period_s: float | None, words: str = "") -> _Row:
    told = Quantity(name, "", 0.0, 1.0, 1.0, True, "/", device_class, None, period_s, HOUR_S)
    return _Row(told, (name, *words.split()), bare=True)


_LOUD = "noise_level noise loudness sound sound_level"

_TABLE = (
    _row(
        "temperature", "c", -90, 1000, 0.1, "Cel", "temperature", 0.5, DAY_S, 60,
        "temp thermocouple dew_point dewpoint",
    ),
    _row("humidity", "percent", 0, 105, 0.5, "%RH", "humidity", 2, DAY_S, 60, "relative_humidity rh hum"),
    _row("co2", "ppm", 0, 100_000, 10, "ppm", "carbon_dioxide", 100, WEEK_S, 60, "eco2 carbon_dioxide"),
    _row("co", "ppm", 0, 10_000, 1, "ppm", "carbon_monoxide", 2, DAY_S, 60, "carbon_monoxide", bare=False),
    _row("voc", "ppb", 0, 100_000, 10, "ppm", "volatile_organic_compounds_parts", 200, WEEK_S, 60, "tvoc"),
    _row("voc", "ug_per_m3", 0, 1e6, 20, "ug/m3", "volatile_organic_compounds", 500, WEEK_S, 60, "tvoc", bare=False),
    _row("voc_index", "", 0, 500, 5, "/", "aqi", 50, WEEK_S, 60, "iaq air_quality_index"),
    _row("pm1", "ug_per_m3", 0, 10_000, 1, "ug/m3", "pm1", 20, DAY_S, 60, "pm1_0"),
    _row("pm2_5", "ug_per_m3", 0, 10_000, 1, "ug/m3", "pm25", 20, DAY_S, 60, "pm25"),
    _row("pm10", "ug_per_m3", 0, 10_000, 1, "ug/m3", "pm10", 50, DAY_S, 60, "pm10_0"),
    _row("gas", "ppm", 0, 1e6, 10, "ppm", "", 20, DAY_S, 10, "lpg methane combustible_gas", bare=False),
    _row("gas_lel", "percent", 0, 100, 0.5, "/100", "", 1, None, 10, "lel", bare=False),
    _row("gas_resistance", "ohm", 0, 1e9, 100, "Ohm", "", None, DAY_S, 60, bare=False),
    _row(
        "air_pressure", "hpa", 300, 1200, 0.1, "hPa", "atmospheric_pressure", 0.5, None, 60,
        "barometer barometric_pressure",
    ),
    _row("pressure", "pa", -1e5, 1e9, 1e-3, "Pa", "pressure", None, None, 10, bare=False),
    _row("illuminance", "lx", 0, 200_000, 2, "lx", "illuminance", None, DAY_S, 60, "light lux brightness"),
    _row(
        "sound_pressure_level", "db", -20, 200, 0.5, "Bspl", "sound_pressure", None, WEEK_S, 1,
        f"sound_pressure {_LOUD}", bare=False,
    ),
    _row("sound_level", "dbfs", -200, 0, 0.5, "", "", None, WEEK_S, 1, _LOUD, bare=False),
    _row("sound_level", "v", 0, 50, 0.02, "V", "voltage", None, WEEK_S, 1, _LOUD, bare=False),
    _row(
        "vibration", "g", -500, 500, 1e-3, "m/s2", "", None, WEEK_S, 1,
        "acceleration accelerometer accel", bare=False,
    ),
    _row("vibration", "mm_per_s", -1e4, 1e4, 0.1, "m/s", "", None, WEEK_S, 1, "vibration_velocity", bare=False),
    _row("power", "w", -1e7, 1e7, 1, "W", "power", None, WEEK_S, 10, "active_power", bare=False),
    _row("energy", "kwh", -1e9, 1e9, 0.01, "kWh", "energy", None, None, 60, bare=False),
    _row("current", "a", -1e4, 1e4, 0.01, "A", "current", None, WEEK_S, 10),
    _row("voltage", "v", -1e5, 1e5, 0.1, "V", "voltage", 10, DAY_S, 10),
    _row("frequency", "hz", 0, 1e6, 0.01, "Hz", "frequency", 0.5, None, 10, bare=False),
    _row(
        "flow", "l_per_min", -1e6, 1e6, 0.1, "l/s", "volume_flow_rate", None, WEEK_S, 10,
        "flow_rate water_flow", bare=False,
    ),
    _row("water_level", "m", -100, 1000, 0.005, "m", "distance", 0.1, DAY_S, 60, "level", bare=False),
    _row("smoke_density", "percent", 0, 100, 0.1, "/100", "", 0.2, None, 10, "obscuration smoke", bare=False),
    _row("battery", "percent", 0, 100, 1, "%EL", "battery", 0.1, None, HOUR_S, "battery_level"),
    _switch("motion", "motion", WEEK_S, "pir movement"),
    _switch("occupancy", "occupancy", WEEK_S, "occupied presence"),
    _switch("door", "door", WEEK_S),
    _switch("window", "window", WEEK_S),
    _switch("contact", "opening", WEEK_S, "opening"),
    _switch("water_leak", "moisture", None, "leak flood moisture_alarm"),
    _switch("smoke", "smoke", None, "smoke_alarm smoke_detected"),
    _switch("gas_detected", "gas", None, "gas_alarm gas_leak"),
    _switch("co_detected", "carbon_monoxide", None, "co_alarm carbon_monoxide_detected carbon_monoxide_alarm"),
    _switch("vibration_detected", "vibration", WEEK_S, "vibration_alarm"),
    _switch("tamper", "tamper", None, "tampering"),
)  # fmt: skip

QUANTITIES = tuple(row.quantity for row in _TABLE)
"""All of them; some names stand twice, for what is measured in units that do not convert into each other."""

_DETECTED = "_detected"
_DERIVED = frozenset("ratio setpoint target count status absolute alarm_limit threshold".split())


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

    A column that is not known keeps its name, with the unit that was told: "radon" in Bq/m3 -> "radon [Bq/m3]", but
    "pump" in bool -> "pump". Only what would break the name of a channel, "stream:name.what", becomes "_".
    """
    return _recognise(column_name, unit_hint)[0]


@lru_cache(maxsize=1024)
def _recognise(column_name: str, unit_hint: str) -> tuple[str, Quantity | None, float, float]:
    told = f" [{unit_hint.strip()}]" if plain(unit_hint) not in ("", SWITCH) else ""
    shown = re.sub(r"[\s:.]+", lambda gap: " " if gap[0].isspace() else "_", f"{column_name.strip()}{told}")
    unknown = (shown, None, 1.0, 0.0)
    stem, unit = split(column_name)
    unit = plain(unit_hint) or unit
    for row in _matches(stem):
        known = FACTORS.get(row.quantity.unit, {})
        if unit == SWITCH and not row.quantity.binary:
            continue
        if unit in known or (not unit and row.bare):
            factor, offset = known.get(unit, (1.0, 0.0))
            suffix = row.quantity.unit
            return (f"{stem}_{suffix}" if suffix else stem), row.quantity, float(factor), float(offset)
    if unit == SWITCH and not stem.endswith(_DETECTED) and _recognise(stem + _DETECTED, "")[1]:
        return _recognise(stem + _DETECTED, "")
    return unknown


def require_unit(column_name: str, unit_hint: str, where: object) -> None:
    """Check that a unit told from outside is one of the quantity's; a quantity that no table knows may have any.

    Raises
    ------
    BadInputError
        If it is none; the known ones are named.
    """
    known = units_of(column_name)
    if known and plain(unit_hint) not in ("", SWITCH, *known):
        names = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
        what = f"'{unit_hint}' is no unit of '{column_name}' known here"
        raise BadInputError(
            what, where=where, mend=f'known are {names}; give units = {{ "{column_name}" = "{known[0]}" }}'
        )


def units_of(column_name: str) -> list[str]:
    """Units in which a column of this name can be measured, by their plain spelling; none of a switch or a stranger."""
    measured = [row.quantity for row in _matches(split(column_name)[0])]
    if measured and measured[0].binary:
        return []
    return list(dict.fromkeys(word for one in measured for word in FACTORS.get(one.unit, {})))


def is_word_of(column_name: str, quantity: Quantity) -> bool:
    """Whether a name says nothing but which quantity it is: "temp_c" does, "boiler_temp_c" says more."""
    stem = split(column_name)[0]
    return any(row.quantity is quantity and stem in row.words for row in _TABLE)


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
