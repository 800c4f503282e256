"""What is fitted as a whole is part of what was learned, survives the disk, and sees what no quantity alone shows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from fusion.assemble import build_detector
from fusion.baseline.folder import Baseline, Manifest
from fusion.baseline.learn import Segment, learned
from fusion.engine import Memory
from fusion.runner import merge
from sensors.base import Sensor
from sensors.environment.detectors import EVERY, EnvironmentDetector
from sensors.environment.features import EnvironmentExtractor
from sensors.errors import BadInputError
from sensors.types import NS, Chunk, Features, Modality, Score

NAMES = ("pump_w", "flow", "pressure")
LAW = "boiler:together.law"


class RowSource:
    """A row a second."""

    stream, modality = "boiler", Modality.ENVIRONMENT

    def __init__(self, rows: NDArray[np.float64], start_s: int = 0) -> None:
        self.rows, self.start_s = rows, start_s

    def chunks(self) -> Iterator[Chunk]:
        yield Chunk(self.stream, 0, self.start_s * NS, 1.0, self.rows, NAMES)


def life(seed: int, rows: int = 400) -> NDArray[np.float64]:
    """A pump that is on or off, a flow that follows it, and a pressure."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    on = np.repeat(rng.random(rows // 40 + 1) < 0.5, 40)[:rows]
    return np.column_stack([100 * on, 5 * on, 2 + on]) + rng.normal(0, 1, (rows, 3)) * [2.0, 0.1, 0.05]


def sensor(rows: NDArray[np.float64], start_s: int = 0, aspects: frozenset[str] = EVERY) -> Sensor:
    make = partial(EnvironmentDetector, "boiler", aspects=aspects)
    return Sensor(RowSource(rows, start_s), EnvironmentExtractor("boiler"), make)


def teach(aspects: frozenset[str] = EVERY) -> EnvironmentDetector:
    days = [sensor(life(seed), 1000 * seed, aspects) for seed in (1, 2, 3)]
    segments = [Segment(str(number), number, list(merge([day]))) for number, day in enumerate(days)]
    detector = learned(segments, {"boiler": days[0]})["boiler"]
    assert isinstance(detector, EnvironmentDetector)
    return detector


def laws(detector: EnvironmentDetector, rows: NDArray[np.float64]) -> list[float]:
    features: list[Features] = list(sensor(rows, 9000).features())
    told = [one for each in features for one in detector.score(each) if isinstance(one, Score) and one.channel == LAW]
    return [one.raw for one in told if one.raw is not None]


@pytest.fixture(scope="module")
def taught() -> EnvironmentDetector:
    return teach()


def test_a_broken_law_is_strange_and_another_day_is_not(taught: EnvironmentDetector) -> None:
    quiet, broken = life(4), life(4)
    wander = np.random.Generator(np.random.Philox(key=8)).normal(0, 1, (200, 3)) * [2.0, 0.1, 0.05]
    broken[200:] = wander + [100.0, 0.0, 2.0]
    assert len(laws(taught, quiet)) > 350
    assert min(laws(taught, broken)[-150:]) > 2 * max(laws(taught, quiet))


def test_before_anything_was_fitted_there_is_no_such_channel() -> None:
    detector = EnvironmentDetector("boiler", aspects=EVERY)
    for features in sensor(life(5)).features():
        detector.learn(features)
    told = [one for features in sensor(life(5)).features() for one in detector.score(features)]
    assert LAW not in {one.channel for one in told if isinstance(one, Score)}


def test_nothing_is_fitted_for_who_does_not_tell_of_it() -> None:
    state = teach(frozenset({"level"})).state()
    assert not [name for name in state if "law" in name or "together" in name]


def test_restored_it_says_the_same(taught: EnvironmentDetector) -> None:
    restored = EnvironmentDetector("boiler", aspects=EVERY)
    restored.restore({name: array.copy() for name, array in taught.state().items()})
    assert laws(restored, life(6)) == laws(taught, life(6))


@pytest.mark.parametrize("damage", [lambda array: array[:-1], lambda array: np.full_like(array, np.nan)])
def test_a_baseline_whose_arrays_do_not_fit_is_refused(taught: EnvironmentDetector, damage: object) -> None:
    assert callable(damage)
    state = {name: damage(array) if ".law:" in name else array for name, array in taught.state().items()}
    manifest = Manifest(2, "0", 1.0, 10.0, (), {"boiler": "environment"}, {}, {}, {})
    with pytest.raises(BadInputError, match="cannot be used"):
        build_detector(sensor(life(7)), Baseline(manifest, Memory({}, {}, {}), {"boiler": state}))
