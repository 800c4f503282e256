"""Senses that break: what they said before, and what others say, stays as it was."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from benchmarks.fusion_faults import BREAKS, GONE, broken
from benchmarks.testimony import Testimony as Heard
from sensors.types import NS, Health, Modality, Quality, Score, State

SENSES = {"mic": Modality.AUDIO, "eye": Modality.VIDEO}
SECONDS = 60
MIDDLE_NS = (1 + SECONDS) * NS // 2


def two_senses() -> Heard:
    def score(stream: str, second: int) -> Score:
        return Score(stream, f"{stream}:level", SENSES[stream], second * NS, NS, float(second))

    said = [(stream, [score(stream, s)], s * NS) for s in range(1, SECONDS + 1) for stream in SENSES]
    return Heard("test", SENSES, (NS, SECONDS * NS), [(stream, [*items], at) for stream, items, at in said])


def after(told: Heard) -> list[Score | Health]:
    return [item for stream, items, at_ns in told if stream == "mic" and at_ns > MIDDLE_NS for item in items]


@pytest.mark.parametrize("kind", [GONE, *BREAKS])
def test_the_other_sense_and_the_time_before_are_as_they_were(kind: str) -> None:
    whole, told = two_senses(), broken(two_senses(), Modality.AUDIO, kind)
    assert [(stream, at_ns) for stream, _, at_ns in told] == [(stream, at_ns) for stream, _, at_ns in whole]
    for before, now in zip(whole, told, strict=True):
        if before[0] == "eye" or (before[2] <= MIDDLE_NS and kind != GONE):
            assert now == before


def test_who_dies_says_nothing_more_and_who_was_never_there_nothing_at_all() -> None:
    assert after(broken(two_senses(), Modality.AUDIO, "dead")) == []
    never = broken(two_senses(), Modality.AUDIO, GONE)
    assert [items for stream, items, at_ns in never if stream == "mic" and items and at_ns > NS] == []


def test_who_is_stuck_repeats_its_last_word_at_new_times() -> None:
    told = after(broken(two_senses(), Modality.AUDIO, "stuck"))
    scores = [item for item in told if isinstance(item, Score)]
    assert {score.raw for score in scores} == {float(MIDDLE_NS // NS)}
    assert [score.end_ns for score in scores] == [s * NS for s in range(MIDDLE_NS // NS + 1, SECONDS + 1)]


def test_who_is_covered_says_so_after_some_seconds() -> None:
    told = after(broken(two_senses(), Modality.AUDIO, "covered"))
    first = next(item for item in told if isinstance(item, Health))
    assert (first.state, first.at_ns - MIDDLE_NS) == (State.DEGRADED, 5.5 * NS)
    later = [item for item in told if isinstance(item, Score) and item.end_ns >= first.at_ns]
    assert {(score.raw, score.quality) for score in later} == {(None, Quality.DEGRADED)}


def test_who_says_nan_says_it_as_if_all_were_well() -> None:
    told = [item for item in after(broken(two_senses(), Modality.AUDIO, "NaN")) if isinstance(item, Score)]
    assert told
    assert all(math.isnan(item.raw or 0.0) and item.quality is Quality.OK for item in told)


def test_a_loose_contact_comes_back() -> None:
    told = after(broken(two_senses(), Modality.AUDIO, "loose"))
    whole = after(two_senses())
    assert 0.3 < len(told) / len(whole) < 0.7
    assert all(replace(item) in whole for item in told if isinstance(item, Score))
