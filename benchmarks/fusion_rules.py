"""Rules that make one of many p-values, to be compared: each gives a p-value, of which only the order matters.

The order is all that counts because every rule is ranked against its own past. PyOD's rules for scores of several
detectors (Aggarwal & Sathe 2015, doi:10.1145/2830544.2830549) are given the senses' p-values as standard normal scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations
from statistics import NormalDist, fmean

from fusion.combine import p_value_of, surprise_of

Rule = Callable[[Sequence[float]], float]

_NORMAL = NormalDist()


def average(p_values: Sequence[float]) -> float:
    """The mean of the logarithms."""
    return math.exp(fmean(map(math.log, p_values)))


def fisher(p_values: Sequence[float]) -> float:
    """Fisher (1925): the sum of the logarithms, were they independent: chi-squared with 2 k degrees of freedom."""
    half = -sum(map(math.log, p_values))
    return max(math.exp(-half) * sum(half**i / math.factorial(i) for i in range(len(p_values))), 1e-300)


def stouffer(p_values: Sequence[float]) -> float:
    """Stouffer et al. (1949): the sum of standard normal scores."""
    return _tail(sum(map(_score, p_values)) / math.sqrt(len(p_values)))


def cauchy(p_values: Sequence[float]) -> float:
    """Liu & Xie (2020), doi:10.1080/01621459.2018.1554485."""
    return p_value_of(fmean(map(surprise_of, p_values)))


def average_of_maxima(p_values: Sequence[float]) -> float:
    """AOM: the mean over all pairs of the stranger of the two."""
    return _tail(fmean(max(pair) for pair in _pairs(p_values)))


def maximum_of_averages(p_values: Sequence[float]) -> float:
    """MOA: the strangest mean of two."""
    return _tail(max(fmean(pair) for pair in _pairs(p_values)))


RULES: dict[str, Rule] = {
    "average": average,
    "maximum": min,
    "Fisher": fisher,
    "Stouffer": stouffer,
    "Cauchy": cauchy,
    "AOM": average_of_maxima,
    "MOA": maximum_of_averages,
}


def _pairs(p_values: Sequence[float]) -> list[tuple[float, ...]]:
    return list(combinations(map(_score, p_values), min(2, len(p_values))))


def _score(p_value: float) -> float:
    return -_NORMAL.inv_cdf(min(max(p_value, 1e-15), 1 - 1e-9))


def _tail(score: float) -> float:
    return max(0.5 * math.erfc(score / math.sqrt(2)), 1e-300)
