"""Ranking figures beside scikit-learn's, and laws of the draws that make their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score  # type: ignore[import-untyped]

from benchmarks.ranking import auroc, average_precision, draw_sources, interval
from sensors.errors import BadInputError


def chance(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


@pytest.mark.parametrize("distinct", [3, 40, 10_000])
def test_figures_equal_those_of_scikit_learn_ties_and_weights_included(distinct: int) -> None:
    rng = chance(distinct)
    positive = rng.random(60) < 0.3
    scores = rng.integers(distinct, size=60) / distinct
    weights = rng.integers(0, 4, (5, 60)).astype(np.float64)
    for row, precision, area in zip(
        weights, average_precision(positive, scores, weights), auroc(positive, scores, weights), strict=True
    ):
        assert precision == pytest.approx(average_precision_score(positive, scores, sample_weight=row))
        assert area == pytest.approx(roc_auc_score(positive, scores, sample_weight=row))


def test_a_weight_counts_as_so_many_copies() -> None:
    rng = chance(1)
    positive, scores, times = rng.random(30) < 0.4, rng.random(30), rng.integers(0, 3, 30)
    copied = np.repeat(positive, times), np.repeat(scores, times)
    ones = np.ones((1, int(times.sum())))
    for measure in (average_precision, auroc):
        assert measure(positive, scores, times[None].astype(float)) == pytest.approx(measure(*copied, ones))


def test_draws_keep_every_class_and_take_sources_as_a_whole() -> None:
    sources = ["a"] * 4 + ["b"] * 6 + ["c"] * 2
    classes = np.array([[True] * 2 + [False] * 10, [False] * 9 + [True] * 3])
    weights = draw_sources(sources, classes, 200, chance(2))
    assert weights.shape == (200, 12)
    assert ((classes.astype(float) @ weights.T) > 0).all()
    for begin, end in ((0, 4), (4, 10), (10, 12)):
        assert not (weights[:, begin:end].sum(axis=1) % (end - begin)).any()


def test_a_class_that_is_everything_cannot_be_ranked() -> None:
    with pytest.raises(BadInputError, match="too rare"):
        draw_sources(["a", "b"], np.array([[True, True]]), 2, chance(3))


def test_the_interval_leaves_a_fortieth_on_each_side() -> None:
    low, high = interval(np.arange(1001.0))
    assert (low, high) == (25.0, 975.0)
