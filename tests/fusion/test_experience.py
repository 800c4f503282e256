"""What labels teach, on operators that are simulated: their own weights are known, so that learning can be judged."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fusion.experience import FOLDS, Label, gather, learn
from fusion.severity import (
    KIND,
    NEVER_BELOW_ZERO,
    PLACE,
    PRIOR,
    RARITY,
    SECOND,
    THRESHOLDS,
    Facts,
    SeverityModel,
    chance,
    features,
)

LAW = settings(deadline=None, derandomize=True, database=None, max_examples=25)
GUESS = SeverityModel()
KINDS = ("", "break-in", "dog bark", "panic")
FACTS = st.builds(
    Facts, decades=st.floats(0, 5), senses=st.integers(1, 3), kind=st.sampled_from(KINDS),
    place=st.sampled_from(["", "hall", "yard"]), hour=st.none() | st.floats(0, 23),
)  # fmt: skip
LABELS = st.lists(st.builds(Label, FACTS.map(features), st.integers(0, 4)), max_size=12)


def operator(truth: SeverityModel, many: int, seed: int) -> list[Label]:
    """Labels of somebody who judges by `truth`, with the chance that belongs to it."""
    random = np.random.default_rng(seed)
    labels = []
    for _ in range(many):
        place = ("hall", "yard")[random.integers(2)]
        facts = Facts(random.uniform(0, 4), int(random.integers(1, 4)), KINDS[random.integers(4)], place)
        counted = features(facts)
        total = sum(truth.weights.get(name, 0.0) * value for name, value in counted.items())
        threshold = random.uniform()
        labels.append(Label(counted, sum(chance(total - each) > threshold for each in truth.thresholds)))
    return labels


def told_by(model: SeverityModel, label: Label) -> float:
    return chance(sum(model.weights.get(n, 0.0) * v for n, v in label.counted.items()) - model.thresholds[0])


TRUTH = SeverityModel(
    {**GUESS.weights, f"{KIND}dog bark": -2.5, f"{PLACE}yard": -1.5, f"{KIND}break-in": 3.0},
    (2.5, 3.5, 5.4, 9.6),
)


def test_without_labels_the_guess_stands() -> None:
    assert learn([]).weights == pytest.approx(GUESS.weights, abs=1e-9)
    assert learn([]).thresholds == pytest.approx(GUESS.thresholds, abs=1e-9)
    nothing = gather([])
    assert (nothing.labels, nothing.curve) == (0, ())
    assert math.isnan(nothing.error)


def test_many_labels_teach_what_the_operator_thinks() -> None:
    model = learn(operator(TRUTH, 1500, 1))
    for name in (f"{KIND}dog bark", f"{PLACE}yard", f"{KIND}break-in"):
        assert model.weights[name] == pytest.approx(TRUTH.weights[name], abs=0.6), name
    assert model.thresholds[:3] == pytest.approx(TRUTH.thresholds[:3], abs=0.6)


def test_forty_labels_already_judge_better_than_the_guess() -> None:
    unseen = operator(TRUTH, 2000, 2)

    def error(model: SeverityModel) -> float:
        return sum((told_by(model, label) - told_by(TRUTH, label)) ** 2 for label in unseen) / len(unseen)

    errors = [error(learn(operator(TRUTH, 40, seed))) for seed in range(10, 15)]
    assert max(errors) < error(GUESS)
    assert sum(errors) / 5 < error(GUESS) / 2


def test_chances_that_are_told_come_true() -> None:
    experience = gather(operator(TRUTH, 600, 3))
    assert experience.labels == 600 == sum(point.labels for point in experience.curve)
    assert experience.error < experience.error_before
    inside = [point.low <= point.told <= point.high for point in experience.curve]
    assert sum(inside) >= len(inside) - 1


@LAW
@given(LABELS, st.floats(0, 4), st.sampled_from(KINDS))
def test_no_label_makes_what_is_rarer_or_seen_by_more_less_severe(
    labels: list[Label], decades: float, kind: str
) -> None:
    model = learn(labels)
    assert all(model.weights[name] >= 0 for name in NEVER_BELOW_ZERO)
    assert list(model.thresholds) == sorted(model.thresholds)
    few, many = Facts(decades, 1, kind), Facts(decades, 2, kind)
    assert model.judge(many)[0] >= model.judge(few)[0]
    assert model.judge(Facts(decades + 1, 1, kind))[0] >= model.judge(few)[0]


@settings(LAW, max_examples=8)
@given(LABELS)
def test_the_order_of_labels_teaches_nothing(labels: list[Label]) -> None:
    other = labels[::-1]
    assert gather(other).model == gather(labels).model
    assert gather(other).curve == gather(labels).curve


@LAW
@given(LABELS)
def test_the_weights_found_are_a_maximum(labels: list[Label]) -> None:
    model = learn(labels)
    assume(all(low < high for low, high in pairwise(model.thresholds)))
    best = posterior(model, labels)
    for name in (*model.weights, *range(4)):
        for step in (-1e-3, 1e-3):
            if isinstance(name, str):
                if name in NEVER_BELOW_ZERO and model.weights[name] + step < 0:
                    continue
                weights = {**model.weights, name: model.weights[name] + step}
                moved = SeverityModel(weights, model.thresholds)
            else:
                thresholds = tuple(t + step * (n == name) for n, t in enumerate(model.thresholds))
                moved = SeverityModel(model.weights, thresholds)
            assert posterior(moved, labels) <= best + 1e-9


def posterior(model: SeverityModel, labels: list[Label]) -> float:
    """Log posterior, written out."""
    total = -sum(((model.weights[n] - p.logits) / p.spread) ** 2 / 2 for n, p in PRIOR.items())
    total -= sum(w * w / 2 for n, w in model.weights.items() if n not in PRIOR)
    total -= sum(((t - p.logits) / p.spread) ** 2 / 2 for t, p in zip(model.thresholds, THRESHOLDS, strict=True))
    for label in labels:
        eta = sum(model.weights[name] * value for name, value in label.counted.items())
        bounds = [1.0, *(1 / (1 + math.exp(-(eta - t))) for t in model.thresholds), 0.0]
        between = bounds[label.grade] - bounds[label.grade + 1]
        if between <= 0:
            return -math.inf
        total += math.log(between)
    return total


def test_one_label_moves_only_what_it_is_about_and_a_little() -> None:
    model = learn([Label(features(Facts(2.0, 1, "dog bark", "yard")), 0)])
    assert model.weights[f"{KIND}dog bark"] < 0
    assert model.weights[f"{PLACE}yard"] < 0
    assert model.weights[f"{KIND}panic"] == PRIOR[f"{KIND}panic"].logits
    assert model.weights[SECOND] == PRIOR[SECOND].logits
    assert 0 < model.weights[RARITY] < PRIOR[RARITY].logits


def test_with_few_labels_each_is_judged_by_the_others() -> None:
    labels = operator(TRUTH, FOLDS // 2, 4)
    assert sum(point.labels for point in gather(labels).curve) == len(labels)
