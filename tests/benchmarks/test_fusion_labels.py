"""An operator who knows the truth labels by it, and a sense that is spoilt leaves the others as they are."""

from __future__ import annotations

import pytest

from benchmarks.fusion_labels import WOLF_EVERY, WOLF_NS, WOLF_P, labelled, spoilt
from fusion.engine import EngineSettings
from fusion.events import FusedScore, Incident, Part, Severity
from fusion.recording import Label, Recording
from sensors.types import NS, Modality, Score
from tests.fusion.test_evidence import STREAMS, memory

LATE_S = 200


def incident(start_s: int, end_s: int) -> Incident:
    parts = Part(Modality.AUDIO, 1e-3, 0.2, ()), Part(Modality.VIDEO, 1e-1, 0.8, ())
    peak = FusedScore(start_s * NS, 1e-3, 1.0, parts)
    return Incident("a", start_s * NS, end_s * NS, Severity.LOW, "sound", peak, parts, "")


def test_what_overlaps_an_event_was_worth_telling_and_shares_are_those_of_equal_weights() -> None:
    recording = Recording("x", 0, True, 0, 100.0, (), (Label(40.0, 45.0, "fall"),))
    told = labelled(recording, [incident(42, 43), incident(10, 20), incident(80, 90)])
    assert [one.worth for one in told] == [True, False, False]
    assert [one.shares for one in told] == [pytest.approx({"audio": 0.75, "video": 0.25})] * 3


def heard(sense: Modality | None, wolf: bool) -> list[dict[Modality, float]]:
    """What each sense says, second by second, where nothing happens."""
    rules = EngineSettings(tick_ns=NS, windows_ns=dict.fromkeys(Modality, 5 * NS), least_scores=30, learning=False)
    engine = spoilt(sense, wolf)(rules, STREAMS, 0, memory())
    told = []
    for second in range(LATE_S):
        for stream, modality in STREAMS.items():
            for channel in memory().channels:
                if channel.startswith(stream) and "~" not in channel:
                    engine.push(Score(stream, channel, modality, second * NS, NS, 1.0 + second % 3))
            engine.reach(stream, second * NS)
        told += [{part.sense: part.p_value for part in s.verdict.parts} for s in engine.advance(second * NS)]
    return told


def test_who_boasts_is_the_only_one_and_by_the_exponent_said() -> None:
    for plain, told in zip(heard(None, False), heard(Modality.VIDEO, False), strict=True):
        assert told == pytest.approx({s: p**1.3 if s is Modality.VIDEO else p for s, p in plain.items()})


def test_who_cries_wolf_does_so_now_and_then_for_some_seconds() -> None:
    plain, told = heard(None, False), heard(Modality.AUDIO, True)
    cries = [second for second in range(LATE_S) if told[second] != plain[second]]
    assert 0 < len(cries) < 4 * LATE_S / WOLF_EVERY
    assert len(cries) % (WOLF_NS // NS) in (0, LATE_S % 3)
    for second in cries:
        assert told[second] == {**plain[second], Modality.AUDIO: WOLF_P}
