"""When a live watch gives its verdicts: as soon as nobody is waited for any more, and never later than the bound.

1. What sensors bring is scored at once (`fusion.live.intake`).
2. A sensor that has nothing under way is taken to be read up to `patience_ns` ago.
3. A tick is answered when all sensors are read to it, or `budget_ns` after it less `headroom_ns`, with what is there.
4. Where that moment was missed lately, since other work had the processors, it is taken to lie so much earlier, twice.

The present moment is an argument: nothing here asks a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from fusion.engine import EngineSettings, Step
from fusion.events import Change, Incident, Missing
from fusion.live.inbox import Heard
from fusion.live.intake import Intake
from fusion.live.journal import Arrivals
from sensors.types import NS, Health


@dataclass(frozen=True, slots=True)
class Patience:
    """How long who is waited for; nanoseconds.

    Attributes
    ----------
    idle_ns : int
        A sensor of which nothing is under way is waited for so long.
    headroom_ns, most_headroom_ns : int
        Work on a verdict begins so long before its bound, and where it was begun late lately, so long at most.
    leap_ns : int
        Where the clock leaps by more, the time between is left out instead of answered.
    """

    idle_ns: int = 60_000_000
    headroom_ns: int = 50_000_000
    most_headroom_ns: int = 100_000_000
    leap_ns: int = 60 * NS


FADES = 0.95
"""What is left with each verdict of how late the last ones were begun."""


@dataclass
class Account:
    """What a vigil has done so far.

    Attributes
    ----------
    verdicts : int
        Given.
    last_ns : int
        Event time of the last one.
    leaps : int
        How often time was left out, because the clock was set.
    hurried : int
        Verdicts given at their bound while somebody was still at work.
    """

    verdicts: int = 0
    last_ns: int = 0
    leaps: int = 0
    hurried: int = 0


class Vigil:
    """A live watch.

    Parameters
    ----------
    intake : Intake
        Whom to pass on to.
    settings : EngineSettings
        Those of its engine.
    start_ns : int
        Event time of its first tick, on the grid of ticks.
    emit : callable (Step) -> None
        Called for each verdict.
    closed : callable (list) -> None
        Called with incidents that ended because the time they stood in did.
    note : callable (bytes) -> None
        Called with each line of the journal.
    """

    def __init__(
        self, intake: Intake, settings: EngineSettings, start_ns: int, emit: Callable[[Step], None],
        closed: Callable[[list[tuple[Change, Incident]]], None] = lambda changes: None,
        note: Callable[[bytes], None] | None = None, patience: Patience = Patience(),
    ) -> None:  # fmt: skip
        self.account = Account()
        self._intake, self._settings, self._patience = intake, settings, patience
        self._emit, self._closed, self._note = emit, closed, note
        self._next_ns, self._late_ns = start_ns, 0.0
        self._arrivals = Arrivals()

    def take(self, heard: Heard) -> None:
        """Take what a sensor brought."""
        self._intake.take(heard.stream, heard.item)
        if self._note is None:
            return
        if isinstance(heard.item, Health):
            self._arrivals.health(heard.item)
        else:
            self._arrivals.features(heard.stream, heard.number)

    def shed(self, told: Mapping[str, str]) -> None:
        """From the next verdict on, tell with each what is left out of whom."""
        self._intake.shed = tuple(Missing(stream, reason) for stream, reason in sorted(told.items()))
        self._arrivals.shed = dict(told)

    def due_ns(self, busy: Collection[str]) -> int:
        """When to answer next even if nothing comes, nanoseconds UTC."""
        bound_ns = self._settings.budget_ns - self._headroom_ns
        return self._next_ns + max(0, bound_ns if busy else min(self._patience.idle_ns, bound_ns))

    def answer(self, now_ns: int, busy: Collection[str], reached: Mapping[str, int]) -> None:
        """Give the verdicts for which nobody is waited for any more.

        Parameters
        ----------
        now_ns : int
            Present moment, nanoseconds UTC.
        busy : collection of str
            Sensors of which something has come that is not scored yet.
        reached : mapping of str to int
            How far others have been read.
        """
        engine = self._intake.engine
        for stream in self._intake.watch.detectors:
            if stream not in busy:
                engine.reach(stream, max(reached.get(stream, 0), now_ns - self._patience.idle_ns))
        until_ns = max(engine.watermark_ns, now_ns + self._headroom_ns - self._settings.budget_ns)
        until_ns = min(until_ns, now_ns)
        if until_ns - self._next_ns > self._patience.leap_ns:
            self._leap(until_ns)
        if until_ns < self._next_ns:
            return
        late_ns = now_ns - self._next_ns - self._settings.budget_ns + self._headroom_ns
        self._late_ns = max(self._late_ns * FADES, late_ns)
        if self._note:
            self._note(self._arrivals.line(until_ns=until_ns))
        hurried = bool(busy) and until_ns > engine.watermark_ns
        for step in self._intake.answer(until_ns):
            self.account.verdicts += 1
            self.account.hurried += hurried
            self.account.last_ns = step.verdict.at_ns
            self._emit(step)
        self._next_ns = (until_ns // self._settings.tick_ns + 1) * self._settings.tick_ns

    def finish(self) -> None:
        """Close what is open."""
        if self._note:
            self._note(self._arrivals.line())
        self._closed(self._intake.engine.finish())

    @property
    def _headroom_ns(self) -> int:
        return min(self._patience.headroom_ns + 2 * round(self._late_ns), self._patience.most_headroom_ns)

    def _leap(self, until_ns: int) -> None:
        start_ns = until_ns // self._settings.tick_ns * self._settings.tick_ns
        if self._note:
            self._note(self._arrivals.line(begin_ns=start_ns))
        self.account.leaps += 1
        self._closed(self._intake.begin_anew(start_ns))
        self._next_ns = start_ns
