from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fusion.recording import Label, Recording, SensorEntry, build_source, load_recording
from sensors.environment.sources import CsvSource
from sensors.errors import BadInputError
from sensors.types import Modality

NS = 10**9
NOON_NS = 1_715_083_200 * NS
Write = Callable[..., Path]

SCENARIO = """
name = "yard/one"
start = 2024-05-07T21:00:00+09:00
seconds = 60.0
composed = true
about = "a yard"

[[sensors]]
id = "yard/mic"
kind = "audio.file"
path = "sound.wav"
channel = 0

[[sensors]]
id = "yard/camera"
kind = "video.file"
path = "media/picture.mp4"
offset_s = 1.5
fps = 10.0
width = 64
height = 48

[[sensors]]
id = "yard/air"
kind = "environment.csv"
path = "air.csv"
offset_s = -2
units = { temperature = "F" }
ignore = ["label"]
"""


@pytest.fixture
def folder(write_text: Write, write_sound: Write, write_video: Write) -> Path:
    """A recording with all three senses."""
    write_sound("sound.wav", np.zeros(1600))
    write_video("media/picture.mp4", [0.0, 0.1])
    write_text("air.csv", "t_s,temperature,label\n2,212,1\n")
    return write_text("scenario.toml", SCENARIO).parent


def test_a_folder_says_all_that_its_scenario_says(folder: Path) -> None:
    recording = load_recording(folder, start_ns=5)
    assert (recording.name, recording.start_ns, recording.start_known) == ("yard/one", NOON_NS, True)
    assert (recording.utc_offset_s, recording.seconds, recording.labels) == (9 * 3600, 60.0, None)
    assert [entry.id for entry in recording.sensors] == ["yard/mic", "yard/camera", "yard/air"]
    assert [dict(entry.options) for entry in recording.sensors] == [
        {"channel": 0},
        {},
        {"units": {"temperature": "F"}, "ignore": ["label"]},
    ]
    assert load_recording(folder / "scenario.toml") == recording


def test_sources_begin_where_the_scenario_puts_them(folder: Path) -> None:
    recording = load_recording(folder)
    firsts = [next(iter(build_source(entry, recording).chunks())) for entry in recording.sensors]
    assert [chunk.start_ns - NOON_NS for chunk in firsts] == [0, 3 * NS // 2, 0]
    assert firsts[2].names == ("temperature_c",)
    assert firsts[2].data[0, 0] == pytest.approx(100)


def test_absolute_times_are_shifted_not_added(folder: Path, write_text: Write) -> None:
    write_text("air.csv", "time,temperature\n2024-05-07 21:00:05,1\n")
    recording = load_recording(folder)
    assert next(iter(build_source(recording.sensors[2], recording).chunks())).start_ns == NOON_NS + 3 * NS


def test_senses_left_out_are_not_looked_at(folder: Path) -> None:
    (folder / "sound.wav").unlink()
    recording = load_recording(folder, senses=frozenset({Modality.VIDEO, Modality.ENVIRONMENT}))
    assert [entry.id for entry in recording.sensors] == ["yard/camera", "yard/air"]
    with pytest.raises(BadInputError, match="cannot be read"):
        load_recording(folder)


def test_labels_are_sorted_by_start(folder: Path, write_text: Write) -> None:
    rows = "start_s,end_s,kind,severity,modalities\n9,10,fall,low,video\n1.5,2,fight,high,audio video\n"
    write_text("labels.csv", rows)
    assert load_recording(folder).labels == (
        Label(1.5, 2.0, "fight", ("audio", "video")),
        Label(9.0, 10.0, "fall", ("video",)),
    )
    write_text("labels.csv", "start_s,end_s,kind\n")
    assert load_recording(folder).labels == ()


def test_a_start_that_nobody_knows_is_the_epoch_and_says_so(folder: Path, write_text: Write) -> None:
    write_text("scenario.toml", SCENARIO.replace("start = 2024-05-07T21:00:00+09:00\n", ""))
    recording = load_recording(folder)
    assert (recording.start_ns, recording.start_known) == (0, False)
    told = load_recording(folder, start_ns=NOON_NS)
    assert (told.start_ns, told.start_known) == (NOON_NS, True)


def test_a_table_with_dates_tells_the_start(folder: Path, write_text: Write) -> None:
    path = write_text("other.csv", "timestamp,value\n2024-05-07 12:00:00,1\n2024-05-07 12:05:00,2\n")
    recording = load_recording(path, start_ns=7)
    assert (recording.start_ns, recording.start_known) == (NOON_NS, True)


@pytest.mark.parametrize(("name", "ids"), [("a b.wav", ["a_b/mic"]), ("x.csv", ["x/air"])])
def test_a_single_file_is_a_recording(name: str, ids: list[str], write_text: Write, write_sound: Write) -> None:
    path = write_sound(name, np.zeros(1600)) if name.endswith("wav") else write_text(name, "t_s,co2\n0,400\n")
    recording = load_recording(path)
    assert [entry.id for entry in recording.sensors] == ids
    assert (recording.start_known, recording.labels, recording.seconds) == (False, None, None)


def test_a_video_with_sound_is_two_sensors(write_video: Write) -> None:
    path = write_video("v.mp4", [0.0, 0.1], sound=np.zeros(4000, np.float32))
    assert [(entry.id, entry.kind) for entry in load_recording(path).sensors] == [
        ("v/camera", "video.file"),
        ("v/mic", "audio.file"),
    ]
    assert [e.id for e in load_recording(path, senses=frozenset({Modality.AUDIO})).sensors] == ["v/mic"]
    assert len(load_recording(write_video("w.mp4", [0.0])).sensors) == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("composed", "compsed", r"unknown key 'compsed'; did you mean 'composed'\?"),
        (
            "offset_s = 1.5",
            "offsets = 1.5",
            r"sensor 2 'yard/camera': unknown key 'offsets'; did you mean 'offset_s'\?",
        ),
        ("channel = 0", "rate_hz = 8000", r"unknown key 'rate_hz'"),
        ("channel = 0", 'channel = "left"', r"'channel' cannot be 'left'; give a channel number"),
        ("channel = 0", "channel = -1", r"'channel' cannot be -1"),
        ('units = { temperature = "F" }', "units = 3", r"'units' cannot be 3"),
        ('path = "sound.wav"', "", r"sensor 1 'yard/mic': no 'path'; add path"),
        ('id = "yard/mic"', "", r"sensor 1: no 'id'"),
        ('id = "yard/mic"', 'id = "yard/air"', r"sensor 3: id 'yard/air' twice"),
        ('id = "yard/mic"', 'id = "a:b"', r"'a:b' is no id"),
        ('id = "yard/mic"', 'id = ".."', r"sensor 1 '..': '..' is no id"),
        ('id = "yard/mic"', 'id = "yard/./mic"', r"'yard/./mic' is no id"),
        (
            "audio.file",
            "audio.fil",
            r"scenario.toml, sensor 1 'yard/mic': no sensor of kind 'audio.fil'; did you mean 'audio.file'\?",
        ),
        ('"sound.wav"', '"../sound.wav"', r"'../sound.wav' lies outside the recording folder"),
        ('"sound.wav"', '"/etc/passwd"', r"'/etc/passwd' lies outside"),
        ('"sound.wav"', '"way/out.wav"', r"'way/out.wav' lies outside"),
        ('"sound.wav"', '"media"', r"media: this is a folder"),
        ('"sound.wav"', '"none.wav"', r"none.wav: cannot be read \(No such file or directory\)"),
        ("+09:00", "", r"'start' has no offset from UTC; write start = 2024-05-07T21:00:00\+00:00"),
        ("2024-05-07T21:00:00+09:00", '"noon"', r"'start' is no time"),
        ("seconds = 60.0", 'seconds = "long"', r"'seconds' is no number"),
        ("seconds = 60.0", "seconds = -5", r"scenario.toml: 'seconds' cannot be -5; give a number above 0"),
        ("seconds = 60.0", "seconds = 0", r"'seconds' cannot be 0"),
        ("seconds = 60.0", "seconds = 1e9", r"'seconds' cannot be 1e\+09; .* \(366 days\)"),
        ("offset_s = 1.5", "offset_s = 1e12", r"sensor 2 'yard/camera': 'offset_s' cannot be 1e\+12"),
        ("2024-05-07T21:00:00+09:00", "0001-01-01T00:00:00Z", r"'start' is in the year 1; give a year from 1971"),
        ("2024-05-07T21:00:00+09:00", "9999-01-01T00:00:00Z", r"'start' is in the year 9999"),
        ('ignore = ["label"]', "step_s = 0", r"sensor 3 'yard/air': 'step_s' cannot be 0; give seconds between rows"),
        ("offset_s = 1.5", "offset_s = nan", r"'offset_s' is no number"),
        ('name = "yard/one"', "name = ", r"scenario.toml, line 2: this is no TOML"),
        ("about", 'labels = "no.csv"\nabout', r"no.csv: cannot be read"),
        (SCENARIO[SCENARIO.index("[[") :], "", r"no sensors"),
    ],
)
def test_a_bad_scenario_is_told_in_one_line(old: str, new: str, message: str, folder: Path, write_text: Write) -> None:
    os.symlink("/etc", folder / "way")
    assert old in SCENARIO
    write_text("scenario.toml", SCENARIO.replace(old, new, 1))
    with pytest.raises(BadInputError, match=message) as caught:
        load_recording(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("first", ["2024-04-26T12:00:00Z", "2024-05-09T12:00:00Z"])
def test_a_table_of_other_days_than_its_recording_is_told(first: str, folder: Path, write_text: Write) -> None:
    write_text("air.csv", f"time,temperature\n{first},20\n")
    with pytest.raises(BadInputError, match=rf"air.csv: begins {first[:10]} 11:59 UTC, the recording 2024-05-07 12:00"):
        load_recording(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("start,end\n1,2\n", r"no column 'end_s'"),
        ("start_s,end_s\n1,2\nx,2\n", r"line 3: start_s or end_s is no number"),
        ("start_s,end_s\n3,2\n", r"line 2: the event ends before it starts"),
        ("start_s,end_s\n1\n", r"line 2: start_s or end_s is no number"),
        ("start_s,end_s,modalities\n1,2,audoi\n", r"line 2: unknown key 'audoi'; did you mean 'audio'\?"),
    ],
)
def test_bad_labels_are_told_by_line(text: str, message: str, folder: Path, write_text: Write) -> None:
    write_text("labels.csv", text)
    with pytest.raises(BadInputError, match=message):
        load_recording(folder)


def test_a_folder_of_recordings_says_how_to_give_them(folder: Path) -> None:
    with pytest.raises(BadInputError, match=r"no scenario\.toml in this folder; .* give .*/\*$"):
        load_recording(folder.parent)
    with pytest.raises(BadInputError, match=r"name a recording or a single file$"):
        load_recording(folder / "media")


@pytest.mark.parametrize("name", ["air.csv.gz", "air.csv"])
def test_a_packed_file_is_to_be_unpacked(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(gzip.compress(b"t_s,co2\n0,400\n"))
    with pytest.raises(BadInputError, match=r"packed \(gzip\); unpack it first"):
        load_recording(tmp_path / name)


def test_a_source_refuses_options_that_it_does_not_know(tmp_path: Path) -> None:
    entry = SensorEntry("a/air", "environment.csv", tmp_path / "a.csv", options={"unit": "F"})
    recording = Recording("a", 0, False, 0, None, (entry,))
    with pytest.raises(BadInputError, match=r"sensor 'a/air' .*unknown key 'unit'; did you mean 'units'\?"):
        build_source(entry, recording)
    fine = SensorEntry("a/air", "environment.csv", tmp_path / "a.csv", options={"units": "F"})
    assert isinstance(build_source(fine, recording), CsvSource)
