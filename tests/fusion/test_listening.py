"""`kizashi audio` and `kizashi models`, as people type them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
import soxr  # type: ignore[import-untyped]
from numpy.typing import NDArray

from fusion.commands.listening import hear_file, sound_files
from sensors.audio.classifier import open_classifier
from sensors.audio.packs import Pack, load_pack, read_pack
from tests.sensors.small_models import write_pack, write_waveform

Sound = Callable[..., Path]
KIZASHI = Path(sysconfig.get_path("scripts")) / "kizashi"
LABELS = load_pack().labels


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIZASHI_MODELS", str(tmp_path / "models"))


def kizashi(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(KIZASHI), *map(str, arguments)], capture_output=True, text=True, timeout=120)


def lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def noise(seconds: float, rate_hz: int = 16_000, level: float = 0.01, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, level, round(seconds * rate_hz))


@pytest.fixture
def loud(tmp_path: Path) -> Pack:
    """A classifier for which glass is loudness: silent rooms lie far below its threshold, bursts far above."""
    rule = {"scale": 1.0, "offset": 4.0, "open": 0.5, "close": 0.35, "hold_s": 0.25}
    return read_pack(write_pack(tmp_path / "models" / "loud", alert={"glass_break": rule}))


def test_a_file_is_one_line_with_every_class(write_sound: Sound) -> None:
    path = write_sound("a.wav", noise(2.6))
    done = kizashi("audio", path, "--json")
    assert done.returncode == 0, done.stderr
    (line,) = lines(done)
    assert list(line) == ["path", "seconds", "classes", "events"]
    assert line["path"] == str(path)
    assert line["seconds"] == 2.6
    assert tuple(line["classes"]) == LABELS
    assert all(0 < score < 1 for score in line["classes"].values())
    assert not done.stderr


def test_windows_come_every_quarter_of_a_second_and_the_file_is_likely_where_one_of_them_is(write_sound: Sound) -> None:
    (line,) = lines(kizashi("audio", write_sound("a.wav", noise(1.1)), "--json", "--windows"))
    assert [window["t_s"] for window in line["windows"]] == [0.0, 0.25, 0.5, 0.75, 1.0]
    for window in line["windows"]:
        assert tuple(window["scores"]) == LABELS
        for label, score in window["scores"].items():
            assert score <= max(line["classes"][label], 0.5) + 1e-6


def test_folders_are_searched_in_order_and_other_files_left_alone(write_sound: Sound, write_text: Sound) -> None:
    for name in ("b/2.wav", "b/1.flac", "a.WAV", "b/c/3.ogg"):
        write_text(name, "")
        write_sound(name, noise(0.3))
    root = write_text("b/notes.txt", "no sound").parent.parent
    assert [str(path.relative_to(root)) for path in sound_files([root])[0]] == [
        "a.WAV",
        "b/1.flac",
        "b/2.wav",
        "b/c/3.ogg",
    ]
    done = kizashi("audio", root / "b", root / "a.WAV", "--json")
    assert done.returncode == 0, done.stderr
    assert [Path(line["path"]).name for line in lines(done)] == ["1.flac", "2.wav", "3.ogg", "a.WAV"]


def test_a_silent_video_counts_only_where_it_is_named(write_sound: Sound, write_video: Sound) -> None:
    silent = write_video("f/picture.mp4", [0.0, 0.1, 0.2])
    heard = write_sound("f/sound.wav", noise(0.3))
    assert sound_files([heard.parent])[0] == [heard]
    assert sound_files([silent])[0] == [silent]


def test_a_bad_file_is_told_and_the_others_are_heard(write_sound: Sound, write_text: Sound, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    good = write_sound("z.wav", noise(0.5))
    bad = [write_text("bad.wav", "RIFFno"), tmp_path / "none.wav", tmp_path / "empty"]
    done = kizashi("audio", *bad, good, "--json")
    assert done.returncode == 3
    assert [line["path"] for line in lines(done)] == [str(good)]
    told = done.stderr.splitlines()
    assert len(told) == 3
    for path in bad:
        assert any(line.startswith(f"kizashi: {path}: ") and "; " in line for line in told)


def test_an_unknown_model_is_refused_with_those_that_are_known(write_sound: Sound) -> None:
    done = kizashi("audio", write_sound("a.wav", noise(0.5)), "--model", "bultin")
    assert (done.returncode, done.stdout) == (3, "")
    assert "known are builtin" in done.stderr


def test_a_table_says_what_was_heard(write_sound: Sound, loud: Pack) -> None:
    sound = noise(3.0, level=1e-4)
    sound[17_000:33_000] += noise(1.0, level=0.3)
    done = kizashi("audio", write_sound("a.wav", sound), "--model", loud.folder.name)
    first, event = done.stdout.splitlines()
    assert first.endswith("a.wav: 1 event in 3 s")
    assert "glass_break" in event
    quiet = kizashi("audio", write_sound("b.wav", noise(3.0, level=1e-4)), "--model", loud.folder.name)
    assert "no events" in quiet.stdout
    assert "most like" in quiet.stdout


@pytest.mark.parametrize("at", [16_000, 17_000, 19_500])
def test_an_event_lies_where_the_sound_was(write_sound: Sound, loud: Pack, at: int) -> None:
    sound = noise(4.0, level=1e-4)
    sound[at : at + 16_000] += noise(1.0, level=0.3)
    (event,) = hear_file(write_sound("a.wav", sound), loud, open_classifier(loud)).events
    assert event.label == "glass_break"
    assert event.start_s == pytest.approx(at / 16_000, abs=0.02)
    assert event.end_s == pytest.approx(at / 16_000 + 1, abs=0.5)


def test_a_sound_at_the_very_end_is_still_heard(write_sound: Sound, tmp_path: Path) -> None:
    pack = read_pack(write_pack(tmp_path / "keen", alert={"glass_break": {"offset": 8.0}}))
    sound = noise(2.1, level=1e-4)
    sound[-4000:] += noise(0.25, level=0.3)
    account = hear_file(write_sound("a.wav", sound), pack, open_classifier(pack))
    event = account.events[-1]
    assert event.start_s == pytest.approx(1.85, abs=0.02)
    assert event.end_s == account.seconds == pytest.approx(2.1)


@pytest.mark.parametrize("seconds", [0.01, 0.2, 0.25])
def test_short_files_are_heard(write_sound: Sound, seconds: float) -> None:
    (line,) = lines(kizashi("audio", write_sound("a.wav", noise(seconds, level=0.2)), "--json", "--windows"))
    assert line["seconds"] == pytest.approx(seconds, abs=1e-3)
    assert len(line["windows"]) == 1
    assert all(event["end_s"] <= line["seconds"] for event in line["events"])


def test_silence_is_heard_as_silence_and_not_as_an_error(write_sound: Sound) -> None:
    (line,) = lines(kizashi("audio", write_sound("a.wav", np.zeros(16_000)), "--json"))
    assert all(0 < score < 1 for score in line["classes"].values())


def test_the_files_before_leave_nothing_behind(write_sound: Sound) -> None:
    """One process for many files gives what a process for each would."""
    loud_one, quiet = write_sound("a.wav", noise(1.0, level=0.3)), write_sound("b.wav", noise(1.0, level=0.001, seed=1))
    assert lines(kizashi("audio", loud_one, quiet, "--json"))[1:] == lines(kizashi("audio", quiet, "--json"))


def test_a_gap_ends_what_was_heard(write_track: Callable[..., Path], loud: Pack) -> None:
    piece = noise(1.1, level=0.3).astype(np.float32)
    path = write_track("a.mka", [(0.0, piece), (3.0, piece)], "pcm_s16le")
    account = hear_file(path, loud, open_classifier(loud), windows=True)
    assert [round(event.start_s) for event in account.events] == [0, 3]
    assert account.events[0].end_s == pytest.approx(1.1, abs=0.2)
    starts = [start_s for start_s, _ in account.windows]
    assert starts == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0, 3.0, 3.25, 3.5, 3.75, 4.0], abs=0.01)


def scene(rate_hz: int) -> NDArray[np.float64]:
    """Four seconds below 3.4 kHz: a voice-like tone that comes and goes, in a murmur."""
    murmur = soxr.resample(noise(4.0, 8000, 0.02), 8000, 6800)
    low = soxr.resample(murmur[: round(4.0 * 6800)], 6800, rate_hz, quality="VHQ")
    low = np.pad(low, (0, max(0, 4 * rate_hz - len(low))))[: 4 * rate_hz]
    time_s = np.arange(4 * rate_hz) / rate_hz
    voice = 0.2 * np.sin(2 * np.pi * 300 * time_s) + 0.1 * np.sin(2 * np.pi * 1100 * time_s)
    return np.asarray(low + voice * np.clip(np.sin(np.pi * time_s / 2), 0, 1))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [8000, 44_100, 48_000])
def test_other_rates_and_channels_give_scores_within_a_tenth(tmp_path: Path, rate_hz: int, channels: int) -> None:
    pack = load_pack()
    told = []
    for name, rate, count in (("reference", 16_000, 1), ("other", rate_hz, channels)):
        soundfile.write(tmp_path / f"{name}.wav", np.repeat(scene(rate)[:, None], count, axis=1), rate, subtype="FLOAT")
        account = hear_file(tmp_path / f"{name}.wav", pack, open_classifier(pack), windows=True)
        told.append(np.array([scores for _, scores in account.windows[:16]]))
    assert np.abs(told[0] - told[1]).max() < 0.1


def test_memory_does_not_grow_with_the_file(write_sound: Sound) -> None:
    """Ten minutes cost no more than ten seconds, and both less than 120 MB."""
    short, long = write_sound("a.wav", noise(10.0)), write_sound("b.wav", noise(600.0))

    def peak_mb(path: Path) -> float:
        code = "from fusion.cli import main\ntry: main()\nfinally: print(open('/proc/self/status').read())"
        command = [sys.executable, "-c", code, "audio", str(path), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        return next(int(row.split()[1]) for row in done.stdout.splitlines() if row.startswith("VmHWM")) / 1024

    small, large = peak_mb(short), peak_mb(long)
    assert large < small + 8
    assert large < 120


def test_progress_is_shown_on_a_terminal_only(write_sound: Sound) -> None:
    path = write_sound("a.wav", noise(0.5))
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [str(KIZASHI), "audio", str(path), "--json"], stdout=subprocess.PIPE, stderr=theirs, check=True
    )
    os.close(theirs)
    assert b"1 of 1: a.wav" in os.read(ours, 4096)
    os.close(ours)
    assert json.loads(done.stdout)["path"] == str(path)


def test_models_are_listed_and_a_damaged_one_is_named(loud: Pack) -> None:
    done = kizashi("models", "list")
    assert done.returncode == 0
    assert [row.split()[0] for row in done.stdout.splitlines()] == ["name", "builtin", "loud"]
    with (loud.folder / "model.onnx").open("ab") as file:
        file.write(b"x")
    damaged = kizashi("models", "list", "--json")
    assert damaged.returncode == 3
    assert {line["name"]: line["fine"] for line in lines(damaged)} == {"builtin": True, "loud": False}


def test_a_model_that_was_added_is_heard(tmp_path: Path, write_sound: Sound, write_text: Sound) -> None:
    model = write_waveform(tmp_path / "own.onnx", 1, 8000)
    labels = write_text("labels.txt", "Smash,glass_break\nTalk,speech\nBell,\n")
    added = kizashi("models", "add", model, "--labels", labels)
    assert added.returncode == 0, added.stderr
    assert "licence" in added.stdout
    sound = noise(2.0, level=1e-3)
    sound[16_000:20_000] = 0.9
    (line,) = lines(kizashi("audio", write_sound("a.wav", sound), "--model", "own", "--json"))
    assert list(line["classes"]) == ["glass_break", "speech"]
    assert [event["class"] for event in line["events"]] == ["glass_break"]
    again = kizashi("models", "add", model, "--labels", labels)
    assert (again.returncode, again.stdout) == (3, "")
    assert len(again.stderr.splitlines()) == 1


def test_the_settings_choose_the_classifier_of_a_replay(
    tmp_path: Path, write_sound: Sound, write_text: Sound, loud: Pack
) -> None:
    sound = noise(150.0)
    sound[140 * 16_000 : 142 * 16_000] += noise(2.0, level=0.2, seed=1)
    recording = write_sound("a.wav", sound)
    config = write_text("k.toml", f'[audio]\nmodel = "{loud.folder.name}"\n')
    done = kizashi("replay", recording, "--config", config, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    told = map(json.loads, (tmp_path / "out" / "verdicts.jsonl").read_text().splitlines())
    tops = {line["senses"]["audio"]["top"] for line in told if line["senses"]} - {None}
    assert set() < {top.rpartition(":")[2] for top in tops} <= {"glass_break", "novelty", "level"}
    wrong = kizashi("replay", recording, "--config", write_text("w.toml", '[audio]\nmodel = "laud"\n'))
    assert wrong.returncode == 3
    assert "known are builtin, loud" in wrong.stderr
    assert len(wrong.stderr.splitlines()) == 1
