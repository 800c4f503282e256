"""Clips: what is put away of which incident, what gives way, what goes in time, and that no fault spreads."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusion.config import EvidenceRules, Settings, Storage
from fusion.events import Change
from fusion.labels import LabelLine, write_label
from fusion.live.clipping import Clipper
from fusion.live.custody import build_clipper, clip_samples, has_vault, oldest_kept_ns
from fusion.sinks.news import Changed
from fusion.store.writer import Writer
from fusion.vault.audit import Audit
from fusion.vault.custody import custody
from fusion.vault.segments import Kept, open_clip, read_clips
from sensors.types import NS
from tests.fusion.incidents import AT_NS, incident, told
from tests.fusion.test_ring import SENSES, picture, sound

TICK_NS = NS // 10
HOUR_NS = 3600 * NS


class Watch:
    """A clipper that hears, sees and is told as a daemon's is."""

    def __init__(self, folder: Path, **evidence: float) -> None:
        told = msgspec.structs.replace(EvidenceRules(enabled=True, sound=True), **evidence)
        self.settings = Settings(store=Storage(folder=str(folder)), evidence=told)
        self.clipper: Clipper = build_clipper(self.settings, SENSES)
        self.now_ns, self.folder = AT_NS - 20 * NS, folder

    def until(self, seconds: float) -> None:
        """Go on to so many seconds after the first incident."""
        while self.now_ns < AT_NS + round(seconds * NS):
            for half in (0, TICK_NS // 2):
                self.clipper.ring.keep(sound(self.now_ns + half))
            self.clipper.ring.keep(picture(self.now_ns))
            self.now_ns += TICK_NS
            self.clipper.deliver(told(self.now_ns))

    def opens(self, name: str = "1a") -> None:
        self.clipper.deliver(Changed(Change.OPENED, replace(incident(name), opened_ns=self.now_ns), 1))

    def closes(self, name: str = "1a") -> None:
        self.clipper.deliver(Changed(Change.CLOSED, incident(name, self.now_ns), 2))

    def close(self) -> None:
        self.clipper.close()

    def clips(self) -> list[Kept]:
        return read_clips(custody(self.settings).clips)

    def times(self, clip: Kept) -> dict[str, list[float]]:
        """When the pieces of a clip begin, by stream, seconds after the first incident."""
        place, found = custody(self.settings), dict[str, list[float]]()
        for header, pieces in open_clip(place.clips, place.roots(there=True), clip.clip):
            found.setdefault(header.stream, []).extend((one.start_ns - AT_NS) / NS for one in pieces)
        return found


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    Writer(folder).close()
    return folder


@pytest.fixture
def watch(store: Path) -> Iterator[Watch]:
    with closing(Watch(store, pre_s=5.0, post_s=3.0)) as it:
        yield it


def test_a_clip_reaches_from_before_its_incident_to_after_it_without_a_hole(watch: Watch) -> None:
    watch.until(0)
    watch.opens()
    watch.until(12)
    watch.closes()
    watch.until(30)
    (clip,) = watch.clips()
    assert clip.incidents == ("1a",)
    times = watch.times(clip)
    assert times["hall/eye"] == pytest.approx([number / 10 for number in range(-50, 150)])
    assert times["hall/mic"] == pytest.approx([number / 20 for number in range(-100, 300)])


def test_what_was_before_is_on_disk_as_soon_as_an_incident_opens(watch: Watch) -> None:
    watch.until(0)
    watch.opens()
    (clip,) = watch.clips()
    assert (clip.start_ns, clip.end_ns) == (AT_NS - 5 * NS, AT_NS)


def test_incidents_that_follow_each_other_soon_share_a_clip_and_others_do_not(watch: Watch) -> None:
    watch.until(0)
    watch.opens("1a")
    watch.until(4)
    watch.closes("1a")
    watch.until(6)
    watch.opens("2b")
    watch.until(8)
    watch.closes("2b")
    watch.until(40)
    watch.opens("3c")
    watch.until(41)
    watch.closes("3c")
    watch.until(60)
    first, second = watch.clips()
    assert (first.incidents, second.incidents) == (("1a", "2b"), ("3c",))
    assert watch.times(first)["hall/eye"] == pytest.approx([number / 10 for number in range(-50, 110)])
    assert watch.times(second)["hall/eye"] == pytest.approx([number / 10 for number in range(350, 440)])


def test_an_incident_that_opens_again_goes_on_in_the_same_clip(watch: Watch) -> None:
    watch.until(0)
    watch.opens()
    watch.until(2)
    watch.closes()
    watch.until(4)
    watch.clipper.deliver(Changed(Change.REOPENED, incident(), 3))
    watch.until(9)
    watch.closes()
    watch.until(20)
    (clip,) = watch.clips()
    assert clip.end_ns == pytest.approx(AT_NS + 12 * NS, abs=TICK_NS)


def test_an_end_that_nobody_began_begins_nothing(watch: Watch) -> None:
    watch.closes("of an earlier run")
    watch.until(5)
    assert not watch.clips()


def test_who_is_told_to_end_puts_away_what_has_come(store: Path) -> None:
    watch = Watch(store, pre_s=5.0)
    watch.until(0)
    watch.opens()
    watch.until(2)
    watch.clipper.close()
    (clip,) = watch.clips()
    assert clip.end_ns == AT_NS + 2 * NS


def test_a_clip_that_is_full_is_cut_and_said_to_be(store: Path) -> None:
    with closing(Watch(store, pre_s=5.0, post_s=3.0, most_clip_mb=0.5)) as watch:
        watch.until(0)
        watch.opens()
        watch.until(60)
        (clip,) = watch.clips()
        assert 200_000 < clip.size <= 500_000 + 10_000
        assert watch.clipper.tally.cut == 1


def test_the_oldest_of_which_nobody_said_that_it_matters_gives_way_and_that_is_noted(store: Path) -> None:
    with closing(Watch(store, pre_s=2.0, post_s=1.0, most_mb=0.6)) as watch:
        for number, name in enumerate(("old", "labelled", "false", "new")):
            watch.until(20 * number)
            watch.opens(name)
            watch.until(20 * number + 1)
            watch.closes(name)
            watch.until(20 * number + 10)
            if name in ("labelled", "false"):
                write_label(store, LabelLine(name, "high" if name == "labelled" else "false"))
        for round_ in range(4, 8):
            watch.until(20 * round_)
            watch.opens(f"later {round_}")
            watch.until(20 * round_ + 1)
            watch.closes(f"later {round_}")
            watch.until(20 * round_ + 10)
        left = [clip.incidents[0] for clip in watch.clips()]
        assert left[0] == "labelled"
        assert left[1:] == [f"later {number}" for number in range(9 - len(left), 8)]
        assert sum(clip.size for clip in watch.clips()) <= 600_000
        assert watch.clipper.tally.crowded == 8 - len(left)
        gone = [entry.of for entry in Audit(store).entries() if entry.what == "delete clip"]
        assert gone[:3] == ["incident old", "incident false", "incident new"]
        for clip in watch.clips():
            write_label(store, LabelLine(clip.incidents[0], "low"))
        before = watch.clips()
        watch.until(200)
        watch.opens("too late")
        watch.until(230)
        assert watch.clips()[: len(before)] == before
        assert watch.clipper.tally.failed > 0


def test_a_disk_that_fails_costs_clips_only_and_is_used_again_when_it_is_back(watch: Watch) -> None:
    clips = custody(watch.settings).clips
    watch.until(0)
    shutil.move(clips, clips.with_name("away"))
    watch.opens()
    watch.until(9)
    assert watch.clipper.tally.failed > 0
    shutil.move(clips.with_name("away"), clips)
    watch.until(12)
    watch.closes()
    watch.until(30)
    (clip,) = watch.clips()
    assert clip.start_ns > AT_NS
    assert clip.end_ns == pytest.approx(AT_NS + 15 * NS, abs=TICK_NS)
    figures = {name: value for name, _, _, _, value in clip_samples(watch.clipper)}
    assert figures["kizashi_clips_total"] == 1
    assert figures["kizashi_clip_bytes_total"] == figures["kizashi_clips_stored_bytes"] == clip.size
    assert 0 < figures["kizashi_ring_bytes"] < 16e6


def test_clips_go_with_what_is_flagged_after_its_time_and_what_was_none_after_three_days(watch: Watch) -> None:
    for number, name in enumerate(("none", "some")):
        watch.until(60 * number)
        watch.opens(name)
        watch.until(60 * number + 1)
        watch.closes(name)
        watch.until(60 * number + 20)
    write_label(watch.folder, LabelLine("none", "false"))
    clips = custody(watch.settings).clips
    for hours, left, oldest_s in (
        (71.9, ["none", "some"], 4),
        (72.1, ["some"], None),
        (719, ["some"], None),
        (721, [], None),
    ):
        watch.clipper.deliver(told(AT_NS + round(hours * HOUR_NS)))
        assert [clip.incidents[0] for clip in watch.clips()] == left
        oldest_ns = oldest_kept_ns(watch.folder)
        assert (oldest_ns is None) if oldest_s is None else oldest_ns == pytest.approx(AT_NS + oldest_s * NS, abs=NS)
    assert not list(clips.glob("*.segment"))
    notes = [(entry.of, entry.note) for entry in Audit(watch.folder).entries()]
    assert notes == [("incident none", "too old"), ("incident some", "too old")]


def test_clips_of_an_earlier_run_go_in_time_though_none_are_wanted_any_more(store: Path) -> None:
    with closing(Watch(store, pre_s=2.0)) as watch:
        watch.until(0)
        watch.opens()
    bare = replace_evidence(watch.settings)
    assert has_vault(bare)
    with closing(build_clipper(bare, SENSES)) as clipper:
        assert not clipper.ring.streams
        clipper.deliver(told(AT_NS + 721 * HOUR_NS))
        assert not watch.clips()


def replace_evidence(told: Settings) -> Settings:
    return Settings(store=told.store, evidence=EvidenceRules())


def test_without_sound_no_microphone_is_in_a_clip(store: Path) -> None:
    silent = Settings(store=Storage(folder=str(store)), evidence=EvidenceRules(enabled=True))
    with closing(build_clipper(silent, SENSES)) as clipper:
        assert clipper.ring.streams == {"hall/eye"}


def test_a_new_incident_has_its_clip_though_another_has_filled_its_own(store: Path) -> None:
    with closing(Watch(store, pre_s=2.0, post_s=1.0, most_clip_mb=0.3)) as watch:
        watch.until(0)
        watch.opens("endless")
        watch.until(60)
        watch.opens("another")
        watch.until(62)
        first, second = watch.clips()
        assert (first.incidents, second.incidents) == (("endless",), ("another",))
        assert second.start_ns == AT_NS + 58 * NS


STEP_S = 0.5


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from("wwwwoc"), st.integers(0, 2)), max_size=60))
def test_every_moment_within_reach_of_an_incident_is_kept_once_and_no_other(
    steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("store")
    rules = EvidenceRules(enabled=True, pre_s=2.0, post_s=1.0)
    clipper = build_clipper(Settings(store=Storage(folder=str(folder)), evidence=rules), SENSES)
    now_ns, step_ns = AT_NS, round(STEP_S * NS)
    reach: list[tuple[int, int]] = []
    running: dict[int, int] = {}

    def go_on() -> None:
        nonlocal now_ns
        clipper.ring.keep(picture(now_ns))
        now_ns += step_ns
        clipper.deliver(told(now_ns))

    for what, number in [*steps, *(("c", n) for n in range(3)), *[("w", 0)] * 12]:
        if what == "w":
            go_on()
        elif what == "o" and number not in running:
            running[number] = now_ns
            clipper.deliver(Changed(Change.OPENED, replace(incident(f"{now_ns}.{number}"), opened_ns=now_ns), 1))
        elif what == "c" and number in running:
            opened_ns = running.pop(number)
            reach.append((opened_ns - 2 * NS, now_ns + NS))
            clipper.deliver(Changed(Change.CLOSED, incident(f"{opened_ns}.{number}", now_ns), 2))
    clipper.close()
    place = custody(Settings(store=Storage(folder=str(folder)), evidence=rules))
    kept = [
        sorted(
            piece.start_ns
            for _, pieces in open_clip(place.clips, place.roots(there=True), clip.clip)
            for piece in pieces
        )
        for clip in read_clips(place.clips)
    ]
    wanted = {ns for ns in range(AT_NS, now_ns, step_ns) if any(begin <= ns < end for begin, end in reach)}
    assert all(len(set(times)) == len(times) for times in kept)
    assert {ns for times in kept for ns in times} == wanted
