"""Laws of SenML, RFC 8428."""

from __future__ import annotations

from typing import Any

import pytest

from sensors.environment.live.flaws import Flaw, PayloadError
from sensors.environment.live.reading import Reading
from sensors.environment.live.senml import is_senml, senml_readings
from sensors.types import NS

AT_S = 1_767_225_600


def test_base_fields_hold_until_they_are_told_anew() -> None:
    pack = [
        {"bn": "urn:dev:ow:10e2:", "bt": AT_S, "bu": "Cel", "bv": 20, "bver": 5, "n": "in", "v": 1.5},
        {"n": "out", "v": -5, "t": 60},
        {"n": "air", "u": "%RH", "v": 21, "bt": AT_S + 100},
        {"n": "door", "vb": True, "bu": ""},
    ]
    assert senml_readings(pack) == (
        Reading("in_temperature", 21.5, "Cel", AT_S * NS), Reading("out_temperature", 15.0, "Cel", (AT_S + 60) * NS),
        Reading("air_humidity", 41.0, "%RH", (AT_S + 100) * NS), Reading("door", True, "bool", (AT_S + 100) * NS),
    )  # fmt: skip


def test_times_near_zero_are_told_from_now() -> None:
    old, now, soon = senml_readings([{"n": "t", "v": 1, "t": -90}, {"n": "u", "v": 1}, {"n": "w", "v": 1, "t": 5}])
    assert [one.device_ns for one in (old, now, soon)] == [None] * 3
    assert [one.age_ns for one in (old, now, soon)] == [90 * NS, 0, -5 * NS]


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ({"n": "urn:dev:ow:10e2", "u": "Cel"}, "10e2_temperature"),
        ({"bn": "urn:dev:ow:10e2", "u": "Cel"}, "temperature"),
        ({"bn": "urn:dev:ow:10e2:", "n": "temp", "u": "Cel"}, "temp"), ({"n": "room/co2", "u": "ppm"}, "room_co2"),
        ({"bn": "urn:dev:ow:1:humidity", "u": "%RH"}, "humidity"), ({"n": "x"}, "x"),
    ],
)  # fmt: skip
def test_names_tell_what_is_measured(record: dict[str, Any], name: str) -> None:
    assert senml_readings([{**record, "v": 1}])[0].name == name


def test_several_devices_are_told_apart() -> None:
    pack = [{"bn": "urn:dev:ow:a:", "n": "temp", "u": "Cel", "v": 1}, {"bn": "urn:dev:ow:b:", "n": "temp", "v": 2}]
    assert [one.name for one in senml_readings(pack)] == ["a_temp", "b_temp"]


@pytest.mark.parametrize(
    ("pack", "flaw"),
    [
        ([], Flaw.NOT_SENML), ({"n": "a", "v": 1}, Flaw.NOT_SENML), ([1], Flaw.NOT_SENML), ([{"v": 1}], Flaw.NOT_SENML),
        ([{"n": "a", "v": "1"}], Flaw.NOT_SENML), ([{"n": "a", "v": True}], Flaw.NOT_SENML),
        ([{"n": 1, "v": 1}], Flaw.NOT_SENML),
        ([{"n": "a b", "v": 1}], Flaw.NOT_SENML), ([{"n": "-a", "v": 1}], Flaw.NOT_SENML),
        ([{"n": "a", "vb": 1}], Flaw.NOT_SENML),
        ([{"n": "a", "v": 1, "t": 1e300}], Flaw.NOT_SENML), ([{"n": "a", "v": 1, "bver": "5"}], Flaw.NOT_SENML),
        ([{"n": "a", "v": 1, "new_": 1}], Flaw.SENML_NEWER), ([{"n": "a", "v": 1, "bver": 11}], Flaw.SENML_NEWER),
        ([{"n": "a", "vs": "open"}], Flaw.NOT_A_NUMBER), ([{"bn": "a", "bt": 5}], Flaw.NO_READING),
        ([{"n": "a", "v": 10**400}], Flaw.NOT_FINITE),
    ],
)  # fmt: skip
def test_what_cannot_be_used_has_a_reason(pack: object, flaw: Flaw) -> None:
    with pytest.raises(PayloadError) as caught:
        senml_readings(pack)
    assert caught.value.flaw is flaw


def test_secondary_units_are_understood_and_strings_passed_over() -> None:
    pack = [{"bver": 26, "n": "temp", "u": "Cel", "v": 1}, {"n": "note", "vs": "hello"}, {"n": "sum", "s": 3}]
    assert [one.name for one in senml_readings(pack)] == ["temp"]


def test_a_pack_is_told_from_other_lists() -> None:
    assert is_senml([{"bn": "a"}, {"n": "b", "v": 1}])
    others: tuple[object, ...] = ([], {}, [{"temperature": 1}], [{"n": "a"}], [[1]], "n")
    for other in others:
        assert not is_senml(other)
