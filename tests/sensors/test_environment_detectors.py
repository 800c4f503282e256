from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sensors.environment.detectors import EVERY, EnvironmentDetector
from sensors.environment.features import EnvironmentExtractor
from sensors.types import NS, Chunk, Features, Health, Quality, Score, State

NAMES = ("temperature_c", "co2_ppm", "motion")
START_NS = 1_700_000_000 * NS


def air(count: int, seed: int = 0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    drift = np.cumsum(rng.normal(0, 1, count))
    return np.column_stack(
        [rng.normal(21, 0.15, count), 600 + drift + rng.normal(0, 15, count), rng.random(count) < 0.05]
    )


def learned(count: int = 300) -> tuple[EnvironmentExtractor, EnvironmentDetector]:
    extractor, detector = EnvironmentExtractor("e"), EnvironmentDetector("e", aspects=EVERY)
    for features in extract(extractor, air(count), 0):
        detector.learn(features)
    return extractor, detector


def extract(extractor: EnvironmentExtractor, rows: NDArray[np.float64], at: int = 300) -> list[Features]:
    return list(extractor.extract(Chunk("e", at, START_NS + at * NS, 1.0, rows, NAMES)))


def run(detector: EnvironmentDetector, features: list[Features]) -> tuple[list[Score], list[Health]]:
    told = [one for each in features for one in detector.score(each)]
    return [one for one in told if isinstance(one, Score)], [one for one in told if isinstance(one, Health)]


def of(told: list[Score], what: str) -> list[Score]:
    return [one for one in told if one.channel == f"e:{what}"]


def raws(told: list[Score], what: str) -> list[float]:
    return [one.raw for one in of(told, what) if one.raw is not None]


@pytest.mark.parametrize("what", ["co2_ppm.level", "co2_ppm.change"])
def test_a_jump_is_stranger_than_the_quiet_past(what: str) -> None:
    extractor, detector = learned()
    past = raws(run(detector, extract(extractor, air(300, seed=0)[:200]))[0], what)
    rows = air(40, seed=2)
    rows[20:, 1] += 800
    extractor, detector = learned()
    told, _ = run(detector, extract(extractor, rows))
    assert max(raws(told, what)) > np.quantile(past, 0.999)
    assert max(raws(told, "temperature_c.level")) < 8


def test_scores_say_value_usual_and_unit() -> None:
    extractor, detector = learned()
    told, _ = run(detector, extract(extractor, np.array([[41.0, 600.0, 0.0]])))
    level = of(told, "temperature_c.level")[0]
    assert (level.value, level.unit) == (41.0, "°C")
    assert level.usual == pytest.approx(21.0, abs=0.2)


def test_a_switch_is_as_strange_as_its_state_was_rare() -> None:
    extractor, detector = learned()
    told, _ = run(detector, extract(extractor, np.array([[21.0, 600.0, 0.0], [21.0, 600.0, 1.0]])))
    usual, rare = raws(told, "motion.level")
    assert usual < 0.1 < 1.0 < rare < 2.0
    assert of(told, "motion.change") == []


def test_nothing_is_told_before_twenty_rows() -> None:
    extractor, detector = EnvironmentExtractor("e"), EnvironmentDetector("e", aspects=EVERY)
    warming = 0
    for features in extract(extractor, air(60), 0):
        told, _ = run(detector, [features])
        warming += of(told, "co2_ppm.level")[0].quality is Quality.WARMING
        detector.learn(features)
    assert 20 <= warming <= 22


def test_what_was_measured_is_told_while_warming_and_never_of_a_fault() -> None:
    features = extract(EnvironmentExtractor("e"), np.array([[21.0, 600.0, 1.0], [-200.0, 601.0, 1.0]]), 0)
    told, _ = run(EnvironmentDetector("e", aspects=EVERY), features)
    assert {one.quality for one in told} == {Quality.WARMING, Quality.GAP}
    assert [one.value for one in of(told, "temperature_c.level")] == [21.0, None]
    assert [one.value for one in of(told, "motion.level")] == [1.0, 1.0]


def test_nan_is_a_gap_for_its_quantity_only() -> None:
    extractor, detector = learned()
    told, changes = run(detector, extract(extractor, np.array([[np.nan, 600.0, 0.0]])))
    assert {one.quality for one in of(told, "temperature_c.level") + of(told, "temperature_c.change")} == {Quality.GAP}
    assert of(told, "co2_ppm.level")[0].quality is Quality.OK
    assert changes == []


@pytest.mark.parametrize("code", [-200.0, 5000.0, 85.0])
def test_a_dropout_code_is_a_gap_and_is_not_learned(code: float) -> None:
    extractor, detector = learned()
    features = extract(extractor, np.array([[code, 600.0, 0.0]]))
    told, _ = run(detector, features)
    assert of(told, "temperature_c.level")[0].quality is Quality.GAP
    before = detector.state()["temperature_c:place.kept"].tobytes()
    detector.learn(features[0])
    assert detector.state()["temperature_c:place.kept"].tobytes() == before


def test_a_dropout_of_everything_is_told_once_until_it_is_over() -> None:
    extractor, detector = learned()
    rows = air(30, seed=5)
    rows[10:20] = -200.0
    told, changes = run(detector, extract(extractor, rows))
    assert [(change.state, change.at_ns - START_NS) for change in changes] == [
        (State.DEGRADED, 310 * NS),
        (State.UP, 320 * NS),
    ]
    assert changes[0].reason == "dropout: reads -200"
    assert max(raws(told, "temperature_c.level")) < 8


def test_a_stuck_sensor_is_told() -> None:
    extractor, detector = learned()
    rows = air(60, seed=6)
    rows[10:50] = rows[10]
    _, changes = run(detector, extract(extractor, rows))
    assert [change.state for change in changes] == [State.DEGRADED, State.UP]
    assert changes[0].reason.startswith("stuck")


def test_one_stuck_quantity_is_a_gap_for_it_alone() -> None:
    extractor, detector = learned()
    rows = air(60, seed=6)
    rows[10:50, 0] = rows[10, 0]
    told, changes = run(detector, extract(extractor, rows))
    assert [(change.state, change.channels) for change in changes] == [
        (State.DEGRADED, ("temperature_c",)),
        (State.UP, ()),
    ]
    assert changes[0].reason == f"temperature_c stuck at {rows[10, 0]:g}"
    assert of(told, "temperature_c.level")[45].quality is Quality.GAP
    assert of(told, "co2_ppm.level")[45].quality is Quality.OK


def test_what_rests_by_nature_is_not_stuck() -> None:
    extractor, detector = EnvironmentExtractor("e"), EnvironmentDetector("e", aspects=EVERY)
    rows = air(600)
    rows[:, 1] = np.repeat(rows[::30, 1], 30)
    features = extract(extractor, rows, 0)
    for each in features[:500]:
        detector.learn(each)
    told, _ = run(detector, features[500:])
    assert all(one.quality is Quality.OK for one in of(told, "co2_ppm.level"))


def test_another_day_begins_elsewhere_and_level_and_change_warm_up_again() -> None:
    _, old = learned()
    detector = EnvironmentDetector("e", aspects=EVERY)
    detector.restore(old.state())
    rows = air(40, seed=8)
    rows[:, 1] += 500
    levels, moves = [], []
    for features in extract(EnvironmentExtractor("e"), rows, 86_400):
        told, _ = run(detector, [features])
        levels.append(of(told, "co2_ppm.level")[0])
        moves.append(of(told, "co2_ppm.change")[0])
        detector.learn(features)
    assert [one.quality for one in levels[:8]] == [Quality.WARMING] * 8
    assert levels[10].quality is Quality.OK
    assert max(one.raw for one in levels if one.raw is not None) < 8
    assert [one.quality for one in moves[:8]] == [Quality.WARMING] * 8
    assert {one.quality for one in moves[8:]} == {Quality.OK}


def test_who_learned_what_came_later_does_not_judge_the_beginning_by_it() -> None:
    rows = air(600)
    rows[300:, 1] += 400
    extractor = EnvironmentExtractor("e")
    first, later = (extract(extractor, part, at) for part, at in ((rows[:300], 0), (rows[300:], 300)))
    detector = EnvironmentDetector("e", aspects=EVERY)
    for features in later:
        detector.learn(features)
    levels = []
    for features in first:
        levels.append(of(run(detector, [features])[0], "co2_ppm.level")[0])
        detector.learn(features)
    assert [one.quality for one in levels[:8]] == [Quality.WARMING] * 8
    assert max(one.raw for one in levels if one.raw is not None) < 8


def test_an_unknown_quantity_is_scored_on_its_own_scale() -> None:
    extractor, detector = EnvironmentExtractor("e"), EnvironmentDetector("e", aspects=EVERY)
    rows = np.random.default_rng(1).normal(5e4, 10, (100, 1))
    rows[95:] += 1000
    features = list(extractor.extract(Chunk("e", 0, 0, 1.0, rows, ("flux",))))
    for each in features[:90]:
        detector.learn(each)
    told, _ = run(detector, features[90:])
    assert max(raws(told, "flux.level")[:5]) < 5 < raws(told, "flux.level")[5]
