from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from sensors.environment.quantities import documented_name, quantity_of
from sensors.environment.sources import CsvSource, JsonLinesSource, ParquetSource
from sensors.errors import BadInputError

NS = 10**9
NOON = datetime(2024, 5, 7, 12, tzinfo=UTC)
NOON_NS = int(NOON.timestamp()) * NS
Write = Callable[..., Path]
Reading = tuple[int, dict[str, float]]


@pytest.fixture
def read(write_text: Write) -> Callable[..., list[Reading]]:
    """Readings of a text table: time in nanoseconds, value by name."""

    def read(text: str | bytes, kind: Any = CsvSource, start_ns: int = 0, **options: Any) -> list[Reading]:
        source = kind("a/air", write_text("table", text), start_ns, **options)
        return [
            (chunk.start_ns, dict(zip(chunk.names, chunk.data[0].tolist(), strict=True))) for chunk in source.chunks()
        ]

    return read


Read = Callable[..., list[Reading]]


@pytest.mark.parametrize(
    "text",
    [
        "t_s,temperature_c\n0,20.5\n2,21\n",
        "t_s;temperature_c\n0;20,5\n2,0;21\n",
        "t_s\ttemperature_c\n0\t20.5\n2\t21\n",
        "\ufefft_s,temperature_c\r\n0,20.5\r\n2,21\r\n",
        '"t_s","temperature_c"\n"0","20.5"\n"2","21"',
        "# a logger wrote this\n\nt_s, temperature_c\n0, 20.5\n\n2, 21\n",
        '"t_s","temperature_c"\n"1",0,20.5\n"2",2,21',
        "t_s,temperature_c\n0,20.5\n2,21\n,\n",
        "t_s,temperature_f,note\n0,68.9,hello\n2,69.8,\n",
        "t_s,quantity,value\n0,temperature_c,20.5\n2,temperature_c,21\n",
    ],
)
def test_all_dialects_say_the_same(text: str, read: Read) -> None:
    rows = read(text, start_ns=NOON_NS)
    assert [time for time, _ in rows] == [NOON_NS, NOON_NS + 2 * NS]
    assert [row["temperature_c"] for _, row in rows] == pytest.approx([20.5, 21])
    assert all(len(row) == 1 for _, row in rows)


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8"])
def test_encodings(encoding: str, read: Read) -> None:
    [(time_ns, row)] = read("time [s],Temperature [°F]\n0,212\n".encode(encoding))
    assert time_ns == 0
    assert row["temperature_c"] == pytest.approx(100)


@pytest.mark.parametrize(
    ("title", "cell"),
    [
        ("time", "2024-05-07T12:00:00Z"), ("Timestamp", "2024-05-07 12:00:00"), ("ts", "2024-05-07T21:00:00+09:00"),
        ("epoch", "1715083200"), ("time", "1715083200.0"), ("time", "1715083200000"), ("epoch_ms", "1715083200000"),
        ("ts", "1715083200000000"), ("time", "1715083200000000000"), ("datetime", "2024/05/07 12:00"),
        ("date", "07.05.2024 12:00:00"), ("DATETIME", "05/07/24 12:00 PM"),
    ],
)  # fmt: skip
def test_absolute_times_are_event_times_themselves(title: str, cell: str, read: Read) -> None:
    told = {"day_first": False} if "/24" in cell else {}
    assert read(f"{title},co2_ppm\n{cell},400\n", start_ns=99, **told)[0][0] == NOON_NS
    assert read(f"{title},co2_ppm\n{cell},400\n", start_ns=99, shift_s=1.5, **told)[0][0] == NOON_NS + 3 * NS // 2


def test_naive_times_are_read_with_the_offset_of_the_place(read: Read) -> None:
    rows = read("time,co2_ppm\n2024-05-07 21:00:00,400\n2024-05-07 12:00:01Z,401\n", utc_offset_s=9 * 3600)
    assert [time for time, _ in rows] == [NOON_NS, NOON_NS + NS]


def test_date_and_time_in_two_columns(read: Read) -> None:
    rows = read("Date;Time;T\n10/03/2004;18.00.00;1,5\n10/03/2004;19.00.00;-200\n11/03/2004;01.00.00;2\n;;\n")
    assert [datetime.fromtimestamp(time // NS, UTC).isoformat() for time, _ in rows] == [
        "2004-03-10T18:00:00+00:00", "2004-03-10T19:00:00+00:00", "2004-03-11T01:00:00+00:00",
    ]  # fmt: skip
    assert [row["T"] for _, row in rows] == [1.5, -200, 2]


def test_a_day_that_could_be_a_month_is_asked_for(read: Read) -> None:
    text = "time,co2\n03/04/2024 10:00,400\n03/04/2024 10:05,401\n"
    with pytest.raises(BadInputError, match="day or month first"):
        read(text)
    assert read(text, day_first=True)[0][0] == int(datetime(2024, 4, 3, 10, tzinfo=UTC).timestamp()) * NS


def test_nothing_in_a_cell_is_nan_and_words_of_switches_are_numbers(read: Read) -> None:
    rows = read("t_s,co2_ppm,door\n0,400,open\n1,,closed\n2,nan,-\n3,unavailable,on\n4,inf,0\n")
    assert [row["co2_ppm"] for _, row in rows] == pytest.approx([400] + [float("nan")] * 4, nan_ok=True)
    assert [row["door"] for _, row in rows] == pytest.approx([1, 0, float("nan"), 1, 0], nan_ok=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("t_s,co2_ppm\n0,400\n1,4oo\n", r"line 3, column 'co2_ppm': '4oo' is no number"),
        ("t_s,co2_ppm\n0,400\n5,401\n4,402\n", r"line 4: time runs backwards from 5 to 4"),
        ("t_s,co2_ppm\n0,400\nx,401\n", r"line 3, column 't_s': 'x' is no time"),
        ("t_s,co2_ppm\n0,400\n1,401,7\n", r"line 3: 3 cells under 2 columns"),
        ("t_s,quantity,value\n0,co2_ppm,400\n1,co2_ppm,high\n", r"line 3, column 'value': 'high' is no number"),
        ("temperature,humidity\n20,50\n", r"no time column; its columns are temperature, humidity; .*time = "),
        ("t_s,note\n0,hello\n", r"no column of numbers; its columns are t_s, note"),
        ("t_s,quantity,value\n0,a,hello\n", r"no number in column 'value'"),
        ("t_s,co2_ppm\n", r"no rows"),
        ("time,co2_ppm\nhello,400\n", r"'hello' is no time"),
        ("0,400\n1,401\n", r"line 1: no header line\? the first line is all numbers; the first line must name"),
        ("2024-05-07 12:00;20,5\n2024-05-07 12:01;20,6\n", r"no header line\?"),
        ("1715083200,1,1\n1715083201,1,1\n", r"no header line\?"),
        (b"t_s,co2\n\x00\x00", r"this is no text"),
    ],
)
def test_a_damaged_table_is_told_by_line_and_column(text: str | bytes, message: str, read: Read) -> None:
    with pytest.raises(BadInputError, match=message) as caught:
        read(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,co2\n1970-01-01,4\n2024-05-07,4\n", r"line 3: time leaps 19850 days from 1970-01-01 to 2024-05-07; rem"),
        ("ts,co2\n1715083200,4\n3915083200,4\n", r"line 3: time leaps 25462 days .* \(2024-05-07 to 2094-01-23\)"),
        ("t_s,co2\n1e9,4\n", r"line 2: time leaps 11574 days from the start to 1e9; remove the row or mend its time"),
        ("t_s,co2\n0,4\n1e9,4\n", r"line 3: time leaps 11574 days from 0 to 1e9"),
        ("time,co2\n9999-01-01,4\n", r"line 2: '9999-01-01' lies outside the years 1970 to 2200"),
        ("time,co2\n0001-01-01,4\n", r"line 2: '0001-01-01' lies outside"),
    ],
)
def test_a_wild_clock_is_told_by_line_and_never_walked_through(text: str, message: str, read: Read) -> None:
    with pytest.raises(BadInputError, match=message):
        read(text)


def test_a_year_of_pause_is_allowed(read: Read) -> None:
    assert len(read("time,co2\n2024-01-01,4\n2025-01-01,4\n")) == 2


@pytest.mark.parametrize(
    ("before", "after", "summer"),
    [
        ("2024-10-27 02:50:00", "2024-10-27 02:00:00", True),
        ("2024-10-27 03:00:00", "2024-10-27 02:00:00", True),
        ("2024-04-07 02:00:00", "2024-04-07 01:30:00", True),
        ("2024-10-27 02:50:00", "2024-10-27 02:45:00", False),
        ("2024-10-27 02:50:00Z", "2024-10-27 02:00:00Z", False),
    ],
)
def test_the_end_of_summer_time_is_told_apart_from_rows_out_of_order(
    before: str, after: str, summer: bool, read: Read
) -> None:
    first = before.replace(":50:", ":40:") if ":50:" in before else before
    with pytest.raises(BadInputError, match="summer time" if summer else "sort the rows"):
        read(f"time,co2\n{first},3\n{before},4\n{after},4\n")


def test_rows_without_times_come_in_steps(write_text: Write, read: Read) -> None:
    text = "temperature,humidity\n20,50\n21,51\n22,52\n"
    assert [time for time, _ in read(text, start_ns=7, step_s=0.5)] == [7, 7 + NS // 2, 7 + NS]
    assert CsvSource("a/air", write_text("a.csv", text), 7, step_s=0.5).absolute_start_ns() is None
    with pytest.raises(BadInputError, match="step_s = 60"):
        read(text)
    with pytest.raises(BadInputError, match="both 'time' and 'step_s'"):
        read(text, time="temperature", step_s=1.0)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (CsvSource, "t_s,foo\n0,1\n1,1e300\n2,inf\n3,-1e31\n4,nan\n5,2\n"),
        (CsvSource, "t_s,quantity,value\n0,foo,1\n1,foo,1e300\n2,foo,1e999\n3,foo,-inf\n4,foo,\n5,foo,2\n"),
        (
            JsonLinesSource,
            "".join(f'{{"t_s": {n}, "foo": {v}}}\n' for n, v in enumerate([1, 10**400, 1e99, -1e99, "null", 2])),
        ),
    ],
)
def test_an_absurd_number_is_no_value_and_is_counted(kind: Any, text: str, write_text: Write) -> None:
    source = kind("a/air", write_text("table", text), 0)
    nan = float("nan")
    for _ in range(2):
        told = [chunk.data[0, 0] for chunk in source.chunks()]
        assert told == pytest.approx([1, nan, nan, nan, nan, 2], nan_ok=True)
        assert source.repaired == 3


def test_a_row_cut_off_at_the_end_has_no_value(read: Read) -> None:
    rows = read("t_s,co2_ppm,temperature_c\n0,400,20\n1,40")
    assert np.isnan(rows[-1][1]["temperature_c"])


def test_readings_of_one_time_make_one_row(write_text: Write) -> None:
    text = "time,quantity,value\n0,co2,400\n0,motion,on\n0,co2,999\n1,co2,401\n1,note,hello\n"
    source = CsvSource("a/air", write_text("a.csv", text), 0)
    rows = [(chunk.names, chunk.data[0].tolist()) for chunk in source.chunks()]
    assert rows == [(("co2_ppm", "motion"), [400, 1]), (("co2_ppm",), [401])]
    assert source.duplicates == 1


def test_of_two_rows_at_one_time_the_first_counts(write_text: Write) -> None:
    source = CsvSource("a/air", write_text("a.csv", "t_s,co2\n0,400\n0,500\n1,401\n"), 0)
    for _ in range(2):
        assert [chunk.data[0, 0] for chunk in source.chunks()] == [400, 401]
        assert source.duplicates == 1


def test_the_scenario_says_which_columns_and_units(read: Read) -> None:
    text = "when,t1,alarm,extra\n0,68,0,1\n1,70,1,2\n"
    assert read(text, time="when", value="t1", units={"t1": "F"}) == [(0, {"t1 [F]": 68}), (NS, {"t1 [F]": 70})]
    assert [set(row) for _, row in read(text, time="when", ignore=("alarm",))] == [{"t1", "extra"}] * 2
    renamed = text.replace("t1", "temp")
    assert read(renamed, time="when", value="temp", units="F")[0][1] == {"temp_c": pytest.approx(20)}
    with pytest.raises(BadInputError, match="no column 'nowhere'"):
        read(text, time="nowhere")


def test_a_unit_that_its_quantity_does_not_have_is_told(read: Read) -> None:
    for units in ("bar", {"temp": "bar"}):
        with pytest.raises(BadInputError, match=r"'bar' is no unit of 'temp' .*known are c, degc, celsius, f, degf"):
            read("t_s,temp\n0,20\n", units=units)
    with pytest.raises(BadInputError, match=r"'sone' is no unit of 'noise' .*known are "):
        read("t_s,quantity,value\n0,noise,20\n", units={"noise": "sone"})
    assert read("t_s,radon\n0,20\n", units="Bq/m3") == [(0, {"radon [Bq/m3]": 20})]
    assert read("t_s,door\n0,1\n", units="F") == [(0, {"door [F]": 1})]


@pytest.mark.parametrize("title", ["label", "Fire Alarm", "ATT_FLAG", "is_anomaly", "Class", "ground_truth"])
def test_labels_are_not_read_unless_they_are_named(title: str, read: Read) -> None:
    text = f"t_s,{title},co2_ppm\n0,1,400\n"
    assert read(text) == [(0, {"co2_ppm": 400})]
    assert read(text, value=[title, "co2_ppm"]) == [(0, {title: 1, "co2_ppm": 400})]
    lines = f'{{"t_s": 0, "co2_ppm": 1}}\n{{"t_s": 1, "{title}": 1, "co2_ppm": 2}}\n'
    assert [set(row) for _, row in read(lines, JsonLinesSource)] == [{"co2_ppm"}] * 2


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("température", "température_c"), ("Température [°F]", "température_c"), ("te\u0301mperature", "témperature_c"),
        ("温度", "温度"), ("Влажность %", "Влажность %"), ("PT08.S1(CO)", "PT08_S1(CO)"), ("a:b.c", "a_b_c"),
    ],
)  # fmt: skip
def test_names_in_any_script_survive_and_never_break_a_channel(title: str, name: str) -> None:
    assert documented_name(title) == name == documented_name(name)
    assert quantity_of(name)[0] == quantity_of(title)[0]


def test_a_comma_at_the_end_of_every_line_shifts_no_column_but_a_nameless_first_one_does(read: Read) -> None:
    assert read("t_s,a,\n0,1,\n1,2,\n") == [(0, {"a": 1}), (NS, {"a": 2})]
    assert read("t_s,a\n7,0,1\n8,1,2\n") == [(0, {"a": 1}), (NS, {"a": 2})]


def test_names_that_become_equal_stay_apart(read: Read) -> None:
    assert read("t_s,a.b,a:b,a_b\n0,1,2,3\n") == [(0, {"a_b": 1, "a_b_2": 2, "a_b_3": 3})]


def test_two_columns_of_one_quantity_keep_apart(read: Read) -> None:
    assert read("t_s,temp_c,temp_f\n0,20,68\n") == [(0, {"temp_c": 20, "temp_c_2": pytest.approx(20)})]


def test_json_lines_may_each_bring_other_readings(read: Read) -> None:
    text = '{"time": 0, "co2_ppm": 400}\n\n{"time": 1, "motion": true, "note": "x"}\n{"time": 2, "co2_ppm": null}\n'
    rows = read(text, JsonLinesSource)
    assert [set(row) for _, row in rows] == [{"co2_ppm"}, {"motion"}, {"co2_ppm"}]
    assert rows[1][1]["motion"] == 1
    with pytest.raises(BadInputError, match=r"line 2: this is no JSON"):
        read('{"t_s": 0, "a": 1}\n{"t_s": 1, \n', JsonLinesSource)
    with pytest.raises(BadInputError, match=r"line 1: this is no JSON object"):
        read("[1, 2]\n", JsonLinesSource)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_parquet_times_of_any_unit_and_zone(unit: str, zone: str | None, tmp_path: Path) -> None:
    times = [NOON, NOON + timedelta(seconds=3)]
    local = [t.replace(tzinfo=None) if zone is None else t for t in times]
    table = pa.table({"time": pa.array(local, pa.timestamp(unit, zone)), "temperature_f": [68.0, None]})
    pq.write_table(table, tmp_path / "a.parquet")
    source = ParquetSource("a/air", tmp_path / "a.parquet", 0, utc_offset_s=3600)
    shift = 3600 * NS if zone is None else 0
    assert [chunk.start_ns for chunk in source.chunks()] == [NOON_NS - shift, NOON_NS + 3 * NS - shift]
    assert [chunk.data[0, 0] for chunk in source.chunks()] == pytest.approx([20, float("nan")], nan_ok=True)
    assert source.typical_step_s() == 3
    assert source.absolute_start_ns() == NOON_NS - shift


def test_the_step_is_the_median_of_the_first_rows(write_text: Write) -> None:
    path = write_text("a.csv", "t_s,co2\n" + "".join(f"{n * 5},4\n" for n in [*range(20), *range(30, 40)]))
    assert CsvSource("a/air", path, 7).typical_step_s() == 5
    assert CsvSource("a/air", path, 7).absolute_start_ns() is None
    assert CsvSource("a/air", write_text("b.csv", "t_s,co2\n0,4\n"), 0).typical_step_s() is None


def test_memory_does_not_grow_with_length(write_text: Write) -> None:
    peaks = []
    for rows in (2_000, 8_000):
        path = write_text("a.csv", "t_s,co2,note\n" + "".join(f"{n},{n % 99},{'x' * 60}\n" for n in range(rows)))
        tracemalloc.start()
        assert sum(1 for _ in CsvSource("a/air", path, 0).chunks()) == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 20_000


@pytest.mark.parametrize(
    ("column", "name", "cell", "value"),
    [
        ("Temperature[F]", "temperature_c", 212, 100), ("temp_k", "temp_c", 273.15, 0),
        ("Pressure (hPa)", "pressure_pa", 1013, 101_300), ("air_pressure_kpa", "air_pressure_hpa", 101.3, 1013),
        ("Humidity[%]", "humidity_percent", 50, 50), ("CO_ppb", "co_ppm", 1000, 1), ("power_kw", "power_w", 2, 2000),
        ("PM2.5 (µg/m³)", "pm2_5_ug_per_m3", 7, 7), ("eCO2[ppm]", "eco2_ppm", 400, 400), ("S6_PIR", "s6_pir", 1, 1),
        ("flow_l_per_min", "flow_l_per_min", 3, 3), ("vibration_1_g", "vibration_1_g", 0.1, 0.1),
    ],
)  # fmt: skip
def test_units_are_converted_and_named(column: str, name: str, cell: float, value: float) -> None:
    quantity, factor, offset = quantity_of(column)
    assert quantity is not None
    assert cell * factor + offset == pytest.approx(value)
    assert documented_name(column) == name
    again, factor, offset = quantity_of(name)
    assert (again, factor, offset) == (quantity, 1, 0)
    assert quantity.low <= value <= quantity.high


@pytest.mark.parametrize(
    "column", ["value", "CO(GT)", "Pressure", "Room_Occupancy_Count", "F_PU1", "temperature_ratio"]
)
def test_a_column_whose_unit_could_be_anything_is_left_alone(column: str) -> None:
    assert quantity_of(column) == (None, 1, 0)
    assert documented_name(column) == column
