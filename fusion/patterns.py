"""Known patterns: what several senses notice one after the other often has a name.

A pattern names an incident and makes it graver. It never raises one: what no pattern knows is told all the same, and
what a pattern sees in an ordinary minute is no alarm.

Why so plain: the table is short enough to be read and argued with, and what it says can be told to people in its own
words ("breaking glass, then motion"). What it cannot know, labels teach (`experience`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from fusion.events import Calibrated, Sighting
from sensors.types import NS, Modality

MINUTE_NS = 60 * NS
SOUND_OF_FIRE = ("fire_crackle",)
SOON_NS = 3 * NS
"""How long it must be still: shorter than the quiet after which an incident closes."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing to notice.

    Attributes
    ----------
    name : str
        For people, a key of the texts: "breaking glass".
    channels : tuple of str
        Patterns, as in shells, of the part of a channel's name behind the stream: "glass_break", "co2*.level".
    p_value : float
        It must be at most so likely here.
    rising : bool
        It counts only where the value is above the usual one.
    least : float
        It counts only from this value on: a class of sound may be rare here and still be far from heard.
    most_like : tuple of str
        It counts only where one of these classes is what it is most like; empty: whatever it is like.
    still_ns : int
        > 0: it is the absence of all this for so long, from a sense that is there to see it; nanoseconds.
    """

    name: str
    channels: tuple[str, ...]
    p_value: float = 1e-2
    rising: bool = False
    least: float = -math.inf
    most_like: tuple[str, ...] = ()
    still_ns: int = 0

    def is_met(self, said: Calibrated) -> bool:
        """Whether a channel of this sign says so."""
        score = said.score
        if said.p_value > self.p_value or (score.value is not None and score.value < self.least):
            return False
        if self.rising and (score.value is None or score.value <= (score.usual or 0.0)):
            return False
        return not self.most_like or bool(score.top and score.top[0][0] in self.most_like)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Signs that together have a name.

    Attributes
    ----------
    kind : str
        For people, a key of the texts: "break-in".
    signs : tuple of Sign
        In the order of time, where `ordered`.
    within_ns : int
        All of them within this time, nanoseconds.
    ordered : bool
        Each not before the one that stands before it.
    """

    kind: str
    signs: tuple[Sign, ...]
    within_ns: int
    ordered: bool = True


HEARD = 0.2
"""Score of a class of sound from which it is a sign: less than what would name an incident by itself."""

SEEN = ("motion", "running", "flow", "energy", "foreground")
STIRRING = (*SEEN, "intrusion", "motion.*", "occupancy.*", "door.*", "window.*", "contact.*")
GLASS = Sign("breaking glass", ("glass_break",), 1e-3, least=HEARD)
MOTION = Sign("motion", STIRRING)
SCREAM = Sign("a scream", ("scream",), 1e-3, least=HEARD)
RUNNING = Sign("hasty motion", ("motion", "running", "flow", "crowd", "people.*", "occupancy.*"))
HEAT = Sign("heat", ("temperature*.level", "temperature*.change", "temperature*.step"), 1e-3, rising=True)
SMOKE = Sign("smoke", ("smoke*", "pm1_*", "pm2_5*", "pm10_*", "co_ppm*", "co_detected*"), 1e-3, rising=True)
CRACKLE = Sign("crackling", ("novelty",), 1e-2, most_like=SOUND_OF_FIRE)
FIRE_ALARM = Sign("an alarm", ("alarm",), 1e-3, least=HEARD)
STIR = Sign("motion", SEEN, 0.05)
IMPACT = Sign("an impact", ("level", "vibration*"), 1e-3, rising=True)
FALLEN = Sign("somebody who falls", ("fall",), 1e-3)
STILLNESS = Sign("stillness", SEEN, still_ns=SOON_NS)
BAD_AIR = Sign("bad air", ("co2*.level", "co_ppm.level", "co_detected*", "voc*.level", "gas*.level"), 1e-4, rising=True)
MACHINE = Sign(
    "a machine that runs unlike itself", ("vibration*", "power*", "current*", "pressure*", "flow_*", "frequency*"), 1e-3
)
NOISE = Sign("a noise that is not usual", ("novelty", "level"), 1e-3)

PATTERNS = (
    Pattern("fire", (HEAT, SMOKE), 10 * MINUTE_NS, ordered=False),
    Pattern("fire", (CRACKLE, HEAT), 10 * MINUTE_NS, ordered=False),
    Pattern("fire", (CRACKLE, SMOKE), 10 * MINUTE_NS, ordered=False),
    Pattern("fire", (FIRE_ALARM, SMOKE), 10 * MINUTE_NS, ordered=False),
    Pattern("panic", (SCREAM, RUNNING), 15 * NS, ordered=False),
    Pattern("break-in", (GLASS, MOTION), MINUTE_NS),
    Pattern("fall", (FALLEN, STILLNESS), 15 * NS),
    Pattern("fall", (STIR, IMPACT, STILLNESS), 15 * NS),
    Pattern("machine fault", (MACHINE, NOISE), 5 * MINUTE_NS, ordered=False),
    Pattern("machine fault", (MACHINE, HEAT), 5 * MINUTE_NS, ordered=False),
    Pattern("bad air", (BAD_AIR,), 10 * MINUTE_NS),
)
"""Gravest first: an incident bears the name of the first that was seen in it."""


class _Progress:
    """How far one pattern has come."""

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern
        self.still = tuple((place, sign.still_ns) for place, sign in enumerate(pattern.signs) if sign.still_ns)
        self.met: list[tuple[tuple[str, int], ...]] = [() for _ in pattern.signs]
        self.stirred_ns = -MINUTE_NS
        self.seen: Sighting | None = None
        self.confirmed_ns = -MINUTE_NS

    def note(self, place: int, at_ns: int) -> None:
        """Take a sign that is met."""
        pattern, sign = self.pattern, (self.pattern.signs[place].name, at_ns)
        before = self.met[place - 1] if pattern.ordered and place else ()
        if pattern.ordered and place and not (before and before[-1][1] <= at_ns <= before[0][1] + pattern.within_ns):
            return
        self.met[place] = (*before, sign)
        if pattern.ordered:
            signs = self.met[place]
        else:
            fresh = (m[0] for m in self.met if m and m[0][1] >= at_ns - pattern.within_ns)
            signs = tuple(sorted(fresh, key=lambda sign: sign[1]))
        if len(signs) == len(pattern.signs):
            if self.seen is None or at_ns - self.confirmed_ns > pattern.within_ns:
                self.seen = Sighting(pattern.kind, signs)
            self.confirmed_ns = at_ns

    def wait(self, tick_ns: int, watched: bool) -> None:
        """Take that time passes: what must be still may have been so for long enough."""
        if not watched:
            self.stirred_ns = tick_ns
        for place, still_ns in self.still:
            before = self.met[place - 1]
            if before and tick_ns - max(self.stirred_ns, before[-1][1]) >= still_ns:
                self.note(place, tick_ns)


class Patterns:
    """Watches for all patterns of a table.

    Parameters
    ----------
    table : sequence of Pattern
        Gravest first.
    """

    def __init__(self, table: Sequence[Pattern] = PATTERNS) -> None:
        self._progress = [_Progress(pattern) for pattern in table]
        self._waiting = [progress for progress in self._progress if progress.still]
        self._meant: dict[str, list[tuple[_Progress, int]]] = {}

    def note(self, tick_ns: int, strange: Iterable[Calibrated], senses: Collection[Modality]) -> None:
        """Take what channels said that was strange, and which senses are there at a tick."""
        for said in sorted(strange, key=lambda said: said.score.end_ns) if strange else ():
            for progress, place in self._of(said.score.channel):
                sign = progress.pattern.signs[place]
                if sign.still_ns:
                    progress.stirred_ns = max(progress.stirred_ns, said.score.end_ns)
                elif sign.is_met(said):
                    progress.note(place, said.score.end_ns)
        for progress in self._waiting:
            progress.wait(tick_ns, Modality.VIDEO in senses)

    def seen_since(self, since_ns: int) -> Sighting | None:
        """The gravest pattern that was complete at that time or later; as it was first seen."""
        return next((p.seen for p in self._progress if p.seen is not None and p.confirmed_ns >= since_ns), None)

    def _of(self, channel: str) -> list[tuple[_Progress, int]]:
        """Signs that a channel may be."""
        if channel not in self._meant:
            what = channel.rpartition(":")[2]
            self._meant[channel] = [
                (progress, place)
                for progress in self._progress
                for place, sign in enumerate(progress.pattern.signs)
                if any(fnmatchcase(what, each) for each in sign.channels)
            ]
        return self._meant[channel]


PARTS = (Patterns, _Progress)
"""Classes that hold something, see `freezing`."""
