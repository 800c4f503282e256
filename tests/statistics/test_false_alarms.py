"""The bar: quiet noise raises as many alarms a day as the operator allowed, a factor 2 at most; an event is found.

Three senses share a cause (correlation 0.4, an AR(1) of 0.8 a second), and each is away for a quarter of all stretches
of two minutes. Six hours are learned from; in the time that counts then, 48 alarms are allowed. Alarms that come by
chance at just that rate (Poisson) are fewer than 24 or more than 96 with a probability below 1e-4: what fails here is
wrong, not unlucky.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter  # type: ignore[import-untyped]
from scipy.special import log_ndtr  # type: ignore[import-untyped]

from fusion.engine import Engine, EngineSettings, Memory
from fusion.events import Change, Reliability
from fusion.reliability import LEAST
from fusion.triage import TriageSettings
from sensors.types import NS, Modality, Score

STREAMS = {"air": Modality.ENVIRONMENT, "cam": Modality.VIDEO, "mic": Modality.AUDIO}
SEED = 3
HOUR = 3600
DAY = 24 * HOUR
LEARNED = 6 * HOUR
EVENTS, EVENT_EVERY, EVENT_LASTS = 6, 600, 10


@dataclass(frozen=True)
class World:
    """What the noise is like; times in seconds."""

    per_day: float
    counted: int
    volatile: bool = False
    """All senses are loud together: a common factor for 20 s each, with the tail of a t4."""
    silent: str = ""
    """This sense falls silent for good when learning ends."""
    boastful: str = ""
    """The p-values of this sense are p ** 1.3."""
    doubted: str = ""
    """This sense weighs as little as it can, from when learning ends: the past was learned with equal weights."""
    events: int = 0
    """Events that follow on what is counted: all senses, 6 standard deviations, 10 s."""


WORLDS = {
    "gaussian": World(32, 36 * HOUR, events=EVENTS),
    "volatile": World(32, 36 * HOUR, volatile=True),
    "one sense gone": World(48, DAY, silent="mic"),
    "one sense boasts": World(48, DAY, boastful="cam"),
    "one sense doubted": World(32, 36 * HOUR, doubted="mic", events=EVENTS),
}
EACH = pytest.mark.parametrize("name", WORLDS)


def scores_of(world: World) -> NDArray[np.float64]:
    """Raw scores (seconds, 3), NaN where a sense is away."""
    chance = np.random.default_rng(SEED)
    quiet = LEARNED + world.counted
    seconds = quiet + world.events * EVENT_EVERY
    steps = lfilter([math.sqrt(1 - 0.8**2)], [1, -0.8], chance.standard_normal((seconds, 4)), axis=0)
    scores: NDArray[np.float64] = math.sqrt(0.4) * steps[:, 3:] + math.sqrt(0.6) * steps[:, :3]
    if world.volatile:
        scores *= np.sqrt(4 / chance.chisquare(4, seconds // 20 + 1)).repeat(20)[:seconds, np.newaxis]
    away = (chance.random((seconds // 120 + 1, 3)) < 0.25).repeat(120, axis=0)[:seconds]
    scores[:quiet][away[:quiet]] = np.nan
    for start in range(quiet + EVENT_EVERY // 2, seconds, EVENT_EVERY):
        scores[start : start + EVENT_LASTS] += 6
    if world.silent:
        scores[LEARNED:, list(STREAMS).index(world.silent)] = np.nan
    return -log_ndtr(-scores) if world.boastful else scores


def pasts_of(world: World) -> Memory:
    """What the engine begins with: nothing, or what makes a sense boast for ever."""
    if not world.boastful:
        return Memory({}, {}, {})
    usual = np.random.default_rng(0).permutation(-np.log((np.arange(20_000) + 0.5) / 20_000))
    pasts = {f"{stream}:x": usual / (1.3 if stream == world.boastful else 1) for stream in STREAMS}
    return Memory(pasts, {}, {})


@lru_cache
def alarms(name: str) -> tuple[int, ...]:
    """The seconds at which incidents opened, once learning had ended."""
    world = WORLDS[name]
    settings = EngineSettings(
        tick_ns=NS,
        windows_ns=dict.fromkeys(Modality, 5 * NS),
        learn_every_ns=10**6 * NS if world.boastful else NS,
        triage=TriageSettings(false_alarms_per_day=world.per_day),
    )
    engine, opened = Engine(settings, STREAMS, 0, pasts_of(world)), list[int]()
    for second, row in enumerate(scores_of(world).tolist()):
        at_ns = second * NS
        if second == LEARNED and world.doubted:
            engine = doubting(engine, settings, STREAMS[world.doubted])
        for (stream, modality), raw in zip(STREAMS.items(), row, strict=True):
            if raw == raw:
                engine.push(Score(stream, f"{stream}:x", modality, at_ns, NS, raw))
            engine.reach(stream, at_ns)
        for step in engine.advance(at_ns):
            opened += [second for change, _ in step.changes if change is Change.OPENED]
    return tuple(second for second in opened if second >= LEARNED)


def doubting(engine: Engine, settings: EngineSettings, sense: Modality) -> Engine:
    """The engine as it goes on once labels have taught that a sense cries wolf."""
    again = Engine(replace(settings, reliability=(Reliability(sense, LEAST, 9, 9),)), STREAMS)
    again.resume(engine.whole())
    return again


def counted(name: str) -> list[int]:
    return [second for second in alarms(name) if second < LEARNED + WORLDS[name].counted]


@EACH
def test_alarms_come_as_often_as_allowed(name: str) -> None:
    assert 24 <= len(counted(name)) <= 96


@EACH
def test_alarms_come_at_a_steady_rate(name: str) -> None:
    """The first half of the time holds half of them: three standard deviations of a binomial are granted."""
    seconds = counted(name)
    early = sum(second < LEARNED + WORLDS[name].counted / 2 for second in seconds)
    assert abs(2 * early - len(seconds)) <= 3 * math.sqrt(len(seconds))


@pytest.mark.parametrize("name", ["gaussian", "one sense doubted"])
def test_an_event_is_found_within_two_seconds_as_one_incident(name: str) -> None:
    world = WORLDS[name]
    for number in range(world.events):
        start = LEARNED + world.counted + number * EVENT_EVERY + EVENT_EVERY // 2
        found = [second for second in alarms(name) if start - 60 <= second < start + 60]
        assert len(found) == 1
        assert start <= found[0] <= start + 2
