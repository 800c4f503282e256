from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.recording import Label, Recording, SensorEntry
from fusion.report.page import write_page
from fusion.report.picture import draw, save_picture
from fusion.report.ticks import clock_ticks, height_of, since_start_ticks
from fusion.report.timeline import COLUMNS, Timeline, read_timeline
from sensors.errors import BadInputError
from sensors.types import NS

START_NS = 1_730_912_397 * NS
TICK_NS = NS // 10
SENSORS = (
    SensorEntry("hall/mic", "audio.file", Path("mic.flac")),
    SensorEntry("hall/camera", "video.file", Path("camera.mp4")),
)


def write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def verdict(tick: int, per_day: float | None, **more: Any) -> dict[str, Any]:
    return {"at_ns": START_NS + tick * TICK_NS, "p_value": per_day and 0.01, "per_day": per_day, **more}


def read(folder: Path, verdicts: Iterable[Mapping[str, Any]], incidents: Iterable[Mapping[str, Any]] = ()) -> Timeline:
    lines = write_lines(folder / "verdicts.jsonl", verdicts)
    return read_timeline(lines, write_lines(folder / "incidents.jsonl", incidents), start_ns=START_NS)


def incident(id: str, severity: str, per_day: float, opened_s: float = 3.0, **more: Any) -> dict[str, Any]:
    opened_ns = START_NS + round(opened_s * NS)
    channel = {"channel": "hall/mic:level", "p_value": 1e-6, "saturated": True, "value": -21.3, "usual": -52.0}
    parts = [{"sense": "audio", "p_value": 1e-6, "share": 1.0, "channels": [{**channel, "unit": "dBFS"}]}]
    facts = {"id": id, "opened_ns": opened_ns, "closed_ns": opened_ns + 2 * NS, "severity": severity, "kind": "sound"}
    return {
        **facts,
        "per_day": per_day,
        "p_value": 1e-7,
        "extrapolated": True,
        "why": "It was loud.",
        "parts": parts,
    } | more


def recording(labels: tuple[Label, ...] | None = None, **more: Any) -> Recording:
    facts = {"name": "A night", "start_ns": START_NS, "start_known": True, "utc_offset_s": 7200, "seconds": 20.0}
    return Recording(**{**facts, "sensors": SENSORS, "labels": labels, **more})


def ordinary(ticks: int = 200) -> list[dict[str, Any]]:
    senses = {"audio": {"p_value": 0.1, "share": 1.0, "top": "hall/mic:level"}}
    return [verdict(k, None if k < 20 else 2000.0, senses=senses) for k in range(ticks)]


def page(folder: Path, timeline: Timeline, of: Recording) -> str:
    write_page(folder / "report.html", timeline, of, false_alarms_per_day=1.0)
    return (folder / "report.html").read_text(encoding="utf-8")


def test_a_strange_tick_survives_any_length(tmp_path: Path) -> None:
    def lines() -> Iterable[dict[str, Any]]:
        for tick in range(30_000):
            yield verdict(tick, 0.01 if tick == 12_345 else 5000.0)

    timeline = read(tmp_path, lines())
    assert len(timeline.per_day) <= COLUMNS
    column = int(np.nanargmin(timeline.per_day))
    assert timeline.edges_s[column] <= 1234.5 < timeline.edges_s[column + 1]
    assert timeline.strangest is not None
    assert timeline.strangest.at_ns == START_NS + 12_345 * TICK_NS


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(1e-3, 1e5), min_size=1, max_size=120), st.sampled_from([2, 4, 16]))
def test_columns_that_doubled_hold_what_one_pass_over_all_ticks_gives(
    tmp_path_factory: pytest.TempPathFactory, rates: list[float], columns: int
) -> None:
    folder = tmp_path_factory.mktemp("columns")
    lines = write_lines(folder / "v", (verdict(k, rate) for k, rate in enumerate(rates)))
    timeline = read_timeline(lines, write_lines(folder / "i", ()), start_ns=START_NS, columns=columns)
    many = round(timeline.column_s / 0.1)
    assert timeline.per_day.tolist() == [min(rates[k : k + many]) for k in range(0, len(rates), many)]
    assert len(timeline.per_day) <= columns


def test_a_sensor_that_is_suspected_is_told_apart_from_one_that_is_missing(tmp_path: Path) -> None:
    doubt = {"hall/mic": "notices nothing of what hall/camera do"}
    lines = [verdict(k, 2000.0, suspected=doubt if k >= 30 else {}) for k in range(50)]
    timeline = read(tmp_path, lines)
    ((absence),) = timeline.absences
    assert (absence.stream, absence.suspected, round(absence.seconds, 6)) == ("hall/mic", True, 2.0)
    assert not timeline.missing
    assert "<strong>tampering? notices nothing of what hall/camera do</strong>" in page(tmp_path, timeline, recording())


def test_time_without_a_verdict_is_counted_and_told_apart(tmp_path: Path) -> None:
    gone = {"hall/camera": "frozen picture"}
    lines = [verdict(k, None, missing={"hall/mic": "warming up"}) for k in range(10)]
    lines += [verdict(k, 2000.0, missing=gone if k < 40 else {}) for k in range(10, 50)]
    lines += [verdict(k, None, missing={**gone, "hall/mic": "unplugged"}) for k in range(50, 55)]
    timeline = read(tmp_path, lines)
    assert (timeline.warming_s, timeline.blind_s) == pytest.approx((1.0, 0.5))
    told = {(a.stream, a.reason): round(a.seconds, 6) for a in timeline.absences}
    assert told == {
        ("hall/camera", "frozen picture"): 3.5,
        ("hall/mic", "warming up"): 1.0,
        ("hall/mic", "unplugged"): 0.5,
    }
    assert timeline.missing["hall/mic"].sum() == 5
    assert timeline.missing["hall/camera"].sum() == 35


def test_reasons_that_never_repeat_do_not_fill_the_memory(tmp_path: Path) -> None:
    lines = [verdict(k, 2000.0, missing={"hall/mic": f"silent for {k} s"}) for k in range(500)]
    timeline = read(tmp_path, lines)
    assert len(timeline.absences) <= 7
    assert timeline.absences[0].reason == "other reasons"
    assert sum(a.seconds for a in timeline.absences) == pytest.approx(50.0)


@pytest.mark.parametrize("text", ['{"at_ns": 1, "p_value"', '{"p_value": 0.1}', '{"at_ns": "noon"}', "\xff\xfe"])
def test_a_broken_line_is_named(tmp_path: Path, text: str) -> None:
    path = write_lines(tmp_path / "verdicts.jsonl", [verdict(0, 1.0)])
    path.write_bytes(path.read_bytes() + text.encode("latin-1") + b"\n")
    with pytest.raises(BadInputError, match=r"verdicts\.jsonl:2"):
        read_timeline(path, write_lines(tmp_path / "i", ()), start_ns=START_NS)


def test_verdicts_that_run_backwards_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="backwards"):
        read(tmp_path, [verdict(5, 1.0), verdict(4, 1.0)])


def test_incidents_are_ranked_by_severity_then_rarity(tmp_path: Path) -> None:
    incidents = [incident("a", "low", 0.001), incident("b", "high", 0.5), incident("c", "high", 0.1)]
    assert [i.id for i in read(tmp_path, ordinary(), incidents).incidents] == ["c", "b", "a"]


def test_rare_is_high_on_the_rarity_axis() -> None:
    heights = [height_of(rate) for rate in (1e9, 86_400.0, 1.0, 1 / 365, 0.0)]
    assert heights == sorted(heights)
    assert heights[2] == 0.0
    assert math.isfinite(heights[-1])


@settings(max_examples=60, deadline=None)
@given(st.floats(0.2, 5e6), st.integers(-43_200, 43_200))
def test_axes_have_few_round_marks_inside_the_picture(seconds: float, offset_s: int) -> None:
    for ticks in (since_start_ticks(seconds), clock_ticks(START_NS, seconds, offset_s)):
        assert len(ticks) <= 10
        assert all(0 <= place <= seconds for place, _ in ticks)


def test_clock_marks_stand_at_round_local_times_and_name_a_new_day() -> None:
    ticks = clock_ticks(START_NS, 6 * 3600, 5400)
    assert [text for _, text in ticks][:2] == ["19:00\n6 Nov", "20:00"]
    assert "00:00\n7 Nov" in [text for _, text in ticks]


def test_the_same_replay_gives_the_same_bytes(tmp_path: Path) -> None:
    timeline = read(tmp_path, ordinary(), [incident("a", "high", 0.1)])
    of = recording((Label(3, 4, "shout 兆し $x"),))
    first, second = tmp_path / "1.png", tmp_path / "2.png"
    for path in (first, second):
        save_picture(path, timeline, of, false_alarms_per_day=1.0)
    assert first.read_bytes() == second.read_bytes()
    assert page(tmp_path, timeline, of) == page(tmp_path, timeline, of)


def test_the_picture_has_a_lane_a_sense_and_says_what_is_in_it(tmp_path: Path) -> None:
    figure = draw(read(tmp_path, ordinary()), recording(()), false_alarms_per_day=2.0)
    assert figure.get_size_inches()[0] * figure.dpi == 1400
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert {"Incidents", "Labels", "How rare", "Sound", "Motion", "hall/camera", "warming up"} <= set(words)
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told == ["setting: 2 false alarms a day", "no verdict"]


@pytest.mark.parametrize(
    "of", [recording(seconds=None), recording(start_known=False), recording(name="$\\frac{ 兆し 🎈 <b>")]
)
def test_odd_recordings_and_no_verdict_at_all_still_give_a_report(tmp_path: Path, of: Recording) -> None:
    for lines, said in (([], "Nothing could be judged"), (ordinary(), "No incidents")):
        timeline = read(tmp_path, lines)
        save_picture(tmp_path / "timeline.png", timeline, of, false_alarms_per_day=0.01)
        assert said in page(tmp_path, timeline, of)


def test_without_incidents_the_page_names_the_strangest_moment(tmp_path: Path) -> None:
    lines = ordinary()
    lines[100]["per_day"] = 1 / 3
    text = page(tmp_path, read(tmp_path, lines), recording())
    assert "No incidents." in text
    assert "19:00:07, 10 s after the start, mostly by <code>hall/mic:level</code>" in text
    assert "about once in 3 days" in text


def test_a_card_says_why_when_how_rare_and_whether_it_was_true(tmp_path: Path) -> None:
    incidents = [
        incident("a", "critical", 0.025, missing={"hall/camera": "frozen picture"}),
        incident("b", "low", 0.9, 16.0, closed_ns=None, extrapolated=False),
    ]
    text = page(tmp_path, read(tmp_path, ordinary(), incidents), recording((Label(2.5, 4, "shout"),)))
    true, false = re.findall(r'<li id="incident-.*?</table>.*?</li>', text)
    for words in (
        "critical",
        "It was loud.",
        "about once in 40 days",
        "19:00:00",
        "lasted 2 s",
        "-21.3 dBFS",
        "-52 dBFS",
    ):
        assert words in true
    for words in (
        "extrapolated",
        "beyond all seen before",
        "frozen picture",
        "<strong>shout</strong> (0.5 s after it began)",
    ):
        assert words in true
    assert "still open at the end" in false
    assert "No label near" in false
    assert "extrapolated" not in false


def test_a_page_holds_no_address_and_no_script(tmp_path: Path) -> None:
    text = page(tmp_path, read(tmp_path, ordinary(), [incident("a", "high", 0.1)]), recording((Label(3, 4),)))
    assert not re.search(r"https?:|//[a-z]|@import|<script|<link|\bsrc=|url\((?!#)", text)
    assert set(re.findall(r'href="([^"]{1})', text)) <= {"#"}
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in text
    assert '<html lang="en">' in text


def test_every_colour_of_the_picture_follows_the_scheme_of_the_reader(tmp_path: Path) -> None:
    incidents = [incident(name, name, 0.1) for name in ("low", "medium", "high", "critical")]
    lines = [line | {"missing": {"hall/camera": "frozen"}} for line in ordinary()]
    text = page(tmp_path, read(tmp_path, lines, incidents), recording((Label(3, 4, "shout"), Label(16, 17))))
    svg = text[text.index("<svg") : text.index("</svg>")]
    assert re.findall(r"(?:fill|stroke): (#[0-9a-f]+)", svg) == []


def test_the_order_of_sensors_changes_nothing(tmp_path: Path) -> None:
    timeline = read(tmp_path, ordinary(), [incident("a", "high", 0.1)])
    more = (*SENSORS, SensorEntry("attic/mic", "audio.file", Path("b.flac")))
    assert page(tmp_path, timeline, recording(sensors=more)) == page(tmp_path, timeline, recording(sensors=more[::-1]))


@pytest.mark.parametrize(
    ("reason", "said"),
    [("learning what is usual", "too short to learn what is usual"), ("silent", "no sensor gave anything usable")],
)
def test_where_nothing_could_be_judged_nobody_says_that_nothing_happened(
    tmp_path: Path, reason: str, said: str
) -> None:
    lines = [verdict(k, None, missing={"hall/mic": reason}) for k in range(50)]
    text = page(tmp_path, read(tmp_path, lines), recording())
    assert "no incidents" not in text.lower()
    assert "Nothing could be judged:" in text
    assert said in text


def test_the_length_is_that_of_all_ticks(tmp_path: Path) -> None:
    timeline = read(tmp_path, [verdict(k * 10, 2000.0) for k in range(2050)])
    assert timeline.heard_s == pytest.approx(2050.0)
    assert "34 min 10 s" in page(tmp_path, timeline, recording(seconds=None))
