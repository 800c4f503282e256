"""The user's own rules: "co > 70 ppm for 60 s" becomes an incident of its own kind.

1. `take` keeps what sensors measured; a score that is not to be believed carries no value, and none is kept of it.
2. `judge` goes through the moments since the last tick in order of event time, and asks every rule at each.
3. A rule fires when its condition was seen to hold for long enough. It is over when the condition, or what `until`
   says, has been so for the quiet time of all incidents; what comes again soon after is the same incident.

Why apart from `triage`: a rule is the user's wish and no judgement of ours. It is not counted against the false alarms
that the user allows, it changes nothing of what is learned, and it fires while other senses warm up or are missing.

What is not known: a reading that is missing or at fault neither fulfils a comparison nor refutes it. The one before
speaks on for as long as a score does (three times its spacing; a switch for three of its signs of life). After that the
comparison is not known, and `for` begins anew; an incident that is open counts as quiet. Time is counted from reading
to reading, so that one reading followed by silence never fulfils a `for`; only a switch, which speaks when something
changes, counts up to the present.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from fusion.align import speaks_ns
from fusion.events import Change, FusedScore, Incident, Severity
from fusion.explain import RULE, figure, quantity
from fusion.language.english import ENGLISH
from fusion.language.texts import Texts
from sensors.types import Modality, Quality, Score

Changes = list[tuple[Change, Incident]]

LEVEL = ".level"
"""End of the channels that tell a quantity itself, not how it moves."""

MOST_TOLD = 3
"""Readings that an incident names."""

COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    "=": lambda value, limit: value == limit,
    "!=": lambda value, limit: value != limit,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One quantity beside one or more limits, all of which the same sensor must keep.

    Attributes
    ----------
    stream : str
        Whose readings: a pattern as in shells, "*" for any; one sensor that fulfils it is enough.
    name : str
        The quantity as it was written.
    limits : tuple of (str, float)
        Operator, a key of `COMPARE`, and number in the quantity's documented unit.
    is_meant : callable (str) -> bool
        Whether a quantity of this documented name is meant.
    lasts_ns : int
        How long a reading speaks at least, nanoseconds.
    low, high : float
        What a sensor of this quantity can mean, in its documented unit.
    unit : str
        That unit; empty where there is none, or none is known.
    switch : bool
        Whether the sensor speaks only when something changes, so that a state holds until the next reading.
    """

    stream: str
    name: str
    limits: tuple[tuple[str, float], ...]
    is_meant: Callable[[str], bool] = field(compare=False, repr=False)
    lasts_ns: int = 0
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    switch: bool = False

    def reads(self, stream: str, name: str) -> bool:
        """Whether it speaks of this quantity of this sensor."""
        return fnmatchcase(stream, self.stream) and self.is_meant(name)

    def holds(self, value: float) -> bool:
        """Whether a value keeps all limits."""
        return all(COMPARE[sign](value, limit) for sign, limit in self.limits)

    def worse(self, one: float, other: float) -> float:
        """Of two values the one that is further beyond the limit; the later where there is no such direction."""
        if self.limits[0][0].startswith(">"):
            return max(one, other)
        return min(one, other) if self.limits[0][0].startswith("<") else other


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of the parts."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """All of the parts."""

    parts: tuple[Condition, ...]


Condition = Comparison | Either | Both


@dataclass(frozen=True, slots=True)
class Rule:
    """What a user wants to be told.

    Attributes
    ----------
    name : str
        For people.
    text : str
        The condition as it was written.
    when : Condition
        It fires when this holds,
    for_ns : int
        for so long, nanoseconds >= 0.
    until : Condition or None
        It is over when this holds; None: when `when` does not.
    severity : Severity
        As the user says.
    """

    name: str
    text: str
    when: Condition
    severity: Severity
    for_ns: int = 0
    until: Condition | None = None


@dataclass(frozen=True, slots=True)
class RuleTiming:
    """Times that rules share with all incidents, nanoseconds: see `Aligner` and `TriageSettings`."""

    hold_ns: int
    close_after_ns: int
    regroup_ns: int


@dataclass(slots=True)
class _Held:
    """The last value of a channel, and until when it speaks."""

    value: float
    until_ns: int


def decide(condition: Condition, ask: Callable[[Comparison], bool | None]) -> bool | None:
    """What a condition comes to by Kleene's logic, where None is not known.

    Parameters
    ----------
    condition : Condition
        Of comparisons.
    ask : callable (Comparison) -> bool or None
        What each comparison comes to.
    """
    if isinstance(condition, Comparison):
        return ask(condition)
    answers = [decide(part, ask) for part in condition.parts]
    decisive = isinstance(condition, Either)
    if decisive in answers:
        return decisive
    return None if None in answers else not decisive


def comparisons(condition: Condition | None) -> Iterator[Comparison]:
    """All comparisons of a condition, from left to right."""
    if isinstance(condition, Comparison):
        yield condition
    elif condition is not None:
        for part in condition.parts:
            yield from comparisons(part)


class _Watched:
    """One rule: what it has read, since when it holds, and its incident."""

    def __init__(self, rule: Rule, number: int, timing: RuleTiming, texts: Texts) -> None:
        self._rule, self._number, self._timing, self._texts = rule, number, timing, texts
        self._when = frozenset(comparisons(rule.when))
        self._held: dict[Comparison, dict[str, _Held]] = {
            each: {} for each in (*comparisons(rule.when), *comparisons(rule.until))
        }
        self._meant: dict[str, list[Comparison]] = {}
        self._ticks = any(each.switch for each in self._when)
        self._extremes: dict[tuple[Comparison, str], tuple[Score, float]] = {}
        self._since_ns: int | None = None
        self._open: Incident | None = None
        self._recent: Incident | None = None
        self._kept_ns = 0

    def read(self, scores: Sequence[tuple[Score, float]]) -> bool:
        """Take readings of one moment; whether any is of this rule's quantities."""
        heard = [(score, value, each) for score, value in scores for each in self._comparisons(score)]
        if heard and not self._holds(heard[0][0].end_ns):
            self._since_ns = None
        for score, value, each in heard:
            lasts_ns = max(speaks_ns(score.span_ns, self._timing.hold_ns), each.lasts_ns)
            self._held[each][score.channel] = _Held(value, score.end_ns + lasts_ns)
            if each in self._when and each.holds(value):
                _, worst = self._extremes.get((each, score.channel), (score, value))
                self._extremes[each, score.channel] = score, each.worse(worst, value)
        return bool(heard)

    def judge(self, at_ns: int, *, fresh: bool) -> Changes:
        """What this moment changes; `fresh` where something was read just then."""
        if not self._holds(at_ns):
            self._since_ns = None
        elif self._since_ns is None:
            self._since_ns = at_ns
        if self._open:
            if self._goes_on(at_ns):
                self._kept_ns = at_ns
            quiet_ns = at_ns - self._kept_ns
            return [self._close(self._open, at_ns)] if quiet_ns >= self._timing.close_after_ns else []
        if self._since_ns is None:
            self._extremes.clear()
            return []
        seen = fresh or self._ticks
        return [self._begin(at_ns)] if seen and at_ns - self._since_ns >= self._rule.for_ns else []

    @property
    def occupied(self) -> bool:
        """Whether its incident is open."""
        return self._open is not None

    def finish(self, at_ns: int) -> Changes:
        """Close what is open, because the streams end."""
        return [self._close(self._open, at_ns)] if self._open else []

    def _comparisons(self, score: Score) -> list[Comparison]:
        """Those that speak of a channel."""
        known = self._meant.get(score.channel)
        if known is None:
            name = score.channel.partition(":")[2].removesuffix(LEVEL)
            known = [each for each in self._held if "." not in name and each.reads(score.stream, name)]
            self._meant[score.channel] = known
        return known

    def _holds(self, at_ns: int) -> bool:
        """Whether the condition is known to hold."""
        return decide(self._rule.when, lambda each: self._ask(each, at_ns)) is True

    def _goes_on(self, at_ns: int) -> bool:
        """Whether what was told is known to go on."""
        if self._rule.until is None:
            return self._holds(at_ns)
        over = decide(self._rule.until, lambda each: self._ask(each, at_ns))
        return over is False or (over is None and self._holds(at_ns))

    def _ask(self, comparison: Comparison, at_ns: int) -> bool | None:
        speaking = [held for held in self._held[comparison].values() if held.until_ns > at_ns]
        return any(comparison.holds(held.value) for held in speaking) if speaking else None

    def _begin(self, at_ns: int) -> tuple[Change, Incident]:
        self._kept_ns, recent, rule = at_ns, self._recent, self._rule
        if recent and recent.closed_ns is not None and at_ns - recent.closed_ns <= self._timing.regroup_ns:
            self._open = replace(recent, closed_ns=None, why=self._why())
            return Change.REOPENED, self._open
        name, kind = f"{at_ns // 1_000_000:x}-rule{self._number}", f"{RULE}{rule.name}"
        peak = FusedScore(at_ns, None, None)
        self._open = Incident(name, at_ns, None, rule.severity, kind, peak, (), self._why(), rule.name)
        return Change.OPENED, self._open

    def _close(self, incident: Incident, at_ns: int) -> tuple[Change, Incident]:
        closed = replace(incident, closed_ns=at_ns, why=self._why())
        self._open, self._recent, self._since_ns = None, closed, None
        return Change.CLOSED, closed

    def _why(self) -> str:
        """The rule and the readings that fulfilled it, the worst of each sensor."""
        words, rule = self._texts.reasons, self._rule
        told = [describe(each, score, worst, self._texts) for (each, _), (score, worst) in self._extremes.items()]
        more = words.rule_more.format(n=len(told) - MOST_TOLD) if len(told) > MOST_TOLD else ""
        phrase = words.rule if rule.name == rule.text else words.rule_named
        return phrase.format(name=rule.name, text=rule.text, readings=words.listed.join(told[:MOST_TOLD]) + more)


def describe(comparison: Comparison, score: Score, value: float, texts: Texts = ENGLISH) -> str:
    """A reading in words: "boiler/air co reached 85 ppm", "hall/air door was on"."""
    words = texts.reasons
    facts = {"stream": score.stream, "quantity": texts.word(quantity(score))}
    if comparison.switch:
        return words.reading.format(**facts, verb=words.was, value=words.on if value > 0.5 else words.off)
    verb = {">": words.reached, "<": words.fell}.get(comparison.limits[0][0][0], words.was)
    return words.reading.format(**facts, verb=verb, value=f"{figure(value)} {texts.word(score.unit)}".rstrip())


class Rules:
    """All rules of a place.

    Parameters
    ----------
    rules : sequence of Rule
        In the order of the settings.
    timing : RuleTiming
        See there.
    texts : Texts
        The language in which they are told.
    """

    def __init__(self, rules: Sequence[Rule], timing: RuleTiming, texts: Texts = ENGLISH) -> None:
        self._watched = [_Watched(rule, number, timing, texts) for number, rule in enumerate(rules, 1)]
        self._pending: list[tuple[int, str, int, Score, float]] = []
        self._count = 0

    def take(self, score: Score) -> None:
        """Keep what was measured until the tick that follows; a value that is not to be believed is none."""
        if not self._watched or score.modality is not Modality.ENVIRONMENT:
            return
        if score.value is not None and score.quality in (Quality.OK, Quality.WARMING):
            self._count += 1
            heapq.heappush(self._pending, (score.end_ns, score.channel, self._count, score, score.value))

    def judge(self, tick_ns: int) -> Changes:
        """What has changed up to a tick; ticks must grow."""
        changes: Changes = []
        while self._pending and self._pending[0][0] <= tick_ns:
            at_ns, moment = self._pending[0][0], []
            while self._pending and self._pending[0][0] == at_ns:
                moment.append(heapq.heappop(self._pending)[3:])
            for watched in self._watched:
                if watched.read(moment):
                    changes += watched.judge(at_ns, fresh=True)
        for watched in self._watched:
            changes += watched.judge(tick_ns, fresh=False)
        return changes

    @property
    def occupied(self) -> bool:
        """Whether an incident of any of them is open."""
        return any(watched.occupied for watched in self._watched)

    def finish(self, at_ns: int) -> Changes:
        """Close what is open, because the streams end."""
        return [change for watched in self._watched for change in watched.finish(at_ns)]


PARTS = (Rules, _Watched, _Held, Comparison)
"""Classes that hold something, see `freezing`."""
