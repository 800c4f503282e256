"""How much senses weigh in the fused sum, by what operators said of incidents: one that cries wolf weighs less.

Why labels: in quiet recordings the p-values of a sense that will cry wolf are as honest as any. A label says of an
incident whether it was worth telling, and the incident whose surprise it was. With R and F the shares that a sense had
in incidents that were worth it and in false ones, and q the part of all labels that were worth it, its odds are

    (PRIOR q + R) / (PRIOR (1 - q) + F).

They are compared with those of all labels, q / (1 - q), or with the geometric mean of the senses where that is lower:
who is as good as the others is not blamed for a bad place. The ratio is the weight, in [LEAST, 1].

Why bounds: what only one sense sees must still be told (`combine.MOST_DOUBT`, too). Why none weighs more than 1: the
past that the sum is ranked against was learned with other weights, and the further apart they are, the less the rate
that is set holds until it is learned anew. Simulated with one sense at the bound and nothing learned anew at all, at 4
to 240 a day: 1.0 to 1.3 times as many false alarms as set with three senses, 1.0 to 1.6 with two; the most where they
are independent.

Why shares as if all weighed the same: else who weighs less would seem to cry wolf less, by his weight alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fusion.combine import shares
from fusion.events import Reliability
from sensors.types import Modality

PRIOR = 8.0
"""Incidents that each sense counts as having carried before the first label, as many of them false as of all. It takes
about as many labels to halve a weight."""

LEAST = 0.5
"""No sense weighs less."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Who an incident rested on, and whether it was worth telling.

    Attributes
    ----------
    shares : mapping of str to float
        By sense, in [0, 1]; together 1.
    worth : bool
        Whether an operator said that it was worth telling.
    """

    shares: Mapping[str, float]
    worth: bool


def even_shares(p_values: Mapping[str, float]) -> dict[str, float]:
    """What each sense contributes to the sum of -ln p, as if all weighed the same.

    Parameters
    ----------
    p_values : mapping of str to float
        In (0, 1], by sense.

    Returns
    -------
    dict of str to float
        By sense; they add up to 1.
    """
    return dict(zip(p_values, shares(dict(enumerate(p_values.values()))).values(), strict=True))


def weigh(labels: Sequence[Carried]) -> tuple[Reliability, ...]:
    """What labels teach of the senses, in any order the same.

    Parameters
    ----------
    labels : sequence of Carried
        Those of a sense alone, or of which it is not known whose they were, teach nothing.

    Returns
    -------
    tuple of Reliability
        One for each sense that labels tell of, in order of names.
    """
    told = [label for label in labels if len(label.shares) > 1]
    senses = [sense for sense in sorted(Modality) if any(sense in label.shares for label in told)]
    worth = (1 + sum(label.worth for label in told)) / (2 + len(told))
    odds = {sense: _odds(sense, told, worth) for sense in senses}
    usual = math.exp(math.fsum(map(math.log, odds.values())) / max(1, len(odds)))
    most = min(usual, worth / (1 - worth))
    leading = [(max(label.shares, key=lambda sense: (label.shares[sense], sense)), label.worth) for label in told]
    return tuple(
        Reliability(sense, round(min(1.0, max(LEAST, own / most)), 2), *_counts(sense, leading))
        for sense, own in odds.items()
    )


def _odds(sense: Modality, labels: Sequence[Carried], worth: float) -> float:
    right = math.fsum(label.shares.get(sense, 0.0) for label in labels if label.worth)
    wrong = math.fsum(label.shares.get(sense, 0.0) for label in labels if not label.worth)
    return (PRIOR * worth + right) / (PRIOR * (1 - worth) + wrong)


def _counts(sense: Modality, leading: Sequence[tuple[str, bool]]) -> tuple[int, int]:
    """Incidents that it carried, and how many of them were false."""
    own = [worth for name, worth in leading if name == sense]
    return len(own), own.count(False)
