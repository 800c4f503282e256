"""Files that grow, are rotated, truncated and written anew while they are followed."""

from __future__ import annotations

import json
import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sensors.clock import SystemClock
from sensors.environment.live.growing import FRESH, GrowingFile
from sensors.environment.live.reading import Complaint
from sensors.environment.live.tail import TailSource
from sensors.errors import BadInputError
from sensors.types import NS, State
from tests.live.feeling import assert_rows, column, quick, values
from tests.live.listening import Listening
from tests.live.servers import poll

HEADER = "room,temperature_f,note\n"


class Log:
    """A logger's file."""

    def __init__(self, path: Path, header: str = HEADER) -> None:
        self.path = path
        path.write_text(header)

    def write(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log.csv")


def source(log: Log | Path, **options: Any) -> TailSource:
    path = log.path if isinstance(log, Log) else log
    return TailSource("cellar/log", path, **{"poll_s": 0.02, **quick(**options)})


def await_rows(log: Log, ear: Listening, row: str = "1,68,x\n") -> None:
    """Write until it is read: what stands in the file before it is followed is past."""
    before = len(ear.chunks)

    def read() -> bool:
        log.write(row)
        return len(ear.chunks) > before

    poll(read, "a row")


def read_room(ear: Listening, room: int) -> None:
    ear.until(lambda: room in column(ear.chunks, "room"))


def test_new_rows_are_read_and_old_ones_are_not(log: Log) -> None:
    log.write("7,50,old\n")
    with Listening(source(log)) as ear:
        await_rows(log, ear)
    assert all(row == {"room": 1, "temperature_c": pytest.approx(20)} for row in values(ear.chunks))
    assert ear.states() == [State.UP]
    assert_rows(ear.chunks)


def test_half_a_line_waits_for_its_end(log: Log) -> None:
    log.write("1,6")
    with closing(GrowingFile(log.path)) as file:
        assert file.head() == [HEADER.strip()]
        assert list(file.news()) == []
        log.write("8,x\n2,6")
        assert list(file.news()) == ["1,68,x"]
        log.write("8,")
        assert list(file.news()) == []
        log.write("x\n3,6")
        assert list(file.news()) == ["2,68,x"]
        log.path.rename(log.path.with_suffix(".1"))
        assert list(file.news()) == []
        Log(log.path)
        assert list(file.news()) == [Complaint("a line that was cut off"), FRESH, HEADER.strip()]


@pytest.mark.parametrize("header", [HEADER, ""])
def test_a_rotated_file_is_read_to_its_end_and_its_successor_from_its_beginning(log: Log, header: str) -> None:
    with Listening(source(log)) as ear:
        await_rows(log, ear)
        old = log.path.rename(log.path.with_suffix(".1"))
        with old.open("a") as file:
            file.write("2,68,x\n")
        fresh = log.path.with_suffix(".new")
        fresh.write_text(f"{header}3,68,x\n")
        fresh.rename(log.path)
        read_room(ear, 3)
        await_rows(log, ear, "4,68,x\n")
    rooms = [room for room in column(ear.chunks, "room") if room != 1]
    assert rooms[:3] == [2, 3, 4]
    assert {chunk.names for chunk in ear.chunks} == {("room", "temperature_c")}


def test_a_truncated_file_is_read_anew(log: Log) -> None:
    with Listening(source(log)) as ear:
        await_rows(log, ear)
        log.path.write_text(f"{HEADER}2,68,x\n")
        read_room(ear, 2)


def test_a_file_that_is_written_anew_while_it_is_read_is_read_anew(log: Log) -> None:
    with closing(GrowingFile(log.path)) as file:
        log.write("1,68,x\n")
        news = file.news()
        assert next(news) == "1,68,x"
        log.path.write_text(HEADER + "2,68,x\n" * 100)
        assert list(news) == [FRESH, HEADER.strip(), *["2,68,x"] * 100]


def test_a_file_that_was_emptied_and_has_grown_past_the_old_end_is_read_anew(log: Log) -> None:
    with Listening(source(log, poll_s=0.2)) as ear:
        await_rows(log, ear)
        size = log.path.stat().st_size
        log.path.write_text(HEADER + "2,68,x\n" * size)
        ear.until(lambda: column(ear.chunks, "room").count(2) == size)


def test_a_header_that_names_numbers_is_no_row_when_it_comes_again(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.csv", "temperature_c,1,2\n")
    with Listening(source(log)) as ear:
        await_rows(log, ear, "20,7,8\n")
        log.path.write_text("temperature_c,1,2\n21,7,8\n")
        ear.until(lambda: 21 in column(ear.chunks, "temperature_c"))
    assert values(ear.chunks)[-1] == {"temperature_c": 21, "1": 7, "2": 8}
    assert set(column(ear.chunks, "1")) == {7}


def test_another_header_means_another_table(log: Log) -> None:
    with Listening(source(log)) as ear:
        await_rows(log, ear)
        log.path.write_text("co2_ppm;temp\n417;20,5\n")
        ear.until(lambda: column(ear.chunks, "co2_ppm"))
    assert values(ear.chunks)[-1] == {"co2_ppm": 417, "temp_c": 20.5}


def test_times_of_rows_are_event_times_and_of_equal_ones_the_first_counts(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.csv", "time,temperature_c\n")
    now_ns = SystemClock().now_ns() // NS * NS - 2 * NS

    def row(at_s: int, value: float) -> str:
        return f"{datetime.fromtimestamp(now_ns / NS + at_s, UTC).isoformat()},{value}\n"

    made = source(log)
    with Listening(made) as ear:
        await_rows(log, ear, row(0, 20))
        log.write(row(1, 21) + row(1, 99) + row(2, 22))
        ear.until(lambda: 22 in column(ear.chunks, "temperature_c"))
    assert column(ear.chunks, "temperature_c") == [20, 21, 22]
    assert [chunk.start_ns - now_ns for chunk in ear.chunks] == [0, NS, 2 * NS]
    assert made.duplicates > 0


def test_a_long_table_names_its_quantities_in_its_rows(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.csv", "sensor,value\n")
    with Listening(source(log)) as ear:
        await_rows(log, ear, "co2_ppm,417\n")
        log.write("motion,on\n,3\n")
        ear.until(lambda: column(ear.chunks, "motion"))
    assert values(ear.chunks)[-1] == {"motion": 1}


def test_a_nameless_column_in_front_shifts_the_names(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.csv", "room,temperature_c\n0,7,20\n")
    with Listening(source(log)) as ear:
        await_rows(log, ear, "1,7,21\n")
    assert values(ear.chunks)[0] == {"room": 7, "temperature_c": 21}


def test_json_lines_and_what_is_none(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl", "")
    made = source(log)
    good = {"temperature_f": 68, "door": True, "note": "x", "raw": {"a": 1}, "label": 1}
    with Listening(made) as ear:
        await_rows(log, ear, json.dumps(good) + "\n")
        log.write('{"temperature_f": \n[1]\n\xff\n{"temperature_f": 50}\n')
        ear.until(lambda: 10 in map(round, column(ear.chunks, "temperature_c")))
    assert values(ear.chunks)[0] == {"temperature_c": pytest.approx(20), "door": 1}
    assert made.complaints.counts == {("no JSON", ""): 2, ("no JSON object", ""): 1}


def test_bad_rows_are_counted_and_stop_nothing(log: Log) -> None:
    made = source(log)
    with Listening(made) as ear:
        await_rows(log, ear)
        log.write('1,2,3,4,5\n1,"68\n\n,,\n' + HEADER + "x" * 70_000 + "\n2,68,x\n")
        read_room(ear, 2)
    assert set(made.complaints.counts) == {
        ("more cells than columns", ""), ("a line that is too long", ""),
    }  # fmt: skip
    assert ear.states() == [State.UP]


def test_a_file_that_comes_later_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    with Listening(source(path)) as ear:
        ear.until_down("there is no such file")
        Log(path.with_suffix(".new"), f"{HEADER}5,68,x\n").path.rename(path)
        read_room(ear, 5)
        assert ear.states() == [State.DOWN, State.UP]
        os.remove(path)
        Log(path.with_suffix(".new"), f"{HEADER}6,68,x\n").path.rename(path)
        read_room(ear, 6)


def test_a_file_without_a_header_is_told_and_so_is_a_day_that_may_be_a_month(tmp_path: Path) -> None:
    with Listening(source(Log(tmp_path / "a.csv", "1,20\n2,21\n"))) as ear:
        ear.until_down("no header line?")
    with Listening(source(Log(tmp_path / "b.csv", "time,t\n03/04/2024 10:00,1\n"))) as ear:
        ear.until_down("day or month first")
    with Listening(source(Log(tmp_path / "c.csv", "time,t\n2024-01-01,1\n"), time="when")) as ear:
        ear.until_down("no column 'when'")
    refused: list[dict[str, Any]] = [{"path": " "}, {"path": "x", "poll_s": 0}]
    for ways in refused:
        with pytest.raises(BadInputError, match="no path, or poll_s not above 0"):
            TailSource("a/b", **ways)
