"""What a live watch does with what its sensors bring: the same calls, in the same order, give the same verdicts.

A live run and the replay of its recording both go through here, so that they cannot differ. No clocks, no threads.

Why a late score is not thrown away while it still speaks: a camera whose pictures are long on their way, or a sensor
whose clock shows whole seconds, would never take part at all. The verdicts given without it stand.

Why two conditions for each sensor: whether it can be reached is told by its source, whether it can be believed by its
detector. Neither may overrule the other: a covered camera that was restarted is still covered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fusion.align import FOREVER, NEVER, speaks_ns
from fusion.assemble import Watch
from fusion.engine import Engine, EngineSettings, Step
from fusion.events import Change, Incident, Missing
from sensors.types import Features, Health, Score, State

SILENT = "silent"
"""How the engine calls a sensor of which nothing comes."""


class Intake:
    """Sensors' features and health in, verdicts out.

    Parameters
    ----------
    watch : Watch
        Detectors, and the engine to begin with.
    settings : EngineSettings
        Those of its engine.

    Attributes
    ----------
    late : int
        Scores that came after their tick was answered.
    failed : dict of str to int
        Features that a detector failed at, by sensor.
    shed : tuple of Missing
        What is left out at present, told with every verdict.
    """

    def __init__(self, watch: Watch, settings: EngineSettings) -> None:
        self.watch, self.late = watch, 0
        self.failed: dict[str, int] = {}
        self.shed: tuple[Missing, ...] = ()
        self._settings = settings
        self._answered_ns = NEVER
        self._reached: dict[str, Health] = {}
        self._believed: dict[str, Health] = {}

    @property
    def engine(self) -> Engine:
        """The engine as it is now."""
        return self.watch.engine

    def take(self, stream: str, item: Features | Health) -> None:
        """Score features, or note what a source tells of itself."""
        if isinstance(item, Health):
            self._reached[stream] = item
            self.engine.push(self._condition(stream, item.at_ns))
            return
        for said in self._score(stream, item):
            if isinstance(said, Health):
                self._believed[stream] = said
                self.engine.push(self._condition(stream, said.at_ns))
            else:
                self.engine.push(self._in_time(said))

    def _score(self, stream: str, features: Features) -> list[Score | Health]:
        """What the detector says; one that fails must not blind the others."""
        try:
            return self.watch.detectors[stream].score(features, self._quiet)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            self.failed[stream] = self.failed.get(stream, 0) + 1
            reason = f"its detector failed ({type(error).__name__})"
            return [Health(stream, features.end_ns, State.DEGRADED, reason)]

    def answer(self, until_ns: int) -> Iterator[Step]:
        """Verdicts on all ticks up to that moment, with what has arrived; iterate to the end."""
        for step in self.engine.advance(until_ns, FOREVER):
            self._answered_ns = step.verdict.at_ns
            yield self._with_shed(step) if self.shed else step
        self._answered_ns = max(self._answered_ns, until_ns)

    def begin_anew(self, start_ns: int) -> list[tuple[Change, Incident]]:
        """Leave out the time up to `start_ns`, of which nothing can be known; what closed with it."""
        closed, memory = self.engine.finish(), self.engine.snapshot()
        # The old one goes before the new one has a past: both together would take twice the room, and keep it.
        for known in (None, memory):
            self.watch = replace(self.watch, engine=Engine(self._settings, self.watch.streams, start_ns, known))
        for stream in self._reached.keys() | self._believed.keys():
            self.engine.push(self._condition(stream, start_ns))
        return closed

    def condition(self, stream: str) -> Health:
        """What is known of a sensor now: UP where nothing was told."""
        return self._condition(stream, 0)

    def _condition(self, stream: str, at_ns: int) -> Health:
        well = Health(stream, at_ns, State.UP)
        reached, believed = self._reached.get(stream, well), self._believed.get(stream, well)
        return replace(believed if reached.state is State.UP else reached, at_ns=at_ns)

    def _in_time(self, score: Score) -> Score:
        """A late score that still speaks, as if it had been just in time for the next tick."""
        if score.end_ns > self._answered_ns:
            return score
        self.late += 1
        speaks_until_ns = score.end_ns + speaks_ns(score.span_ns, self._settings.hold_ns)
        return replace(score, end_ns=self._answered_ns + 1) if speaks_until_ns > self._answered_ns + 1 else score

    def _with_shed(self, step: Step) -> Step:
        """The verdict, naming what was left out of it; who is silent for that reason alone is not called silent."""
        shed = {item.stream for item in self.shed}
        missing = tuple(item for item in step.verdict.missing if item.stream not in shed or item.reason != SILENT)
        known = {item.stream for item in missing}
        missing += tuple(item for item in self.shed if item.stream not in known)
        return replace(step, verdict=replace(step.verdict, missing=missing, degraded=True))

    def _quiet(self, at_ns: int) -> bool:
        return self.engine.quiet(at_ns)
