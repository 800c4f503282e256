"""The table of quantities: whole, consistent, and a name that it gives is read back as what it was."""

from __future__ import annotations

import pytest

from sensors.environment.quantities import QUANTITIES, Quantity, documented_name, quantity_of, require_unit
from sensors.environment.units import FACTORS
from sensors.errors import BadInputError

# Of Home Assistant's sensor and binary sensor, those that stand in the table; none is invented.
MEASURED = frozenset(
    "aqi atmospheric_pressure battery carbon_dioxide carbon_monoxide current distance energy frequency humidity "
    "illuminance pm1 pm10 pm25 power pressure sound_pressure temperature volatile_organic_compounds "
    "volatile_organic_compounds_parts voltage volume_flow_rate".split()
)
BINARY = frozenset(
    "carbon_monoxide door gas moisture motion occupancy opening smoke tamper vibration window".split()
)  # fmt: skip
# RFC 8428, section 12.1, and RFC 8798.
SENML = frozenset("Cel %RH ppm ug/m3 / /100 Ohm hPa Pa lx Bspl V m/s2 m/s W kWh A Hz l/s m %EL".split())

PAIRS = [(quantity, word) for quantity in QUANTITIES for word in FACTORS[quantity.unit] if not quantity.binary]


def identity(quantity: Quantity) -> str:
    return f"{quantity.name}-{quantity.unit}"


@pytest.mark.parametrize("quantity", QUANTITIES, ids=identity)
def test_every_quantity_is_whole(quantity: Quantity) -> None:
    assert quantity.low < quantity.high
    assert 0 < quantity.resolution <= (quantity.high - quantity.low)
    assert quantity.unit in FACTORS
    assert quantity.senml in SENML | {""}
    assert quantity.device_class in (BINARY if quantity.binary else MEASURED) | {""}
    assert quantity.rate_per_min is None or 0 < quantity.rate_per_min < quantity.high - quantity.low
    assert quantity.period_s in (None, 86_400, 7 * 86_400)
    assert 1 <= quantity.report_s <= 86_400
    assert (quantity.low, quantity.high, quantity.senml) == (0, 1, "/") or not quantity.binary


@pytest.mark.parametrize(
    "column",
    [
        "temperature", "humidity", "co2", "co_ppm", "voc", "pm1", "pm2.5", "pm10", "smoke", "gas_ppm", "air_pressure",
        "pressure_pa", "illuminance", "sound_pressure [dBA]", "PIR", "contact", "vibration [m/s²]", "water_leak",
        "power_w", "water_flow [L/min]", "door", "occupancy",
    ],
)  # fmt: skip
def test_what_buildings_measure_is_known(column: str) -> None:
    quantity, _, _ = quantity_of(column)
    assert quantity is not None
    assert quantity in QUANTITIES


@pytest.mark.parametrize(("quantity", "word"), PAIRS, ids=str)
def test_a_documented_name_is_read_as_what_it_was(quantity: Quantity, word: str) -> None:
    found, _, _ = quantity_of(quantity.name, word)
    name = documented_name(quantity.name, word)
    assert found is not None
    assert quantity_of(name) == (found, 1, 0)
    assert documented_name(name) == name


@pytest.mark.parametrize("quantity", [one for one in QUANTITIES if one.senml and one.name != "smoke"], ids=identity)
def test_senml_units_are_understood(quantity: Quantity) -> None:
    found, factor, offset = quantity_of(f"{quantity.name}_{quantity.unit}".rstrip("_"), quantity.senml)
    assert found == quantity
    require_unit(quantity.name, quantity.senml, "here")
    expected = {"Bspl": (10, 0), "l/s": (60, 0), "m/s2": (0.1019716, 0), "m/s": (1000, 0)}
    parts_per_billion = {"ppb": (1000, 0)}.get(quantity.unit)
    assert (factor, offset) == (parts_per_billion or expected.get(quantity.senml, (1, 0)))


@pytest.mark.parametrize(
    ("name", "unit", "value", "documented"),
    [
        ("humidity", "/", 0.455, ("humidity_percent", 45.5)),
        ("humidity", "/100", 45.5, ("humidity_percent", 45.5)),
        ("motion", "/", 1, ("motion", 1)),
        ("smoke", "/", 0.05, ("smoke_percent", 5)),
        ("sound_level", "Bspl", 6.2, ("sound_level_db", 62)),
        ("temp", "Cel", 21, ("temp_c", 21)),
        ("temp", "K", 294.15, ("temp_c", 21)),
        ("energy", "J", 7.2e6, ("energy_kwh", 2)),
        ("flow", "gal/min", 1, ("flow_l_per_min", 3.785412)),
        ("flow", "m³/h", 6, ("flow_l_per_min", 100)),
        ("pm25", "µg/m³", 7, ("pm25_ug_per_m3", 7)),
        ("gas resistance", "kΩ", 5, ("gas_resistance_ohm", 5000)),
        ("lel", "%", 3, ("lel_percent", 3)),
        ("temp_j", "", 700, ("temp_j_c", 700)),
    ],
)  # fmt: skip
def test_units_of_devices_are_converted(name: str, unit: str, value: float, documented: tuple[str, float]) -> None:
    quantity, factor, offset = quantity_of(name, unit)
    assert quantity is not None
    assert documented_name(name, unit) == documented[0]
    assert value * factor + offset == pytest.approx(documented[1])


@pytest.mark.parametrize(
    ("name", "documented"),
    [
        ("gas", "gas_detected"), ("carbon_monoxide", "carbon_monoxide_detected"), ("vibration", "vibration_detected"),
        ("smoke", "smoke"), ("occupancy", "occupancy"), ("door", "door"), ("attic gas", "attic_gas_detected"),
    ],
)  # fmt: skip
def test_a_switch_under_the_name_of_a_measure_is_told_by_its_unit(name: str, documented: str) -> None:
    quantity, factor, offset = quantity_of(name, "bool")
    assert quantity is not None
    assert (quantity.binary, factor, offset) == (True, 1, 0)
    assert documented_name(name, "bool") == documented
    assert quantity_of(documented)[0] == quantity
    require_unit(name, "bool", "here")


def test_a_switch_that_no_table_knows_keeps_its_name() -> None:
    for name in ("pump", "pump_bool"):
        assert quantity_of(name, "bool") == (None, 1, 0)
        assert documented_name(name, "bool") == name


def test_a_measure_without_its_unit_stays_unknown() -> None:
    for name in ("gas", "vibration", "co", "flow", "radon"):
        assert quantity_of(name) == (None, 1, 0)
    with pytest.raises(BadInputError, match="'bar' is no unit of 'gas' known here; known are ppm"):
        require_unit("gas", "bar", "here")
