"""Where the time of one set of sensors goes, stage by stage: part of `kizashi bench`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec

from fusion.align import NEVER
from fusion.assemble import build_watch, engine_settings
from fusion.config import Settings
from sensors.base import Sensor
from sensors.types import NS, Chunk

FUSION = "fusion"
WARM_S = 60.0
"""Time before what is measured, in which detectors leave their first state."""


class Cost(msgspec.Struct, frozen=True):
    """CPU time of one stage for a second of life, milliseconds on one core."""

    stage: str
    ms: float


def stage_costs(sensors: Iterable[Sensor], chunks: Iterable[Chunk], seconds: float) -> list[Cost]:
    """Run chunks through features, detectors and engine as fast as they go, and see where the time stays.

    Parameters
    ----------
    sensors : iterable of Sensor
        Their sources are not asked.
    chunks : iterable of Chunk
        In order of time, `WARM_S` and then `seconds` long.
    seconds : float
        How much of it counts.

    Returns
    -------
    list of Cost
        "audio features", "audio scores" and so on for each sense, and "fusion" for all of them.
    """
    by_stream = {sensor.stream: sensor for sensor in sensors}
    watch = build_watch("bench", by_stream.values(), engine_settings(Settings(), 0.1), None, None)
    clock, counts_ns = _Stopwatch(), NEVER
    for chunk in chunks:
        if counts_ns == NEVER:
            counts_ns = chunk.start_ns + round(WARM_S * NS)
        clock.runs = chunk.start_ns >= counts_ns
        sensor = by_stream[chunk.stream]
        with clock.on(f"{sensor.modality} features"):
            features = list(sensor.extractor.extract(chunk))
        for item in features:
            with clock.on(f"{sensor.modality} scores"):
                said = watch.detectors[chunk.stream].score(item, watch.engine.quiet)
            with clock.on(FUSION):
                for score in said:
                    watch.engine.push(score)
                watch.engine.reach(chunk.stream, item.end_ns)
                for _ in watch.engine.advance(item.end_ns):
                    pass
    return [Cost(stage, round(spent_ns / 1e6 / seconds, 3)) for stage, spent_ns in clock.spent_ns.items()]


class _Stopwatch:
    def __init__(self) -> None:
        self.spent_ns: dict[str, int] = {}
        self.runs = False

    @contextmanager
    def on(self, stage: str) -> Iterator[None]:
        """Count what is done meanwhile as this stage's."""
        begun_ns = time.thread_time_ns()
        yield
        if self.runs:
            self.spent_ns[stage] = self.spent_ns.get(stage, 0) + time.thread_time_ns() - begun_ns
