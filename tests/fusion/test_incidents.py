"""`kizashi incidents`: what a replay wrote is read, shown and labelled, and the labels change what comes next."""

from __future__ import annotations

import json
import math
import subprocess
import sysconfig
from dataclasses import replace
from pathlib import Path

import pytest

from fusion.events import Change, FusedScore, Incident, Part, Severity, Sighting
from fusion.explain import explain
from fusion.labels import LabelLine, write_label
from fusion.severity import SeverityModel
from fusion.sinks.jsonl import incident_line
from fusion.triage import Triage, TriageSettings
from sensors.types import NS, Modality
from tests.fusion.test_evidence import WEIGHED, incident

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


def test_of_an_incident_that_was_told_again_the_last_state_counts(folder: Path) -> None:
    with (folder / "incidents.jsonl").open("ab") as file:
        file.write(incident_line(replace(incident(), id="mild", severity=Severity.CRITICAL)))
    lines = [json.loads(line) for line in told("list", folder, "--json").splitlines()]
    assert [line["severity"] for line in lines if line["id"] == "mild"] == ["critical"]


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
    shares = json.loads(line)["shares"]
    assert shares == pytest.approx({str(part.sense): part.share for part in incident().peak.parts}, rel=1e-4)


def test_what_a_label_says_of_senses_is_as_if_all_weighed_the_same(tmp_path: Path) -> None:
    """Else who weighs less would look the better for it."""
    (tmp_path / "incidents.jsonl").write_bytes(incident_line(incident(WEIGHED)))
    told("label", tmp_path, "1", "false")
    (line,) = (tmp_path / "labels.jsonl").read_text().splitlines()
    logs = {str(part.sense): -math.log(part.p_value) for part in incident(WEIGHED).peak.parts}
    even = {sense: log / sum(logs.values()) for sense, log in logs.items()}
    assert json.loads(line)["shares"] == pytest.approx(even, rel=1e-4)
    assert even["audio"] > next(p.share for p in incident(WEIGHED).peak.parts if p.sense is Modality.AUDIO) + 0.01


def test_the_list_tells_what_labels_taught_of_senses(folder: Path) -> None:
    assert "weighs" not in told("list", folder)
    for number in range(8):
        write_label(folder, LabelLine(str(number), "false", counted={"x": 1.0}, shares={"audio": 0.9, "video": 0.1}))
    before = len(told("list", folder, "--json").splitlines())
    last = told("list", folder).splitlines()[-1]
    assert last.strip().startswith("Audio weighs 0.")
    assert last.endswith("here (incidents it carried: 8, false: 8).")
    assert before == len(told("list", folder).splitlines()) - 1
    assert "weighs" not in told("list", folder, "--language", "ja")


def test_what_senses_weighed_stands_beside_their_shares(tmp_path: Path) -> None:
    (tmp_path / "incidents.jsonl").write_bytes(incident_line(incident(WEIGHED)))
    text = told("show", tmp_path, "1")
    assert [line.split("%")[1].split() for line in text.splitlines() if "×" in line] == [["Sound", "×", "0.6"]]
    assert "Audio weighs 0.6 here" in " ".join(text.split())


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
