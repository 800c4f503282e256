"""How severe an incident is: an ordinal logistic model small enough to be read.

The chance that people would call an incident at least so severe is sigmoid(sum of what counts - threshold). What counts
(`features`) has a weight each in logits; the weights below are a documented guess with a stated uncertainty, from which
`experience` learns with every label. An incident is as severe as is more likely than not, and never less than low:
whether to tell is `triage`'s to decide, by rarity alone.

Why sensors that are missing count as if they had seen it: nobody knows what a covered camera would have shown, and who
covers one must not make an incident milder by it. So taking away what a sense says never lowers the severity.

References
----------
McCullagh (1980), Regression Models for Ordinal Data, J. R. Stat. Soc. B 42(2),
doi:10.1111/j.2517-6161.1980.tb01109.x.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from fusion.events import Assessment, Severity

MOST_DECADES = 3.6
"""Rarity beyond one in 4,000 of what is set adds nothing: at one a day that is ten years, and nobody has seen them."""

NIGHT_H = (22.0, 6.0)
"""From and to, local hours: few people are about, and what happens is not noticed by others."""

RARITY, SECOND, THIRD, NIGHT = "rarity, per decade", "a second sense", "a third sense", "at night"
KIND, PLACE = "kind: ", "place: "


@dataclass(frozen=True, slots=True)
class Facts:
    """What an incident is judged by.

    Attributes
    ----------
    decades : float
        How much rarer than the setting, log10 of the ratio, >= 0.
    senses : int
        How many senses saw it, or could not look: >= 0.
    kind : str
        Known pattern or class of sound, "break-in"; empty where there is none.
    place : str
        Where: the part of the stream's name before "/"; empty where it does not tell.
    hour : float or None
        Local time of day in [0, 24); None where it is not known.
    """

    decades: float
    senses: int
    kind: str = ""
    place: str = ""
    hour: float | None = None


@dataclass(frozen=True, slots=True)
class Weight:
    """One coefficient: logits, and how unsure it is before any label (standard deviation)."""

    logits: float
    spread: float


PRIOR: Mapping[str, Weight] = {
    RARITY: Weight(1.5, 0.5),
    SECOND: Weight(2.4, 1.0),
    THIRD: Weight(0.6, 0.5),
    NIGHT: Weight(0.6, 0.5),
    f"{KIND}fire": Weight(3.0, 1.0),
    f"{KIND}panic": Weight(3.0, 1.0),
    f"{KIND}gunshot": Weight(3.0, 1.0),
    f"{KIND}explosion": Weight(3.0, 1.0),
    f"{KIND}fall": Weight(2.0, 1.0),
    f"{KIND}scream": Weight(2.0, 1.0),
    f"{KIND}break-in": Weight(1.2, 1.0),
    f"{KIND}bad air": Weight(1.2, 1.0),
    f"{KIND}glass break": Weight(1.0, 1.0),
    f"{KIND}machine fault": Weight(0.6, 1.0),
}
"""Where to begin. A decade of rarity is worth 1.5, so that a step of severity takes two, as with any two-digit odds;
a second sense is worth a step: two that agree are seldom both mistaken. Danger to life is worth a step, to property
half of one. All else that has a name or a place begins at 0, `OTHER`."""

OTHER = Weight(0.0, 1.0)

THRESHOLDS: tuple[Weight, ...] = (Weight(1.1, 1.0), Weight(2.7, 1.0), Weight(5.4, 1.0), Weight(10.4, 1.0))
"""Logits from which an incident is worth telling at all, medium, high and critical. The first: at exactly the rate that
is set one sense alone is right one time in four. The last: what endangers nobody's life is not critical, however rare
it is and whoever saw it."""

NEVER_BELOW_ZERO = frozenset({RARITY, SECOND, THIRD})
"""Weights that no label may turn round: what is rarer, or seen by more, is not less severe."""


@dataclass(frozen=True, slots=True)
class SeverityModel:
    """Weights of what counts, by name, and thresholds; as documented above unless learned."""

    weights: Mapping[str, float] = field(default_factory=lambda: {name: prior.logits for name, prior in PRIOR.items()})
    thresholds: tuple[float, ...] = tuple(threshold.logits for threshold in THRESHOLDS)

    def weight_of(self, kind: str) -> float:
        """How grave a kind is, in logits."""
        return self.weights.get(f"{KIND}{kind}", OTHER.logits)

    def judge(self, facts: Facts) -> tuple[Severity, Assessment]:
        """Severity, how likely the incident is worth telling, and what counted."""
        counted = tuple((name, value, self.weights.get(name, 0.0) * value) for name, value in features(facts).items())
        total = sum(logits for *_, logits in counted)
        reached = sum(total >= threshold for threshold in self.thresholds[1:])
        return Severity(1 + reached), Assessment(chance(total - self.thresholds[0]), counted, self.thresholds)


def features(facts: Facts) -> dict[str, float]:
    """What counts, by name: the weights' factors, none below 0."""
    found = {RARITY: min(max(facts.decades, 0.0), MOST_DECADES)}
    found |= {SECOND: 1.0} if facts.senses > 1 else {}
    found |= {THIRD: 1.0} if facts.senses > 2 else {}
    found |= {f"{KIND}{facts.kind}": 1.0} if facts.kind else {}
    found |= {f"{PLACE}{facts.place}": 1.0} if facts.place else {}
    if facts.hour is not None and (facts.hour >= NIGHT_H[0] or facts.hour < NIGHT_H[1]):
        found[NIGHT] = 1.0
    return found


def chance(logits: float) -> float:
    """The logistic function, in (0, 1): without overflow, and short of certainty."""
    return 1 / (1 + math.exp(-min(max(logits, -30.0), 30.0)))


def decades_below(per_day: float | None, setting: float) -> float:
    """How many factors of ten a rate lies below the setting; 0 where it is not known or above."""
    return 0.0 if per_day is None else max(0.0, math.log10(setting / max(per_day, 1e-300)))
