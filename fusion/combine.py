"""Many p-values that are not independent to one.

Channels of one sense by Cauchy's rule: its tail is right under any dependence, and one strange channel is enough (Liu &
Xie 2020). Why p-values above one half count as nothing: ties (a motion sensor that is almost always 0) give p = 1,
whose negative score would silence others (truncation as in Fang et al. 2023, doi:10.5705/ss.202020.0490).

Senses by Fisher's sum, with their dependence measured at the site (Brown 1975, Poole et al. 2016). Why a sum: what only
one sense finds strange is a decoy more often than an incident; what several do seldom is, and a maximum does not see
that. Why its false-alarm rate holds though Fisher's own does not: the sum is ranked against its own past (`rarity`).

A sense may weigh less in that sum (Good 1955), as labels taught (`reliability`); alone it is taken at its word. Why
doubt ends at `MOST_DOUBT`: no channel is surer than its past allows, and at half the weight what one sense alone sees
might never be told. So what is about that many times rarer than the operator asks for is told, whoever saw it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

EQUAL: Mapping[int, float] = {}
"""All senses weigh 1."""

MOST_DOUBT = 10.0
"""Weights make no p-value more than so many times as large as it is when all weigh the same."""


def surprise_of(p_value: float) -> float:
    """Cauchy score of a p-value: cot(pi p), 0 for p >= 1/2.

    Parameters
    ----------
    p_value : float
        In (0, 1].

    References
    ----------
    Liu & Xie (2020), J. Am. Stat. Assoc. 115(529), doi:10.1080/01621459.2018.1554485.
    """
    return 1 / math.tan(math.pi * p_value) if p_value < 0.5 else 0.0


def p_value_of(surprise: float) -> float:
    """The p-value of a mean of Cauchy scores: its inverse, in (0, 1/2]."""
    return math.atan2(1.0, surprise) / math.pi


class Dependence:
    """Means and covariances of x = -2 ln p of the senses, learned while all is quiet.

    Parameters
    ----------
    senses : sequence of str
        Their names; p-values come by index in this sequence.
    memory : float
        Observations after which old ones fade (exponential weights); the first ones are averaged evenly.

    Attributes
    ----------
    weights : dict of int to float
        What senses weigh in the sum, by index, > 0; those that are not named weigh 1.
    """

    def __init__(self, senses: Sequence[str], memory: float = 20_000) -> None:
        n = len(senses)
        self._senses, self._memory = tuple(senses), memory
        self.weights: dict[int, float] = {}
        self._count = [[0.0] * n for _ in range(n)]
        self._mean = [2.0] * n
        self._covariance = [[4.0 if i == j else 2.0 for j in range(n)] for i in range(n)]
        self._sums: dict[tuple[tuple[int, ...], bool], tuple[float, float]] = {}

    def weigh(self, weights: Mapping[str, float]) -> None:
        """Let senses weigh so much from now on, by name; senses that are not here are passed over."""
        self._sums.clear()
        named = {i: weights[sense] for i, sense in enumerate(self._senses) if sense in weights}
        self.weights = {i: weight for i, weight in named.items() if weight != 1}

    def learn(self, p_values: Mapping[int, float]) -> None:
        """Take one quiet observation: p-values by index of the sense."""
        self._sums.clear()
        away = {i: -2 * math.log(p) - self._mean[i] for i, p in p_values.items()}
        for i in away:
            for j in away:
                count = self._count[i][j] = min(self._count[i][j] + 1, self._memory)
                self._covariance[i][j] += (away[i] * away[j] - self._covariance[i][j]) / (count + 1)
        for i, difference in away.items():
            self._mean[i] += difference / (self._count[i][i] + 1)

    def p_value(self, p_values: Mapping[int, float]) -> float:
        """Fisher-Brown p-value: the sum of w (-2 ln p) against a Gamma law with mean sum w m and variance sum w w' cov.

        The learned m and cov are at least those of uniform p-values (2 and 4 a sense): smoothed p-values vary less in
        the middle, but their tails are no lighter.

        Parameters
        ----------
        p_values : mapping of int to float
            In (0, 1], by index of the sense.

        Returns
        -------
        float
            In (0, 1].

        References
        ----------
        Brown (1975), Biometrics 31(4), doi:10.2307/2529826; Poole et al. (2016), Bioinformatics 32(17),
        doi:10.1093/bioinformatics/btw438; weights: Good (1955), J. R. Stat. Soc. B 17(2); Alves & Yu
        (2011), PLoS ONE 6(8), doi:10.1371/journal.pone.0022647.
        """
        return self._survival(tuple(p_values), sum(self.weigh_logs(p_values)), True)

    def statistics(self, p_values: Mapping[int, float]) -> dict[int, float]:
        """How strange every set of the senses present is together.

        Parameters
        ----------
        p_values : mapping of int to float
            In (0, 1], by index of the sense.

        Returns
        -------
        dict of int to float
            -log10 of what `combine` makes of each set, >= 0, by bit mask.
        """
        logs, out = list(map(math.log, p_values.values())), {}
        weighed = self.weigh_logs(p_values) if self.weights else None
        for mask, senses, places in _sets(tuple(p_values)):
            other = None if weighed is None else sum([weighed[place] for place in places])
            out[mask] = -math.log10(self.joined(p_values, senses, sum([logs[place] for place in places]), other))
        return out

    def joined(
        self, p_values: Mapping[int, float], senses: tuple[int, ...], log: float, weighed: float | None = None
    ) -> float:
        """One p-value of some senses whose ln p add up to `log`, and with their weights to `weighed`.

        Of one alone its own; of several Fisher-Brown's, and where weights make that larger, `MOST_DOUBT` times at most.
        """
        if len(senses) == 1:
            return p_values[senses[0]]
        told = self._survival(senses, log)
        return told if weighed is None else min(told * MOST_DOUBT, self._survival(senses, weighed, True))

    def weigh_logs(self, p_values: Mapping[int, float]) -> list[float]:
        """What each sense weighs times its ln p."""
        return [self.weights.get(i, 1.0) * math.log(p) for i, p in p_values.items()]

    def _survival(self, senses: tuple[int, ...], log: float, weighed: bool = False) -> float:
        sums = self._sums.get((senses, weighed))
        if sums is None:
            sums = self._sums[senses, weighed] = self._moments(senses, self.weights if weighed else EQUAL)
        mean, variance = sums
        return gamma_survival(-2 * log * mean / variance, mean * mean / variance)

    def _moments(self, senses: tuple[int, ...], weights: Mapping[int, float]) -> tuple[float, float]:
        """Mean and variance of the weighed sum of -2 ln p of some senses."""
        w = {i: weights.get(i, 1.0) for i in senses}
        mean = sum(w[i] * max(self._mean[i], 2.0) for i in senses)
        return mean, sum(w[i] * w[j] * max(self._covariance[i][j], 4.0 * (i == j)) for i in senses for j in senses)

    def state(self) -> dict[str, NDArray[np.float64]]:
        """Count, both means and covariance of every pair, by "name+name"."""
        return {
            f"{a}+{b}": np.array([self._count[i][j], self._mean[i], self._mean[j], self._covariance[i][j]])
            for i, a in enumerate(self._senses)
            for j, b in enumerate(self._senses)
            if i <= j
        }

    def restore(self, state: Mapping[str, NDArray[np.float64]]) -> None:
        """Begin with what was learned before; pairs that are not there begin anew."""
        self._sums.clear()
        for i, a in enumerate(self._senses):
            for j, b in enumerate(self._senses):
                known = state.get(f"{a}+{b}" if i <= j else f"{b}+{a}")
                if known is not None:
                    self._count[i][j], self._covariance[i][j] = float(known[0]), float(known[3])
                    self._mean[i] = float(known[1 if i <= j else 2])


@lru_cache(maxsize=64)
def _sets(senses: tuple[int, ...]) -> list[tuple[int, tuple[int, ...], tuple[int, ...]]]:
    """Every set of some senses, small ones first: its bit mask, its senses, and their places among all."""
    sets = [places for size in range(1, len(senses) + 1) for places in combinations(range(len(senses)), size)]
    named = [(tuple(senses[place] for place in places), places) for places in sets]
    return [(sum(1 << index for index in some), some, places) for some, places in named]


def gamma_survival(x: float, shape: float) -> float:
    """P(X > x) of a Gamma variable with unit scale, by the Wilson-Hilferty cube root.

    For shapes of 0.5 and more it is right to 0.07 in log10 down to 1e-3 and to 0.61 down to 1e-6; further out it errs
    towards too common, by a sixth of the exponent at most. That is enough: the fused score is ranked against its own
    past, so a smooth monotone error cancels.

    References
    ----------
    Wilson & Hilferty (1931), PNAS 17(12), doi:10.1073/pnas.17.12.684.
    """
    z = 3 * math.sqrt(shape) * ((max(x, 0.0) / shape) ** (1 / 3) - 1 + 1 / (9 * shape))
    return max(0.5 * math.erfc(z / math.sqrt(2)), 1e-300)


def combine(dependence: Dependence, p_values: Mapping[int, float]) -> float:
    """One p-value for the senses present: that of the only one, or the Fisher-Brown p-value of several.

    Parameters
    ----------
    dependence : Dependence
        What was learned of the senses together.
    p_values : mapping of int to float
        In (0, 1], by index of the sense; at least one.

    Returns
    -------
    float
        In (0, 1].
    """
    weighed = sum(dependence.weigh_logs(p_values)) if dependence.weights else None
    return dependence.joined(p_values, tuple(p_values), sum(map(math.log, p_values.values())), weighed)


def shares(p_values: Mapping[int, float], weights: Mapping[int, float] = EQUAL) -> dict[int, float]:
    """What each sense contributes to the weighed sum of -ln p; also where doubt in that sum ended (`MOST_DOUBT`).

    Parameters
    ----------
    p_values : mapping of int to float
        In (0, 1], by index of the sense.
    weights : mapping of int to float
        As in `Dependence`: those that are not named weigh 1.

    Returns
    -------
    dict of int to float
        By index of the sense; they add up to 1.
    """
    logs = {i: -weights.get(i, 1.0) * math.log(p) for i, p in p_values.items()}
    total = sum(logs.values())
    return {i: log / total for i, log in logs.items()} if total > 0 else dict.fromkeys(logs, 1 / len(logs))


PARTS = (Dependence,)
"""Classes that hold something, see `freezing`."""
