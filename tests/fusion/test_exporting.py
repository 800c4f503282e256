"""Exports: ordinary media for whoever may have them, noted however it goes, and gone in time."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]

from fusion.events import Change
from fusion.labels import LabelLine, write_label
from fusion.live.custody import build_clipper, oldest_kept_ns
from fusion.sinks.news import Changed
from fusion.store.keeper import Keeper
from fusion.store.writer import Writer
from fusion.vault.audit import Audit
from fusion.vault.custody import custody
from fusion.vault.users import Role, Users
from sensors.types import NS
from tests.fusion.incidents import AT_NS, closed, incident, opened, told
from tests.fusion.test_clipping import HOUR_NS, Watch
from tests.fusion.test_ring import RATE_HZ, SENSES, sound

KIZASHI = Path(sysconfig.get_path("scripts")) / "kizashi"
WORDS = "four words are better"


@dataclass
class House:
    """A store with a clip of an incident, users, and a settings file."""

    folder: Path
    watch: Watch

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def export(
        self, out: Path, user: str = "auditor", words: str = WORDS, incident: str = "1a"
    ) -> subprocess.CompletedProcess[str]:
        command = [str(KIZASHI), "incidents", "export", incident, "--config", str(self.folder / "site.toml")]
        command += ["--out", str(out), "--as", user, "--password-file", "-"]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, input=words)

    def log(self) -> list[tuple[str, str, str]]:
        return [(entry.who, entry.what, entry.outcome) for entry in Audit(self.store).entries()]


def house_in(folder: Path) -> House:
    """A house without users."""
    store = folder / "store"
    store.mkdir(mode=0o700)
    with closing(Writer(store)) as writer:
        keeper = Keeper(writer, HOUR_NS)
        for change in (opened(), closed(), opened("2b"), closed("2b")):
            keeper.deliver(change)
    with closing(Watch(store, pre_s=5.0, post_s=3.0)) as watch:
        watch.until(0)
        watch.opens()
        watch.until(2)
        watch.closes()
        watch.until(20)
    (folder / "site.toml").write_text(f'[store]\nfolder = "{store}"\n[evidence]\nenabled = true\nsound = true\n')
    return House(folder, watch)


@pytest.fixture
def house(tmp_path: Path) -> House:
    users = Users(tmp_path / "store", 64)
    house = house_in(tmp_path)
    for role in Role:
        users.add(role, role, WORDS)
    return house


def test_an_export_is_ordinary_media_at_its_own_time_with_all_that_was_said(house: House, tmp_path: Path) -> None:
    write_label(house.store, LabelLine("1a", "high", note="glass"))
    done = house.export(tmp_path / "out")
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "out" / "incident.json").read_bytes())
    assert (told["incident"]["id"], told["label"]["note"], told["exported"]["by"]) == ("1a", "glass", "auditor")
    film, heard = sorted(told["media"], key=lambda one: one["file"])
    assert (film["file"], heard["file"]) == ("01-hall-eye.mp4", "02-hall-mic.flac")
    samples, rate_hz = soundfile.read(tmp_path / "out" / heard["file"], dtype="int16")
    assert (rate_hz, len(samples)) == (RATE_HZ, 10 * RATE_HZ)
    assert (heard["start_ns"], heard["gaps_ns"]) == (AT_NS - 5 * NS, [])
    first = sound(AT_NS - 5 * NS).data
    assert np.abs(samples[: len(first)] / 32767 - first).max() < 1e-4
    with av.open(str(tmp_path / "out" / film["file"])) as box:
        frames = list(box.decode(video=0))
    assert len(frames) == 100
    assert [round(float(frame.time or 0) * 10) for frame in frames] == list(range(100))
    assert abs(int(frames[50].to_ndarray(format="gray")[40, 60]) - 100) < 8
    assert "Audio" in (tmp_path / "out" / "explanation.txt").read_text()
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0
    assert house.log() == [("auditor", "export", "begun"), ("auditor", "export", "done")]


def test_clips_of_one_incident_that_share_moments_become_one_film_and_one_track(house: House, tmp_path: Path) -> None:
    with closing(Watch(house.store, pre_s=5.0, post_s=3.0)) as watch:
        watch.until(8)
        watch.clipper.deliver(Changed(Change.REOPENED, incident(), 3))
        watch.until(9)
        watch.closes()
        watch.until(20)
        assert [clip.start_ns for clip in watch.clips()] == [AT_NS - 5 * NS] * 2
    assert house.export(tmp_path / "out").returncode == 0
    samples, _ = soundfile.read(tmp_path / "out" / "02-hall-mic.flac", dtype="int16")
    assert len(samples) == 17 * RATE_HZ
    last = sound(AT_NS + 12 * NS - NS // 20).data
    assert np.abs(samples[-len(last) :] / 32767 - last).max() < 1e-4
    with av.open(str(tmp_path / "out" / "01-hall-eye.mp4")) as box:
        assert len(list(box.decode(video=0))) == 170


@pytest.mark.parametrize(
    ("user", "words", "incident", "log"),
    [
        ("operator", WORDS, "1a", [("operator", "export", "refused")]),
        ("auditor", "another passphrase", "1a", [("auditor", "export", "refused")]),
        ("stranger", WORDS, "1a", [("stranger", "export", "refused")]),
        ("admin", WORDS, "none", [("admin", "export", "begun"), ("admin", "export", "failed")]),
    ],
)
def test_whoever_may_not_gets_nothing_and_every_attempt_is_noted(
    house: House, tmp_path: Path, user: str, words: str, incident: str, log: list[tuple[str, str, str]]
) -> None:
    done = house.export(tmp_path / "out", user, words, incident)
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()
    assert house.log() == log


def test_a_clip_without_its_key_or_changed_is_not_exported_and_leaves_nothing(house: House, tmp_path: Path) -> None:
    path = next(custody(house.watch.settings).clips.glob("*.segment"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    done = house.export(tmp_path / "out")
    assert done.returncode == 3
    assert "no key opens it, or it was changed" in done.stderr
    assert not (tmp_path / "out").exists()
    assert house.log()[-1] == ("auditor", "export", "failed")


def test_what_was_never_filmed_is_exported_in_words(house: House, tmp_path: Path) -> None:
    done = house.export(tmp_path / "out", incident="2b")
    assert "no clip of it is kept" in done.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["explanation.txt", "incident.json"]
    again = house.export(tmp_path / "out", incident="1a")
    assert "the folder is not empty" in again.stderr


def test_without_room_for_the_note_nothing_is_unlocked(house: House, tmp_path: Path) -> None:
    (house.store / "audit.jsonl").mkdir()
    done = house.export(tmp_path / "out")
    assert done.returncode == 3
    assert "nothing can be noted" in done.stderr
    assert not (tmp_path / "out").exists()


def test_exports_go_with_their_incident_as_far_as_they_are_what_we_wrote(house: House, tmp_path: Path) -> None:
    outs = [tmp_path / name for name in ("untouched", "touched")]
    for out in outs:
        assert house.export(out).returncode == 0
    (outs[1] / "explanation.txt").write_text("notes of my own")
    (outs[1] / "more.txt").write_text("more of them")
    (outs[1] / "02-hall-mic.flac").unlink()
    write_label(house.store, LabelLine("1a", "false"))
    oldest_ns = oldest_kept_ns(house.store)
    assert oldest_ns is not None
    assert AT_NS <= oldest_ns <= AT_NS + 6 * NS
    with closing(build_clipper(house.watch.settings, SENSES)) as clipper:
        clipper.deliver(told(AT_NS + 73 * HOUR_NS))
    assert not outs[0].exists()
    assert sorted(path.name for path in outs[1].iterdir()) == ["explanation.txt", "more.txt"]
    assert oldest_kept_ns(house.store) is None
    told_of = [(entry.what, entry.outcome, entry.note) for entry in Audit(house.store).entries()][-3:]
    assert told_of == [
        ("delete clip", "done", "too old"),
        ("delete export", "done", "too old"),
        (
            "delete export",
            "failed",
            "beyond us: 02-hall-mic.flac (No such file or directory), explanation.txt (changed)",
        ),
    ]


def test_after_three_days_nothing_unflagged_is_left_in_any_byte(house: House) -> None:
    """Database, its log, clips, keys, exports: all under the store, searched byte by byte."""
    exported = house.store / "exports" / "one"
    assert house.export(exported).returncode == 0
    write_label(house.store, LabelLine("1a", "false", AT_NS, "sound", {"at night": 1.0}, "SECRET-NOTE"))
    write_label(house.store, LabelLine("2b", "false", AT_NS, "sound", {}, "SECRET-NOTE"))
    marks = [b"SECRET-NOTE", b"Audio: hall/mic level."]
    marks += [path.read_bytes()[-64:] for path in custody(house.watch.settings).clips.glob("*.segment")]
    marks += [path.read_bytes()[-64:] for path in exported.iterdir()]
    everything = b"".join(path.read_bytes() for path in house.store.rglob("*") if path.is_file())
    assert not [mark for mark in marks if mark not in everything]
    later_ns = (AT_NS + 73 * HOUR_NS) // (600 * NS) * 600 * NS
    with closing(Writer(house.store)) as writer, closing(build_clipper(house.watch.settings, SENSES)) as clipper:
        keeper = Keeper(writer, 72 * HOUR_NS)
        for sink in (keeper, clipper):
            sink.deliver(told(later_ns))
        assert writer.do(lambda db: None).result()
        held = {path: path.read_bytes() for path in house.store.rglob("*") if path.is_file()}
    for path, content in held.items():
        assert not [mark for mark in marks if mark in content], path
    assert not exported.exists()
