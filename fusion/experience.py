"""What operators' labels teach of severity: the ordinal model's most probable weights, beside the documented guess.

With eta = sum of weight * feature and F_k = sigmoid(eta - threshold_k), F_0 = 1 and F_5 = 0, a label of grade y has the
likelihood F_y - F_(y+1). Each weight and threshold has a normal prior around its guess. The sum of both logarithms is
concave (Pratt 1981), so that Newton's method with a line search finds the one maximum, the same on every machine.
Few labels move little; a kind or place that nobody labelled stays where the guess put it. Weights in `NEVER_BELOW_ZERO`
are held at 0 where labels would push them below: some labels are mistaken, and none makes what is rarer less severe.

How right the chances are is told by labels that the model did not see: each is judged by a model learned from the
others (`FOLDS` groups at most).

The same labels teach how much senses weigh: `reliability`.

References
----------
Pratt (1981), Concavity of the Log Likelihood, J. Am. Stat. Assoc. 76(373), doi:10.1080/01621459.1981.10477613;
Brier (1950), Monthly Weather Review 78(1), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fusion.events import Reliability
from fusion.intervals import wilson_interval
from fusion.reliability import Carried, weigh
from fusion.severity import NEVER_BELOW_ZERO, OTHER, PRIOR, THRESHOLDS, SeverityModel, chance

Floats = NDArray[np.float64]

FOLDS = 20
"""Models learned to judge labels that they did not see; with fewer labels, one for each."""

STEPS, ENOUGH = 60, 1e-9
"""Most Newton steps, and the largest change of any weight at which it is found: logits."""

EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Between these chances labels are counted together."""


@dataclass(frozen=True, slots=True)
class Label:
    """What an operator said of one incident.

    Attributes
    ----------
    counted : mapping of str to float
        `severity.features` of the incident.
    grade : int
        0 where it was not worth telling, else the `Severity` that it had: 1 to 4.
    shares : mapping of str to float
        `reliability.even_shares` of the incident; empty where they are not known.
    """

    counted: Mapping[str, float]
    grade: int
    shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """One stretch of the calibration curve.

    Attributes
    ----------
    told : float
        Mean of the chances told, in (0, 1).
    labels, worth : int
        How many labels, and of how many incidents people said that they were worth telling.
    low, high : float
        95 % interval of the share (Wilson), in [0, 1].
    """

    told: float
    labels: int
    worth: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Experience:
    """What was learned, and how right it is.

    Attributes
    ----------
    model : SeverityModel
        Learned from all labels.
    labels : int
        How many.
    curve : tuple of Point
        Of chances told without the incident's own label.
    error, error_before : float
        Mean squared error of these chances, and of the guess's, in [0, 1]; NaN without labels.
    reliability : tuple of Reliability
        How much senses weigh.
    """

    model: SeverityModel
    labels: int
    curve: tuple[Point, ...]
    error: float
    error_before: float
    reliability: tuple[Reliability, ...] = ()


def gather(labels: Sequence[Label]) -> Experience:
    """All that labels teach; in any order they teach the same."""
    labels = sorted(labels, key=lambda label: (label.grade, sorted(label.counted.items())))
    folds = min(FOLDS, len(labels))
    guess = SeverityModel()
    told = [0.0] * len(labels)
    for fold in range(folds):
        model = learn([label for n, label in enumerate(labels) if n % folds != fold])
        for n in range(fold, len(labels), folds):
            told[n] = _chance(model, labels[n])
    worth = [float(label.grade > 0) for label in labels]
    before = [_chance(guess, label) for label in labels]
    curve = tuple(_curve(told, worth))
    errors = _error(told, worth), _error(before, worth)
    return Experience(learn(labels), len(labels), curve, *errors, trust(labels))


def trust(labels: Sequence[Label]) -> tuple[Reliability, ...]:
    """How much senses weigh after these labels."""
    return weigh([Carried(label.shares, label.grade > 0) for label in labels])


def learn(labels: Sequence[Label]) -> SeverityModel:
    """The most probable model after these labels; the guess where there are none."""
    names = [*PRIOR, *sorted({name for label in labels for name in label.counted} - PRIOR.keys())]
    guesses = [*(PRIOR.get(name, OTHER) for name in names), *THRESHOLDS]
    guess, spread = np.array([g.logits for g in guesses]), np.array([g.spread for g in guesses])
    upper, lower, grades = _rows(labels, names)
    held = np.zeros(len(guesses), dtype=bool)
    while True:
        found = _maximum(guess, spread, upper, lower, grades, held)
        below = np.array([name in NEVER_BELOW_ZERO for name in names] + [False] * len(THRESHOLDS)) & (found < 0)
        if not below.any():
            break
        held |= below
    thresholds = np.maximum.accumulate(found[len(names) :])
    return SeverityModel(dict(zip(names, found.tolist(), strict=False)), tuple(thresholds.tolist()))


def _rows(labels: Sequence[Label], names: Sequence[str]) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """For each label what its upper and lower bound are linear in: features, and minus one of the thresholds.

    Returns
    -------
    upper, lower : ndarray (n, d)
        eta - threshold_y and eta - threshold_(y+1) as rows over weights and thresholds.
    grades : ndarray (n,) int
        Grades, 0 to 4; a bound that is not there (above 4, below 0) is left to whoever reads the grade.
    """
    place = {name: n for n, name in enumerate(names)}
    upper = np.zeros((len(labels), len(names) + len(THRESHOLDS)))
    lower = np.zeros_like(upper)
    for row, label in enumerate(labels):
        for name, value in label.counted.items():
            upper[row, place[name]] = lower[row, place[name]] = value
        if label.grade > 0:
            upper[row, len(names) + label.grade - 1] = -1.0
        if label.grade < len(THRESHOLDS):
            lower[row, len(names) + label.grade] = -1.0
    return upper, lower, np.array([label.grade for label in labels], dtype=np.int64)


def _maximum(
    guess: Floats, spread: Floats, upper: Floats, lower: Floats, grades: NDArray[np.int64], held: NDArray[np.bool_]
) -> Floats:
    """Newton's method from the guess; `held` weights stay at 0."""
    point = np.where(held, 0.0, guess)
    free = ~held
    for _ in range(STEPS):
        value, gradient, hessian = _posterior(point, guess, spread, upper, lower, grades)
        step = np.zeros_like(point)
        step[free] = np.linalg.solve(hessian[np.ix_(free, free)], -gradient[free])
        size = 1.0
        while size > 1e-6 and not _posterior(point + size * step, guess, spread, upper, lower, grades)[0] >= value:
            size /= 2
        point = point + size * step
        if np.max(np.abs(size * step), initial=0.0) < ENOUGH:
            break
    return point


def _posterior(
    point: Floats, guess: Floats, spread: Floats, upper: Floats, lower: Floats, grades: NDArray[np.int64]
) -> tuple[float, Floats, Floats]:
    """Log posterior, gradient and Hessian; minus infinity where thresholds that labels need are out of order.

    With a = F_y and b = F_(y+1): the derivatives of log(a - b) by the upper bound are a (1 - a) / (a - b), and by the
    lower one -b (1 - b) / (a - b).
    """
    a = np.where(grades > 0, _sigmoid(upper @ point), 1.0)
    b = np.where(grades < len(THRESHOLDS), _sigmoid(lower @ point), 0.0)
    between = a - b
    away = (point - guess) / spread
    if np.any(between <= 0):
        return -math.inf, away, np.eye(len(point))
    by_upper, by_lower = a * (1 - a) / between, -b * (1 - b) / between
    gradient = upper.T @ by_upper + lower.T @ by_lower - away / spread
    curve_upper = by_upper * (1 - 2 * a) - by_upper**2
    curve_lower = by_lower * (1 - 2 * b) - by_lower**2
    cross = upper.T @ ((-by_upper * by_lower)[:, None] * lower)
    hessian = upper.T @ (curve_upper[:, None] * upper) + lower.T @ (curve_lower[:, None] * lower) + cross + cross.T
    return float(np.log(between).sum() - 0.5 * away @ away), gradient, hessian - np.diag(spread**-2.0)


def _sigmoid(logits: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(logits, -500.0, 500.0)))


def _chance(model: SeverityModel, label: Label) -> float:
    total = sum(model.weights.get(name, 0.0) * value for name, value in label.counted.items())
    return chance(total - model.thresholds[0])


def _error(told: Sequence[float], worth: Sequence[float]) -> float:
    """Mean squared error (Brier's score)."""
    squares = [(chance - truth) ** 2 for chance, truth in zip(told, worth, strict=True)]
    return sum(squares) / len(squares) if squares else math.nan


def _curve(told: Sequence[float], worth: Sequence[float]) -> list[Point]:
    """Labels by the chance that was told, beside what people said."""
    points = []
    for low, high in zip(EDGES, EDGES[1:], strict=False):
        inside = [(each, truth) for each, truth in zip(told, worth, strict=True) if low <= each < high]
        if inside:
            many, right = len(inside), round(sum(truth for _, truth in inside))
            points.append(Point(sum(each for each, _ in inside) / many, many, right, *wilson_interval(right, many)))
    return points
