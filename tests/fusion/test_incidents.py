"""`kizashi incidents`: what a replay wrote is read, shown and labelled, and the labels change what comes next."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from dataclasses import replace
from pathlib import Path

import pytest

from fusion.events import Change, FusedScore, Incident, Part, Severity, Sighting
from fusion.explain import explain
from fusion.severity import SeverityModel
from fusion.sinks.jsonl import incident_line
from fusion.triage import Triage, TriageSettings
from sensors.types import NS, Modality
from tests.fusion.test_evidence import incident

KIZASHI = Path(sysconfig.get_path("scripts")) / "kizashi"


def kizashi(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(KIZASHI), "incidents", *map(str, arguments)], capture_output=True, text=True, timeout=60)


def told(*arguments: object) -> str:
    done = kizashi(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(*arguments: object, code: int = 3) -> str:
    done = kizashi(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a replay left: an incident with evidence, a milder one, and one of the user's rules."""
    strange = incident()
    mild = replace(strange, id="mild", severity=Severity.LOW, opened_ns=strange.opened_ns + NS)
    ruled = Incident("ruled", NS, 2 * NS, Severity.HIGH, "rule: co", FusedScore(NS, None, None), (), "Rule.", "co")
    (tmp_path / "incidents.jsonl").write_bytes(b"".join(map(incident_line, (mild, strange, ruled))))
    return tmp_path


def test_the_list_is_gravest_first(folder: Path) -> None:
    names = [line.split()[1] for line in told("list", folder).splitlines()]
    assert names[-1] == "mild"
    assert set(names) == {incident().id, "mild", "ruled"}
    assert [json.loads(line)["id"] for line in told("list", folder, "--json").splitlines()] == names


def test_an_incident_is_shown_with_all_that_it_rests_on(folder: Path) -> None:
    text = told("show", folder, incident().id)
    assert incident().why in " ".join(text.split())
    shares = [float(line.split("%")[0]) for line in text.splitlines() if line.split("  ")[-1] in ("Sound", "Motion")]
    assert len(shares) == 2
    assert text.count("Without the ") == 4
    assert "Severity from " in text
    whole = json.loads(told("show", folder, incident().id, "--json"))
    assert whole["evidence"]["shares"]
    assert whole["label"] is None


def test_what_is_shown_in_japanese_holds_no_english_sentence(folder: Path) -> None:
    text = told("show", folder, incident().id, "--language", "ja")
    for english in ("Without", "usually", "moments", "Severity", "Sound", "about", "about once", "HIGH", "Together"):
        assert english not in text
    assert "重大度の根拠" in text


def test_a_label_is_kept_and_can_be_taken_back(folder: Path) -> None:
    told("label", folder, "mild", "false", "--note", "the cleaner")
    assert "[false]" in told("list", folder)
    told("label", folder, "mild", "medium")
    assert "[medium]" in told("list", folder)
    assert "[false]" not in told("list", folder)
    (line,) = (folder / "labels.jsonl").read_text().splitlines()
    assert json.loads(line)["counted"]["a second sense"] == 1.0


def test_labels_of_a_site_lie_in_its_folder(folder: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    told("label", folder, "mild", "high", "--site", site)
    assert (site / "labels.jsonl").exists()
    assert not (folder / "labels.jsonl").exists()
    assert "[high]" in told("list", folder, "--site", site)


def test_what_cannot_be_done_is_told_in_a_line(folder: Path, tmp_path: Path) -> None:
    assert "no incident 'none'" in refused("show", folder, "none")
    assert "choose from false" in refused("label", folder, "mild", "huge", code=2)
    assert "nothing to learn" in refused("label", folder, "ruled", "high")
    (tmp_path / "empty").mkdir()
    assert "replay --out" in refused("list", tmp_path / "empty")
    assert "check the path" in refused("list", tmp_path / "nowhere")
    assert "en, ja" in refused("list", folder, "--language", "tlh", code=2)


def test_what_labels_taught_decides_the_severity_of_what_comes() -> None:
    def opened(model: SeverityModel) -> Severity:
        rules = TriageSettings(patience_ns=0, model=model)
        judge_of = Triage(rules, list(Modality), explain, lambda since_ns: Sighting("fall", (("stillness", 0),)))
        parts = tuple(Part(sense, 1e-5, 1 / 3, ()) for sense in Modality)
        ((change, incident),) = judge_of.judge(FusedScore(0, 1e-5, 0.1, parts))
        assert change is Change.OPENED
        return incident.severity

    guess = SeverityModel()
    assert opened(replace(guess, weights={**guess.weights, "kind: fall": -4.0})) < opened(guess)
    assert opened(replace(guess, weights={**guess.weights, "kind: fall": 9.0})) > opened(guess)
