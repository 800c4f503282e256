from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from sensors.types import NS
from sensors.video.layout import Thing
from sensors.video.zones import Hours, Rule, Zone, inside

BERLIN = ZoneInfo("Europe/Berlin")
LETTER_L = ((0.0, 0.0), (0.4, 0.0), (0.4, 0.6), (1.0, 0.6), (1.0, 1.0), (0.0, 1.0))


def at(month: int, hour: int, minute: int = 0) -> int:
    return int(datetime(2024, month, 15, hour, minute, tzinfo=UTC).timestamp()) * NS


def walker(x: float, y: float, vx: float = 0.0, vy: float = 0.0) -> Thing:
    return Thing(0, x, y, 0.1, 0.3, vx, vy, 3.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("point", "within"), [((0.2, 0.3), True), ((0.7, 0.3), False), ((0.7, 0.8), True), ((1.2, 0.8), False)]
)
def test_areas_may_have_corners_that_point_inwards(point: tuple[float, float], within: bool) -> None:
    assert inside(point, LETTER_L) is within


def test_hours_go_over_midnight() -> None:
    night = Hours(time(22), time(6))
    assert [night.hold(at(1, hour)) for hour in (21, 22, 23, 0, 5, 6, 12)] == [
        False,
        True,
        True,
        True,
        True,
        False,
        False,
    ]


def test_hours_are_wall_time_in_summer_and_winter() -> None:
    night = Hours(time(22), time(6), BERLIN)
    assert night.hold(at(1, 21))
    assert not night.hold(at(1, 20, 59))
    assert night.hold(at(7, 20))
    assert not night.hold(at(7, 19, 59))


def test_no_hours_are_all_hours() -> None:
    assert all(Hours().hold(at(1, hour)) for hour in range(24))


def test_a_closed_area_is_entered_by_the_foot() -> None:
    zone = Zone("yard", LETTER_L)
    assert zone.entered_by(walker(0.7, 0.8), 0, 0.1, 4 / 3)
    assert not zone.entered_by(walker(0.7, 0.5), 0, 0.1, 4 / 3)
    assert not Zone("yard", LETTER_L, hours=Hours(time(1), time(2))).entered_by(walker(0.7, 0.8), 0, 0.1, 4 / 3)


def test_a_line_is_crossed_once_and_only_between_its_ends() -> None:
    line = Zone("kerb", ((0.5, 0.2), (0.5, 0.8)), Rule.LINE)
    steps = [walker(0.40 + 0.03 * n, 0.5, vx=0.03 * 4 / 3 / 0.1) for n in range(8)]
    assert [line.entered_by(step, 0, 0.1, 4 / 3) for step in steps].count(True) == 1
    past = [walker(0.40 + 0.03 * n, 0.9, vx=0.03 * 4 / 3 / 0.1) for n in range(8)]
    assert not any(line.entered_by(step, 0, 0.1, 4 / 3) for step in past)
    along = [walker(0.45, 0.3 + 0.05 * n, vy=0.5) for n in range(8)]
    assert not any(line.entered_by(step, 0, 0.1, 4 / 3) for step in along)
