"""Whether a user's rule can ever fire: what `kizashi check` says of it.

1. `never` looks at the rule alone: a limit beyond what the quantity can be, limits that contradict each other.
2. `Reported` gathers what sensors report: which quantities, and for how long without a gap.
3. `never_here` looks at both: a quantity that no sensor reports, a `for` that no sensor's readings can fill.

Each asks every comparison and lets the rule's own logic decide, so that a rule of which one half is impossible is still
fine where the other half is enough.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from fusion.align import speaks_ns
from fusion.rules import Comparison, Condition, Either, Rule, comparisons, decide
from fusion.words import duration
from sensors.environment.features import is_physical, unpack
from sensors.environment.quantities import QUANTITIES, quantity_of, units_of
from sensors.types import NS, Features


@dataclass(slots=True)
class _Run:
    """Readings of one quantity of one sensor: since when without a gap, and the longest such time."""

    began_ns: int
    until_ns: int
    longest_ns: int = 0

    def add(self, at_ns: int, until_ns: int) -> None:
        if at_ns >= self.until_ns:
            self.began_ns = at_ns
        self.longest_ns = max(self.longest_ns, at_ns - self.began_ns)
        self.until_ns = until_ns


@dataclass
class Reported:
    """What the environmental sensors of some recordings report.

    Attributes
    ----------
    hold_ns : int
        How long a reading speaks at least, nanoseconds.
    runs : dict of (str, str) to _Run
        By stream and documented name of the quantity.
    """

    hold_ns: int
    runs: dict[tuple[str, str], _Run] = field(default_factory=dict)

    def add(self, features: Features) -> None:
        """Take a row; a value outside physics is none."""
        for one in unpack(features)[1]:
            if not is_physical(one.value, quantity_of(one.name)[0]):
                continue
            key = features.stream, one.name
            until_ns = features.end_ns + speaks_ns(features.span_ns, self.hold_ns)
            if key in self.runs:
                self.runs[key].add(features.end_ns, until_ns)
            else:
                self.runs[key] = _Run(features.end_ns, until_ns)

    def of(self, comparison: Comparison) -> list[_Run]:
        """Readings that a comparison speaks of."""
        return [run for (stream, name), run in self.runs.items() if comparison.reads(stream, name)]


def never(rule: Rule) -> str:
    """Why a rule can never fire, or never be over, whatever the sensors; empty where it can."""
    if why := _unfulfilled(rule.when, _impossible):
        return f"can never fire: {why}"
    endless = _unfulfilled(rule.until, _impossible) if rule.until else ""
    return f"would never be over: {endless}" if endless else ""


def misspelt(rule: Rule) -> str:
    """Why a rule can hardly fire, by the names alone: one that is no quantity, but nearly; empty where all is well."""
    why = _unfulfilled(rule.when, _nearly_known)
    return f"will hardly fire: {why}" if why else ""


def never_here(rule: Rule, reported: Reported) -> str:
    """Why a rule can never fire with these sensors; empty where it can."""
    if why := never(rule):
        return why
    why = _unfulfilled(rule.when, lambda each: "" if reported.of(each) else _unheard(each, reported))
    if why:
        return f"can never fire: {why}"
    longest_ns = _longest(rule.when, reported) if rule.for_ns else math.inf
    if longest_ns >= rule.for_ns:
        return ""
    asked, most = duration(rule.for_ns / NS), duration(longest_ns / NS)
    return f"can never fire: {asked} are asked for, and readings go on for at most {most} without a gap"


def _unfulfilled(condition: Condition, obstacle: Callable[[Comparison], str]) -> str:
    """The first obstacle, where obstacles leave no way to fulfil the condition; else nothing."""
    obstacles = {each: obstacle(each) for each in comparisons(condition)}
    if decide(condition, lambda each: not obstacles[each]):
        return ""
    return next(why for why in obstacles.values() if why)


def _impossible(comparison: Comparison) -> str:
    written, unit = f"'{comparison.name}'", f" {comparison.unit}" if comparison.unit else ""
    low, high = comparison.low, comparison.high
    if comparison.switch:
        return "" if any(map(comparison.holds, (0.0, 1.0))) else f"{written} is a switch: on or off, 1 or 0"
    if any(comparison.holds(value) for value in _candidates(comparison, low, high)):
        return ""
    if any(comparison.holds(value) for value in _candidates(comparison, -math.inf, math.inf)):
        return f"{written} cannot be so: what a sensor can mean lies within {low:g} and {high:g}{unit}"
    told = " and ".join(f"{sign} {limit:g}{unit}" for sign, limit in comparison.limits)
    return f"{written} cannot be {told} at the same time"


def _candidates(comparison: Comparison, low: float, high: float) -> Iterator[float]:
    """Values of which one keeps all limits if any does: the limits, what lies between them, and the ends."""
    limits = sorted({min(max(limit, low), high) for _, limit in comparison.limits} | {low, high})
    limits = [limit for limit in limits if math.isfinite(limit)]
    yield from limits
    yield from ((a + b) / 2 for a, b in zip(limits, limits[1:], strict=False))
    if low == -math.inf:
        yield limits[0] - 1
    if high == math.inf:
        yield limits[-1] + 1


def _nearly_known(comparison: Comparison) -> str:
    name, known = comparison.name, {one.name for one in QUANTITIES}
    if quantity_of(name)[0] or units_of(name) or not (near := difflib.get_close_matches(name, known, 1, 0.75)):
        return ""
    return f"no quantity known here is called '{name}'; did you mean '{near[0]}'?"


def _unheard(comparison: Comparison, reported: Reported) -> str:
    told = f"no sensor reports '{comparison.name}'"
    if others := sorted({stream for stream, name in reported.runs if comparison.is_meant(name)}):
        return f"no sensor '{comparison.stream}' reports '{comparison.name}', but {', '.join(others)}"
    names = sorted({name for _, name in reported.runs})
    if near := difflib.get_close_matches(comparison.name, names, 1):
        return f"{told}; did you mean '{near[0]}'?"
    return f"{told}; reported are {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}" if names else told


def _longest(condition: Condition, reported: Reported) -> float:
    """For how long readings can fulfil a condition without a gap, nanoseconds; a switch for ever."""
    if isinstance(condition, Comparison):
        if condition.switch:
            return math.inf if reported.of(condition) else 0
        return max((run.longest_ns for run in reported.of(condition)), default=0)
    choose = max if isinstance(condition, Either) else min
    return choose(_longest(part, reported) for part in condition.parts)
