"""Quiet recordings to a past: every part is scored by detectors that have never seen it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import pytest
from numpy.typing import NDArray

from fusion.baseline.learn import NEVER_ALARMS, Segment, cross_fit, gather, halves, learned, window_scores
from fusion.engine import Engine, EngineSettings, Memory
from fusion.runner import merge
from fusion.senses import MEAN
from fusion.triage import TriageSettings
from sensors.base import Arrays, Sensor
from sensors.fitted import Fitted
from sensors.types import NS, Chunk, Features, Health, Modality, Quality, Score, State

SENSES = {"air": Modality.ENVIRONMENT, "cam": Modality.VIDEO, "mic": Modality.AUDIO}
SETTINGS = EngineSettings(
    tick_ns=NS,
    windows_ns=dict.fromkeys(Modality, 3 * NS),
    learn_every_ns=NS,
    least_scores=20,
    least_blocks=5,
    triage=TriageSettings(false_alarms_per_day=NEVER_ALARMS),
)
LONG_S = 300
OK = Quality.OK


@dataclass
class NumberedSource:
    """A row a second: a number that no other row has, and noise."""

    stream: str
    modality: Modality
    rows: NDArray[np.float64]
    start_s: int

    def chunks(self) -> Iterator[Chunk]:
        for seq in range(len(self.rows)):
            yield Chunk(self.stream, seq, (self.start_s + seq) * NS, 0.0, self.rows[seq : seq + 1], ("number", "noise"))


class RowExtractor:
    def extract(self, chunk: Chunk) -> Iterator[Features]:
        yield Features(chunk.stream, chunk.start_ns, NS, chunk.names, chunk.data[0])


class RoteDetector:
    """Remembers the numbers that it was taught, and tells whether it knows one."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.numbers: list[float] = []

    def score(self, features: Features) -> list[Score | Health]:
        number, noise = features.values.tolist()
        told = {"noise": noise, "seen": float(number in self.numbers), "ignorance": -float(len(self.numbers))}
        modality = SENSES[self.stream]
        return [
            Score(self.stream, f"{self.stream}:{name}", modality, features.end_ns, NS, raw)
            for name, raw in told.items()
        ]

    def learn(self, features: Features) -> None:
        self.numbers.append(float(features.values[0]))

    def state(self) -> Arrays:
        return {"numbers": np.array(self.numbers)}

    def restore(self, state: Arrays) -> None:
        self.numbers = state["numbers"].tolist()


class LawDetector(RoteDetector):
    """Has a model fitted to all rows that it was taught, and tells how strange it finds one."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.on_learned: Callable[[str, Sequence[float]], None] | None = None
        self.law: Fitted | None = None

    def score(self, features: Features) -> list[Score | Health]:
        raw = self.law.score(features.values) if self.law else None
        quality = Quality.WARMING if raw is None else Quality.OK
        about = (self.stream, f"{self.stream}:law", SENSES[self.stream], features.end_ns, NS)
        return [Score(*about, raw, quality)]

    def learn(self, features: Features) -> None:
        super().learn(features)
        if self.on_learned is not None:
            self.on_learned("law.all", features.values.tolist())

    def adopt(self, name: str, arrays: Arrays) -> None:
        assert name == "law.all"
        self.law = Fitted(arrays)

    def state(self) -> Arrays:
        return {**super().state(), **(self.law.state() if self.law else {})}

    def restore(self, state: Arrays) -> None:
        super().restore(state)
        self.law = Fitted({name: array for name, array in state.items() if name != "numbers"})


NUMBERS = count()


def sensors(seconds: int, seed: int, start_s: int = 0, names: tuple[str, ...] = tuple(SENSES)) -> dict[str, Sensor]:
    chance = np.random.default_rng(seed)

    def sensor(stream: str) -> Sensor:
        rows = np.array([[float(next(NUMBERS)), chance.standard_normal()] for _ in range(seconds)])
        source = NumberedSource(stream, SENSES[stream], rows, start_s)
        return Sensor(source, RowExtractor(), lambda: RoteDetector(stream))

    return {stream: sensor(stream) for stream in names}


KINDS = sensors(0, 0)


def segment(
    fold: int, seed: int, seconds: int = LONG_S, start_s: int = 0, names: tuple[str, ...] = tuple(SENSES)
) -> Segment:
    return Segment(f"quiet {seed}", fold, list(merge(sensors(seconds, seed, start_s, names).values())))


def fit(*segments: Segment) -> Memory:
    return cross_fit(segments, KINDS, SETTINGS)


def numbers(*segments: Segment, stream: str) -> list[float]:
    return [item.values[0] for s in segments for name, item, _ in s.items if item is not None and name == stream]


@pytest.fixture(scope="module")
def two() -> Memory:
    return fit(segment(0, 1), segment(1, 2, start_s=5000))


def test_every_set_of_senses_has_a_past(two: Memory) -> None:
    assert set(two.blocks) == {
        "audio", "environment", "video", "audio+environment", "audio+video", "environment+video",
        "audio+environment+video"}  # fmt: skip
    assert all(len(past) >= SETTINGS.least_blocks for past in two.blocks.values())


def test_all_that_was_said_is_remembered(two: Memory) -> None:
    for stream in SENSES:
        assert len(two.channels[f"{stream}:noise"]) == 2 * LONG_S
        assert len(two.channels[f"{stream}:noise{MEAN}"]) >= 2 * (LONG_S - 6)
    assert all(counted[0] > LONG_S for counted in two.moments.values())


def test_nobody_is_asked_about_what_he_learned(two: Memory) -> None:
    for stream in SENSES:
        assert not two.channels[f"{stream}:seen"].any()
        assert two.channels[f"{stream}:ignorance"].max() == -LONG_S


def test_quiet_days_are_not_strange_to_each_other(two: Memory) -> None:
    """Strangers' scores are as strange as scores are: no set of senses has a past of marvels."""
    for past in two.blocks.values():
        assert np.median(past) < 2


def test_a_day_unlike_the_others_is_strange_to_them() -> None:
    usual, loud = segment(0, 14), segment(1, 15, start_s=5000)
    for _, features, _ in loud.items:
        if features is not None:
            features.values[1] += 9
    past = fit(usual, loud).blocks["audio+environment+video"]
    assert max(past[: len(past) // 2]) < 4 < max(past[len(past) // 2 :])


def test_one_recording_teaches_itself_by_halves() -> None:
    whole = segment(0, 3)
    parts = halves(whole)
    assert [part.fold for part in parts] == [0, 1]
    assert [item for part in parts for item in part.items] == list(whole.items)
    middle = sum(whole.span_ns) // 2
    assert parts[0].span_ns[1] <= middle < parts[1].span_ns[0]
    known = fit(*parts)
    assert not known.channels["mic:seen"].any()
    assert known.channels["mic:ignorance"].max() == -LONG_S / 2
    assert len(known.blocks) == 7


def test_those_of_one_fold_do_not_teach_each_other() -> None:
    known = fit(segment(0, 4, 100), segment(1, 5, 60, 1000), segment(0, 6, 100, 2000))
    ignorance = known.channels["mic:ignorance"]
    assert [ignorance[:100].max(), ignorance[100:160].max(), ignorance[160:].max()] == [-60, -200, -60]


def test_detectors_of_the_baseline_learned_everything_in_the_order_of_time() -> None:
    late, early = segment(0, 7, 50, 1000), segment(1, 8, 50)
    state = learned([late, early], KINDS)["cam"].state()
    assert state["numbers"].tolist() == numbers(early, late, stream="cam")


def test_what_is_fitted_knows_the_other_folds_alone_and_at_last_everything() -> None:
    lawful = {"cam": Sensor(KINDS["cam"].source, KINDS["cam"].extractor, lambda: LawDetector("cam"))}
    usual, odd = segment(0, 16, names=("cam",)), segment(1, 17, start_s=5000, names=("cam",))
    for _, features, _ in odd.items:
        if features is not None:
            features.values[1] += 9
    known = cross_fit([usual, odd], lawful, SETTINGS).channels["cam:law"]
    everything = learned([usual, odd], lawful)["cam"]
    last = [one.raw or 0.0 for _, row, _ in odd.items if row for one in everything.score(row) if isinstance(one, Score)]
    assert len(known) == 2 * LONG_S
    assert np.quantile(last, 0.9) < np.quantile(known[LONG_S:], 0.1)


def test_a_sensor_that_was_there_once_only_is_known_from_there() -> None:
    both, without = segment(0, 9), segment(1, 10, start_s=1000, names=("air", "mic"))
    known = fit(both, without)
    assert len(known.channels["cam:noise"]) == LONG_S
    assert "audio+environment" in known.blocks
    assert len(known.blocks["audio+environment"]) > LONG_S // 10


def test_a_sensor_that_ends_early_holds_up_nothing() -> None:
    long, short = sensors(LONG_S, 11, names=("air", "cam")), sensors(100, 12, names=("mic",))
    items = list(merge({**long, **short}.values()))
    known = fit(Segment("uneven", 0, items), segment(1, 13, start_s=1000))
    assert len(known.blocks["environment+video"]) > len(known.blocks["audio"])


def test_windows_are_those_that_the_engine_learns() -> None:
    told = [float(at * at % 7) for at in range(40)]
    said: list[Score | Health] = [
        Score("mic", "mic:x", Modality.AUDIO, at * NS, NS, None if at == 9 else raw, Quality.GAP if at == 9 else OK)
        for at, raw in enumerate(told)
    ]
    engine = Engine(replace(SETTINGS, learn_after_ns=0), {"mic": Modality.AUDIO}, 0)
    for item in said:
        engine.push(item)
    engine.reach("mic", 40 * NS)
    deque(engine.advance(40 * NS), maxlen=0)
    said.insert(3, Health("cam", NS, State.DOWN))
    known = {name: values.tolist() for name, values in engine.snapshot().channels.items()}
    assert known == window_scores(said, SETTINGS)
    assert known["mic:x"][:3] == [told[0], max(told[:2]), max(told[:3])]


def test_parts_are_gathered_in_their_order() -> None:
    parts: list[Mapping[str, list[float]]] = [{"b": [1.0], "a": [2.0]}, {"b": [3.0, 0.0]}]
    assert {name: values.tolist() for name, values in gather(parts).items()} == {"a": [2.0], "b": [1.0, 3.0, 0.0]}
