"""What a live watch has to tell, and to whom: `Verdict`, `Changed`, `Condition`, and the seam `Sink`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fusion.events import Change, FusedScore, Incident
from sensors.types import Health


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict was given, `latency_ns` after its tick."""

    verdict: FusedScore
    latency_ns: int


@dataclass(frozen=True, slots=True)
class Changed:
    """Something became of an incident; `number` counts what became of it, from 1."""

    change: Change
    incident: Incident
    number: int


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition of a sensor is another."""

    health: Health


News = Verdict | Changed | Condition


class Sink(Protocol):
    """Somebody who wants to be told."""

    def deliver(self, news: News) -> None:
        """Take a piece of news; may block, may raise OSError."""
        ...
