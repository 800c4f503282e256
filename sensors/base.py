"""The seams: `Source`, `Extractor`, `Detector`, and `Sensor`, which puts the three in a row."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sensors.types import Chunk, Features, Health, Modality, Score

Arrays = Mapping[str, NDArray[np.float64]]
"""State of a detector: named arrays, nothing executable."""


class Source(Protocol):
    """Where samples come from.

    `chunks` opens the file or device, yields chunks in event-time order with strictly growing `seq`, and releases
    everything when exhausted or closed. Heavy libraries are imported inside it.
    """

    stream: str
    modality: Modality

    def chunks(self) -> Iterator[Chunk]:
        """Open, read to the end, close."""
        ...


class LiveSource(Source, Protocol):
    """A source without an end: `chunks` blocks, heals itself, and returns only after `stop`.

    Where sound, pictures or readings are missing the next chunk starts later. `on_health` is told, in the thread that
    reads: UP with the first chunk, DOWN with the reason, DEGRADED where data were dropped.
    """

    on_health: Callable[[Health], None]

    def stop(self) -> None:
        """End `chunks` soon, from any thread, for good."""
        ...


class Extractor(Protocol):
    """Turns chunks into features; how the stream was cut into chunks must not matter."""

    def extract(self, chunk: Chunk) -> Iterator[Features]:
        """Features that are complete with this chunk, in event-time order."""
        ...


class Detector(Protocol):
    """Says how strange features are. Scoring never learns; learning never scores."""

    def score(self, features: Features) -> list[Score | Health]:
        """Scores of all channels (WARMING where the past is too short), and changes of the sensor's health."""
        ...

    def learn(self, features: Features) -> None:
        """Take these features as normal."""
        ...

    def state(self) -> Arrays:
        """All that was learned."""
        ...

    def restore(self, state: Arrays) -> None:
        """Begin with what an equal detector had learned."""
        ...


@runtime_checkable
class Fittable(Detector, Protocol):
    """A detector of which some parts are fitted as a whole, outside of the hot path, to all that it learned.

    While it learns, `on_learned` is told the name of each such part, which is that of its channel, a dot, and more,
    with a vector (d,) of floats, NaN where a value is not known; `adopt` takes the arrays of a `sensors.fitted.Fitted`.
    """

    stream: str
    on_learned: Callable[[str, Sequence[float]], None] | None

    def adopt(self, name: str, arrays: Arrays) -> None:
        """Score by what was fitted; from then on it is part of the state."""
        ...


@dataclass(frozen=True)
class Sensor:
    """One sensor: where it reads, what it measures, and how to make a detector for it."""

    source: Source
    extractor: Extractor
    detector: Callable[[], Detector]

    @property
    def stream(self) -> str:
        """Identity of the sensor."""
        return self.source.stream

    @property
    def modality(self) -> Modality:
        """The sense it belongs to."""
        return self.source.modality

    def features(self) -> Iterator[Features]:
        """Read the source to its end, as features."""
        for chunk in self.source.chunks():
            yield from self.extractor.extract(chunk)


class PatientDetector:
    """A detector that learns only what is `delay_ns` old and was quiet.

    Why: an incident announces itself seconds before it is recognised. Whoever learns at once has learned the
    onset; whoever learns at a fixed distance, and asks first, has not. The distance is in event time, so a replay
    learns the same as the live run.

    Parameters
    ----------
    detector : Detector
        The one to protect.
    delay_ns : int
        Distance between scoring and learning, nanoseconds of event time; longer than any verdict takes.
    """

    def __init__(self, detector: Detector, delay_ns: int) -> None:
        self.detector = detector
        self._delay_ns = delay_ns
        self._pending: deque[Features] = deque()

    def score(self, features: Features, quiet: Callable[[int], bool]) -> list[Score | Health]:
        """Learn what has become old enough, then score `features`.

        Parameters
        ----------
        features : Features
            The newest.
        quiet : callable (int) -> bool
            Whether nothing alarmed at that event time.
        """
        horizon = features.end_ns - self._delay_ns
        while self._pending and self._pending[0].end_ns <= horizon:
            old = self._pending.popleft()
            if quiet(old.end_ns):
                self.detector.learn(old)
        self._pending.append(features)
        return self.detector.score(features)
