"""How Zigbee2MQTT, Tasmota, Home Assistant and everybody else put readings into JSON objects."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sensors.environment.columns import read_number
from sensors.environment.live.reading import Reading
from sensors.environment.quantities import QUANTITIES, quantity_of
from sensors.environment.units import SWITCH

Object = Mapping[str, Any]

MOST_FIELDS, DEEPEST = 256, 6
TIMES = ("time", "timestamp", "ts", "datetime", "last_seen", "last_updated", "last_changed", "measured_at", "utc")
"""Where an object tells its time, in lower case."""

_VALUES = frozenset(("value", "val", "reading", "state"))
_UNITS = ("unit", "unit_of_measurement", "units")
_ZIGBEE_ONLY = frozenset({"linkquality", "battery_low", "device_temperature"})
_SETTINGS = re.compile(
    r"(linkquality|.*_(calibration|precision|timeout|threshold|interval|sensitivity|delay|raw|count|alarm_limit))$"
)
_CLASSES = {one.device_class: one.name for one in reversed(QUANTITIES) if one.device_class} | {
    "atmospheric_pressure": "air_pressure", "moisture": "water_leak", "door": "door", "window": "window",
    "opening": "contact", "garage_door": "door", "presence": "occupancy", "humidity": "humidity",
}  # fmt: skip
_TASMOTA_UNITS = {"power": "W", "voltage": "V", "current": "A", "total": "kWh", "today": "kWh", "yesterday": "kWh"}


def join(*parts: str) -> str:
    """A name of parts, the empty ones left out."""
    return "_".join(part for part in parts if part)


def is_home_assistant(told: Object) -> bool:
    """Whether this is a state as Home Assistant writes it out, with its attributes."""
    return "state" in told and isinstance(told.get("attributes"), dict)


def is_tasmota(told: Object) -> bool:
    """Whether this is what Tasmota sends on its topics SENSOR and STATE."""
    return "Time" in told and ("TempUnit" in told or any(isinstance(part, dict) for part in told.values()))


def is_zigbee(told: Object) -> bool:
    """Whether this is a device's state as Zigbee2MQTT gives it."""
    return bool(_ZIGBEE_ONLY & told.keys())


def plain_readings(told: Object, prefix: str, name: str) -> Iterator[Reading]:
    """Everybody else's: numbers and switches at any depth, called by their keys; {"value": ..., "unit": ...} too."""
    unit = next((str(told[key]) for key in _UNITS if isinstance(told.get(key), str)), "")
    for path, cell in _leaves(told):
        own = name if path.lower() in _VALUES and name else join(prefix, path)
        # A unit beside several numbers is of the value only.
        yield from _reading(own, cell, unit if path.lower() in _VALUES else "")


def zigbee_readings(told: Object, prefix: str) -> Iterator[Reading]:
    """A device's state by Zigbee2MQTT; its "contact" is true when closed, ours when open."""
    for path, cell in _leaves(told):
        if _SETTINGS.fullmatch(path) or path.startswith("update_"):
            continue
        if path == "illuminance" and "illuminance_lux" in told:
            continue
        name, unit = join(prefix, path), ""
        if path == "contact" and isinstance(cell, bool):
            cell = not cell
        elif path == "pressure":
            name, unit = join(prefix, "air_pressure"), "hPa"
        elif path == "voltage":
            unit = "mV" if "battery" in told else "V"
        elif path in ("power", "current", "energy"):
            unit = {"power": "W", "current": "A", "energy": "kWh"}[path]
        yield from _reading(name, cell, unit)


def tasmota_readings(told: Object, prefix: str) -> Iterator[Reading]:
    """The values of each sensor under the sensor's name, in the units that the object tells."""
    warmth, pressure = told.get("TempUnit"), told.get("PressureUnit")
    for path, cell in _leaves(told, _spelled):
        what = path.rpartition("_")[2] if not path.endswith("dew_point") else "temperature"
        name, unit = join(prefix, path), _TASMOTA_UNITS.get(what, "")
        if what == "temperature" and isinstance(warmth, str):
            unit = warmth
        elif what == "pressure":
            name = name.removesuffix("pressure") + "air_pressure"
            unit = pressure if isinstance(pressure, str) else "hPa"
        yield from _reading(name, cell, unit)


def home_assistant_readings(told: Object, name: str) -> Iterator[Reading]:
    """The state, in the unit and of the class that its attributes tell."""
    attributes = told["attributes"]
    unit, kind = attributes.get("unit_of_measurement"), attributes.get("device_class")
    unit = unit if isinstance(unit, str) else ""
    measured = _CLASSES.get(kind, "") if isinstance(kind, str) else ""
    if measured and quantity_of(name, unit)[0] is None:
        name = join(name, measured)
    state = told["state"]
    if isinstance(state, str | int | float) or state is None:
        yield Reading(name, state, unit)


def _reading(name: str, cell: object, unit: str) -> Iterator[Reading]:
    """A reading of a leaf that is a number, a switch, or nothing yet; text and the nameless are passed over."""
    if not name.strip():
        return
    if isinstance(cell, bool):
        yield Reading(name, cell, SWITCH)
    elif isinstance(cell, int | float):
        yield Reading(name, cell, unit)
    elif cell is None or isinstance(cell, str):
        quantity = quantity_of(name, unit)[0]
        if quantity is None and cell is None:
            return
        known = quantity is not None or name.rpartition("_")[2].lower() in _VALUES | {"power"}
        if known and read_number(cell, binary=quantity is None or quantity.binary) is not None:
            yield Reading(name, cell, unit)


def _leaves(
    told: Object, spell: Callable[[str], str] = str, above: str = "", depth: int = 0
) -> Iterator[tuple[str, object]]:
    """Joined keys and values of what is no object and no list, times left out."""
    for number, (key, cell) in enumerate(told.items()):
        if number >= MOST_FIELDS:
            return
        path = join(above, spell(key))
        if isinstance(cell, dict):
            if depth < DEEPEST:
                yield from _leaves(cell, spell, path, depth + 1)
        elif not isinstance(cell, list) and key.lower() not in TIMES and key.lower() not in _UNITS:
            yield path, cell


def _spelled(key: str) -> str:
    """Tasmota's keys as names: "CarbonDioxide" -> "carbon_dioxide"; "SI7021" and "TVOC" stay one word."""
    return re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", key).lower()
