"""Laws of topics: what a filter matches, and what values are called."""

from __future__ import annotations

from typing import Any

import pytest

from sensors.environment.live.payloads import Recipe
from sensors.environment.live.topics import captured, is_filter, subscriptions


def named(topics: Any, topic: str) -> tuple[str, str] | None:
    """Name of a plain value, and prefix of others, of the first filter that matches."""
    made = subscriptions(topics, Recipe(name=""), "hall/air")
    recipe = next((found for one in made if (found := one.match(topic))), None)
    return (recipe.name, recipe.prefix) if recipe else None


@pytest.mark.parametrize(
    ("pattern", "topic", "stood_for"),
    [
        ("a/b", "a/b", ()), ("a/b", "a/c", None), ("a/b", "a/b/c", None), ("a/b/c", "a/b", None), ("+", "a", ("a",)),
        ("a/+", "a/b", ("b",)), ("a/+/c", "a/b/c", ("b",)), ("a/+", "a", None), ("+/+", "/a", ("", "a")),
        ("#", "a/b", ("a", "b")), ("a/#", "a", ()), ("a/#", "a/b/c", ("b", "c")), ("a/#", "b", None),
        ("#", "$SYS/x", None), ("+/x", "$SYS/x", None), ("$SYS/#", "$SYS/x", ("x",)), ("/", "/", ()),
    ],
)  # fmt: skip
def test_filters_match_as_the_standard_says(pattern: str, topic: str, stood_for: tuple[str, ...] | None) -> None:
    assert captured(pattern, topic) == stood_for


@pytest.mark.parametrize(
    ("pattern", "is_one"),
    [("a", True), ("/", True), ("+/a/#", True), ("#", True), ("", False), ("a/#/b", False), ("a+", False),
     ("#a", False), ("a\0", False), ("x" * 65_536, False)],
)  # fmt: skip
def test_what_is_no_filter_is_known(pattern: str, is_one: bool) -> None:
    assert is_filter(pattern) is is_one


@pytest.mark.parametrize(
    ("topics", "topic", "names"),
    [
        ("home/temperature", "home/temperature", ("temperature", "")),
        ("zigbee2mqtt/+", "zigbee2mqtt/hall", ("hall", "hall")),
        ("home/+/temperature", "home/kitchen/temperature", ("kitchen_temperature", "kitchen")),
        ("node/sensor/+/state", "node/sensor/hall_temperature/state", ("hall_temperature", "hall_temperature")),
        ("tele/+/SENSOR", "tele/attic/SENSOR", ("attic", "attic")),
        ("tele/attic/SENSOR", "tele/attic/SENSOR", ("attic", "")),
        ("home/#", "home/attic/co2/state", ("attic_co2", "attic_co2")),
        ({"x/y": "temperature"}, "x/y", ("temperature", "")),
        ({"x/+": "temperature"}, "x/attic", ("attic_temperature", "attic")),
        (["hall/temperature", "attic/temperature"], "attic/temperature", ("attic_temperature", "attic_temperature")),
        (["tele/hall/SENSOR", "tele/attic/SENSOR"], "tele/hall/SENSOR", ("hall", "hall")),
        (["a/b", "#"], "a/c", ("a_c", "a_c")), ("a/b", "a/c", None), ("zigbee2mqtt/#", "zigbee2mqtt/bridge/info", None),
    ],
)  # fmt: skip
def test_values_are_called_by_what_tells_them_apart(topics: Any, topic: str, names: tuple[str, str] | None) -> None:
    assert named(topics, topic) == names


def test_settings_of_a_topic_go_before_those_of_all() -> None:
    topics: dict[str, dict[str, Any]] = {
        "a/+": {"path": {"temperature": "t", "humidity": "h"}, "unit": "F", "form": "json", "time": "at"},
        "b": {"path": "x.co2"},
    }
    (a, b) = subscriptions(topics, Recipe(name="", utc_offset_s=60), "hall/air")
    recipe = a.match("a/hall")
    assert recipe
    assert (recipe.unit, recipe.form, recipe.time, recipe.utc_offset_s) == ("F", "json", "at", 60)
    assert recipe.paths == {"hall_temperature": "t", "hall_humidity": "h"}
    other = b.match("b")
    assert other
    assert (other.name, other.paths) == ("co2", {"co2": "x.co2"})
