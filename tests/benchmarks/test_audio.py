"""The benchmark of the ear, whole, on a corpus of synthesised clips and with the model that Kizashi ships."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]

from benchmarks.audio import main
from benchmarks.corpus import hold_out, read_corpus
from benchmarks.detections import find_events
from benchmarks.ears import AUDIOSET, PackEar, read_columns
from fusion.commands.listening import hear_file
from sensors.audio.classifier import open_classifier
from sensors.audio.packs import ALERTS, load_pack

LABELS = ("vehicle", "household", "siren", "glass_break")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    rng = np.random.Generator(np.random.Philox(key=1))
    rows = []
    for source in ("one place", "another place", "a third"):
        for label in LABELS:
            name = f"{source} {label}.flac"
            soundfile.write(tmp_path / name, 0.1 * rng.standard_normal(16_000), 16_000)
            rows.append({"path": name, "label": label, "source": source})
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path


def test_one_run_tells_of_clips_and_soundscapes(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(corpus), "--held-out", "one", "--held-out", "a third", "--hours", "0.01"]
    assert main([*words, "--only", "clips", "soundscapes", "--json"]) in (0, 1)
    told = json.loads(capsys.readouterr().out)
    assert told["clips"]["clips"] == 8
    assert told["clips"]["sources"]["siren"] == {"one place": 1, "a third": 1}
    figures = told["clips"]["ears"][told["pack"]]["average_precision"]
    assert set(figures) == {"siren", "glass_break", "macro"}
    assert all(low <= high for _, low, high in figures.values())
    assert told["soundscapes"]["events"] == 2
    assert any(bar.startswith("average precision") for bar in told["missed"]) == (figures["macro"][0] < 0.8)
    for setting, classes in told["soundscapes"]["ears"][told["pack"]].items():
        assert set(classes) == {*ALERTS, "all"}, setting


def test_tables_say_what_they_cannot_say(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(corpus), "--hours", "0.01", "--only", "clips", "soundscapes"])
    told = capsys.readouterr().out
    assert "NO --held-out GIVEN" in told
    assert "NOT JUDGED, no clips: alarm" in told
    assert "fewer than 10 clips" in told


def test_a_source_that_nobody_has_is_told_in_one_line(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(corpus), "--held-out", "elsewhere"]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_sources_are_held_out_by_the_beginnings_of_their_names(corpus: Path) -> None:
    held, others = hold_out(read_corpus(corpus), ["a"])
    assert {clip.source for clip in held} == {"another place", "a third"}
    assert {clip.source for clip in others} == {"one place"}


def test_what_nobody_has_named_is_not_judged(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("path,label,source\na.flac,unknown,x\nb.flac,other,x\nc.flac,siren,y\n")
    assert [clip.label for clip in read_corpus(tmp_path)] == ["other", "siren"]


def test_events_are_those_that_the_command_finds(tmp_path: Path) -> None:
    rng = np.random.Generator(np.random.Philox(key=2))
    samples = np.concatenate([10 ** rng.uniform(-4, -0.7) * rng.standard_normal(4000) for _ in range(80)])
    samples = np.clip(samples, -1, 1).astype(np.float32)
    path = tmp_path / "noise.wav"
    soundfile.write(path, samples, 16_000, "FLOAT")
    pack = load_pack()
    scores = PackEar(pack).listen(samples).scores
    levels = np.clip(np.quantile(scores, [0.6, 0.8], axis=0), 1e-6, 1 - 1e-6)
    rules = {
        label: msgspec.structs.replace(pack.rule(label), open=float(opens), close=float(closes), hold_s=0.25)
        for label, closes, opens in zip(ALERTS, *levels, strict=True)
    }
    pack = dataclasses.replace(pack, facts=msgspec.structs.replace(pack.facts, alert=rules))
    ear = PackEar(pack)
    account = hear_file(path, pack, open_classifier(pack))
    found = find_events(ear.listen(samples), ear.rules)
    assert len(found) > 8
    assert [e for e in account.events if e.end_s < 19] == [e for e in found if e.end_s < 19]
    whole = account.best.scores()
    assert ear.score_file(path).tolist() == [whole[pack.labels.index(label)] for label in ALERTS]


def test_yamnets_classes_are_found_by_their_names(tmp_path: Path) -> None:
    names = sorted({name for some in AUDIOSET.values() for name in some})
    path = tmp_path / "classes.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["index", "mid", "display_name"])
        writer.writerows([index, f"/m/{index}", name] for index, name in enumerate(names))
    columns = read_columns(path)
    assert [[names[index] for index in some] for some in columns] == [list(AUDIOSET[label]) for label in ALERTS]
