"""Delays of what sound or picture saw are told from the event's beginning, and from that of what they could notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.fusion_delay import Delay, beginnings, delays, tell
from fusion.events import FusedScore, Part
from fusion.recording import Label, Recording
from fusion.report.metrics import Hit, Outcome
from sensors.types import NS, Modality

BREAK_IN = Label(10.0, 30.0, "break_in", ("audio", "video"))
LABELS = """start_s,end_s,kind,audio_start_s,video_start_s,environment_start_s
10.0,30.0,break_in,10.0,14.0,
50.0,70.0,fire,,,50.0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recording's labels, as they are composed."""
    (tmp_path / "labels.csv").write_text(LABELS, encoding="utf-8")
    return tmp_path


def said(at_s: float, **p_values: float) -> FusedScore:
    """A verdict in which senses have these p-values."""
    parts = tuple(Part(Modality(sense), p, 1 / len(p_values), ()) for sense, p in p_values.items())
    return FusedScore(round(at_s * NS), 1e-3, 1.0, parts)


def delays_of(folder: Path, delay_s: float | None, *verdicts: FusedScore) -> list[Delay]:
    """What is made of one event, found so late."""
    recording = Recording("site/test", 0, True, 0, 100.0, ())
    return delays(recording, beginnings(folder), Outcome((Hit(BREAK_IN, delay_s),)), verdicts, 1e-3)


def test_who_saw_it_first_counts_from_what_it_could_notice(folder: Path) -> None:
    only_picture = said(15.0, audio=0.5, video=1e-5)
    both = said(20.0, audio=1e-4, video=1e-5)
    assert delays_of(folder, 5.0, only_picture) == [Delay(5.0, 1.0)]
    assert delays_of(folder, 5.0, only_picture, both) == [Delay(5.0, 5.0)]


def test_an_incident_before_anything_could_be_noticed_is_not_early(folder: Path) -> None:
    assert delays_of(folder, 0.0, said(14.5, video=1e-4)) == [Delay(0.0, 0.0)]


def test_what_no_fast_sense_saw_does_not_count(folder: Path) -> None:
    assert delays_of(folder, 5.0, said(15.0, environment=1e-9, video=0.01)) == []
    assert delays_of(folder, 5.0, said(80.0, video=1e-9)) == []
    assert delays_of(folder, None, said(15.0, video=1e-9)) == []


def test_both_medians_are_told() -> None:
    assert "3.0 s from the event's" in tell([Delay(3.0, 1.0), Delay(2.0, 2.0), Delay(4.0, 0.5)])
    assert "1.0 s from that" in tell([Delay(3.0, 1.0), Delay(2.0, 2.0), Delay(4.0, 0.5)])
    assert "no event" in tell([])
