"""The stored recordings are what the generator makes, and what they say of themselves holds."""

from __future__ import annotations

import csv
import json
import tomllib
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sample_streams.encode import write_film, write_sound
from sample_streams.generate import CHECKSUMS, HOME, SCRIPTS, changed, compare, load_sums
from sample_streams.noise import stream
from sample_streams.script import Table
from sample_streams.sound import level_dba
from sample_streams.write import LABELS, label, scenario

NAMES = list(SCRIPTS)
EVENTFUL = ("break_in_at_night", "crowd_panic")
LARGEST_BYTES = 12_000_000


def heard(name: str, seconds: float) -> NDArray[np.int16]:
    soundfile: Any = import_module("soundfile")
    track = SCRIPTS[name]().sound
    data, rate = soundfile.read(
        HOME / name / track.path, frames=round(seconds * track.rate_hz), dtype="int16", always_2d=True
    )
    assert rate == track.rate_hz
    return np.asarray(data, np.int16)


def seen(path: Path, last: int) -> list[NDArray[np.uint8]]:
    import av

    frames = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            frames.append(np.asarray(frame.to_ndarray(format="yuv420p"), np.uint8))
            if len(frames) > last:
                break
    return frames


def decibels_between(made: NDArray[Any], stored: NDArray[Any]) -> float:
    made, stored = made.astype(np.float64), stored.astype(np.float64)
    return float(10 * np.log10(np.mean(made**2) / max(1e-9, float(np.mean((made - stored) ** 2)))))


def rows(name: str, file: str) -> list[dict[str, str]]:
    with (HOME / name / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_all_recordings_together_stay_small() -> None:
    assert sum(path.stat().st_size for path in HOME.glob("*/*") if path.suffix != ".pyc") <= LARGEST_BYTES


def test_stored_files_are_as_the_checksums_say() -> None:
    assert changed(HOME) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_stored_file_has_a_checksum(name: str) -> None:
    track = SCRIPTS[name]()
    made = {"scenario.toml", "labels.csv", track.sound.path, track.film.path, track.air.path}
    assert {Path(file).name for file in load_sums(HOME) if file.startswith(f"{name}/")} == made


@pytest.mark.parametrize("name", NAMES)
def test_texts_are_reproduced(name: str) -> None:
    script = SCRIPTS[name]()
    assert (HOME / name / "scenario.toml").read_text("utf-8") == scenario(script)
    table = Table(LABELS, [label(truth) for truth in script.truths])
    assert (HOME / name / "labels.csv").read_text("utf-8") == table.text()


@pytest.mark.parametrize("name", ["break_in_at_night", "ordinary_hour"])
def test_readings_are_reproduced(name: str) -> None:
    air = SCRIPTS[name]().air
    assert (HOME / name / air.path).read_text("utf-8") == air.readings(np.zeros(0)).text()


def test_readings_of_the_sound_level_are_reproduced() -> None:
    script = SCRIPTS["crowd_panic"]()
    text = script.air.readings(level_dba(script.pcm(5.0), script.sound.rate_hz)).text()
    assert text.count("\n") == 6
    assert (HOME / "crowd_panic" / script.air.path).read_text("utf-8").startswith(text)


def test_lossless_sound_is_reproduced_to_the_bit() -> None:
    np.testing.assert_array_equal(SCRIPTS["break_in_at_night"]().pcm(12.0), heard("break_in_at_night", 12.0))


@pytest.mark.parametrize("name", ["crowd_panic", "ordinary_hour"])
def test_lossy_sound_is_reproduced_but_for_the_codec(name: str) -> None:
    made, stored = SCRIPTS[name]().pcm(5.0), heard(name, 5.0)
    assert made.shape == stored.shape
    assert decibels_between(made, stored) > 5.0


@pytest.mark.parametrize("name", NAMES)
def test_picture_is_reproduced_but_for_the_codec(name: str) -> None:
    track = SCRIPTS[name]().film
    wanted = [0, 7, 60]
    stored = seen(HOME / name / track.path, wanted[-1])
    for index, made in zip(wanted, track.film().frames(wanted), strict=True):
        assert decibels_between(made, stored[index]) > 28.0


@pytest.mark.parametrize("name", NAMES)
def test_scenario_names_sensors_that_are_there(name: str) -> None:
    told = tomllib.loads((HOME / name / "scenario.toml").read_text("utf-8"))
    assert set(told) == {"name", "start", "seconds", "about", "sensors"}
    assert told["start"].utcoffset() is not None
    assert [sensor["kind"] for sensor in told["sensors"]] == ["audio.file", "video.file", "environment.csv"]
    for sensor in told["sensors"]:
        assert set(sensor) == {"id", "kind", "path", "offset_s"}
        assert (HOME / name / sensor["path"]).is_file()


def test_one_sensor_starts_late() -> None:
    offsets = [script().film.offset_s for script in SCRIPTS.values()]
    assert sum(offset > 0 for offset in offsets) == 1


@pytest.mark.parametrize("name", EVENTFUL)
def test_labels_lie_within_the_recording(name: str) -> None:
    told = rows(name, "labels.csv")
    assert len(told) == 1
    for row in told:
        for sense in ("", *(f"{sense}_" for sense in row["modalities"].split(";"))):
            start, end = float(row[f"{sense}start_s"]), float(row[f"{sense}end_s"])
            assert float(row["start_s"]) <= start < end <= float(row["end_s"]) <= SCRIPTS[name]().seconds


def test_ordinary_hour_holds_no_event() -> None:
    assert rows("ordinary_hour", "labels.csv") == []


@pytest.mark.parametrize("name", NAMES)
def test_media_last_as_long_as_the_scenario_says(name: str) -> None:
    import av

    soundfile: Any = import_module("soundfile")
    script = SCRIPTS[name]()
    sound = soundfile.info(HOME / name / script.sound.path)
    assert sound.frames == round((script.seconds - script.sound.offset_s) * script.sound.rate_hz)
    with av.open(str(HOME / name / script.film.path)) as container:
        video = container.streams.video[0]
        assert video.frames == round((script.seconds - script.film.offset_s) * 10)
        assert video.average_rate == 10


@pytest.mark.parametrize("name", NAMES)
def test_sound_is_never_digitally_silent(name: str) -> None:
    script = SCRIPTS[name]()
    pcm = heard(name, script.seconds)[:, 0].astype(np.float64)
    seconds = pcm[: len(pcm) // script.sound.rate_hz * script.sound.rate_hz].reshape(-1, script.sound.rate_hz)
    assert np.sqrt(np.mean(seconds**2, axis=1)).min() > 2.0


def test_readings_have_one_gap_in_the_ordinary_hour() -> None:
    times = [datetime.fromisoformat(row["time"]) for row in rows("ordinary_hour", "air.csv")]
    steps = [(later - sooner).total_seconds() for sooner, later in zip(times[:-1], times[1:], strict=True)]
    assert sorted(set(steps)) == [2.0, 68.0]
    assert steps.count(68.0) == 1


def test_nobody_moves_before_the_window_breaks() -> None:
    told = rows("break_in_at_night", "air.csv")
    start_s = float(rows("break_in_at_night", "labels.csv")[0]["start_s"])
    assert {row["motion"] for row in told if float(row["t_s"]) < start_s} == {"0"}
    assert {row["motion"] for row in told if float(row["t_s"]) > start_s} == {"0", "1"}


def test_beginning_of_a_sound_does_not_depend_on_its_length() -> None:
    script = SCRIPTS["ordinary_hour"]()
    np.testing.assert_array_equal(script.pcm(1.0), script.pcm(2.0)[:16_000])


def test_random_numbers_belong_to_their_name() -> None:
    assert stream("a", 1).random() == stream("a", 1).random()
    assert stream("a", 1).random() != stream("a", 2).random()


@pytest.mark.parametrize("file", ["sound.ogg", "sound.flac"])
def test_sound_is_written_alike_twice(file: str, tmp_path: Path) -> None:
    pcm = np.round(3000 * stream("twice").standard_normal((40_000, 1))).astype(np.int16)
    sums = [write_sound(tmp_path / f"{turn}-{file}", pcm, 16_000) for turn in range(2)]
    assert sums[0] == sums[1]
    assert (tmp_path / f"0-{file}").read_bytes() == (tmp_path / f"1-{file}").read_bytes()


def test_film_is_written_alike_twice(tmp_path: Path) -> None:
    frames = list(SCRIPTS["ordinary_hour"]().film.film().frames(range(60, 110)))
    sums = [write_film(tmp_path / f"{turn}.mp4", iter(frames), 10.0, 29) for turn in range(2)]
    assert sums[0] == sums[1]
    assert (tmp_path / "0.mp4").read_bytes() == (tmp_path / "1.mp4").read_bytes()


def test_check_tells_another_encoder_from_another_content(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("same", "coder", "bytes", "other", "spoilt"):
        (tmp_path / "a" / name).write_bytes(b"x")
    whole = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    told = {"sha256": whole, "content_sha256": "c", "encoder": "coder 1"}
    stored = {f"a/{name}": dict(told) for name in ("same", "coder", "bytes", "other", "spoilt")}
    (tmp_path / CHECKSUMS).write_text(json.dumps(stored))
    (tmp_path / "a" / "spoilt").write_bytes(b"y")
    fresh = stored | {
        "a/coder": {"sha256": "z", "content_sha256": "c", "encoder": "coder 2"},
        "a/bytes": {"sha256": "z", "content_sha256": "c", "encoder": "coder 1"},
        "a/other": {"sha256": "z", "content_sha256": "d", "encoder": "coder 1"},
    }
    assert compare(tmp_path, fresh) == {
        "a/same": "identical",
        "a/coder": "content identical, encoder differs (coder 1 x coder 2)",
        "a/bytes": "content identical, the same encoder (coder 1) wrote other bytes",
        "a/other": "differs",
        "a/spoilt": "differs",
    }
