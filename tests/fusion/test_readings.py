"""`kizashi env`, as people type it, on real tables."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from fusion.commands.readings import judge_table, open_table, table_files
from sensors.errors import BadInputError

Write = Callable[..., Path]
Lines = list[dict[str, Any]]
KIZASHI = Path(sysconfig.get_path("scripts")) / "kizashi"
SPIKE = 240
ASPECTS = ("level", "change", "step", "unrest", "pattern", "drift")
WHOLE = ("overall", "onset", "shift")
LINES = len(ASPECTS) + len(WHOLE)
"""Lines for each row of a table with one measured quantity."""


def kizashi(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(KIZASHI), "env", *map(str, arguments)], capture_output=True, text=True, timeout=120)


def lines(done: subprocess.CompletedProcess[str]) -> Lines:
    return [json.loads(line) for line in done.stdout.splitlines()]


def told(*arguments: object) -> Lines:
    done = kizashi(*arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return lines(done)


def values(count: int = 300, seed: int = 1, spike: int | None = SPIKE) -> list[float]:
    """A room of 20 degrees, with one reading that is far off."""
    drawn = np.random.default_rng(seed).normal(20.0, 0.3, count).round(3).tolist()
    if spike is not None:
        drawn[spike] = 31.0
    return list(drawn)


def clock(row: int) -> str:
    return f"2024-01-02 {row // 60:02}:{row % 60:02}:00"


def table(readings: Sequence[object], header: str = "timestamp,temperature_c", mark: str = ",") -> str:
    rows = "".join(f"{clock(n)}{mark}{reading}\n" for n, reading in enumerate(readings))
    return f"{header}\n{rows}"


def strangest(found: Lines) -> dict[str, Any]:
    """The line of a quantity's level with the smallest p-value, the strangest of equals."""
    told = (line for line in found if line["p_value"] is not None and line["channel"].endswith(".level"))
    return min(told, key=lambda line: (line["p_value"], -line["raw"]))


def named(stem: str, *quantities: str) -> set[str]:
    """Channels of a table with these quantities."""
    aspects = {f"{stem}/air:{quantity}.{aspect}" for quantity in quantities for aspect in ASPECTS}
    joint = {f"{stem}/air:together.{window}" for window in ("lately", "long")} if len(quantities) > 1 else set()
    return aspects | joint | {f"{stem}/air:{name}" for name in WHOLE}


def test_a_line_a_row_and_channel_says_when_what_and_how_rare(write_text: Write) -> None:
    found = told(write_text("air.csv", table(values())))
    assert len(found) == LINES * 300
    assert all(list(line) == ["t", "channel", "raw", "p_value", "quality"] for line in found)
    assert {line["channel"] for line in found} == named("air", "temperature_c")
    times = [datetime.fromisoformat(line["t"]) for line in found]
    assert all(time.tzinfo is not None for time in times)
    assert times == sorted(times)
    assert found[0]["t"] == "2024-01-02T00:00:00+00:00"


def test_a_spike_has_the_smallest_p_value(write_text: Write) -> None:
    found = strangest(told(write_text("air.csv", table(values()))))
    assert found["t"] == "2024-01-02T04:00:00+00:00"
    assert found["p_value"] < 1e-4


def test_a_p_value_is_there_exactly_where_the_quality_is_ok(write_text: Write) -> None:
    found = told(write_text("air.csv", table(values())))
    assert {line["quality"] for line in found} == {"warming", "gap", "ok"}
    for line in found:
        assert (line["p_value"] is not None) == (line["quality"] == "ok")
        assert line["p_value"] is None or 0 < line["p_value"] <= 1
    assert found[0]["quality"] == "warming"


def test_quiet_rows_are_as_rare_as_they_say(write_text: Write) -> None:
    text = table(values(1200, spike=None))
    rows = list(judge_table(open_table(write_text("air.csv", text))))
    told = [one for row in rows for one in row if not one.score.channel.endswith((".drift", ":onset", ":shift"))]
    said = np.array([one.p_value for one in told if one.p_value is not None])
    assert np.mean(said <= 0.5) == pytest.approx(0.5, abs=0.06)
    assert np.mean(said <= 0.05) == pytest.approx(0.05, abs=0.02)


def test_what_comes_later_changes_nothing_that_was_said(write_text: Write) -> None:
    whole = table(values())
    part = write_text("part/air.csv", "".join(whole.splitlines(keepends=True)[: SPIKE + 2]))
    first, second = told(part), told(write_text("whole/air.csv", whole))
    assert first == second[: len(first)]
    assert len(first) == LINES * (SPIKE + 1)


def test_the_same_table_gives_the_same_bytes(write_text: Write) -> None:
    path = write_text("air.csv", table(values()))
    first, second = kizashi(path, "--json"), kizashi(path, "--json")
    assert first.stdout == second.stdout
    assert kizashi(path).stdout == kizashi(path).stdout


@pytest.mark.parametrize("header", ["when,speed", "Zeit,Wert", "time,value", "datum,temp"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_any_two_columns_work(write_text: Write, header: str, mark: str) -> None:
    text = table(values(), header.replace(",", mark), mark)
    path = write_text("two.tsv" if mark == "\t" else "two.csv", text)
    rows = list(judge_table(open_table(path)))
    assert len(rows) == 300
    overall = [row[-3] for row in rows]
    assert max(overall, key=lambda one: one.score.raw or 0.0) is overall[SPIKE]


def test_a_column_that_counts_up_tells_seconds_and_dates_need_not_stand_first(write_text: Write) -> None:
    rows = "".join(f"{n * 10},{reading}\n" for n, reading in enumerate(values()))
    counted = told(write_text("c.csv", f"x,y\n{rows}"))
    assert {line["channel"] for line in counted} == named("c", "y")
    assert strangest(counted)["t"] == SPIKE * 10
    turned = "".join(f"{reading},{clock(n)}\n" for n, reading in enumerate(values()))
    assert strangest(told(write_text("d.csv", f"y,x\n{turned}")))["t"] == "2024-01-02T04:00:00+00:00"


def test_a_table_without_a_time_counts_its_rows(write_text: Write) -> None:
    rows = "".join(f"{a},{b}\n" for a, b in zip(values(), values(seed=2, spike=None), strict=True))
    found = told(write_text("n.csv", f"temperature_c,humidity_percent\n{rows}"))
    assert [line["t"] for line in found] == [n for n in range(300) for _ in range(2 * len(ASPECTS) + 2 + len(WHOLE))]
    assert strangest(found)["t"] == SPIKE
    assert strangest(found)["channel"].startswith("n/air:temperature_c")
    single = told(write_text("o.csv", "temp\n" + "".join(f"{reading}\n" for reading in values())))
    assert strangest(single)["t"] == SPIKE


def test_columns_are_chosen_by_name(write_text: Write) -> None:
    rows = "".join(f"{n},{clock(n)},{5 + n % 3},{reading}\n" for n, reading in enumerate(values()))
    path = write_text("w.csv", f"t_s,written,pump,inlet\n{rows}")
    assert {line["channel"] for line in told(path)} == named("w", "pump", "inlet")
    chosen = told(path, "--value", "inlet", "--time", "written")
    assert {line["channel"] for line in chosen} == named("w", "inlet")
    assert strangest(chosen)["t"] == "2024-01-02T04:00:00+00:00"
    wrong = kizashi(path, "--value", "outlet", "--json")
    assert (wrong.returncode, wrong.stdout) == (3, "")
    assert "no column 'outlet'" in wrong.stderr


def test_json_lines_and_parquet_say_what_the_csv_says(write_text: Write, tmp_path: Path) -> None:
    rows = [{"timestamp": clock(n), "temperature_c": reading} for n, reading in enumerate(values())]
    same = told(write_text("air.csv", table(values())))
    assert told(write_text("air.jsonl", "".join(json.dumps(row) + "\n" for row in rows))) == same
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "air.parquet")
    assert told(tmp_path / "air.parquet") == same


def test_rows_without_a_value_are_gaps_and_disturb_no_others(write_text: Write) -> None:
    readings: list[object] = list(values())
    for n in range(150, 160):
        readings[n] = "nan" if n % 2 else ""
    found = told(write_text("air.csv", table(readings)))
    missing = [line for line in found[LINES * 150 : LINES * 160] if "." in line["channel"].partition(":")[2]]
    assert len(found) == LINES * 300
    assert all(line["raw"] is None and line["p_value"] is None for line in missing)
    assert not {line["quality"] for line in missing} & {"ok", "warming"}
    assert strangest(found)["t"] == "2024-01-02T04:00:00+00:00"


def test_a_bad_file_is_told_and_the_others_are_judged(write_text: Write, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    text = table(values(30, spike=None))
    good = [write_text("a.csv", text), write_text("z.csv", text)]
    bad = [write_text("b.csv", ""), tmp_path / "none.csv", tmp_path / "empty", write_text("c.wav", "RIFF")]
    done = kizashi(good[0], *bad, good[1], "--json")
    assert done.returncode == 3
    assert list(dict.fromkeys(line["path"] for line in lines(done))) == [str(path) for path in good]
    complaints = done.stderr.splitlines()
    assert len(complaints) == 4
    for path in bad:
        assert any(line.startswith(f"kizashi: {path}: ") and "; " in line for line in complaints)


def test_damage_is_told_with_its_line_and_what_came_before_stands(write_text: Write) -> None:
    readings: list[object] = [*values(60, spike=None), "oops"]
    done = kizashi(write_text("a.csv", table(readings)), "--json")
    assert done.returncode == 3
    assert len(lines(done)) == LINES * 60
    assert "line 62" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_folders_are_searched_in_order_and_labels_left_alone(write_text: Write, tmp_path: Path) -> None:
    names = ["r/1.csv", "r/2/a.jsonl", "r/2/b.tsv", "r/labels.csv", "r/scenario.toml", "r/notes.txt", "r/x.wav"]
    for name in names:
        write_text(name, "")
    assert table_files([tmp_path / "r"])[0] == [tmp_path / name for name in names[:3]]
    assert table_files([tmp_path / "r" / "notes.txt"])[0] == [tmp_path / "r" / "notes.txt"]


def test_a_table_for_people_names_the_strangest_moment_first(write_text: Write) -> None:
    first, second, *_ = kizashi(write_text("air.csv", table(values()))).stdout.splitlines()
    assert first.endswith("air.csv: 300 rows, 9 channels")
    assert second.split()[0] == "2024-01-02T04:00:00+00:00"
    assert "31 °C, usually 19.984 °C" in second
    assert " 1 in " in second
    short = kizashi(write_text("short.csv", table(values(5, spike=None)))).stdout
    assert "too short a past" in short


def test_a_step_that_shortens_fills_no_memory(write_text: Write) -> None:
    """Ten times the rows cost no more, even where the first ones came once a day and the rest every millisecond."""

    def peak_mb(count: int) -> float:
        drawn = np.random.default_rng(1).normal(20, 0.3, count).round(3).tolist()
        times = [n * 86_400 if n < 50 else 49 * 86_400 + n / 1000 for n in range(count)]
        rows = "".join(f"{at},{reading}\n" for at, reading in zip(times, drawn, strict=True))
        path = write_text(f"{count}.csv", f"t_s,value\n{rows}")
        code = (
            "import resource, sys, fusion.rows, fusion.commands.readings as r; from pathlib import Path\n"
            "fusion.rows.PENDING_ROWS = 500\n"
            "for _ in r.judge_table(r.open_table(Path(sys.argv[1]))): pass\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        command = [sys.executable, "-c", code, str(path)]
        return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout) / 1024

    assert peak_mb(20_000) < peak_mb(2000) + 6


def test_progress_is_shown_on_a_terminal_only(write_text: Write) -> None:
    path = write_text("a.csv", table(values(30, spike=None)))
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [str(KIZASHI), "env", str(path), "--json"], stdout=subprocess.PIPE, stderr=theirs, check=True, timeout=120
    )
    os.close(theirs)
    assert b"1 of 1: a.csv" in os.read(ours, 4096)
    os.close(ours)
    assert len(done.stdout.splitlines()) == LINES * 30


def test_a_time_that_was_named_and_is_none_is_an_error(write_text: Write) -> None:
    path = write_text("a.csv", table(values(30, spike=None), "when,note"))
    with pytest.raises(BadInputError, match="no column 'then'"):
        open_table(path, time="then")
