"""Laws of what is learned of quantities: seasons, swings, patterns, steps, drift, rates, joint behaviour."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sensors.environment.detectors import EVERY, EnvironmentDetector
from sensors.environment.features import EnvironmentExtractor
from sensors.environment.joint import Joint
from sensors.environment.patterns import Patterns
from sensors.environment.prediction import Prediction
from sensors.environment.seasons import Seasons
from sensors.environment.spread import Spread
from sensors.environment.swings import Swings
from sensors.types import NS, Chunk, Features, Score

HOUR_NS, DAY_NS = 3600 * NS, 86_400 * NS
MONDAY_NS = 4 * DAY_NS
NAMES = ("temperature_c", "co2_ppm", "motion")


def chance(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def life(rows: NDArray[np.float64], step_s: float, names: tuple[str, ...] = NAMES) -> list[Features]:
    return list(EnvironmentExtractor("e").extract(Chunk("e", 0, MONDAY_NS, 1 / step_s, rows, names)))


def lived(features: list[Features]) -> EnvironmentDetector:
    detector = EnvironmentDetector("e", aspects=EVERY)
    for one in features:
        detector.learn(one)
    return detector


def raws(detector: EnvironmentDetector, features: list[Features], channel: str) -> list[float]:
    told = (one for each in features for one in detector.score(each) if isinstance(one, Score))
    return [one.raw for one in told if one.channel == f"e:{channel}" and one.raw is not None]


def days(count: int) -> Iterator[tuple[int, float]]:
    """Readings every ten minutes that are the hour of the day."""
    return ((number * 600 * NS, float(number // 6 % 24)) for number in range(count * 144))


def test_a_season_speaks_more_the_more_days_it_knows_and_never_of_one_alone() -> None:
    weights = []
    for known in (1, 2, 11):
        seasons = Seasons()
        for at_ns, value in days(known):
            seasons.learn(value, MONDAY_NS + at_ns)
        found = seasons.band(MONDAY_NS + known * DAY_NS + 3 * HOUR_NS)
        weights.append(found[1] if found else 0.0)
        assert found is None or found[0].middle == 3.0
    assert weights[0] == 0.0
    assert weights == sorted(weights)
    assert 0.75 < weights[-1] < 1.0


def test_a_weekend_is_measured_by_weekends_once_some_are_known() -> None:
    seasons = Seasons()
    for at_ns, value in days(14):
        weekend = (at_ns // DAY_NS) % 7 >= 5
        seasons.learn(value + 100 * weekend, MONDAY_NS + at_ns)
    saturday, monday = (seasons.band(MONDAY_NS + (14 + day) * DAY_NS + 3 * HOUR_NS) for day in (5, 0))
    assert saturday is not None
    assert monday is not None
    assert (saturday[0].middle, monday[0].middle) == (103.0, 3.0)


def test_one_strange_day_does_not_move_a_season() -> None:
    seasons = Seasons()
    for at_ns, value in days(9):
        seasons.learn(value + 1000 * (at_ns // DAY_NS == 4), MONDAY_NS + at_ns)
    found = seasons.band(MONDAY_NS + 9 * DAY_NS + 7 * HOUR_NS)
    assert found is not None
    assert found[0].middle == 7.0


def test_movements_are_measured_more_coarsely_only_in_hours_that_are_wild() -> None:
    swings = Swings()
    for at_ns, hour in days(8):
        swings.learn(10.0 if hour == 8 else 1.0, MONDAY_NS + at_ns)
    factors = [swings.factor(MONDAY_NS + hour * HOUR_NS) for hour in range(24)]
    assert min(factors) == 1.0
    assert {hour for hour, factor in enumerate(factors) if factor > 2} == {8, 9}


def test_what_was_seen_before_is_no_new_pattern_however_odd_it_is() -> None:
    rng, patterns = chance(1), Patterns()
    odd = (5.0, -5.0, 5.0, -5.0)
    for _ in range(100):
        patterns.learn(rng.normal(0, 0.1, 4).tolist())
    before = patterns.distance(odd)
    patterns.learn(odd)
    assert before is not None
    assert before > 4
    assert patterns.distance(odd) == pytest.approx(0.0, abs=1e-6)


def test_a_prediction_learns_what_follows_and_a_spike_teaches_it_little() -> None:
    taught, spiked = Prediction(), Prediction()
    course = np.sin(np.arange(2000) / 3)
    for row in range(3, len(course)):
        before = course[row - 1], course[row - 2], course[row - 3]
        taught.learn(course[row], before, 0.1)
        spiked.learn(course[row] + 1e6 * (row == 1000), before, 0.1)
    errors = [abs(one.error(course[9], (course[8], course[7], course[6]))) for one in (Prediction(), taught, spiked)]
    assert errors[1] < 0.2 * errors[0]
    assert errors[2] < 0.3 * errors[0]


def test_steps_too_small_to_matter_do_not_teach_what_comes_after_a_leap() -> None:
    """A quantity that fades by a hundredth and now and then goes up by five: nothing foretells the five."""
    taught, course = Prediction(), [0.0]
    for row in range(1, 400):
        course.append(course[-1] + (5.0 if row % 4 == 0 else -0.01))
    for row in range(3, len(course)):
        taught.learn(course[row], (course[row - 1], course[row - 2], course[row - 3]), 1.0)
    errors = [taught.error(course[row], course[row - 3 : row][::-1]) for row in range(200, 400)]
    assert max(map(abs, errors)) < 25


def test_a_spread_is_that_of_the_newest_values_and_half_may_be_wrong() -> None:
    spread = Spread(400, 1e-6)
    for value in chance(2).normal(5, 2, 3000):
        spread.learn(float(value))
    assert spread.median == pytest.approx(5, abs=0.4)
    assert spread.scale == pytest.approx(2, abs=0.4)


def test_a_step_is_told_at_once_and_forgotten_when_it_is_old() -> None:
    rows = chance(3).normal(20, 0.2, (200, 1))
    rows[150:] += 4
    features = life(rows, 60, ("temperature_c",))
    steps = raws(lived(features[:140]), features, "temperature_c.step")
    assert max(steps[-50:-46]) > 5 * max(steps[:-50])
    assert max(steps[-15:]) < 0.2 * max(steps)


def test_a_slow_drift_is_told_by_its_own_channel_and_by_no_fast_one() -> None:
    rows = chance(4).normal(20, 0.2, (3000, 1))
    rows[1500:, 0] += np.linspace(0, 3, 1500)
    features = life(rows, 60, ("temperature_c",))
    detector = EnvironmentDetector("e", aspects=EVERY)
    told: dict[str, list[float]] = {"drift": [], "change": [], "step": []}
    for number, one in enumerate(features):
        if number % 20 == 0:
            for aspect, found in told.items():
                found += raws(detector, [one], f"temperature_c.{aspect}")
        detector.learn(one)
    assert max(told["drift"][-20:]) > 3 * max(told["drift"][:40])
    assert max(told["change"][-60:]) < 2 * max(told["change"][:60])


def test_a_motion_sensor_is_stranger_in_hours_when_nobody_moves() -> None:
    hours = np.arange(10 * 288) // 12 % 24
    rows = ((hours >= 8) & (hours < 18) & (chance(5).random(len(hours)) < 0.6)).astype(np.float64)[:, None]
    detector = lived(life(rows, 300, ("motion",)))
    on = life(np.ones((288, 1)), 300, ("motion",))
    levels = raws(detector, on, "motion.level")
    assert levels[3 * 12] > 2 * levels[12 * 12]
    rates = raws(detector, on, "motion.rate")
    assert rates[3 * 12] > 2 * rates[-12 * 12]


def test_a_broken_law_is_strange_though_every_quantity_is_in_its_range() -> None:
    rng, joint = chance(6), Joint(3)
    load = rng.normal(0, 1, 600)
    rows = np.column_stack([load, load + rng.normal(0, 0.05, 600), rng.normal(0, 1, 600)])
    for number, row in enumerate(rows):
        joint.learn(row.tolist(), number)
    usual, broken = joint.distance([1.0, 1.0, 0.0]), joint.distance([1.0, -1.0, 0.0])
    assert usual is not None
    assert broken is not None
    assert usual < 2
    assert broken > 5 * usual


def test_what_is_missing_counts_as_usual_unless_most_is() -> None:
    rng, joint = chance(7), Joint(4)
    for number in range(300):
        joint.learn(rng.normal(0, 1, 4).tolist(), number)
    whole = joint.distance([0.0, 0.0, 0.0, 0.0])
    part = joint.distance([0.0, 0.0, 0.0, float("nan")])
    assert whole is not None
    assert part == pytest.approx(whole, abs=0.3)
    assert joint.distance([0.0, float("nan"), float("nan"), float("nan")]) is None


@settings(max_examples=12, deadline=None)
@given(cut=st.integers(0, 199), seed=st.integers(0, 50))
def test_resumed_anywhere_is_as_if_never_interrupted(cut: int, seed: int) -> None:
    rng = chance(seed)
    rows = np.column_stack([rng.normal(21, 0.2, 200), rng.normal(600, 20, 200), rng.random(200) < 0.2])
    rows[rng.random(200) < 0.05, 0] = np.nan
    features = life(rows, 1200)
    whole, first = EnvironmentDetector("e", aspects=EVERY), EnvironmentDetector("e", aspects=EVERY)
    for one in features[:cut]:
        whole.learn(one)
        first.learn(one)
    resumed = EnvironmentDetector("e", aspects=EVERY)
    resumed.restore({name: array.copy() for name, array in first.state().items()})
    for one in features[cut:]:
        assert resumed.score(one) == whole.score(one)
        resumed.learn(one)
        whole.learn(one)
    told, other = whole.state(), resumed.state()
    assert {name: array.tobytes() for name, array in told.items()} == {n: a.tobytes() for n, a in other.items()}
