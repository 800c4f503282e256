"""Three sensors, a score a second, ordinary noise: what the engine makes of it, and what becomes of strange moments."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fusion.engine import Engine, EngineSettings, Memory, Step
from fusion.events import Change, FusedScore, Severity
from fusion.triage import TriageSettings
from sensors.types import NS, Health, Modality, Quality, Score, State

LAW = settings(deadline=None, derandomize=True, database=None)

STREAMS = {"air": Modality.ENVIRONMENT, "cam": Modality.VIDEO, "mic": Modality.AUDIO}
SETTINGS = EngineSettings(
    tick_ns=NS,
    windows_ns=dict.fromkeys(Modality, 5 * NS),
    learn_every_ns=NS,
    least_scores=30,
    triage=TriageSettings(false_alarms_per_day=5.0),
)
STILL = replace(SETTINGS, learning=False)
LEARNED_S = 1500
EVERY_S = 2
"""A window is learned when the last one that was lies a quarter of it back, by whole seconds."""

Said = Score | Health


def score(stream: str, second: float, raw: float | None, quality: Quality = Quality.OK) -> Score:
    return Score(stream, f"{stream}:x", STREAMS[stream], round(second * NS), NS, raw, quality)


def noise(seconds: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal((seconds, len(STREAMS)))


def scores(raws: NDArray[np.float64], start: int = 0) -> list[Said]:
    """Row by row; NaN where a sensor says nothing."""
    return [
        score(stream, start + second, raw)
        for second, row in enumerate(raws.tolist())
        for stream, raw in zip(STREAMS, row, strict=True)
        if not math.isnan(raw)
    ]


def run(engine: Engine, said: Iterable[Said], until: int) -> list[Step]:
    for item in said:
        engine.push(item)
    for stream in STREAMS:
        engine.reach(stream, until * NS)
    return list(engine.advance(until * NS))


@lru_cache
def memory() -> Memory:
    engine = Engine(SETTINGS, STREAMS, 0)
    run(engine, scores(noise(LEARNED_S, 0)), LEARNED_S - 1)
    return engine.snapshot()


def experienced(settings: EngineSettings = SETTINGS, start: int | None = 0) -> Engine:
    return Engine(settings, STREAMS, None if start is None else start * NS, memory())


def judge(said: Iterable[Said], until: int, settings: EngineSettings = SETTINGS) -> list[Step]:
    return run(experienced(settings), said, until)


def verdicts(steps: Sequence[Step]) -> list[FusedScore]:
    return [step.verdict for step in steps]


def told(steps: Sequence[Step]) -> list[tuple[int, Change, Severity]]:
    return [
        (step.verdict.at_ns // NS, change, incident.severity) for step in steps for change, incident in step.changes
    ]


def as_lists(known: Memory) -> list[dict[str, list[float]]]:
    return [{k: v.tolist() for k, v in part.items()} for part in (known.channels, known.blocks, known.moments)]


@pytest.mark.parametrize("start_ns", [0, 1, NS - 1, NS, 5 * NS + 7])
def test_there_is_one_verdict_for_each_tick_of_the_grid(start_ns: int) -> None:
    engine = Engine(SETTINGS, STREAMS, start_ns)
    steps = [step for until in (3, 20, 20, 60) for step in run(engine, [], until)]
    first = -(-start_ns // NS)
    assert [step.verdict.at_ns for step in steps] == [second * NS for second in range(first, 61)]


def test_without_a_start_the_first_thing_said_begins() -> None:
    engine = Engine(SETTINGS, STREAMS)
    assert run(engine, [], 10) == []
    steps = run(engine, [score("mic", 12.5, 1.0), score("cam", 11.2, 1.0)], 15)
    assert [step.verdict.at_ns // NS for step in steps] == [12, 13, 14, 15]


def test_nothing_is_said_while_nothing_is_known() -> None:
    steps = run(Engine(SETTINGS, STREAMS, 0), scores(noise(20, 1)), 19)
    assert {(step.verdict.p_value, step.verdict.per_day, step.changes) for step in steps} == {(None, None, ())}
    assert {missing.reason for missing in steps[-1].verdict.missing} == {"learning what is usual"}
    assert all(step.verdict.degraded for step in steps)


def test_with_a_memory_the_first_tick_is_judged() -> None:
    first = judge(scores(noise(1, 1)), 0)[0].verdict
    assert first.per_day is not None
    assert not first.degraded
    assert {part.sense for part in first.parts} == set(STREAMS.values())


def test_an_event_becomes_one_grave_incident_that_ends() -> None:
    raws = noise(120, 1)
    raws[60:70] += 8
    (opened, *_, closed) = changes = told(judge(scores(raws), 119))
    assert (opened[1], closed[1]) == (Change.OPENED, Change.CLOSED)
    assert 60 <= opened[0] <= 61
    assert 70 <= closed[0] <= 90
    assert closed[2] is Severity.HIGH
    assert [change for _, change, _ in changes].count(Change.OPENED) == 1


def test_one_sense_is_enough_but_never_critical() -> None:
    raws = noise(120, 1)
    raws[60:70, 1] += 12
    changes = told(judge(scores(raws), 119))
    assert changes[0][1] is Change.OPENED
    assert max(severity for _, _, severity in changes) <= Severity.HIGH


def test_what_is_open_at_the_end_is_closed() -> None:
    raws = noise(62, 1)
    raws[60:] += 8
    engine = experienced()
    steps = run(engine, scores(raws), 61)
    assert Change.CLOSED not in [change for _, change, _ in told(steps)]
    ((change, incident),) = engine.finish()
    assert (change, incident.closed_ns) == (Change.CLOSED, 62 * NS)


def test_who_is_away_is_named_and_the_others_are_still_judged() -> None:
    raws = noise(60, 1)
    raws[20:, 2] = np.nan
    raws[50:55, :2] += 8
    steps = judge(scores(raws), 59)
    late = verdicts(steps)[30]
    assert [(missing.stream, missing.reason) for missing in late.missing] == [("mic", "silent")]
    assert late.degraded
    assert late.per_day is not None
    assert {part.sense for part in late.parts} == {Modality.ENVIRONMENT, Modality.VIDEO}
    assert told(steps)[0][1] is Change.OPENED


@pytest.mark.parametrize("state", [State.DOWN, State.DEGRADED, State.TAMPERED])
def test_a_sensor_that_is_not_well_abstains_until_it_is(state: State) -> None:
    raws = noise(60, 1)
    raws[20:40, 1] += 50
    said = [*scores(raws), Health("cam", 20 * NS, state, "stuck"), Health("cam", 45 * NS, State.UP)]
    steps = judge(said, 59)
    away = [step.verdict.at_ns // NS for step in steps if [m.reason for m in step.verdict.missing] == ["stuck"]]
    assert away == list(range(20, 45))
    assert told(steps) == []


def test_a_score_without_a_value_is_absence_not_calm() -> None:
    said = [item for item in scores(noise(40, 1)) if isinstance(item, Score)]
    said = [replace(item, raw=None, quality=Quality.GAP) if item.end_ns >= 20 * NS else item for item in said]
    last = judge(said, 39)[-1].verdict
    assert (last.p_value, last.per_day, last.parts) == (None, None, ())
    assert len(last.missing) == 3


RAWS = st.floats(-1e9, 1e9) | st.sampled_from([0.0, -0.0, 1e-300])


@LAW
@given(st.lists(st.tuples(st.sampled_from(sorted(STREAMS)), st.integers(0, 15), RAWS), max_size=40))
def test_verdicts_are_numbers(said: list[tuple[str, int, float]]) -> None:
    said.sort(key=lambda item: item[1])
    for verdict in verdicts(judge([score(*item) for item in said], 15)):
        if verdict.parts:
            assert verdict.p_value is not None
            assert verdict.per_day is not None
            assert 0 < verdict.p_value <= 1
            assert 0 < verdict.per_day <= 8640
            assert sum(part.share for part in verdict.parts) == pytest.approx(1)
            assert [part.share for part in verdict.parts] == sorted((p.share for p in verdict.parts), reverse=True)
            assert all(0 < part.p_value <= 0.5 for part in verdict.parts)
        else:
            assert verdict.p_value is verdict.per_day is None


def learned_since(engine: Engine) -> dict[str, list[float]]:
    return {name: past[len(memory().channels[name]) :].tolist() for name, past in engine.snapshot().channels.items()}


def peak(raws: NDArray[np.float64], second: int) -> float:
    """The strongest that the microphone said in the window that ends there."""
    return float(raws[max(0, second - 4) : second + 1, 2].max())


def test_what_alarmed_is_not_learned_nor_how_it_began() -> None:
    raws = noise(150, 1)
    raws[60:70] += 8
    engine = experienced()
    changes = told(run(engine, scores(raws), 149))
    began = changes[0][0] - SETTINGS.lead_ns // NS
    closed = changes[-1][0]
    assert not any(engine.quiet(second * NS) for second in range(began, closed + 1))
    assert engine.quiet((began - 1) * NS)
    assert engine.quiet((closed + 1) * NS)
    quiet = [second for second in range(135) if not began <= second <= closed]
    assert learned_since(engine)["mic:x"] == [peak(raws, second) for second in quiet if second % EVERY_S == 0]
    known = engine.snapshot()
    assert known.moments["audio+video"][0] - memory().moments["audio+video"][0] == len(quiet)
    assert max(np.concatenate([*known.blocks.values()])) < 6


def test_of_an_alarm_that_chance_is_allowed_no_more_is_learned_than_that_there_was_one() -> None:
    raws = noise(250, 1)
    raws[200:210] += 8
    frequent = replace(SETTINGS, triage=TriageSettings(false_alarms_per_day=400.0))
    engine = experienced(frequent)
    changes = [change for _, change, _ in told(run(engine, scores(raws), 249))]
    assert changes.count(Change.OPENED) == 1
    learned = learned_since(engine)["mic:x"]
    before = range(0, 189, EVERY_S)
    assert learned[: len(before)] == [peak(raws, second) for second in before]
    assert len(learned) == -(-(250 - 15) // EVERY_S)
    assert max(learned) < 8 < raws[200:210, 2].max()
    blocks = {name: past[len(memory().blocks[name]) :] for name, past in engine.snapshot().blocks.items()}
    assert all(len(past) < 23 and past.max() < 4 for past in blocks.values())


def test_what_never_ends_becomes_the_new_normal() -> None:
    raws = noise(1500, 1)
    raws[60:, 0] += 8
    patient = replace(SETTINGS, accept_after_ns=300 * NS)
    engine = experienced(patient)
    steps = run(engine, scores(raws), 1499)
    rates = [verdict.per_day for verdict in verdicts(steps)]
    assert [change for _, change, _ in told(steps)].count(Change.OPENED) <= 3
    assert all(rate is not None and rate < 100 for rate in rates[70:360])
    assert sum(rate is not None and rate < 100 for rate in rates[1200:]) < 30
    assert max(learned_since(engine)["air:x"]) > 6


def test_without_learning_nothing_is_learned() -> None:
    raws = noise(200, 1)
    raws[60:70] += 8
    engine = experienced(STILL)
    run(engine, scores(raws), 199)
    assert as_lists(engine.snapshot()) == as_lists(memory())


def test_judging_does_not_depend_on_when_learning_comes() -> None:
    """What was said in the last seconds is not learned yet."""
    raws = noise(16, 1)
    assert verdicts(judge(scores(raws), 15)) == verdicts(judge(scores(raws), 15, STILL))


def test_a_memory_is_restored_whole() -> None:
    assert as_lists(experienced().snapshot()) == as_lists(memory())


def test_the_same_memory_judges_the_same_and_is_not_changed() -> None:
    before = as_lists(memory())
    raws = noise(300, 2)
    raws[100:110] += 5
    assert judge(scores(raws), 299) == judge(scores(raws), 299)
    assert as_lists(memory()) == before


def test_what_was_said_two_windows_ago_no_longer_matters() -> None:
    """Who joins later with the same memory says the same, once its windows are full."""
    raws = noise(60, 2)
    whole = verdicts(judge(scores(raws), 59, STILL))
    joined = verdicts(run(experienced(STILL, 30), scores(raws[30:], 30), 59))
    assert joined[10:] == whole[40:]


def test_pasts_of_sensors_that_are_gone_and_of_other_sets_are_left_aside() -> None:
    engine = Engine(SETTINGS, {"mic": Modality.AUDIO}, 0, memory())
    known = engine.snapshot()
    assert set(known.blocks) == {"audio"}
    assert all(name.startswith(("mic:", "audio")) for name in known.channels)


def test_a_tick_closes_at_its_deadline_without_who_is_slow() -> None:
    engine = experienced(STILL)
    for item in scores(noise(10, 1)):
        if isinstance(item, Score) and (item.stream != "cam" or item.end_ns < 5 * NS):
            engine.push(item)
    for stream, reached in {"air": 9, "cam": 4, "mic": 9}.items():
        engine.reach(stream, reached * NS)
    budget = STILL.budget_ns
    assert [step.verdict.at_ns // NS for step in engine.advance(9 * NS)] == [0, 1, 2, 3, 4]
    assert not list(engine.advance(9 * NS, 5 * NS + budget - 1))
    assert [step.verdict.at_ns // NS for step in engine.advance(9 * NS, 5 * NS + budget)] == [5]
    *_, last = engine.advance(9 * NS, 8 * NS + budget)
    assert [(missing.stream, missing.reason) for missing in last.verdict.missing] == [("cam", "silent")]
    assert last.verdict.per_day is not None


def test_late_scores_are_counted_and_not_used() -> None:
    raws = noise(30, 1)
    engines = experienced(), experienced()
    for engine in engines:
        run(engine, scores(raws[:20]), 19)
    assert [engine.late for engine in engines] == [0, 0]
    for second in (3, 12, 19):
        engines[0].push(score("cam", second, 50.0))
    after = [run(engine, scores(raws[20:], 20), 29) for engine in engines]
    assert after[0] == after[1]
    assert [engine.late for engine in engines] == [3, 0]


def test_a_stream_that_reached_a_tick_is_not_waited_for_although_it_said_nothing() -> None:
    assert len(judge([], 9)) == 10


def test_a_long_blackout_is_told_once_a_minute_and_its_end_at_once() -> None:
    raws = noise(600, 1)
    raws[100:400] = np.nan
    steps = judge(scores(raws), 599)
    told_at = [step.verdict.at_ns // NS for step in steps]
    spoken_until = 99 + 3
    assert told_at == [*range(spoken_until + 61), 180, 240, 300, 360, *range(400, 600)]
    assert all(step.verdict.missing for step in steps if 110 <= step.verdict.at_ns // NS < 400)


def test_while_one_sensor_speaks_every_tick_is_answered() -> None:
    raws = noise(300, 1)
    raws[100:, :2] = np.nan
    assert len(judge(scores(raws), 299)) == 300


def test_a_quantity_at_fault_is_named_while_its_sensor_takes_part() -> None:
    said = [
        *scores(noise(60, 4)),
        Health("air", 20 * NS, State.DEGRADED, "a is stuck", ("a", "b")),
        Health("air", 40 * NS, State.UP),
    ]
    steps = judge(sorted(said, key=lambda one: one.end_ns if isinstance(one, Score) else one.at_ns), 59)
    for step in steps:
        named = {one.stream: one.reason for one in step.verdict.missing}
        during = 20 <= step.verdict.at_ns // NS < 40
        assert named == ({"air:a+b": "a is stuck"} if during else {})
        assert {part.sense for part in step.verdict.parts} == set(STREAMS.values())


def full_and_empty(seconds: int, muffled_from: int, seed: int = 3) -> list[Said]:
    """A hall that fills and empties every two hours; from some moment on the microphone hears nothing."""
    random = np.random.default_rng(seed)
    said: list[Said] = []
    for second in range(0, seconds, 20):
        full = max(0.0, math.sin(second / 1146)) + 0.05 * random.standard_normal()
        for stream, what in (("cam", "foreground"), ("mic", "level")):
            value = 0.0 if stream == "mic" and second >= muffled_from else full + 0.05 * random.standard_normal()
            raw = random.standard_normal()
            channel, end_ns = f"{stream}:{what}", second * NS
            said.append(Score(stream, channel, STREAMS[stream], end_ns, 20 * NS, raw, value=value))
    return said


def test_a_microphone_that_hears_nothing_of_what_the_camera_sees_is_suspected_and_still_heard() -> None:
    muffled, end = 101_900, 102_900
    slow = replace(SETTINGS, tick_ns=20 * NS, windows_ns=dict.fromkeys(Modality, 20 * NS), learn_every_ns=60 * NS)
    engine = Engine(slow, {"cam": Modality.VIDEO, "mic": Modality.AUDIO}, 0)
    for item in full_and_empty(end, muffled):
        engine.push(item)
    for stream in ("cam", "mic"):
        engine.reach(stream, end * NS)
    steps = list(engine.advance(end * NS))
    (health,) = [health for step in steps for health in step.health]
    assert (health.stream, health.state) == ("mic", State.TAMPERED)
    assert muffled * NS < health.at_ns <= (muffled + 600) * NS
    last = steps[-2].verdict
    assert [item.stream for item in last.suspected] == ["mic"]
    assert Modality.AUDIO in {part.sense for part in last.parts}
    assert all(not step.verdict.suspected for step in steps if step.verdict.at_ns < health.at_ns)
    again = Engine(slow, {"cam": Modality.VIDEO, "mic": Modality.AUDIO}, None, engine.snapshot())
    assert again.snapshot().agreement.keys() == engine.snapshot().agreement.keys() != set()
