"""`kizashi bench`: how many sets of sensors this box carries within the bound, and what gives way beyond that.

A set is one microphone, one camera of 320x240 at 10 pictures a second, and 20 quantities once a second. They are made
here, at the pace of life, and go the whole way of a live watch; what is not measured is the decoding of what comes by
wire, which processes of their own do (`benchmarks/daemon.py` measures that with real sensors).
"""

from __future__ import annotations

import heapq
import itertools
import sys
import time
from collections.abc import Callable, Generator
from threading import Event

import msgspec
import numpy as np

from fusion.assemble import build_sensor, engine_settings
from fusion.commands.costing import WARM_S, Cost, stage_costs
from fusion.config import Settings
from fusion.daemon import SWITCH_S, Daemon
from fusion.live.shedding import STEPS
from fusion.live.site import Site
from fusion.sinks.news import News, Verdict
from fusion.sinks.post import Post
from sensors.base import Sensor
from sensors.clock import Clock, SteadyClock
from sensors.types import NS, Chunk, Health, Modality

RATE_HZ, CHUNK_S = 16_000.0, 0.05
WIDTH, HEIGHT, PICTURES_HZ = 320, 240, 10.0
QUANTITIES = tuple(f"quantity_{n}" for n in range(20))
STAGES = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64)
COST_S = 20.0
"""Life of one set by which the cost of each stage is told."""

SETTLE_S = 6.0
"""Verdicts of the first seconds, while libraries are loaded, are not counted."""


class Made(msgspec.Struct, frozen=True):
    """What came of one number of sets: latencies in milliseconds, CPU in cores."""

    sets: int
    verdicts: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    cpu: float
    shed: str
    dropped: int
    within: bool


class PacedSource:
    """A sensor that is made here: one chunk a step, at the pace of life.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    modality : Modality
        Its sense.
    step_s : float
        Time from one chunk to the next, seconds.
    clock : Clock
        Event time.
    """

    def __init__(self, stream: str, modality: Modality, step_s: float, clock: Clock) -> None:
        self.stream, self.modality = stream, modality
        self.on_health: Callable[[Health], None] = lambda health: None
        self.dropped, self._level = 0, 0
        self._step_ns, self._clock, self._stopped = round(step_s * NS), clock, Event()
        self._random = np.random.default_rng(list(stream.encode()))

    def stop(self) -> None:
        """End soon."""
        self._stopped.set()

    def shed(self, level: int) -> None:
        """Leave out pictures, as cameras do."""
        self._level = level

    def chunks(self) -> Generator[Chunk, None, None]:
        """One after the other; who is too late for a chunk drops it."""
        start_ns, numbers = self._clock.now_ns(), itertools.count()
        for step in itertools.count():
            at_ns = start_ns + step * self._step_ns
            late_ns = self._clock.now_ns() - at_ns - self._step_ns
            if self._stopped.wait(max(0.0, -late_ns / NS)):
                return
            if self.modality is Modality.VIDEO and step % (1, 2, 4, 10)[self._level]:
                continue
            if late_ns > NS // 2:
                self.dropped += 1
                continue
            yield self._chunk(next(numbers), at_ns, step)

    def made(self, start_ns: int) -> Generator[Chunk, None, None]:
        """The same chunks without end, at no pace."""
        for step in itertools.count():
            yield self._chunk(step, start_ns + step * self._step_ns, step)

    def _chunk(self, number: int, at_ns: int, step: int) -> Chunk:
        if self.modality is Modality.AUDIO:
            samples = self._random.normal(0, 0.01, round(RATE_HZ * CHUNK_S)).astype(np.float32)
            return Chunk(self.stream, number, at_ns, RATE_HZ, samples)
        if self.modality is Modality.VIDEO:
            picture = self._random.integers(90, 110, (1, HEIGHT, WIDTH), np.uint8)
            left = 4 * step % (WIDTH - 40)
            picture[0, 100:180, left : left + 30] = 200
            return Chunk(self.stream, number, at_ns, 0.0, picture)
        values = self._random.normal(20, 1, (1, len(QUANTITIES)))
        return Chunk(self.stream, number, at_ns, 0.0, values, QUANTITIES)


class _Latencies:
    def __init__(self, from_ns: int) -> None:
        self.all_ns: list[int] = []
        self._from_ns = from_ns

    def deliver(self, news: News) -> None:
        if isinstance(news, Verdict) and news.verdict.at_ns >= self._from_ns:
            self.all_ns.append(news.latency_ns)


def bench_all(seconds: float, most: int, overload: float, as_json: bool) -> bool:
    """Try more and more sets, print a line for each, and what is carried; then so many times as much."""
    for cost in set_costs(COST_S):
        _tell_cost(cost, as_json)
    sys.setswitchinterval(SWITCH_S)
    carried = 0
    for sets in (stage for stage in STAGES if stage <= most):
        made = bench_sets(sets, seconds)
        _tell(made, as_json)
        if not made.within:
            break
        carried = sets
    if overload > 1 and carried:
        _tell(bench_sets(round(carried * overload), seconds), as_json)
    if not as_json:
        print(f"carried within the bound: {carried} sets")
    return carried > 0


def set_costs(seconds: float) -> list[Cost]:
    """What each stage takes of one set, one after the other and as fast as they go."""
    clock = SteadyClock()
    sensors = _set(0, clock)
    start_ns = clock.now_ns()
    streams = [sensor.source.made(start_ns) for sensor in sensors if isinstance(sensor.source, PacedSource)]
    chunks = heapq.merge(*streams, key=lambda chunk: chunk.start_ns)
    end_ns = start_ns + round((WARM_S + seconds) * NS)
    return stage_costs(sensors, itertools.takewhile(lambda chunk: chunk.start_ns < end_ns, chunks), seconds)


def bench_sets(sets: int, seconds: float) -> Made:
    """Watch so many sets for so long."""
    clock = SteadyClock()
    settings = Settings()
    engine = engine_settings(settings, 0.1)
    sensors = [sensor for number in range(sets) for sensor in _set(number, clock)]
    start_ns = (clock.now_ns() // engine.tick_ns + 1) * engine.tick_ns
    latencies = _Latencies(start_ns + round(SETTLE_S * NS))
    site = Site(settings, engine, clock, sorted(sensors, key=lambda sensor: sensor.stream), start_ns)
    daemon = Daemon(site, [Post("bench", latencies)], None, SETTLE_S + seconds)
    began_s, cpu_s = time.monotonic(), time.process_time()
    daemon.run()
    cpu = (time.process_time() - cpu_s) / (time.monotonic() - began_s)
    all_ms = np.array(latencies.all_ns) / 1e6
    dropped = sum(daemon.inbox.dropped.values()) + sum(listener.dropped for listener in daemon.listeners)
    p50, p99, most = (round(float(value), 1) for value in np.percentile(all_ms, (50, 99, 100)))
    within = bool(p99 <= engine.budget_ns / 1e6 and not daemon.shedder.highest)
    return Made(
        sets, len(all_ms), p50, p99, most, round(cpu, 2), STEPS[daemon.shedder.highest], dropped, within
    )  # fmt: skip


def _set(number: int, clock: Clock) -> list[Sensor]:
    name = f"set{number:02}"
    kinds = (Modality.AUDIO, CHUNK_S), (Modality.VIDEO, 1 / PICTURES_HZ), (Modality.ENVIRONMENT, 1.0)
    return [build_sensor(PacedSource(f"{name}/{sense}", sense, step_s, clock)) for sense, step_s in kinds]


def _tell_cost(cost: Cost, as_json: bool) -> None:
    told = msgspec.json.encode(cost).decode() if as_json else f"{cost.stage:>20}: {cost.ms:6.2f} ms a second of one set"
    print(told, flush=True)


def _tell(made: Made, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(made).decode(), flush=True)
        return
    shed = f", shed: {made.shed}" if made.shed else ""
    print(f"{made.sets:>3} sets: p50 {made.p50_ms:.0f} ms, p99 {made.p99_ms:.0f} ms, max {made.max_ms:.0f} ms; "
          f"{made.cpu:.2f} cores{shed}{f', {made.dropped} dropped' if made.dropped else ''}", flush=True)  # fmt: skip
