"""What is told of a sensor's faults, which readings are believed then, and what nature may do without being one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sensors.environment.detectors import EnvironmentDetector
from sensors.environment.features import EnvironmentExtractor
from sensors.types import NS, Chunk, Features, Health, Quality, Score, State

NAMES = ("temperature_1_c", "temperature_2_c", "temperature_3_c", "co2_ppm", "illuminance_lx")
START_NS = 1_700_000_000 * NS
STEP_S = 60
LEARNED = 2000
Rows = NDArray[np.float64]


def room(count: int, seed: int = 0) -> Rows:
    """A room with three thermometers, air and a lamp that is off half the day."""
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * np.arange(count)[:, None] * STEP_S / 86_400
    warm = 21 + 2 * np.sin(phase) + np.array([0, 0.5, -0.5]) + rng.normal(0, 0.05, (count, 3))
    air = 700 + 200 * np.sin(phase) + rng.normal(0, 15, (count, 1))
    lamp = np.where(np.sin(phase) > 0, 300 + rng.normal(0, 5, (count, 1)), 0.0)
    return np.hstack([warm, air, lamp])


class Life:
    """A room that was learned for a day and a half; then rows that differ from it."""

    def __init__(self) -> None:
        self.detector = EnvironmentDetector("hall/air")
        extractor = EnvironmentExtractor("hall/air")
        self._rows = room(LEARNED + 600)
        self._extractor = extractor
        for features in self.extract(self._rows[:LEARNED], 0):
            self.detector.learn(features)

    def rows(self) -> Rows:
        return self._rows[LEARNED:].copy()

    def run(self, rows: Rows) -> tuple[list[Health], list[Score]]:
        told = [one for features in self.extract(rows, LEARNED) for one in self.detector.score(features)]
        return [one for one in told if isinstance(one, Health)], [one for one in told if isinstance(one, Score)]

    def extract(self, rows: Rows, first: int) -> list[Features]:
        return list(self._extractor.extract(Chunk("hall/air", first, at_ns(first), 1 / STEP_S, rows, NAMES)))


def at_ns(row: int) -> int:
    return START_NS + row * STEP_S * NS


@pytest.fixture
def life() -> Life:
    return Life()


def spoken(health: list[Health]) -> list[tuple[State, tuple[str, ...]]]:
    return [(one.state, one.channels) for one in health]


def qualities(scores: list[Score], name: str) -> list[Quality]:
    return [one.quality for one in scores if one.channel == f"hall/air:{name}.level"]


def test_nothing_is_told_of_a_life_without_faults(life: Life) -> None:
    health, scores = life.run(life.rows())
    assert health == []
    assert {one.quality for one in scores} <= {Quality.OK, Quality.WARMING}


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        (0, 85.0, "temperature_1_c reads 85"),
        (0, -127.0, "temperature_1_c reads -127"),
        (0, 327.67, "temperature_1_c reads 327.67"),
        (1, np.nan, "temperature_2_c has no values"),
        (3, 65535.0, "co2_ppm reads 65535"),
        (3, -4.0, "co2_ppm reads -4"),
        (4, 32767.0, "illuminance_lx reads 32767"),
    ],
)
def test_a_dropout_is_told_with_its_quantity_and_so_is_its_end(
    life: Life, column: int, value: float, reason: str
) -> None:
    rows = life.rows()
    rows[20:40, column] = value
    health, scores = life.run(rows)
    assert spoken(health) == [(State.DEGRADED, (NAMES[column],)), (State.UP, ())]
    assert health[0].reason == reason
    assert health[0].at_ns == at_ns(LEARNED + 22)
    assert health[1].at_ns == at_ns(LEARNED + 42)
    said = qualities(scores, NAMES[column])
    assert said[20:40] == [Quality.GAP] * 20
    assert Quality.GAP not in said[:20] + said[41:]
    assert Quality.GAP not in qualities(scores, "temperature_3_c")


def test_a_single_bad_reading_is_left_out_and_not_worth_telling(life: Life) -> None:
    rows = life.rows()
    rows[20:30:5, 0] = 85.0
    health, scores = life.run(rows)
    assert health == []
    assert qualities(scores, NAMES[0])[20] is Quality.GAP


def test_a_code_is_a_value_where_the_quantity_was_seen_near_it() -> None:
    detector, extractor = EnvironmentDetector("e"), EnvironmentExtractor("e")
    rows = np.random.default_rng(1).normal(84, 1, (300, 1))
    rows[200] = 85.0
    features = list(extractor.extract(Chunk("e", 0, 0, 1.0, rows, ("temperature_c",))))
    for each in features[:200]:
        detector.learn(each)
    told = [one for one in detector.score(features[200]) if isinstance(one, Score)]
    assert told[0].quality is Quality.OK


def test_a_code_that_is_far_from_the_last_rows_and_not_from_all_that_was_learned_is_learned_as_a_value() -> None:
    rng = np.random.default_rng(1)
    wide, narrow = rng.uniform(20.0, 60.0, 300), rng.normal(59.0, 0.05, 60)
    rows = np.concatenate([wide, narrow, [85.0], narrow])[:, None]
    extractor, detector = EnvironmentExtractor("hall/air"), EnvironmentDetector("hall/air")
    features = list(extractor.extract(Chunk("hall/air", 0, START_NS, 1 / STEP_S, rows, ("temperature_c",))))
    odd = next(one for one in features if one.values[0] == 85.0)
    assert np.isnan(odd.values[1])
    for one in features:
        detector.learn(one)
    told = [one for one in detector.score(features[-1]) if isinstance(one, Score)]
    assert any(one.quality is Quality.OK for one in told)


def test_stuck_is_what_does_not_move_any_more_among_others_that_do(life: Life) -> None:
    rows = life.rows()
    rows[20:80, 3] = rows[20, 3]
    health, scores = life.run(rows)
    assert spoken(health) == [(State.DEGRADED, ("co2_ppm",)), (State.UP, ())]
    assert health[0].reason.startswith("co2_ppm stuck at")
    assert health[0].at_ns <= at_ns(LEARNED + 20 + 12)
    assert qualities(scores, "co2_ppm")[79] is Quality.GAP


def test_a_sensor_that_is_stuck_as_a_whole_is_known_sooner(life: Life) -> None:
    rows = life.rows()
    rows[20:60] = rows[20]
    health, scores = life.run(rows)
    assert spoken(health) == [(State.DEGRADED, ()), (State.UP, ())]
    assert health[0].at_ns <= at_ns(LEARNED + 26)
    assert qualities(scores, "co2_ppm")[30] is Quality.DEGRADED


def test_a_lamp_that_stays_off_and_a_scale_that_ends_are_not_stuck(life: Life) -> None:
    rows = life.rows()
    rows[:, 4] = 0.0
    rows[:, 3] = life.rows()[:, 3].clip(min=room(LEARNED)[:, 3].min())
    health, _ = life.run(rows)
    assert health == []


def test_noise_at_an_unchanged_level_is_the_sensor(life: Life) -> None:
    rows = life.rows()
    rows[20:60, 0] += np.random.default_rng(2).normal(0, 1.5, 40)
    health, scores = life.run(rows)
    assert (State.DEGRADED, ("temperature_1_c",)) in spoken(health)
    assert health[0].reason == "temperature_1_c jumps to and fro"
    assert health[0].at_ns <= at_ns(LEARNED + 30)
    assert health[-1].state is State.UP
    assert qualities(scores, "temperature_1_c")[45] is Quality.GAP


@pytest.mark.parametrize("shape", ["step", "ramp", "spike", "flames"])
def test_what_the_world_may_do_is_left_to_the_detectors(life: Life, shape: str) -> None:
    rows = life.rows()
    if shape == "step":
        rows[20:, :3] += 6
    elif shape == "ramp":
        rows[20:80, :3] += np.arange(60)[:, None] * 0.5
    elif shape == "spike":
        rows[20, :3] += 10
    else:
        flicker = np.random.default_rng(3).normal(0, 4, (60, 1))
        rows[20:80, :3] += (np.arange(60)[:, None] * 3).clip(max=60) + flicker
    health, scores = life.run(rows)
    assert health == []
    assert qualities(scores, "temperature_1_c")[20:80].count(Quality.OK) >= 55


def test_who_creeps_away_from_its_neighbours_has_drifted(life: Life) -> None:
    rows = life.rows()
    rows[20:, 1] += np.arange(len(rows) - 20) * 0.01
    health, scores = life.run(rows)
    assert spoken(health) == [(State.DEGRADED, ("temperature_2_c",))]
    assert health[0].reason == "temperature_2_c has drifted from its neighbours"
    assert qualities(scores, "temperature_2_c")[-1] is Quality.GAP
    assert qualities(scores, "temperature_1_c")[-1] is Quality.OK


def test_who_leaves_its_neighbours_at_a_bound_is_believed(life: Life) -> None:
    rows = life.rows()
    rows[20:, 1] += 8
    health, scores = life.run(rows)
    assert health == []
    assert set(qualities(scores, "temperature_2_c")[20:]) == {Quality.OK}


def test_a_quantity_that_falls_silent_among_others_is_missed() -> None:
    detector, extractor = EnvironmentDetector("e"), EnvironmentExtractor("e")
    rows, told = room(400), []
    for row in range(400):
        for name, column in (("temperature_c", 0), ("co2_ppm", 3)):
            if name == "co2_ppm" and 200 <= row < 350:
                continue
            chunk = Chunk("e", row, at_ns(row), 0.0, rows[row : row + 1, column : column + 1], (name,))
            for features in extractor.extract(chunk):
                told += [(row, one) for one in detector.score(features) if isinstance(one, Health)]
                detector.learn(features)
    assert [(one.state, one.channels, one.reason) for _, one in told] == [
        (State.DEGRADED, ("co2_ppm",), "co2_ppm is silent"),
        (State.UP, (), ""),
    ]
    assert 200 < told[0][0] < 215
    assert told[1][0] == 350


@pytest.mark.parametrize("fault", ["stuck", "dropout", "noise"])
def test_what_is_at_fault_is_never_learned(fault: str) -> None:
    life, clean = Life(), Life()
    rows = life.rows()[:60]
    rows[20:60, 0] = {"stuck": rows[20, 0], "dropout": 85.0, "noise": rows[20:60, 0]}[fault]
    if fault == "noise":
        rows[20:60, 0] += np.random.default_rng(2).normal(0, 1.5, 40)
    late = life.extract(rows, LEARNED)[40:]
    before = {key: array.tobytes() for key, array in life.detector.state().items() if key.startswith(NAMES[0])}
    for features in late:
        life.detector.learn(features)
    after = {key: array.tobytes() for key, array in life.detector.state().items() if key.startswith(NAMES[0])}
    changed = {key for key in before if before[key] != after[key]}
    assert changed <= {f"{NAMES[0]}:faults.counts"}
    assert clean.detector.state().keys() == life.detector.state().keys()
