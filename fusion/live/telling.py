"""What a live watch tells its sinks: verdicts with their latency, what became of incidents, changes of condition."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fusion.engine import Step
from fusion.events import Change, Incident
from fusion.live.intake import Intake
from fusion.sinks.news import Changed, Condition, News, Verdict
from fusion.sinks.post import Post
from sensors.clock import Clock
from sensors.types import Health, State

REMEMBERED = 1000
"""Incidents whose changes are still counted."""

_log = logging.getLogger(__name__)


class Teller:
    """Tells all sinks.

    Parameters
    ----------
    posts : sequence of Post
        The sinks.
    intake : Intake
        Knows the conditions of the sensors.
    clock : Clock
        Event time, for latencies.
    """

    def __init__(self, posts: Sequence[Post], intake: Intake, clock: Clock) -> None:
        self._posts, self._intake, self._clock = posts, intake, clock
        self._numbers: dict[str, int] = {}
        self._conditions: dict[str, Health] = {}

    def step(self, step: Step) -> None:
        """Tell a verdict, and what it changed."""
        self._tell_conditions()
        self._tell(Verdict(step.verdict, self._clock.now_ns() - step.verdict.at_ns))
        self.changes(step.changes)

    def changes(self, changes: Sequence[tuple[Change, Incident]]) -> None:
        """Tell what became of incidents."""
        for change, incident in changes:
            number = self._numbers.pop(incident.id, 0) + 1
            self._numbers[incident.id] = number
            if len(self._numbers) > REMEMBERED:
                del self._numbers[next(iter(self._numbers))]
            _log.warning("incident %s %s: %s, %s", incident.id, change, incident.severity.name.lower(), incident.kind)
            self._tell(Changed(change, incident, number))

    def _tell_conditions(self) -> None:
        for stream in self._intake.watch.detectors:
            told, known = self._intake.condition(stream), self._conditions.get(stream)
            if known is not None and (told.state, told.reason) == (known.state, known.reason):
                continue
            self._conditions[stream] = told
            if known is not None or told.state is not State.UP:
                level = logging.INFO if told.state is State.UP else logging.WARNING
                reason = f": {told.reason}" if told.reason else ""
                _log.log(level, "sensor %s is %s%s", stream, told.state, reason)
            self._tell(Condition(told))

    def _tell(self, news: News) -> None:
        for post in self._posts:
            post.put(news)
