"""What `learn` writes: the same twice, checked on load, and enough to judge from the first tick."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from fusion.baseline.findings import FINDINGS
from fusion.baseline.folder import MANIFEST, VERSION, load_baseline
from fusion.baseline.learn import learn_baseline
from fusion.config import Settings
from fusion.engine import EngineSettings
from fusion.recording import Recording, load_recording
from fusion.replay import FUSED, replay_recording, strangers
from sensors.environment.normal import PLACE_ROWS
from sensors.errors import BadInputError
from sensors.types import Modality

Write = Callable[..., Path]


def air(seconds: int, seed: int, strange: int = -100) -> str:
    """Readings each second; ten of them far away from the rest."""
    chance = random.Random(seed)
    rows = (
        f"{n},{20 + chance.gauss(0, 0.1) + 8 * (strange <= n < strange + 10):.3f},{500 + chance.gauss(0, 3):.1f}"
        for n in range(seconds)
    )
    return "t_s,temperature_c,co2_ppm\n" + "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    folder = tmp_path_factory.mktemp("quiet")
    for seed in (1, 2):
        (folder / f"hall{seed}").mkdir()
        (folder / f"hall{seed}" / "hall.csv").write_text(air(1200, seed))
    return [load_recording(folder / f"hall{seed}" / "hall.csv") for seed in (1, 2)]


@pytest.fixture(scope="module")
def original(quiet: list[Recording], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    learn_baseline(quiet, Settings(), folder)
    return folder


@pytest.fixture
def learned(original: Path, tmp_path: Path) -> Path:
    return shutil.copytree(original, tmp_path / "base")


def rewrite(folder: Path, **told: object) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, **told}))


def replace_arrays(folder: Path, name: str, content: bytes) -> None:
    """Put another file there with a manifest that agrees."""
    (folder / name).write_bytes(content)
    files = json.loads((folder / MANIFEST).read_text())["files"]
    rewrite(folder, files={**files, name: hashlib.sha256(content).hexdigest()})


def test_it_says_what_it_was_learned_from(learned: Path) -> None:
    baseline = load_baseline(learned)
    assert baseline.manifest.version == VERSION
    assert [(item.name, round(item.seconds)) for item in baseline.manifest.learned_from] == [("hall", 1199)] * 2
    assert baseline.manifest.sensors == {"hall/air": "environment"}
    assert {path.name for path in learned.iterdir()} == {MANIFEST, FINDINGS, *baseline.manifest.files}
    assert all(len(values) for values in baseline.memory.channels.values())


def test_learning_twice_gives_the_same_bytes(quiet: list[Recording], learned: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    learn_baseline(quiet, Settings(), again)
    for path in learned.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_with_a_baseline_the_first_minutes_are_judged(learned: Path, write_text: Write) -> None:
    recording = load_recording(write_text("today/hall.csv", air(200, 3, strange=60)))
    blind = replay_recording(recording, Settings())[FUSED]
    seeing = replay_recording(recording, Settings(), load_baseline(learned))[FUSED]
    assert blind.judged < 0.5 * seeing.judged
    # Where a reading stands in this recording is known once its first rows have been learned, some seconds later.
    placed_s = PLACE_ROWS + EngineSettings().learn_after_ns / 1e9
    assert seeing.ticks - seeing.judged <= placed_s
    assert any(50e9 <= i.opened_ns - recording.start_ns <= 75e9 for i in seeing.incidents.values())


def test_a_baseline_is_not_changed_by_a_replay(learned: Path, write_text: Write) -> None:
    recording = load_recording(write_text("today/hall.csv", air(300, 4, strange=200)))
    baseline = load_baseline(learned)
    said = [replay_recording(recording, Settings(), baseline)[FUSED] for _ in range(2)]
    assert said[0] == said[1]


@pytest.mark.parametrize("name", ["fusion.npz", "detectors.npz"])
def test_a_changed_or_missing_file_is_refused(name: str, learned: Path) -> None:
    content = (learned / name).read_bytes()
    (learned / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(BadInputError, match="not the one that was learned"):
        load_baseline(learned)
    (learned / name).unlink()
    with pytest.raises(BadInputError, match="missing"):
        load_baseline(learned)


def test_nothing_but_plain_finite_arrays_is_read(learned: Path) -> None:
    for array, what in ((np.array([{}], object), "no plain arrays"), (np.array([np.nan]), "no finite array")):
        content = BytesIO()
        np.savez(content, allow_pickle=True, **{"channels|hall/air:x": array})
        replace_arrays(learned, "fusion.npz", content.getvalue())
        with pytest.raises(BadInputError, match=what):
            load_baseline(learned)
    replace_arrays(learned, "fusion.npz", b"PK\x03\x04 and no more")
    with pytest.raises(BadInputError, match="no plain arrays"):
        load_baseline(learned)


@pytest.mark.parametrize(
    "told",
    [
        {"version": VERSION + 1},
        {"version": None},
        {"tick_s": 0},
        {"tick_s": "fast"},
        {"unknown": 1},
        {"files": {}},
        {"files": {"../fusion.npz": "0"}},
    ],
)
def test_a_manifest_that_is_not_ours_is_refused(told: dict[str, object], learned: Path) -> None:
    rewrite(learned, **told)
    with pytest.raises(BadInputError, match="learn it again"):
        load_baseline(learned)


def test_a_manifest_that_is_no_json_object_is_refused(learned: Path) -> None:
    for content in (b"", b"[]", b"\xff", b"3"):
        (learned / MANIFEST).write_bytes(content)
        with pytest.raises(BadInputError, match="no manifest"):
            load_baseline(learned)


def test_another_sense_under_the_same_name_is_refused(learned: Path, write_sound: Write, tmp_path: Path) -> None:
    write_sound("hall.wav", np.random.default_rng(1).uniform(-0.1, 0.1, 16_000))
    sensor = '[[sensors]]\nid = "hall/air"\nkind = "audio.file"\npath = "hall.wav"\n'
    (tmp_path / "scenario.toml").write_text("start = 2024-01-01T00:00:00Z\n" + sensor)
    with pytest.raises(BadInputError, match="another sense under this name"):
        replay_recording(load_recording(tmp_path), Settings(), load_baseline(learned))


def test_a_baseline_of_another_place_is_refused(learned: Path, write_text: Write) -> None:
    shed = load_recording(write_text("shed.csv", air(60, 3)))
    with pytest.raises(BadInputError, match=r"none of the sensors here \(shed/air\), but hall/air"):
        replay_recording(shed, Settings(), load_baseline(learned))
    assert strangers(shed, load_baseline(learned), Modality) == ["shed/air"]
    hall = load_recording(write_text("hall.csv", air(60, 3)))
    assert strangers(hall, load_baseline(learned), Modality) == []


def test_too_little_quiet_is_refused(write_text: Write, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="too short to learn from"):
        learn_baseline([load_recording(write_text("a.csv", air(60, 1)))], Settings(), tmp_path)
    quiet = load_recording(write_text("b.csv", air(900, 1)))
    with pytest.raises(BadInputError, match="no sensor of video"):
        learn_baseline([quiet], Settings(senses=(Modality.VIDEO,)), tmp_path)


def test_a_silent_sensor_is_not_learned_and_named(write_text: Write, write_sound: Write, tmp_path: Path) -> None:
    write_text("a/air.csv", air(400, 1))
    write_sound("a/mic.wav", np.zeros(16_000 * 400, np.int16))
    entries = [("air", "environment.csv", "air.csv"), ("mic", "audio.file", "mic.wav")]
    told = [f'[[sensors]]\nid = "{name}"\nkind = "{kind}"\npath = "{path}"\n' for name, kind, path in entries]
    start = "start = 2024-01-01T00:00:00Z\n"
    both = load_recording(write_text("a/scenario.toml", start + "".join(told)))
    out, warned = tmp_path / "out", list[str]()
    out.mkdir()
    manifest = learn_baseline([both], Settings(), out, warn=warned.append)
    assert set(manifest.sensors) == {"air"}
    assert [line.partition(":")[0] for line in warned] == ["mic is not learned"]
    assert set(load_baseline(out).detectors) == {"air"}
    alone = load_recording(write_text("a/scenario.toml", start + told[1]))
    with pytest.raises(BadInputError, match=r"mic gave nothing usable \(.*\)"):
        learn_baseline([alone], Settings(), out)
