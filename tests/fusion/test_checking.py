"""`kizashi check`: what it finds before the night begins."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fusion.baseline.folder import Baseline, LearnedFrom, Manifest
from fusion.checking import check_all, check_rate
from fusion.config import Settings, Video, ZoneRule
from fusion.engine import Memory
from fusion.recording import load_recording

Write = Callable[..., Path]


def past_of(seconds: float) -> Baseline:
    learned = (LearnedFrom("quiet", 0, seconds),)
    blocks = {"audio": round(seconds / 10)}
    manifest = Manifest(1, "0", 0.1, 10.0, learned, {"hall/mic": "audio"}, {}, blocks, {})
    return Baseline(manifest, Memory({}, {}, {}), {})


@pytest.mark.parametrize(
    ("hours", "rate", "word"), [(48, 1.0, "counted"), (1, 1.0, "extrapolated"), (1, 48, "counted")]
)
def test_a_rate_is_counted_only_where_the_past_is_long_enough(hours: float, rate: float, word: str) -> None:
    finding = check_rate(Settings(false_alarms_per_day=rate), past_of(hours * 3600))
    assert finding.fine
    assert word in finding.detail
    assert "extrapolated" in check_rate(Settings(false_alarms_per_day=rate), None).detail


def test_every_sensor_is_tried(write_text: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write_text("a/air.csv", "t_s,temperature_c\n0,20\n1,20.5\n2,21\n")
    entry = '[[sensors]]\nid = "air"\nkind = "environment.csv"\npath = "air.csv"\n'
    recording = load_recording(write_text("a/scenario.toml", "start = 2024-01-01T00:00:00Z\n" + entry))
    assert check_all([recording], Settings(), None, True)
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["what"] for line in found] == ["settings", "alarm rate", "air"]
    (recording.sensors[0].path).write_text("t_s,temperature_c\nx,y\n")
    assert not check_all([recording], Settings(), None, False)
    assert "FAIL  air" in capsys.readouterr().out


def test_a_zone_without_a_camera_can_never_fire(
    write_video: Write, write_text: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = load_recording(write_video("camera.mp4", [n / 10 for n in range(10)]))
    zones = tuple(
        ZoneRule(name=name, sensor=name, points=((0, 0), (1, 0), (1, 1))) for name in ("camera/camera", "cellar")
    )
    assert not check_all([recording], Settings(video=Video(zones=zones)), None, False)
    told = capsys.readouterr().out
    assert "FAIL  zone cellar" in told
    assert "ok    zone camera/camera" in told
