"""What README shows is what happens."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]

from fusion.config import load_settings
from fusion.live.site import build_site
from tests.fusion.test_exporting import house_in

HOME = Path(__file__).resolve().parents[2]
README = (HOME / "README.md").read_text(encoding="utf-8")
SCRIPTS = Path(sysconfig.get_path("scripts"))
Blocks = dict[str, list[str]]


def blocks() -> Blocks:
    """Code blocks by language."""
    found: Blocks = {}
    for language, text in re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL):
        found.setdefault(language, []).append(text)
    return found


def kizashi(*arguments: str, cwd: Path) -> str:
    done = subprocess.run([str(SCRIPTS / "kizashi"), *arguments], cwd=cwd, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_demo_prints_what_the_readme_shows(tmp_path: Path) -> None:
    command, *shown = blocks()["console"][0].splitlines()
    words = command.removeprefix("$ kizashi ").replace("out/demo", str(tmp_path / "out")).split()
    assert kizashi(*words, cwd=HOME).split() == "\n".join(shown).split()
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "incidents.jsonl", "report.html", "timeline.png", "verdicts.jsonl",
    }  # fmt: skip


def test_the_other_commands_of_the_readme_work(tmp_path: Path) -> None:
    for day in ("quiet-monday", "quiet-tuesday", "friday", "saturday"):
        (tmp_path / day).mkdir()
        rows = "".join(f"{n},{20 + (n * 7 % 11) / 10}\n" for n in range(600))
        (tmp_path / day / "air.csv").write_text("t_s,temperature_c\n" + rows)
        (tmp_path / day / "labels.csv").write_text("start_s,end_s,kind\n100,110,door\n")
        sensor = '[[sensors]]\nid = "air"\nkind = "environment.csv"\npath = "air.csv"\n'
        (tmp_path / day / "scenario.toml").write_text(f'name = "{day}"\nstart = 2024-11-05T02:10:00Z\n{sensor}')
    (tmp_path / "settings.toml").write_text("false_alarms_per_day = 2\n")
    for line in blocks()["console"][1].splitlines():
        kizashi(*line.removeprefix("$ kizashi ").split(), cwd=tmp_path)


def test_the_commands_that_listen_work(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    tone = np.sin(np.arange(16_000) * 0.3).astype(np.float32) / 4
    for name in ("night.flac", "clips/one.wav"):
        soundfile.write(tmp_path / name, tone, 16_000)
    lines = [shlex.split(line, comments=True)[2:] for line in blocks()["console"][2].splitlines()]
    told = [kizashi(*words, cwd=tmp_path) for words in lines if words[:2] != ["models", "add"] and words[0] != "train"]
    assert [json.loads(line)["path"] for line in told[0].splitlines()] == ["clips/one.wav", "night.flac"]
    assert "night.flac" in told[1]
    assert "builtin" in told[2]


def test_the_commands_that_watch_work(tmp_path: Path, write_video: Callable[..., Path]) -> None:
    write_video("entrance.mp4", [number / 10 for number in range(30)])
    lines = [shlex.split(line, comments=True)[2:] for line in blocks()["console"][3].splitlines()]
    told = [kizashi(*words, cwd=tmp_path) for words in lines]
    assert len(told[0].splitlines()) == 30
    assert sorted(file.name for file in (tmp_path / "entrance.seen").iterdir()) == ["annotated.mp4", "heatmap.png"]


def test_the_scenario_of_the_readme_is_one(tmp_path: Path) -> None:
    text = blocks()["toml"][0]
    assert len(tomllib.loads(text)["sensors"]) == 3
    (tmp_path / "scenario.toml").write_text(text)
    (tmp_path / "air.csv").write_text("t_s,co2_ppm\n0,400\n1,401\n")
    (tmp_path / "sound.flac").write_bytes(b"fLaC, to be found but not yet read")
    (tmp_path / "picture.mp4").write_bytes(b"likewise")
    from fusion.recording import load_recording

    recording = load_recording(tmp_path)
    assert [sensor.id for sensor in recording.sensors] == ["shop/mic", "shop/air", "shop/camera"]
    assert recording.utc_offset_s == pytest.approx(9 * 3600)


def test_the_rule_of_the_readme_is_one(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(blocks()["toml"][1])
    told = kizashi("check", "--config", "settings.toml", "--json", cwd=tmp_path).splitlines()
    rule = next(line for line in map(json.loads, told) if line["what"] == "rule 1")
    assert rule["fine"]
    assert rule["detail"].startswith("co > 70 ppm for 60 s: could fire")


def test_the_site_of_the_readme_can_be_watched(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(blocks()["toml"][2])
    site = build_site(load_settings(tmp_path / "site.toml"), "site.toml", fresh=True)
    assert [sensor.stream for sensor in site.sensors] == ["shop/air", "shop/camera", "shop/mic"]
    shown = {shlex.split(line, comments=True)[2] for line in blocks()["console"][4].splitlines()}
    assert shown <= set(re.findall(r"^  ([a-z]+)", kizashi("--help", cwd=tmp_path), re.MULTILINE))


def test_what_is_kept_of_an_incident_is_handled_as_the_readme_shows(tmp_path: Path) -> None:
    house = house_in(tmp_path)
    (block,) = (text for text in blocks()["console"] if "kizashi user add" in text)
    lines = [shlex.split(line.partition("#")[0])[1:] for line in block.splitlines()]
    for words in lines:
        words = [word.replace("/var/lib/kizashi", str(house.store)) for word in words]
        told = typed([str(SCRIPTS / words[0]), *words[1:]], tmp_path)
        if words[1:3] == ["audit", "verify"]:
            assert "whole: 5 lines" in told
    names = {path.name for path in (tmp_path / "case").iterdir()}
    assert names == {"01-hall-eye.mp4", "02-hall-mic.flac", "incident.json", "explanation.txt"}


def typed(command: list[str], cwd: Path) -> str:
    """What a command prints to somebody at a terminal who types a passphrase whenever one is asked for."""
    code = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    child = subprocess.Popen(
        [sys.executable, "-c", code, *command], cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdin
    assert child.stdout
    said, answered = b"", 0
    while part := os.read(child.stdout.fileno(), 4096):
        said += part
        asked = len(re.findall(rb"(?:Passphrase of \w+|Once more): ", said))
        if asked > answered:
            answered = asked
            child.stdin.write(b"four words are better\n")
            child.stdin.flush()
    child.stdin.close()
    child.stdout.close()
    assert child.wait(60) == 0, said.decode()
    assert b"four words" not in said
    return said.decode()
