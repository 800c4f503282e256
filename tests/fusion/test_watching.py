"""`kizashi video`, as people type it, on real videos."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from fusion.commands.watching import TOLD, watch_file
from sensors.errors import BadInputError
from sensors.types import Quality

Write = Callable[..., Path]
KIZASHI = Path(sysconfig.get_path("scripts")) / "kizashi"
FPS, CALM_S, RUNS_S, END_S = 15, 8.0, 12.0, 14.0


def kizashi(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(KIZASHI), "video", *map(str, arguments)], capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two who walk to and fro before a wall; from `RUNS_S` on they run."""
    path, rng = tmp_path_factory.mktemp("films") / "yard.mp4", np.random.default_rng(1)
    wall = np.kron(rng.integers(60, 160, (15, 20)), np.ones((8, 8)))
    places, steps = np.array([20.0, 110.0]), np.array([1.0, -1.0])
    with av.open(str(path), "w") as box:
        track: Any = box.add_stream("libx264", rate=FPS)
        track.width, track.height, track.pix_fmt = 160, 120, "yuv420p"
        for number in range(round(END_S * FPS)):
            steps = np.where((places < 4) | (places > 138), -steps, steps)
            places = np.clip(places + steps * (5 if number >= RUNS_S * FPS else 1), 3, 139)
            picture = wall + rng.normal(0, 1, wall.shape)
            for top, place in zip((20, 64), places, strict=True):
                picture[top : top + 40, round(place) : round(place) + 16] = rng.integers(180, 250, (40, 16))
            shown = np.repeat(picture.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
            frame = av.VideoFrame.from_ndarray(shown, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            box.mux(track.encode(frame))
        box.mux(track.encode(None))
    return path


def test_every_frame_has_a_line_and_running_is_the_strangest(film: Path) -> None:
    done = kizashi(film, "--learn-seconds", CALM_S, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["frame"] for line in lines] == list(range(round(END_S * FPS)))
    assert [line["t_s"] for line in lines] == pytest.approx([n / FPS for n in range(round(END_S * FPS))], abs=1e-4)
    assert {tuple(line["channels"]) for line in lines} == {TOLD}
    learned = [line for line in lines if line["t_s"] < CALM_S - 1e-6]
    assert {line["quality"] for line in learned} == {"warming"}
    assert all(line["raw"] is None and line["p_value"] is None for line in learned)
    judged = lines[len(learned) :]
    assert {line["quality"] for line in judged} == {"ok"}
    calm = [line["raw"] for line in judged if line["t_s"] < RUNS_S]
    running = [line["raw"] for line in judged if line["t_s"] > RUNS_S + 0.5]
    assert min(running) > max(calm)
    assert judged[-1]["p_value"] < min(line["p_value"] for line in judged if line["t_s"] < RUNS_S)


def test_twice_the_same(film: Path) -> None:
    assert kizashi(film, "--learn-seconds", 5, "--json").stdout == kizashi(film, "--learn-seconds", 5, "--json").stdout


def test_a_person_is_shown_when_and_where(film: Path) -> None:
    done = kizashi(film, "--learn-seconds", CALM_S)
    assert done.returncode == 0
    assert f"{round(END_S * FPS)} frames in 14 s" in done.stdout
    assert "heights/s, usually up to" in done.stdout


def test_without_first_seconds_it_learns_as_it_goes(film: Path) -> None:
    glances = list(watch_file(film))
    assert {glance.quality for glance in glances[1:]} == {Quality.WARMING}
    assert all(glance.raw is None for glance in glances)


def test_a_black_camera_is_told_and_not_judged(write_video: Write) -> None:
    path = write_video("cellar.mp4", [n / 2 for n in range(6)])
    glances = list(watch_file(path, 1.0))
    assert glances[-1].raw is None
    assert any(one.reason.startswith("black") for glance in glances for one in glance.health)
    lines = [json.loads(line) for line in kizashi(path, "--learn-seconds", 1, "--json").stdout.splitlines()]
    assert any("health" in line for line in lines)


def test_what_cannot_be_read_is_told_and_the_others_are_still_watched(film: Path, write_text: Write) -> None:
    broken = write_text("broken.mp4", "no video at all")
    done = kizashi(broken, film, "--learn-seconds", CALM_S, "--json")
    assert done.returncode == 3
    assert "broken.mp4" in done.stderr
    assert len(done.stdout.splitlines()) == round(END_S * FPS)
    assert {json.loads(line)["path"] for line in done.stdout.splitlines()} == {str(film)}
    with pytest.raises(BadInputError):
        list(watch_file(broken))


def test_a_folder_without_videos_is_told(tmp_path: Path) -> None:
    done = kizashi(tmp_path)
    assert done.returncode == 3
    assert "no videos in this folder" in done.stderr
