"""Small streams for tests of the live watch: sensors that replay a list, and a detector that says what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from fusion.assemble import Watch
from fusion.engine import Engine, EngineSettings
from sensors.base import Arrays, PatientDetector, Sensor
from sensors.types import NS, Chunk, Features, Health, Modality, Score

START_NS = 1_700_000_000 * NS
TICK_NS = NS // 10
SENSES = {"air": Modality.ENVIRONMENT, "eye": Modality.VIDEO, "mic": Modality.AUDIO}
QUICK = EngineSettings(block_ns=NS, least_blocks=2, least_scores=5, learn_after_ns=NS, lead_ns=NS // 2)


def features(stream: str, at_ns: int, value: float) -> Features:
    return Features(stream, at_ns, TICK_NS, ("value",), np.array([value]))


class Echo:
    """Says the value; fails where there is none."""

    def __init__(self, stream: str) -> None:
        self._stream = stream

    def score(self, item: Features) -> list[Score | Health]:
        (value,) = item.values.tolist()
        if np.isnan(value):
            raise ValueError("nothing to say")
        return [Score(self._stream, f"{self._stream}:value", SENSES[self._stream], item.end_ns, item.span_ns, value)]

    def learn(self, item: Features) -> None:
        """Nothing."""

    def state(self) -> Arrays:
        return {"nothing": np.zeros(1)}

    def restore(self, state: Arrays) -> None:
        """Nothing."""


class Listed:
    """A source of given chunks, and the extractor that passes their values on."""

    def __init__(self, stream: str, items: Sequence[Features]) -> None:
        self.stream, self.modality, self._items = stream, SENSES[stream], items

    def chunks(self) -> Iterator[Chunk]:
        for number, item in enumerate(self._items):
            yield Chunk(self.stream, number, item.end_ns, 0.0, item.values[np.newaxis], item.names)

    def extract(self, chunk: Chunk) -> Iterator[Features]:
        yield features(self.stream, chunk.start_ns, float(chunk.data[0, 0]))


def sensor(stream: str, items: Sequence[Features]) -> Sensor:
    listed = Listed(stream, items)
    make: Callable[[], Echo] = lambda: Echo(stream)  # noqa: E731 - a detector's maker
    return Sensor(listed, listed, make)


def watch(settings: EngineSettings = QUICK, start_ns: int = START_NS) -> Watch:
    patient = {stream: PatientDetector(Echo(stream), settings.learn_after_ns) for stream in SENSES}
    return Watch("live", patient, Engine(settings, SENSES, start_ns), SENSES)
