"""Payloads -> readings: bytes from anywhere, trusted in nothing.

1. size, then text, then JSON where it looks like it or is told; nothing is parsed that is too large.
2. `senml`, `dialects` or a path find the values; what dialect it is shows itself, unless told.
3. the device's own time, where it is told with its offset from UTC.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from sensors.environment.columns import read_number
from sensors.environment.live import dialects
from sensors.environment.live.flaws import Flaw, PayloadError
from sensors.environment.live.reading import Reading
from sensors.environment.live.senml import is_senml, senml_readings
from sensors.environment.times import Times

MOST_BYTES = 1 << 18
MOST_READINGS = 1000

_MEASURED = re.compile(r"([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)\s+([^\d\s]\S{0,9})")
_INFINITE = frozenset({"nan", "inf", "+inf", "-inf", "infinity", "-infinity", "+infinity"})
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[\"([^\"]+)\"\]|\['([^']+)'\]")
_ZONE = re.compile(r".*(?:[zZ]|[+-]\d{2}:?\d{2})\s*$")


class Form(StrEnum):
    """How a payload is written."""

    AUTO = "auto"
    PLAIN = "plain"
    JSON = "json"
    SENML = "senml"
    ZIGBEE2MQTT = "zigbee2mqtt"
    TASMOTA = "tasmota"
    HOME_ASSISTANT = "home_assistant"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to read the payloads of one origin.

    Attributes
    ----------
    form : Form
        How they are written.
    name : str
        Name of the value where the payload tells none.
    prefix : str
        Put before names that the payload tells.
    unit : str
        Unit of values that tell none.
    paths : mapping of str to str
        Name -> path in JSON ("data.air[0].temp"); all values are taken where it is empty.
    time : str
        Path of the device's own time; found by its usual names where empty.
    utc_offset_s : int or None
        Of times without one, seconds; None: such times are not used.
    on, off : str
        A switch's words, beside the usual ones.
    """

    form: Form = Form.AUTO
    name: str = "value"
    prefix: str = ""
    unit: str = ""
    paths: Mapping[str, str] = field(default_factory=dict)
    time: str = ""
    utc_offset_s: int | None = None
    on: str = ""
    off: str = ""


def parse(payload: bytes, recipe: Recipe) -> tuple[Reading, ...]:
    """Readings of a payload, at least one.

    Raises
    ------
    PayloadError
        If nothing in it can be used; it says why.
    """
    if len(payload) > MOST_BYTES:
        raise PayloadError(Flaw.TOO_LARGE)
    try:
        text = payload.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise PayloadError(Flaw.NOT_TEXT) from error
    if not text:
        raise PayloadError(Flaw.EMPTY)
    if "\0" in text:
        raise PayloadError(Flaw.NOT_TEXT)
    if recipe.form is Form.PLAIN or (recipe.form is Form.AUTO and not recipe.paths and text[0] not in '{["'):
        return (_plain(text, recipe),)
    return parse_document(_decoded(text), recipe)


def parse_document(document: object, recipe: Recipe) -> tuple[Reading, ...]:
    """Readings of decoded JSON, at least one.

    Raises
    ------
    PayloadError
        If nothing in it can be used.
    """
    if recipe.form is Form.SENML or (recipe.form is Form.AUTO and not recipe.paths and is_senml(document)):
        readings = [replace(one, name=dialects.join(recipe.prefix, one.name)) for one in senml_readings(document)]
    elif recipe.paths:
        readings = list(_at_paths(document, recipe))
    elif isinstance(document, dict):
        readings = _timed(document, recipe, list(_objects_readings(document, recipe)))
    elif isinstance(document, list) and all(isinstance(one, dict) for one in document):
        readings = [r for one in document for r in _timed(one, recipe, list(_objects_readings(one, recipe)))]
    elif isinstance(document, str | int | float):
        readings = [_plain(document, recipe) if isinstance(document, str) else _value(document, recipe)]
    else:
        readings = []
    if not readings:
        raise PayloadError(Flaw.NO_READING)
    if len(readings) > MOST_READINGS:
        raise PayloadError(Flaw.TOO_MANY)
    return tuple(readings)


def read_path(document: object, path: str) -> object:
    """What stands at a path: "a.b[0]", with or without "$" before it.

    Raises
    ------
    PayloadError
        If nothing does.
    """
    told: Any = document
    for step in _STEP.finditer(path.removeprefix("$")):
        key, index, *quoted = step.groups()
        try:
            told = told[int(index)] if index is not None else told[key or quoted[0] or quoted[1]]
        except (LookupError, TypeError) as error:
            raise PayloadError(Flaw.NO_SUCH_PATH) from error
    return told


def is_path(path: str) -> bool:
    """Whether this can be a path."""
    return bool(path) and not _STEP.sub("", path.removeprefix("$"))


def device_time(cell: object, utc_offset_s: int | None) -> int | None:
    """A device's own time, nanoseconds UTC; None where it is none, or local by an unknown offset."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return None
    text = str(cell).strip()
    if utc_offset_s is None and not re.fullmatch(r"[\d.]+", text) and not _ZONE.match(text):
        return None
    try:
        times = Times("time", [text], 0, 0, utc_offset_s or 0)
        told_ns = times.read(text) if times.absolute else 0
    except (ValueError, ArithmeticError, IndexError):
        return None
    return told_ns if 0 < told_ns < 1 << 63 else None


def _decoded(text: str) -> object:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise PayloadError(Flaw.TOO_DEEP) from error
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text) or error.msg.startswith("Unterminated string")
        raise PayloadError(Flaw.TRUNCATED if cut else Flaw.NOT_JSON) from error
    except ValueError as error:
        raise PayloadError(Flaw.NOT_JSON) from error


def _objects_readings(told: dict[str, Any], recipe: Recipe) -> Iterator[Reading]:
    form = recipe.form
    auto = form is Form.AUTO
    if form is Form.HOME_ASSISTANT or (auto and dialects.is_home_assistant(told)):
        if not dialects.is_home_assistant(told):
            raise PayloadError(Flaw.NO_READING)
        return dialects.home_assistant_readings(told, recipe.name)
    if form is Form.ZIGBEE2MQTT or (auto and dialects.is_zigbee(told)):
        return dialects.zigbee_readings(told, recipe.prefix)
    if form is Form.TASMOTA or (auto and dialects.is_tasmota(told)):
        return dialects.tasmota_readings(told, recipe.prefix)
    return dialects.plain_readings(told, recipe.prefix, recipe.name)


def _at_paths(document: object, recipe: Recipe) -> Iterator[Reading]:
    """What stands at the paths; one that is missing is no reason to lose the others."""
    missing: PayloadError | None = None
    found = []
    for name, path in recipe.paths.items():
        try:
            cell = read_path(document, path)
        except PayloadError as error:
            missing = error
            continue
        if isinstance(cell, dict | list):
            missing = PayloadError(Flaw.NOT_A_NUMBER)
            continue
        reading = _value(cell, replace(recipe, name=name))
        found.append(reading)
    if missing and not found:
        raise missing
    return iter(_timed(document, recipe, found) if isinstance(document, dict) else found)


def _timed(told: dict[str, Any], recipe: Recipe, readings: list[Reading]) -> list[Reading]:
    """The readings with their device's own time, where the object tells it."""
    if recipe.time:
        try:
            cells = [read_path(told, recipe.time)]
        except PayloadError:
            cells = []
    else:
        lower = {key.lower(): cell for key, cell in told.items()}
        cells = [lower[name] for name in dialects.TIMES if name in lower]
    told_ns = (device_time(cell, recipe.utc_offset_s) for cell in cells)
    device_ns = next((at_ns for at_ns in told_ns if at_ns is not None), None)
    return [replace(one, device_ns=device_ns, unit=one.unit or recipe.unit) for one in readings]


def _plain(text: str, recipe: Recipe) -> Reading:
    text = text.strip()
    if text.lower() in _INFINITE:
        raise PayloadError(Flaw.NOT_FINITE)
    measured = _MEASURED.fullmatch(text)
    if measured:
        return Reading(recipe.name, float(measured[1]), recipe.unit or measured[2])
    return _value(text, recipe)


def _value(cell: object, recipe: Recipe) -> Reading:
    """A reading of one value, which must be a number, a switch's word, or say that there is none."""
    if isinstance(cell, str):
        for word, value in ((recipe.on, 1.0), (recipe.off, 0.0)):
            if word and cell.strip().lower() == word.lower():
                return Reading(recipe.name, value, recipe.unit)
        if read_number(cell, binary=True) is None:
            raise PayloadError(Flaw.NOT_A_NUMBER)
    return Reading(recipe.name, cell, recipe.unit or ("bool" if isinstance(cell, bool) else ""))
