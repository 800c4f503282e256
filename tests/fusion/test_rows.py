"""Laws of a row as a whole: what counts, what is learned, what is normal because it was told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from fusion.engine import EngineSettings
from fusion.rows import ONSET, OVERALL, REST_ROWS, SHIFT, Judged, RowJudge
from sensors.environment.detectors import EVERY, EnvironmentDetector
from sensors.environment.features import EnvironmentExtractor
from sensors.types import NS, Chunk, Quality

SETTINGS = replace(EngineSettings(), learn_after_ns=6 * NS, learn_every_ns=NS, accept_after_ns=60 * NS)


def chance(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def judge(rows: NDArray[np.float64], normal: int = 0) -> list[list[Judged]]:
    """Rows of as many quantities as there are columns, a second apart; the first `normal` are told to be so."""
    names = tuple(f"q{number}" for number in range(rows.shape[1]))
    judged = RowJudge(EnvironmentDetector("e", aspects=EVERY), SETTINGS)
    told = []
    for number, features in enumerate(EnvironmentExtractor("e").extract(Chunk("e", 0, 0, 1.0, rows, names))):
        if number == normal > 0:
            judged.taught()
        told.append(judged.judge(features, normal=number < normal))
    return told


def raws(told: list[list[Judged]], channel: str) -> NDArray[np.float64]:
    found = (one for row in told for one in row if one.score.channel == "e" + channel)
    return np.array([np.nan if one.score.raw is None else one.score.raw for one in found])


def test_every_row_ends_with_the_whole_its_onset_and_its_shift() -> None:
    told = judge(chance(1).normal(20, 1, (250, 2)))
    ends = ["e" + OVERALL, "e" + ONSET, "e" + SHIFT]
    assert [[one.score.channel for one in row[-3:]] for row in told] == [ends] * 250
    assert told[0][-1].quality is Quality.WARMING
    assert told[-1][-1].quality is Quality.OK


@pytest.mark.parametrize("width", [1, 3])
def test_the_strangest_row_has_the_largest_whole(width: int) -> None:
    rows = chance(2).normal(20, 0.3, (300, width))
    rows[240, 0] += 12
    overall = raws(judge(rows), OVERALL)
    assert abs(int(np.nanargmax(overall)) - 240) <= 6
    assert np.nanmax(overall) > 3


def test_what_lasts_begins_once() -> None:
    rows = chance(3).normal(20, 0.3, (500, 1))
    rows[250:400] += 9
    told = judge(rows)
    onset = raws(told, ONSET)
    begun = int(np.flatnonzero(onset[240:] >= 2.5)[0]) + 240
    assert 250 <= begun <= 253
    assert not onset[begun + 1 : begun + REST_ROWS].any()


def test_a_quantity_that_only_moves_unusually_has_no_onset() -> None:
    rows = 20 + 3 * np.sin(np.arange(700) / 30)[:, None] + chance(4).normal(0, 0.05, (700, 1))
    rows[500] = 40 - rows[500]
    told = judge(rows)
    assert np.argmax(np.nan_to_num(raws(told, ":q0.change"))) in {500, 501, 502}
    assert raws(told, ONSET)[500:503].max() < 2.5 < raws(told, OVERALL)[500:503].max()


def test_what_lasts_is_learned_in_the_end_unless_normal_was_told() -> None:
    rows = chance(5).normal(20, 0.3, (900, 2))
    rows[300:] += 6
    unaided, told = raws(judge(rows), OVERALL), raws(judge(rows, normal=200), OVERALL)
    assert np.median(unaided[700:]) < 1.0
    assert np.median(told[700:]) > 1.5


def test_told_or_not_a_row_says_the_same_as_long_as_nothing_is_strange() -> None:
    rows = chance(6).normal(20, 0.3, (120, 1))
    assert np.array_equal(raws(judge(rows), OVERALL), raws(judge(rows, normal=500), OVERALL), equal_nan=True)


def test_chance_alone_gives_what_the_p_values_say() -> None:
    told = judge(chance(7).normal(20, 0.3, (3000, 1)))
    p_values = [one.p_value for row in told for one in row if one.score.channel == "e" + OVERALL and one.p_value]
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.02)


def test_a_past_that_is_known_beforehand_ranks_the_first_score() -> None:
    features = list(EnvironmentExtractor("e").extract(Chunk("e", 0, 0, 1.0, chance(8).normal(20, 1, (60, 1)), ("q0",))))
    plain, knowing = (RowJudge(EnvironmentDetector("e", aspects=EVERY), SETTINGS) for _ in range(2))
    knowing.know("e:q0.level", np.linspace(0, 3, 200))
    plain.taught()
    first = [
        next(one.p_value for row in features for one in judge.judge(row) if one.score.raw is not None)
        for judge in (plain, knowing)
    ]
    assert first[0] is None
    assert first[1] is not None
