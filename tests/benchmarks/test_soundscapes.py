"""Composed sound is what its list of events says, and the same twice."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]

from benchmarks.corpus import Clip
from benchmarks.soundscapes import (
    SLOT_S,
    SNRS_DB,
    add_event,
    compose,
    deal_events,
    loudest_rms,
    ordinary_pools,
    sounding,
)
from sensors.errors import BadInputError


def chance(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


@pytest.fixture
def clips(tmp_path: Path) -> list[Clip]:
    """Noise of every kind that is needed, three clips of glass, one of a siren."""
    made = []
    for number, label in enumerate(["vehicle", "speech", "household", "siren", *["glass_break"] * 3]):
        path = tmp_path / f"{number}.flac"
        soundfile.write(path, 0.1 * chance(number).standard_normal(16_000 * (1 + number % 3)), 16_000)
        made.append(Clip(path, label, f"source {number % 2}"))
    return made


def click(at: int, length: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    samples = np.zeros(length, np.float32)
    samples[at : at + 4000] = 0.5
    return samples


def test_the_same_seed_gives_the_same_sound(clips: list[Clip]) -> None:
    pools, _ = ordinary_pools(clips, [])
    one, other = (compose(pools, deal_events(clips, chance(1)), 45.0, chance(2)) for _ in range(2))
    assert np.array_equal(one.samples, other.samples)
    assert one.occurrences == other.occurrences
    assert len(one.occurrences) == 45 // SLOT_S
    assert len(one.samples) == 45 * 16_000
    assert np.abs(one.samples).max() <= 1
    assert not np.array_equal(one.samples, compose(pools, None, 45.0, chance(3)).samples)


def test_sound_without_events_has_none_and_is_never_silent(clips: list[Clip]) -> None:
    quiet = compose(ordinary_pools(clips, [])[0], None, 20.0, chance(4))
    assert quiet.occurrences == ()
    assert {quiet.sounding(second) for second in range(20)} <= {"vehicle", "speech", "household"}
    assert np.square(quiet.samples).reshape(-1, 1600).mean(axis=1).min() > 0


@pytest.mark.parametrize("snr_db", SNRS_DB)
def test_an_event_lies_as_far_above_the_ambience_as_was_asked(snr_db: float) -> None:
    ambience = (0.01 * chance(5).standard_normal(16_000 * 6)).astype(np.float32)
    mixed = ambience.copy()
    true = add_event(mixed, click(800, 16_000), "gunshot", snr_db, 40_000)
    told_db = 20 * np.log10(loudest_rms(mixed - ambience) / np.sqrt(np.mean(np.square(ambience))))
    assert told_db == pytest.approx(snr_db, abs=0.2)
    assert true.onset_s == pytest.approx((40_000 + 800) / 16_000)
    assert true.end_s == pytest.approx((40_000 + 4800) / 16_000)


def test_onset_is_where_a_sound_first_comes_within_20_db_of_its_peak() -> None:
    samples = click(3200, 16_000)
    samples[:1600] = 0.04
    samples[1600:3200] = 0.06
    onset, end, loudest = sounding(samples)
    assert (onset, end) == (1600, 7200)
    assert abs(loudest - 5200) <= 160


def test_every_class_comes_at_every_ratio_once_a_round_and_every_clip_in_turn(clips: list[Clip]) -> None:
    dealt = list(islice(deal_events(clips, chance(6)), 30))
    pairs = Counter((clip.label, snr_db) for clip, snr_db in dealt)
    assert set(pairs.values()) == {3}
    assert len(pairs) == 2 * len(SNRS_DB)
    glass = Counter(clip.path for clip, _ in dealt if clip.label == "glass_break")
    assert set(glass.values()) == {5}


def test_a_kind_that_is_missing_is_lent_and_told(clips: list[Clip]) -> None:
    speech = [clip for clip in clips if clip.label == "speech"]
    pools, lent = ordinary_pools([clip for clip in clips if clip.label != "speech"], speech)
    assert lent == ["speech"]
    assert pools["speech"] == speech


def test_events_alone_make_no_place(clips: list[Clip]) -> None:
    with pytest.raises(BadInputError, match="no ordinary sound"):
        ordinary_pools([clip for clip in clips if clip.label == "siren"], [])
