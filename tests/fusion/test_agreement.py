"""Rooms that fill and empty: sensors that notice the same people, and what becomes of one that is fooled."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from fusion.agreement import BLOCK_NS, DAY_NS, Agreement
from fusion.calm import Calm
from sensors.types import NS, Health, Modality, Quality, Score, State

CHANNELS = {
    "hall/mic": ("hall/mic:level", Modality.AUDIO, -50.0, 20.0),
    "hall/cam": ("hall/cam:foreground", Modality.VIDEO, 2.0, 15.0),
    "hall/air": ("hall/air:co2_ppm.level", Modality.ENVIRONMENT, 450.0, 600.0),
    "roof/mic": ("roof/mic:level", Modality.AUDIO, -40.0, 10.0),
}
BLOCKS_A_DAY = DAY_NS // BLOCK_NS
Fooled = Mapping[str, Callable[[float], float]]


def people(blocks: int, seed: int) -> NDArray[np.float64]:
    """How full the hall is, 0 to 1: days, weekends, and a slow chance of its own."""
    random = np.random.default_rng(seed)
    wander, own = 0.0, []
    for number in range(blocks):
        wander = 0.97 * wander + 0.08 * random.standard_normal()
        hour = number / BLOCKS_A_DAY % 1
        own.append(max(0.0, math.sin(2 * math.pi * (hour - 0.25))) + wander)
    return np.asarray(np.clip(own, 0.0, 1.5))


class Hall:
    """Feeds an agreement block by block; `fooled` is what somebody makes a sensor say."""

    def __init__(self, sensors: list[str], seed: int = 1, days: int = 60) -> None:
        self.agreement, self.sensors, self.number = Agreement(), sensors, 0
        self.full = people(days * BLOCKS_A_DAY, seed)
        self.random = np.random.default_rng(seed + 1)
        self.told: list[Health] = []

    def live(self, blocks: int, fooled: Fooled | None = None, full: float | None = None) -> list[Health]:
        before = len(self.told)
        for _ in range(blocks):
            there = float(self.full[self.number]) if full is None else full
            elsewhere = abs(self.random.standard_normal())
            for sensor in self.sensors:
                seen = elsewhere if sensor == "roof/mic" else there + 0.08 * self.random.standard_normal()
                if fooled and sensor in fooled:
                    seen = fooled[sensor](seen)
                channel, sense, base, span = CHANNELS[sensor]
                for part in (0.2, 0.6):
                    at_ns = round((self.number + part) * BLOCK_NS)
                    self.agreement.take(Score(sensor, channel, sense, at_ns, NS, 1.0, value=base + span * seen))
            self.number += 1
            self.told += self.agreement.judge(self.number * BLOCK_NS)
            self.agreement.settle((self.number - 1) * BLOCK_NS, lambda at_ns: Calm.QUIET)
        return self.told[before:]

    def to_hour(self, hour: float) -> None:
        self.live(int((hour / 24 * BLOCKS_A_DAY - self.number) % BLOCKS_A_DAY))


def after_days(sensors: list[str], days: float = 4.0) -> Hall:
    hall = Hall(sensors)
    hall.live(int(days * BLOCKS_A_DAY))
    return hall


def suspects(told: list[Health]) -> list[str]:
    return [health.stream for health in told if health.state is State.TAMPERED]


ALL = ["hall/air", "hall/cam", "hall/mic"]


def test_a_microphone_that_hears_nothing_of_a_full_hall_is_suspected() -> None:
    hall = after_days(ALL)
    hall.to_hour(12)
    (told,) = hall.live(3, {"hall/mic": lambda seen: 0.0}, full=1.1)
    assert (told.stream, told.state) == ("hall/mic", State.TAMPERED)
    assert told.reason == "notices nothing of what hall/air and hall/cam do"
    assert [item.stream for item in hall.agreement.suspected] == ["hall/mic"]


def test_a_camera_that_sees_a_crowd_where_nobody_is_heard_and_the_air_is_still_is_suspected() -> None:
    hall = after_days(ALL)
    hall.to_hour(2)
    (told,) = hall.live(3, {"hall/cam": lambda seen: 1.4}, full=0.0)
    assert (told.stream, told.state) == ("hall/cam", State.TAMPERED)
    assert told.reason == "shows what hall/air and hall/mic do not notice"


def test_of_two_that_contradict_only_each_other_the_quieter_is_named() -> None:
    hall = after_days(["hall/cam", "hall/mic"])
    hall.to_hour(12)
    assert suspects(hall.live(3, {"hall/mic": lambda seen: 0.0}, full=1.1)) == ["hall/mic"]


def test_who_agrees_again_is_trusted_again() -> None:
    hall = after_days(ALL)
    hall.to_hour(12)
    hall.live(3, {"hall/mic": lambda seen: 0.0}, full=1.1)
    told = hall.live(5)
    assert [(health.stream, health.state) for health in told] == [("hall/mic", State.UP)]
    assert hall.agreement.suspected == ()


def test_a_sensor_is_suspected_once_a_day_at_most() -> None:
    hall = after_days(ALL)
    hall.to_hour(10)
    told = []
    for _ in range(5):
        told += hall.live(2, {"hall/mic": lambda seen: 0.0}, full=1.1)
        told += hall.live(4, full=0.8)
    assert suspects(told) == ["hall/mic"]


def test_what_lasts_for_a_day_is_how_things_are() -> None:
    hall = after_days(ALL)
    hall.to_hour(12)
    told = hall.live(BLOCKS_A_DAY + 2, {"hall/mic": lambda seen: 0.0}, full=1.1)
    assert [health.state for health in told[:2]] == [State.TAMPERED, State.UP]
    assert told[1].at_ns - told[0].at_ns == DAY_NS


def test_what_was_never_together_is_not_missed() -> None:
    hall = after_days(["hall/cam", "roof/mic"], 6.0)
    hall.to_hour(12)
    assert hall.live(5, {"roof/mic": lambda seen: 9.0}, full=0.0) == []


def test_before_a_day_has_passed_nobody_is_suspected() -> None:
    hall = after_days(ALL, 0.9)
    assert hall.told == []
    assert hall.live(3, {"hall/mic": lambda seen: -5.0}, full=1.1) == []


def test_suspicion_by_chance_is_rare() -> None:
    hall = Hall(ALL, 11)
    hall.live(60 * BLOCKS_A_DAY)
    assert len(suspects(hall.told)) <= 6, "two are expected; chance gives more than six once in two hundred times"


def test_a_sensor_that_is_silent_or_not_believed_contradicts_nobody() -> None:
    hall = after_days(["hall/cam", "hall/mic"])
    hall.to_hour(12)
    hall.sensors = ["hall/cam"]
    for number in range(hall.number, hall.number + 3):
        score = Score("hall/mic", "hall/mic:level", Modality.AUDIO, number * BLOCK_NS + NS, NS, None, Quality.GAP)
        hall.agreement.take(score)
    assert hall.live(3, full=1.1) == []


def test_what_happened_in_an_incident_is_not_learned() -> None:
    hall, other = after_days(ALL, 2.0), after_days(ALL, 2.0)
    name = "hall/cam:foreground|hall/mic:level:moments"
    before = hall.agreement.state()[name][0]
    hall.agreement.settle(99 * DAY_NS, lambda at_ns: Calm.QUIET)
    other.agreement.settle(99 * DAY_NS, lambda at_ns: Calm.EXCLUDED if at_ns % BLOCK_NS else Calm.QUIET)
    assert hall.agreement.state()[name][0] == before + 1
    assert other.agreement.state()[name][0] == before


@lru_cache
def known() -> Hall:
    return after_days(ALL)


def test_what_was_learned_goes_on_after_a_restart() -> None:
    hall = after_days(ALL)
    again = Agreement()
    again.restore(hall.agreement.state())
    assert {n: v.tolist() for n, v in again.state().items()} == {
        n: v.tolist() for n, v in hall.agreement.state().items()
    }
    hall.to_hour(12)
    again.restore({})
    hall.agreement = again
    assert suspects(hall.live(3, {"hall/mic": lambda seen: 0.0}, full=1.1)) == ["hall/mic"]


@pytest.mark.parametrize("order", [ALL, ALL[::-1]])
def test_the_order_of_arrival_changes_nothing(order: list[str]) -> None:
    hall = known()
    copy = Agreement()
    copy.restore(hall.agreement.state())
    for block in range(3):
        for sensor in order:
            channel, sense, base, _ = CHANNELS[sensor]
            at_ns = (hall.number + block) * BLOCK_NS + NS
            copy.take(Score(sensor, channel, sense, at_ns, NS, 1.0, value=base))
    copy.judge(hall.number * BLOCK_NS)
    assert [health.stream for health in copy.judge((hall.number + 3) * BLOCK_NS)] == []
