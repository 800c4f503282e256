"""Windows of one channel: averages are made of pieces, and come to what adding all scores again would come to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from fusion.align import Presence, StreamJoin, speaks_ns
from fusion.calm import Calm
from fusion.lately import AVERAGED, Lately, spacing_ns, trace
from fusion.senses import MEAN, Senses
from sensors.types import NS, Modality, Quality, Score

WINDOW_S, STEP_S = 5.0, 0.1
WINDOW_NS = round(WINDOW_S * NS)
PIECE_NS = spacing_ns(WINDOW_NS, 0)
PIECE = math.ceil(PIECE_NS / NS / STEP_S)


def scores(raws: Iterable[float | None], step_s: float = STEP_S, first: int = 1) -> list[Score]:
    step_ns = round(step_s * NS)
    return [
        Score("m", "m:x", Modality.AUDIO, number * step_ns, step_ns, raw, Quality.GAP if raw is None else Quality.OK)
        for number, raw in enumerate(raws, first)
    ]


def told(raws: Sequence[float], step_s: float = STEP_S) -> list[float | None]:
    """The average after each score."""
    lately = Lately(WINDOW_NS, PIECE_NS)
    return [lately.take(score, raw)[2] for score, raw in zip(scores(raws, step_s), raws, strict=True)]


def noise(count: int) -> list[float]:
    drawn: list[float] = np.random.default_rng(0).exponential(size=count).tolist()
    return drawn


def test_an_average_is_that_of_its_windows_to_within_a_piece() -> None:
    raws, length = noise(3000), round(AVERAGED * WINDOW_S / STEP_S)
    known = {number: mean for number, mean in enumerate(told(raws), 1) if mean is not None}
    assert length <= min(known) <= length + PIECE
    assert list(known) == list(range(min(known), len(raws) + 1))
    for number, mean in known.items():
        near = [sum(raws[number - count : number]) / count for count in range(length - PIECE, length + PIECE + 1)]
        assert min(abs(one - mean) for one in near) < 1e-12


def test_what_left_the_windows_leaves_no_rounding_behind() -> None:
    """Long after a huge score the average is to the last bit the one without it."""
    raws = noise(1500)
    assert told([1e17, *raws[1:]])[200:] == told(raws)[200:]


def test_slow_readings_are_their_own_average() -> None:
    """One a minute fills the windows that it covers."""
    raws = noise(9)
    assert told(raws, step_s=60.0) == raws


def test_after_a_gap_an_average_waits_until_its_windows_are_full_again() -> None:
    lately, raws = Lately(WINDOW_NS, PIECE_NS), noise(500)
    for score, raw in zip(scores(raws), raws, strict=True):
        lately.take(score, raw)
    lately.clear()
    again = scores(raws, first=1000)
    assert [lately.take(score, raw)[2] for score, raw in zip(again, raws, strict=True)] == told(raws)


@pytest.mark.parametrize("gap", [None, 700])
def test_what_is_traced_is_what_the_engine_learns(gap: int | None) -> None:
    raws: list[float | None] = [*noise(2000)]
    if gap is not None:
        raws[gap] = None
    windows_ns = {Modality.AUDIO: WINDOW_NS}
    senses = Senses({"m": Modality.AUDIO}, windows_ns, 24, 0, lambda one: one.end_ns + speaks_ns(one.span_ns, NS))
    for score in scores(raws):
        senses.listen(score.end_ns, {"m": StreamJoin(Presence.MATCH, [score])})
        senses.learn(score.end_ns, lambda at_ns: Calm.QUIET)
    peaks, averages = trace(scores(raws), WINDOW_NS, PIECE_NS, NS)
    assert len(peaks) >= len(raws) // PIECE - 1
    assert {name: values.tolist() for name, values in senses.pasts().items()} == {
        "m:x": peaks, f"m:x{MEAN}": averages}  # fmt: skip
