"""How often p-values lie below levels: true ones as often as they say, by tick and by moment."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.exceedances import LEVELS, Exceedances, count
from fusion.events import FusedScore, Part
from fusion.rarity import DAY_NS
from sensors.types import NS, Modality

BLOCK_NS = 10 * NS


def verdict(at_s: float, p_value: float, rank: float) -> FusedScore:
    part = Part(Modality.AUDIO, p_value, 1.0, ())
    return FusedScore(round(at_s * NS), p_value, rank * DAY_NS / BLOCK_NS, (part,))


def test_true_p_values_lie_below_a_level_as_often_as_it_says() -> None:
    each = Exceedances()
    for p_value in np.random.default_rng(1).uniform(size=40_000):
        each.note(float(p_value))
    ratios = [many / (each.many * level) for many, level in zip(each.below, LEVELS, strict=True)]
    assert ratios[:3] == pytest.approx([1.0, 1.0, 1.0], abs=0.3)


def test_a_moment_counts_once_by_its_strangest_tick() -> None:
    told = [verdict(0, 0.5, 0.9), verdict(1, 0.005, 0.05), verdict(9, 0.3, 0.6), verdict(10, 0.5, 0.9)]
    counted = count(told, BLOCK_NS)
    assert (counted["combined, a tick"].many, counted["combined, a tick"].below) == (4, [1, 1, 0, 0])
    assert (counted["combined, a moment"].many, counted["combined, a moment"].below) == (2, [1, 1, 0, 0])
    assert (counted["audio, a moment"].many, counted["rank, a moment"].below) == (2, [1, 0, 0, 0])


def test_who_says_nothing_is_not_counted() -> None:
    assert count([FusedScore(0, None, None), FusedScore(1, 0.5, None)], BLOCK_NS) == {}


def test_two_hours_add_up() -> None:
    one = count([verdict(0, 0.005, 0.05)], BLOCK_NS)["rank, a tick"]
    assert ((one + one).many, (one + one).below) == (2, [2, 0, 0, 0])
