"""Laws of rows: units, physics, order, and the clocks of devices; and of what is complained of."""

from __future__ import annotations

import logging
import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.environment.live.complaints import EVERY_S, MOST, Complaints
from sensors.environment.live.feed import Arrivals
from sensors.environment.live.offsets import ClockOffset
from sensors.environment.live.reading import Complaint, Reading, Report
from sensors.environment.live.rows import MOST_COLUMNS, SET_BACK, Row, Rows
from sensors.types import NS

NOW_NS = 1_767_225_600 * NS
CLOCK_S = 5


class Table:
    """Rows of reports given one after the other, at the same moment unless told."""

    def __init__(self, units: dict[str, str] | None = None, ignore: tuple[str, ...] = ()) -> None:
        self.complaints: list[Complaint] = []
        self.rows = Rows(self.complaints.append, units or {}, ignore, CLOCK_S * NS)

    def take(self, *readings: Reading, at_s: float = 0, origin: str = "a") -> list[Row]:
        return list(self.rows.take(Report(readings, origin), NOW_NS + round(at_s * NS)))

    def reasons(self) -> list[str]:
        return [complaint.reason for complaint in self.complaints]


def at(device_s: float, value: float = 20, name: str = "temperature") -> Reading:
    """A reading whose device says that it measured then."""
    return Reading(name, value, device_ns=NOW_NS + round(device_s * NS))


def cells(row: Row) -> dict[str, float]:
    return dict(zip(row.names, row.values, strict=True))


def test_units_are_converted_on_the_way_in_and_what_is_told_goes_first() -> None:
    table = Table({"inside": "K", "": "F"})
    (row,) = table.take(
        Reading("temperature", "71.6"), Reading("roof temperature", 20, "C"), Reading("pressure", 1, "bar"),
        Reading("door", "open"), Reading("siren", "ON"),
    )  # fmt: skip
    assert cells(row) == pytest.approx(
        {"temperature_c": 22, "roof_temperature_c": 20, "pressure_pa": 1e5, "door": 1, "siren [F]": 1}
    )
    assert row.at_ns == NOW_NS


def test_what_no_sensor_can_mean_is_refused_and_is_a_fault_only_where_nothing_else_lives() -> None:
    table = Table()
    (good,) = table.take(Reading("temperature", 20), Reading("humidity", 300))
    (bad,) = table.take(Reading("temperature", -273))
    assert cells(good) == {"temperature_c": 20, "humidity_percent": pytest.approx(math.nan, nan_ok=True)}
    assert (good.fault, bad.fault) == ("", "no usable value: temperature_c reads -273")
    assert table.rows.refused == 2
    assert table.reasons() == ["humidity_percent outside what is physical", "temperature_c outside what is physical"]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("warm", "not a number"),
        (math.nan, "NaN or infinite"),
        (math.inf, "NaN or infinite"),
        (None, None),
        ("unknown", None),
    ],
)
def test_what_is_no_value_is_nan_or_left_out_and_complained_of_where_it_is_wrong(cell: object, reason: Any) -> None:
    table = Table()
    rows = table.take(Reading("temperature", cell))
    assert table.reasons() == ([reason] if reason else [])
    values = [value for row in rows for value in row.values]
    assert len(values) == (reason != "not a number")
    assert all(map(math.isnan, values))


def test_a_unit_that_cannot_be_is_complained_of_and_a_name_can_be_left_out() -> None:
    table = Table(ignore=("linkquality",))
    assert not table.take(Reading("temperature", 1, "mph"), Reading("linkquality", 7))
    assert table.reasons() == ["'mph' is no unit of 'temperature' known here"]


def test_two_devices_never_share_a_column() -> None:
    table = Table()
    names = [table.take(Reading("temperature", 20), origin=origin)[0].names for origin in "aba"]
    assert names == [("temperature_c",), ("temperature_c_2",), ("temperature_c",)]


def test_columns_are_bounded() -> None:
    table = Table()
    (row,) = table.take(*(Reading(f"x{number}y", 1) for number in range(MOST_COLUMNS + 5)))
    assert len(row.names) == MOST_COLUMNS
    assert table.reasons() == ["too many quantities"] * 5


def test_a_name_without_end_is_not_taken() -> None:
    table = Table()
    assert not table.take(Reading("x" * 1000, 1))
    assert table.reasons() == ["a name too long"]


def test_readings_of_one_report_become_rows_by_their_times_in_order() -> None:
    table = Table()
    rows = table.take(at(-1, 3), at(-3, 1), at(-2, 2), at(-1, 40, "humidity"))
    assert [(row.at_ns - NOW_NS) // NS for row in rows] == [-3, -2, -1]
    assert [row.values for row in rows] == [(1,), (2,), (3, 40)]


def test_the_same_again_is_a_duplicate_and_what_is_older_comes_late() -> None:
    table = Table()
    assert table.take(at(-1))
    assert not table.take(at(-1), at_s=1)
    assert not table.take(at(-2), at_s=1)
    assert table.take(at(1), at_s=1)
    assert (table.rows.duplicates, table.rows.late) == (1, 1)


def test_a_report_told_in_ages_lies_before_its_arrival_and_never_after() -> None:
    rows = Table().take(Reading("temperature", 1, age_ns=2 * NS), Reading("humidity", 1, age_ns=-2 * NS))
    assert [row.at_ns - NOW_NS for row in rows] == [-2 * NS, 0]


def test_a_device_a_little_behind_another_is_not_lost() -> None:
    table = Table()
    assert table.take(Reading("temperature", 20), origin="a")
    (row,) = table.take(at(-2), origin="b")
    assert row.at_ns == NOW_NS
    assert table.take(at(0), origin="c")
    assert table.take(Reading("temperature", 20), at_s=100, origin="a")
    assert not table.take(at(40), at_s=100, origin="c")
    assert table.rows.late == 1


@pytest.mark.parametrize(("off_s", "way"), [(-7200, "7200 s behind"), (3600, "3600 s ahead")])
def test_a_clock_that_is_far_off_is_told_and_made_good(off_s: int, way: str) -> None:
    table = Table()
    rows = [row for n in range(20) for row in table.take(at(n + off_s + 0.001 * (n % 3)), at_s=n)]
    assert table.rows.wrong_clock == f"the clock of a is {way}"
    assert all(abs(row.at_ns - NOW_NS - n * NS) < NS // 10 for n, row in enumerate(rows))


def test_a_clock_that_is_right_is_believed_and_delays_are_not_its_fault() -> None:
    table = Table()
    for n in range(20):
        # From the sixth to the tenth minute it could not send.
        (row,) = table.take(at(60 * n), at_s=60 * n + 1 if not 5 <= n < 10 else 601 + n / 100)
        assert row.at_ns == NOW_NS + 60 * n * NS
    assert not table.rows.wrong_clock


def test_a_clock_that_was_set_back_is_followed_after_some_reports() -> None:
    table = Table()
    table.take(at(0))
    taken = [bool(table.take(at(n - 3600), at_s=n)) for n in range(1, SET_BACK + 3)]
    assert taken == [False] * (SET_BACK - 1) + [True] * 3
    assert table.rows.wrong_clock == "the clock of a is 3600 s behind"


def test_a_time_outside_our_age_is_complained_of_and_the_arrival_taken() -> None:
    table = Table()
    (row,) = table.take(Reading("temperature", 1, device_ns=7 * NS))
    assert row.at_ns == NOW_NS
    assert table.reasons() == ["a time outside our age"]


def test_one_wild_time_does_not_move_the_estimate() -> None:
    offset = ClockOffset()
    for n in range(40):
        told = offset.learn(n * NS + (10**6 * NS if n == 20 else 0), n * NS + NS // 10)
        assert n == 20 or told == NS // 10


readings = st.builds(
    Reading, st.sampled_from(["temperature", "humidity", "x"]), st.none() | st.floats() | st.text(max_size=3),
    device_ns=st.none() | st.integers(-10**19, 10**19) | st.integers(-100, 100).map(lambda s: NOW_NS + s * NS),
    age_ns=st.integers(-10**12, 10**12),
)  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 10), st.sampled_from("ab"), st.lists(readings, max_size=4)), max_size=30))
@settings(max_examples=150, deadline=None)
def test_whatever_devices_say_time_never_goes_back_nor_into_the_future(reports: list[Any]) -> None:
    table, now_s, rows = Table(), 0, []
    for wait_s, origin, told in reports:
        now_s += wait_s
        fresh = table.take(*told, at_s=now_s, origin=origin)
        assert all(row.at_ns <= NOW_NS + now_s * NS for row in fresh)
        rows += fresh
    assert all(a.at_ns <= b.at_ns for a, b in pairwise(rows))
    assert all(len(set(row.names)) == len(row.values) > 0 for row in rows)
    assert not any(math.isinf(value) for row in rows for value in row.values)


def test_silence_of_one_quantity_is_told_once() -> None:
    table = Table()
    table.take(Reading("temperature", 20), Reading("humidity", 40))
    table.take(Reading("temperature", 20), at_s=10)
    assert table.rows.silent(NOW_NS + 5 * NS) == ["humidity_percent"]
    assert not table.rows.silent(NOW_NS + 5 * NS)


def test_complaints_are_counted_at_once_and_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now_s = [0.0]
    complaints = Complaints("hall/air", lambda: now_s[0])
    for second in range(round(3 * EVERY_S)):
        now_s[0] = second
        complaints.add(Complaint("not a number", "a/b"))
    assert complaints.counts == {("not a number", "a/b"): 180}
    assert len(caplog.records) == 3
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert "not a number ('a/b') 60 times" in caplog.text
    assert complaints.foremost() == "not a number ('a/b') 180 times"


def test_complaints_are_bounded_and_none_is_lost() -> None:
    complaints = Complaints("hall/air", lambda: 0.0)
    for number in range(10 * MOST):
        complaints.add(Complaint("not a number", f"topic {number}"))
        complaints.add(Complaint(f"reason {number}", "x"))
    assert len(complaints.counts) <= 2 * MOST + 1
    assert complaints.counts.total() == 20 * MOST


def test_arrivals_never_go_back_when_the_clock_does() -> None:
    class Clock:
        told_ns = NOW_NS

        def now_ns(self) -> int:
            return self.told_ns

    clock = Clock()
    arrivals = Arrivals(clock)
    first_ns = arrivals.now_ns()
    clock.told_ns -= 3600 * NS
    assert arrivals.now_ns() >= first_ns
    clock.told_ns += 7200 * NS
    assert arrivals.now_ns() >= first_ns + 3600 * NS
