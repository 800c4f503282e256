"""`kizashi check`: what it finds before the night begins."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from fusion.baseline.folder import Baseline, LearnedFrom, Manifest
from fusion.commands.checking import check_all, check_evidence, check_rate, check_rules
from fusion.config import EvidenceRules, RuleText, Settings, Storage, Video, ZoneRule
from fusion.engine import Memory
from fusion.recording import Recording, load_recording
from fusion.vault.roots import Roots
from fusion.vault.segments import Vault
from fusion.vault.users import Role, Users
from tests.fusion.sealed import header, pieces

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


@pytest.fixture
def hall(write_text: Write) -> Recording:
    """Two minutes of air, with half a minute missing."""
    rows = [f"{n},20,{800 + n},0" for n in range(121) if not 40 <= n < 70]
    write_text("hall/air.csv", "t_s,temperature_c,co2_ppm,motion\n" + "\n".join(rows) + "\n")
    entry = '[[sensors]]\nid = "hall/air"\nkind = "environment.csv"\npath = "air.csv"\n'
    return load_recording(write_text("hall/scenario.toml", "start = 2024-01-01T00:00:00Z\n" + entry))


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("co2 > 1000 for 40 s", ""),
        ("hall/*:motion = on for 90 s", ""),
        ("door = open or co2 > 1000", ""),
        ("co2 > 900 and co2 < 800", "cannot be > 900 ppm and < 800 ppm at the same time"),
        ("humidity > 110 %", "lies within 0 and 105 percent"),
        ("temperature < -273 C or co2 < 0", "lies within -90 and 1000 c"),
        ("motion = 2", "is a switch"),
        ("door = open and co2 > 1000", "no sensor reports 'door'"),
        ("co2_pm > 1000", "did you mean 'co2_ppm'?"),
        ("cellar/*:co2 > 1000", "no sensor 'cellar/*' reports 'co2', but hall/air"),
        ("co2 > 1000 for 1 min", "1 min are asked for, and readings go on for at most 50 s without a gap"),
    ],
)
def test_a_rule_that_can_never_fire_is_told_why(when: str, told: str, hall: Recording) -> None:
    (finding,) = check_rules([hall], Settings(rules=(RuleText(when=when),)))
    assert finding.fine is not bool(told)
    assert told in finding.detail


def test_without_recordings_only_what_is_never_possible_fails() -> None:
    def fine(when: str, until: str = "") -> bool:
        return check_rules([], Settings(rules=(RuleText(when=when, until=until),)))[0].fine

    assert fine("co2 > 1000")
    assert fine("my_own_column > 3")
    assert not fine("co2 > 1000", "co2 < -1")
    assert not fine("tempreture > 30")
    assert not fine("co2 > 2 and co2 < 1")


def test_check_fails_where_a_rule_can_never_fire(hall: Recording, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_all([hall], Settings(rules=(RuleText(when="co2 > 1000"),)), None, False)
    assert "ok    rule 1" in capsys.readouterr().out
    assert not check_all([hall], Settings(rules=(RuleText(when="co2 > 2 and co2 < 1"),)), None, True)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["fine"] is False


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


def test_whether_clips_can_be_kept_and_opened_is_told(tmp_path: Path) -> None:
    def told(**more: object) -> tuple[bool, str]:
        rules = msgspec.convert({"enabled": True, "most_mb": 9, **more}, EvidenceRules)
        finding = check_evidence(Settings(store=Storage(folder=str(tmp_path / "store")), evidence=rules))
        return finding.fine, finding.detail

    assert told() == (True, f"pictures, no sound, keys in {tmp_path}/store/keys; no clips, 0 of 9 MB; can be "
                      "exported by nobody yet")  # fmt: skip
    assert not (tmp_path / "store").exists()
    with closing(Vault(tmp_path / "store" / "clips", Roots(tmp_path / "store" / "keys"))) as vault:
        vault.put(header(), pieces(), ["1a"])
    Users(tmp_path / "store", 64).add("anna", Role.AUDITOR, "four words are better")
    fine, detail = told(sound=True)
    assert fine
    assert "pictures and sound" in detail
    assert detail.endswith("1 clip, 0 of 9 MB; can be exported by anna")
    assert told(key_folder=str(tmp_path / "elsewhere"))[1].startswith(f"{tmp_path}/elsewhere: there are no keys")
    (tmp_path / "secret").write_text("hush")
    fine, detail = told(secret_file=str(tmp_path / "secret"))
    assert (fine, "no key opens it" in detail) == (False, True)
    (tmp_path / "secret").write_text("\n")
    assert "the secret is empty" in told(secret_file=str(tmp_path / "secret"))[1]
    fine, detail = told(most_mb=9e8)
    assert (fine, "less than [evidence] most_mb" in detail) == (False, True)
    assert "no place to lie in" in check_evidence(Settings(evidence=EvidenceRules(enabled=True))).detail
