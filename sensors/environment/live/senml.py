"""SenML (RFC 8428, doi:10.17487/RFC8428; features of RFC 9100, doi:10.17487/RFC9100): records -> readings.

A name is what the record adds to the base name. Where it adds nothing, or nothing that tells a quantity, the unit does:
a record of a thermometer in "Cel" that is called by its serial number is a temperature.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from sensors.environment.live.flaws import Flaw, PayloadError
from sensors.environment.live.reading import Reading
from sensors.environment.quantities import quantity_of
from sensors.types import NS

RELATIVE_BELOW_S = 2**28
"""Times below are relative to now, seconds."""

MEASURED_IN = {
    "Cel": "temperature", "K": "temperature", "%RH": "humidity", "lx": "illuminance", "V": "voltage", "A": "current",
    "W": "power", "kWh": "energy", "Pa": "pressure", "hPa": "air_pressure", "%EL": "battery",
}  # fmt: skip
"""What is measured in a unit, where that is all there is to go by."""

_DEFAULT, _SECONDARY_UNITS = 10, 1 << 4
_NAME = re.compile(r"[A-Za-z0-9][-:./_A-Za-z0-9]*")
_NUMBERS = ("bt", "bv", "bs", "t", "v", "s", "ut")
_TEXTS = ("bn", "bu", "n", "u", "vs", "vd")


def is_senml(document: object) -> bool:
    """Whether a JSON document looks like a SenML pack."""
    if not isinstance(document, list) or not document or not all(isinstance(record, dict) for record in document):
        return False
    first = document[0]
    return ("n" in first or "bn" in first) and any({"v", "vb", "vs", "vd", "s"} & record.keys() for record in document)


def senml_readings(pack: object) -> tuple[Reading, ...]:
    """Readings of a pack, base fields resolved; strings, data and bare sums are passed over.

    Raises
    ------
    PayloadError
        If it is no SenML, asks for what is not known here, or holds no number.
    """
    if not isinstance(pack, list) or not pack:
        raise PayloadError(Flaw.NOT_SENML)
    bases: dict[str, Any] = {}
    read: list[tuple[str, Mapping[str, Any], dict[str, Any]]] = []
    for record in pack:
        _check(record)
        bases |= {label: value for label, value in record.items() if label.startswith("b")}
        if {"v", "vb", "vs", "vd", "s"} & record.keys():
            read.append((str(bases.get("bn", "")), record, dict(bases)))
    several = len({base for base, _, _ in read}) > 1
    readings = [_reading(record, base, several) for _, record, base in read if "v" in record or "vb" in record]
    if not readings:
        raise PayloadError(Flaw.NOT_A_NUMBER if read else Flaw.NO_READING)
    return tuple(readings)


def _check(record: object) -> None:
    if not isinstance(record, dict):
        raise PayloadError(Flaw.NOT_SENML)
    if any(label.endswith("_") for label in record):
        raise PayloadError(Flaw.SENML_NEWER)
    for label in _NUMBERS:
        value = record.get(label, 0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise PayloadError(Flaw.NOT_SENML)
    if not all(isinstance(record.get(label, ""), str) for label in _TEXTS):
        raise PayloadError(Flaw.NOT_SENML)
    if not isinstance(record.get("vb", False), bool):
        raise PayloadError(Flaw.NOT_SENML)
    version = record.get("bver", _DEFAULT)
    if isinstance(version, bool) or not isinstance(version, int) or version < 0:
        raise PayloadError(Flaw.NOT_SENML)
    if version > _DEFAULT and (version - _DEFAULT) & ~_SECONDARY_UNITS:
        raise PayloadError(Flaw.SENML_NEWER)


def _reading(record: Mapping[str, Any], base: Mapping[str, Any], several: bool) -> Reading:
    own, given = base.get("bn", ""), record.get("n", "")
    if not _NAME.fullmatch(own + given):
        raise PayloadError(Flaw.NOT_SENML)
    try:
        at_s = float(base.get("bt", 0) + record.get("t", 0))
        value = float(base.get("bv", 0) + record["v"]) if "v" in record else record["vb"]
    except OverflowError as error:
        raise PayloadError(Flaw.NOT_FINITE) from error
    if not math.isfinite(at_s) or abs(at_s) > 1e11:
        raise PayloadError(Flaw.NOT_SENML)
    unit = record.get("u", base.get("bu", "")) or ("bool" if "vb" in record else "")
    name = _name(own, given, unit, several)
    if abs(at_s) < RELATIVE_BELOW_S:
        return Reading(name, value, unit, age_ns=round(-at_s * NS))
    return Reading(name, value, unit, round(at_s * 1e6) * 1000)


def _name(own: str, given: str, unit: str, several: bool) -> str:
    device, measured = _last(own), MEASURED_IN.get(unit, "")
    if not given:
        known = quantity_of(device, unit)[0] is not None
        return device if known or not measured else f"{device}_{measured}" if several else measured
    name = _last(given) if given.startswith("urn:") else given.replace("/", "_").replace(":", "_")
    if measured and quantity_of(name, unit)[0] is None:
        name = f"{name}_{measured}"
    return f"{device}_{name}" if several and device else name


def _last(name: str) -> str:
    """The last part of a name with something in it."""
    parts = [part for part in re.split(r"[:/]", name) if part]
    return parts[-1] if parts else ""
