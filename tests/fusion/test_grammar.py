"""The user's rules are read as written, in any unit, and what cannot be read is told so that it can be mended."""

from __future__ import annotations

import pytest

from fusion.grammar import parse_condition, parse_rule
from fusion.rules import Both, Comparison, Condition, Either, comparisons
from sensors.errors import BadInputError
from sensors.types import NS


def one(text: str) -> Comparison:
    condition = parse_condition(text, "k.toml")
    assert isinstance(condition, Comparison)
    return condition


def shape(condition: Condition) -> object:
    """Quantities in their brackets: "|" for either, "&" for both."""
    if isinstance(condition, Comparison):
        return condition.name
    return ("|" if isinstance(condition, Either) else "&", *map(shape, condition.parts))


@pytest.mark.parametrize(
    ("text", "sign", "limit"),
    [
        ("co > 70 ppm", ">", 70.0),
        ("co_ppm > 70", ">", 70.0),
        ("co_ppm > 70000 ppb", ">", 70.0),
        ("temperature >= 140 F", ">=", 60.0),
        ("temperature_f >= 140", ">=", 60.0),
        ("temperature ≥ 60°C", ">=", 60.0),
        ("temperature<-5", "<", -5.0),
        ("humidity <= 0.4 fraction", "<=", 40.0),
        ("pressure > 3 bar", ">", 3e5),
        ("voc > 300 µg/m3", ">", 300.0),
        ("door = open", "=", 1.0),
        ("motion is off", "=", 0.0),
        ("gas = on", "=", 1.0),
        ("pump != 1", "!=", 1.0),
        ("'my own column' == 1.5e3", "=", 1500.0),
    ],
)
def test_a_limit_stands_in_the_documented_unit(text: str, sign: str, limit: float) -> None:
    assert one(text).limits == ((sign, limit),)


@pytest.mark.parametrize(
    ("text", "meant", "others"),
    [
        ("temperature > 1", ["temperature_c", "temperature_2_c", "boiler_temp_c"], ["co2_ppm", "humidity_percent"]),
        ("temperature_2 > 1", ["temperature_2_c"], ["temperature_c", "temperature_1_c"]),
        ("boiler_temp > 1", ["boiler_temp_c"], ["temperature_c"]),
        ("co > 1 ppm", ["co_ppm"], ["co2_ppm"]),
        ("motion = on", ["motion", "s6_pir"], ["occupancy", "door"]),
        ("gas = on", ["gas_detected"], ["gas_ppm"]),
        ("voc > 1 ppb", ["voc_ppb", "tvoc_ppb"], ["voc_ug_per_m3"]),
        ("radon > 1", ["radon"], ["radon [Bq/m3]"]),
    ],
)
def test_a_plain_name_stands_for_all_of_its_quantity(text: str, meant: list[str], others: list[str]) -> None:
    comparison = one(text)
    assert [name for name in (*meant, *others) if comparison.reads("hall/air", name)] == meant


@pytest.mark.parametrize(
    ("pattern", "stream", "reads"),
    [("boiler/*:", "boiler/air", True), ("boiler/*:", "hall/air", False), ("", "hall/air", True)],
)
def test_a_pattern_says_whose_readings(pattern: str, stream: str, reads: bool) -> None:
    assert one(f"{pattern}co2 > 1000").reads(stream, "co2_ppm") is reads


def test_and_binds_before_or_and_brackets_before_both() -> None:
    assert shape(parse_condition("co2 > 1 or door = on and motion = on", "k")) == ("|", "co2", ("&", "door", "motion"))
    assert shape(parse_condition("(co2 > 1 OR door = on) and motion = on", "k")) == (
        "&",
        ("|", "co2", "door"),
        "motion",
    )


def test_comparisons_of_one_quantity_joined_by_and_speak_of_one_sensor() -> None:
    assert one("co2 > 800 and co2 < 900").limits == ((">", 800.0), ("<", 900.0))
    apart = parse_condition("a/*:co2 > 800 and b/*:co2 < 900", "k")
    assert isinstance(apart, Both)
    assert len(list(comparisons(apart))) == 2


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("co2 > 1", 0.0), ("co2 > 1 for 60 s", 60.0), ("co2 > 1 FOR 1 h 30 min", 5400.0), ("co2 > 1 for 500ms", 0.5)],
)
def test_for_is_a_length_of_time(text: str, seconds: float) -> None:
    assert parse_rule(text, "k")[1] == round(seconds * NS)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "nothing where a comparison should be"),
        ("co >", "nothing where a number, or on or off should be (letter 5"),
        ("co 70", "'70' where one of > >= < <= = != after 'co' should be (letter 4"),
        ("co > 70", "'co' may be measured in several units"),
        ("co > 70 lx", "'lx' is no unit of 'co'"),
        ("humidity = on", "'humidity' is no switch"),
        ("door = ajar", "'ajar' is no number"),
        ("(co2 > 1", "a bracket is not closed (letter 9"),
        ("co2 > 1)", "')' was not expected here"),
        ("co2 > 1 co > 2", "'co' is no unit of 'co2'"),
        ("co2 > 1 ppm co > 2", "'co' was not expected here"),
        ("and co2 > 1", "'and' where a comparison should be"),
        ("co2 > 1 and", "nothing where a comparison should be"),
        ("co2 > 1 for", "nothing where a time such as '60 s' should be"),
        ("co2 > 1 for 60", "nothing where a unit of time: s, min or h should be"),
        ("co2 > 1 for 60 parsecs", "'parsecs' is no unit of time"),
        ("co2 > 1 for 0 s", "'for' cannot be 0 s"),
        ("co2 > 1 for 9999 h", "'for' cannot be"),
        ("co2 > 1e999", "too large"),
        (" or ".join(["co2 > 1"] * 51), "more than 50 comparisons"),
        ("(" * 2000, "more than 20 brackets"),
        ("__import__('os').system('true')", "where one of"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place_and_how_to_mend_it(text: str, told: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_rule(text, "k.toml, rule 1")
    assert told in str(caught.value)
    assert str(caught.value).startswith("k.toml, rule 1: ")
    assert caught.value.mend
