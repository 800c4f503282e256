"""Laws of payloads: every dialect gives the readings that it means, and rubbish gives one of few reasons."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.environment.live.flaws import Flaw, PayloadError
from sensors.environment.live.payloads import MOST_BYTES, Form, Recipe, device_time, is_path, parse, read_path
from sensors.environment.live.reading import Reading
from sensors.types import NS

NEW_YEAR_NS = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * NS


def read(payload: object, **recipe: Any) -> tuple[Reading, ...]:
    raw = (
        payload
        if isinstance(payload, bytes)
        else (payload if isinstance(payload, str) else json.dumps(payload)).encode()
    )
    return parse(raw, Recipe(**recipe))


def told(payload: object, **recipe: Any) -> dict[str, tuple[object, str]]:
    return {one.name: (one.value, one.unit) for one in read(payload, **recipe)}


@pytest.mark.parametrize("text", ["21.5", " 21.5\n", "-3", "1e3", "+0.5", "\ufeff7"])
def test_a_plain_number_is_a_reading(text: str) -> None:
    assert read(text, name="t") == (Reading("t", text.strip().lstrip("\ufeff")),)


@pytest.mark.parametrize("word", ["ON", "off", "True", "closed", "OPEN", "detected", "clear", "unavailable", "unknown"])
def test_a_switch_s_word_and_the_word_for_nothing_are_readings(word: str) -> None:
    assert read(word, name="door") == (Reading("door", word),)


def test_own_words_of_a_switch_are_read() -> None:
    assert [read(word, name="siren", on="ALARM", off="calm")[0].value for word in ("alarm", "Calm")] == [1, 0]


def test_a_number_may_tell_its_unit() -> None:
    assert read("70.5 °F", name="t") == (Reading("t", 70.5, "°F"),)
    assert read("70.5 °F", name="t", unit="K") == (Reading("t", 70.5, "K"),)


@pytest.mark.parametrize(
    ("payload", "flaw"),
    [
        ("", Flaw.EMPTY), ("  \n", Flaw.EMPTY), (b"\xff\xfe1", Flaw.NOT_TEXT), (b"1\x002", Flaw.NOT_TEXT),
        ("hello", Flaw.NOT_A_NUMBER), ("1,5", Flaw.NOT_A_NUMBER), ("1_000", Flaw.NOT_A_NUMBER),
        ("0x1F", Flaw.NOT_A_NUMBER),
        ("nan", Flaw.NOT_FINITE), ("-Infinity", Flaw.NOT_FINITE),
        ("{", Flaw.TRUNCATED), ('{"a": 1', Flaw.TRUNCATED), ('{"a": "x', Flaw.TRUNCATED), ('[{"n":"a"', Flaw.TRUNCATED),
        ("{a: 1}", Flaw.NOT_JSON), ('{"a": 1} x', Flaw.NOT_JSON), ('{"a": ' + "1" * 5000 + "}", Flaw.NOT_JSON),
        ("[" * 100_000, Flaw.TOO_DEEP), ("{}", Flaw.NO_READING),
        ("[]", Flaw.NO_READING), ('{"a": "b"}', Flaw.NO_READING),
        ('["a", 1]', Flaw.NO_READING), ('[{"a": 1}, 2]', Flaw.NO_READING), ('"words"', Flaw.NOT_A_NUMBER),
        (b"1" * (MOST_BYTES + 1), Flaw.TOO_LARGE), ([{"a": 1}] * 1001, Flaw.TOO_MANY),
    ],
)  # fmt: skip
def test_rubbish_has_a_reason(payload: object, flaw: Flaw) -> None:
    with pytest.raises(PayloadError) as caught:
        read(payload)
    assert caught.value.flaw is flaw


@given(st.binary(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["n", "bn", "v", "t", "bt", "bver", "u", "time", "Time", "state", "attributes", "value"])
        | st.text(max_size=5), inner, max_size=5,
    ), max_leaves=12,
).map(lambda document: json.dumps(document).encode()), st.sampled_from(Form))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_whatever_comes_gives_readings_or_a_reason(payload: bytes, form: Form) -> None:
    try:
        readings = parse(payload, Recipe(form))
    except PayloadError:
        return
    assert readings
    assert all(one.name for one in readings)


def test_json_gives_every_number_and_switch_under_its_keys() -> None:
    document = {"air": {"temperature": 21.5, "co2": 600}, "door": True, "window": "open", "note": "open", "list": [1]}
    assert told(document) == {
        "air_temperature": (21.5, ""), "air_co2": (600, ""), "door": (True, "bool"), "window": ("open", ""),
    }  # fmt: skip


def test_a_value_beside_its_unit_is_called_by_its_topic() -> None:
    assert told({"value": 294.5, "unit": "K"}, name="hall_temperature") == {"hall_temperature": (294.5, "K")}


@pytest.mark.parametrize("path", ["a.b[1].c", "$.a.b[1].c", "a.b[1]['c']", '$["a"].b[1]["c"]'])
def test_a_path_finds_its_value(path: str) -> None:
    assert is_path(path)
    assert told({"a": {"b": [0, {"c": "21.5"}]}}, paths={"t": path}) == {"t": ("21.5", "")}


@pytest.mark.parametrize("path", ["a.x", "a.b[9]", "a.b.c", "a.b[1].c.d", "x"])
def test_a_path_that_leads_nowhere_has_a_reason_and_harms_no_other(path: str) -> None:
    document = {"a": {"b": [0, {"c": 1}]}}
    with pytest.raises(PayloadError, match="no value at the path"):
        read_path(document, path)
    assert told(document, paths={"x": path, "t": "a.b[1].c"}) == {"t": (1, "")}


@pytest.mark.parametrize("path", ["", "a..b", "a[", "a[x]", "[]", "a]"])
def test_what_is_no_path_is_known(path: str) -> None:
    assert not is_path(path)


def test_what_is_no_number_at_a_path_has_a_reason() -> None:
    for cell in ("words", {"b": 1}, [1]):
        with pytest.raises(PayloadError, match="not a number"):
            read({"a": cell}, paths={"t": "a"})


def test_zigbee2mqtt_is_read_with_its_own_meanings() -> None:
    state = {
        "battery": 97, "contact": True, "linkquality": 120, "voltage": 2990, "pressure": 1008.5, "temperature": 21.2,
        "temperature_calibration": 0.5, "occupancy_timeout": 90, "illuminance": 21_000, "illuminance_lux": 120,
        "vibration": False, "water_leak": False, "humidity": None, "update": {"installed_version": 7},
        "action": "single",
    }  # fmt: skip
    assert told(state, prefix="hall") == {
        "hall_battery": (97, ""), "hall_contact": (False, "bool"), "hall_voltage": (2990, "mV"),
        "hall_air_pressure": (1008.5, "hPa"), "hall_temperature": (21.2, ""), "hall_illuminance_lux": (120, ""),
        "hall_vibration": (False, "bool"), "hall_water_leak": (False, "bool"), "hall_humidity": (None, ""),
    }  # fmt: skip
    assert told({"power": 60, "voltage": 230, "linkquality": 1}) == {"power": (60, "W"), "voltage": (230, "V")}


def test_tasmota_is_read_in_the_units_that_it_tells() -> None:
    state = {
        "Time": "2026-01-01T01:00:00", "SI7021": {"Temperature": 70.5, "Humidity": 40, "DewPoint": 45.1},
        "BME280": {"Pressure": 29.9}, "MHZ19B": {"Model": "B", "CarbonDioxide": 612}, "TempUnit": "F",
        "ENERGY": {"TotalStartTime": "2020-01-01T00:00:00", "Total": 3.2, "Power": 60, "Current": 0.2},
        "PressureUnit": "inHg",
    }  # fmt: skip
    assert told(state, prefix="attic") == {
        "attic_si7021_temperature": (70.5, "F"), "attic_si7021_humidity": (40, ""),
        "attic_si7021_dew_point": (45.1, "F"),
        "attic_bme280_air_pressure": (29.9, "inHg"), "attic_mhz19b_carbon_dioxide": (612, ""),
        "attic_energy_total": (3.2, "kWh"), "attic_energy_power": (60, "W"), "attic_energy_current": (0.2, "A"),
    }  # fmt: skip
    assert {one.device_ns for one in read(state)} == {None}
    assert {one.device_ns for one in read(state, utc_offset_s=3600)} == {NEW_YEAR_NS}


@pytest.mark.parametrize(
    ("state", "attributes", "reading"),
    [
        ("21.5", {"unit_of_measurement": "°C", "device_class": "temperature"}, ("loft_temperature", "21.5", "°C")),
        ("on", {"device_class": "moisture"}, ("loft_water_leak", "on", "")),
        ("off", {}, ("loft", "off", "")), ("unavailable", {"device_class": "door"}, ("loft_door", "unavailable", "")),
    ],
)  # fmt: skip
def test_home_assistant_states_are_read_by_their_class(
    state: str, attributes: dict[str, str], reading: tuple[str, str, str]
) -> None:
    document = {"state": state, "attributes": attributes, "last_updated": "2026-01-01T00:00:00.000000+00:00"}
    assert read(document, name="loft") == (Reading(*reading, NEW_YEAR_NS),)


@pytest.mark.parametrize(
    "cell",
    ["2026-01-01T00:00:00Z", "2026-01-01 01:00:00+01:00", 1767225600, 1767225600.0, "1767225600000", 1767225600000000],
)
def test_a_device_s_own_time_is_found_whatever_it_is_called_and_written(cell: object) -> None:
    assert device_time(cell, None) == NEW_YEAR_NS
    for name in ("time", "Timestamp", "ts", "last_seen"):
        assert {one.device_ns for one in read({"t": 1.5, name: cell})} == {NEW_YEAR_NS}
    assert read({"t": 1, "when": [cell]}, time="when[0]")[0].device_ns == NEW_YEAR_NS


@pytest.mark.parametrize("cell", ["2026-01-01T00:00:00", "soon", 12, True, None, [1], "1" * 400, "-5", "9e999"])
def test_what_is_no_time_or_local_without_offset_is_not_used(cell: object) -> None:
    assert device_time(cell, None) is None
    assert read({"t": 1.5, "time": cell})[0].device_ns is None
