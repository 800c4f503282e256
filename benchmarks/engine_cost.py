"""What the engine alone costs: a tick of fifty channels, its worst tick, and how many times real time it runs.

    python -m benchmarks.engine_cost [RECORDING] [--minutes 4] [--times 5]

Sensors and detectors are left out: what they said is gathered first. CPU time of one thread; of several runs the
quickest counts, since other work on the box makes none quicker.

The worst tick is one at which everything is fitted anew: all channels have as much past as they ever keep (so it is
after hours, and after thirty days), and come to their next fit together. Recalibration would need a process of its own
only if that tick came late.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from benchmarks.testimony import TICK_S
from fusion.assemble import build_sensors, engine_settings
from fusion.baseline.learn import Said
from fusion.config import Settings
from fusion.engine import Engine, EngineSettings, Memory
from fusion.recording import load_recording
from fusion.runner import merge, until
from fusion.senses import MEAN
from sensors.base import PatientDetector
from sensors.types import NS, Modality, Score

CHANNELS, MOST_TICK_US = 50, 200.0
LEAST_SPEED, MOST_WORST_MS = 1000.0, 20.0
TICK_NS = round(TICK_S * NS)
TICKS_BEFORE, TICKS = 3000, 1500
FULL_PAST, FULL_BLOCKS = 8000, 20_000
TICKS_FULL = 6600
"""Longer than full pasts go between two fits: 250 windows, one every 1.25 s or, of the slow sense, every 2.5 s."""

SENSES = {"a": Modality.AUDIO, "v": Modality.VIDEO, "e": Modality.ENVIRONMENT}
NAMES = [("ave"[number % 3], f"{'ave'[number % 3]}:{number}") for number in range(CHANNELS)]


def main(words: Sequence[str] | None = None) -> int:
    """Print both figures; 1 where a bar was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recording", nargs="?", type=Path, default=Path("sample_streams/break_in_at_night"))
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--times", type=int, default=5)
    args = parser.parse_args(words)
    ticks_us = np.min([tick_us(number) for number in range(args.times)], axis=0)
    print(
        f"a tick of {CHANNELS} channels: median {ticks_us[0]:.0f} us, p99 {ticks_us[1]:.0f} us (bar {MOST_TICK_US:g})"
    )
    worst_ms = np.min([worst_tick_ms(number) for number in range(2)], axis=0)
    print(
        f"all pasts full: median {worst_ms[0] * 1000:.0f} us, worst of {TICKS_FULL} ticks {worst_ms[1]:.1f} ms "
        f"(bar {MOST_WORST_MS:g} ms), to copy what was learned {worst_ms[2]:.1f} ms"
    )
    senses, said = gather(args.recording, args.minutes)
    channels = {item.channel for _, items, _ in said for item in items if isinstance(item, Score)}
    settings = engine_settings(Settings(), TICK_S)
    memory = run(settings, senses, said, None)[1]
    spent_s, _, count = min((run(settings, senses, said, memory) for _ in range(args.times)), key=lambda one: one[0])
    speed = count * TICK_S / spent_s
    told = f"{speed:.0f} x real time, {spent_s / count * 1e6:.0f} us a tick"
    print(f"{args.recording.name}, {len(channels)} channels: {told} (bar {LEAST_SPEED:g} x)")
    return int(ticks_us[0] > MOST_TICK_US or speed < LEAST_SPEED or worst_ms[1] > MOST_WORST_MS)


def tick_us(seed: int) -> tuple[float, float]:
    """Median and 99th percentile of a tick at which fifty channels of three senses have each said something new."""
    rng, engine = np.random.default_rng(seed), Engine(EngineSettings(), SENSES, 0)
    spent_ns = spend(engine, rng, TICKS_BEFORE + TICKS)[TICKS_BEFORE:]
    median, high = np.percentile(spent_ns, [50, 99]) / 1000
    return float(median), float(high)


def worst_tick_ms(seed: int) -> tuple[float, float, float]:
    """Median and longest tick of an engine whose pasts hold all that they can, and copying them, in milliseconds."""
    rng = np.random.default_rng(seed)
    channels = {name + end: rng.exponential(size=FULL_PAST) for _, name in NAMES for end in ("", MEAN)}
    sets = ["+".join(some) for size in (1, 2, 3) for some in combinations(sorted(SENSES.values()), size)]
    blocks = {name: rng.exponential(size=FULL_BLOCKS) for name in sets}
    engine = Engine(EngineSettings(), SENSES, 0, Memory(channels, blocks, {}))
    spent_ns = spend(engine, rng, TICKS_FULL)
    begun_ns = time.process_time_ns()
    engine.snapshot()
    return float(np.median(spent_ns)) / 1e6, max(spent_ns) / 1e6, (time.process_time_ns() - begun_ns) / 1e6


def spend(engine: Engine, rng: np.random.Generator, ticks: int) -> list[int]:
    """Nanoseconds of CPU that each tick takes at which all channels have said something new."""
    spent_ns = []
    for tick in range(ticks):
        at_ns, raw = tick * TICK_NS, rng.exponential(size=CHANNELS).tolist()
        items = [Score(s, name, SENSES[s], at_ns, TICK_NS, value) for (s, name), value in zip(NAMES, raw, strict=True)]
        begun_ns = time.process_time_ns()
        for item in items:
            engine.push(item)
        for stream in SENSES:
            engine.reach(stream, at_ns)
        deque(engine.advance(at_ns), maxlen=0)
        spent_ns.append(time.process_time_ns() - begun_ns)
    return spent_ns


def gather(path: Path, minutes: float) -> tuple[dict[str, Modality], list[Said]]:
    """The senses of a recording, and what its detectors say of its first minutes, learning all along."""
    recording = load_recording(path)
    sensors = build_sensors(recording, Modality)
    after_ns = engine_settings(Settings(), TICK_S).learn_after_ns
    patient = {sensor.stream: PatientDetector(sensor.detector(), after_ns) for sensor in sensors}
    said: list[Said] = []
    for stream, features, next_ns in until(merge(sensors), recording.start_ns + round(minutes * 60 * NS)):
        said.append((stream, patient[stream].score(features, lambda at_ns: True) if features else [], next_ns))
    return {sensor.stream: sensor.modality for sensor in sensors}, said


def run(
    settings: EngineSettings, senses: dict[str, Modality], said: Sequence[Said], memory: Memory | None
) -> tuple[float, Memory, int]:
    """Seconds of CPU that the engine takes over it, what it has learned then, and the number of verdicts."""
    engine, count = Engine(settings, senses, None, memory), 0
    last_ns = max(item.end_ns for _, items, _ in said for item in items if isinstance(item, Score))
    begun_s = time.process_time()
    for stream, items, next_ns in said:
        for item in items:
            engine.push(item)
        engine.reach(stream, min(next_ns, last_ns))
        for _ in engine.advance(last_ns):
            count += 1
    return time.process_time() - begun_s, engine.snapshot(), count


if __name__ == "__main__":
    sys.exit(main())
