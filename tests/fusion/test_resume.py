"""An engine that was kept as plain data, wherever the stream is cut, goes on as if nothing had been between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from fusion.config import RuleText, Settings, read_rules
from fusion.engine import Engine, EngineSettings, Step
from fusion.events import Reliability
from fusion.freezing import freeze, thaw
from fusion.triage import TriageSettings
from sensors.types import NS, Health, Modality, Quality, Score, State
from tests.fusion.streams import QUICK, SENSES, START_NS, TICK_NS

RULES = read_rules(Settings(rules=(RuleText(when="temperature > 3.5 for 0.5 s", until="temperature < 1"),)))
WINDOWS = dict.fromkeys(SENSES.values(), 3 * TICK_NS)
OFTEN = TriageSettings(false_alarms_per_day=20_000, patience_ns=NS // 5)
WATCHFUL = replace(QUICK, rules=RULES, triage=OFTEN, windows_ns=WINDOWS, learn_every_ns=TICK_NS)
TICKS = 240
NAMES = {"air": "air:temperature_c.level", "eye": "eye:motion", "mic": "mic:glass_break"}


def life(seed: int) -> list[list[Score | Health]]:
    """What three sensors say, tick by tick: bursts, gaps, faults, and now and then something late."""
    rng, out = np.random.default_rng(seed), list[list[Score | Health]]()
    for tick in range(TICKS):
        at_ns, items = START_NS + tick * TICK_NS, list[Score | Health]()
        burst = 6.0 if tick % 80 > 70 else 1.0
        for stream, channel in NAMES.items():
            if rng.random() < 0.04:
                state = State.DEGRADED if rng.random() < 0.3 else State.UP
                items.append(Health(stream, at_ns, state, "covered" if state is not State.UP else ""))
            if rng.random() < 0.1:
                continue
            quality = Quality.GAP if rng.random() < 0.03 else Quality.OK
            value = float(rng.exponential() * burst)
            raw = value if quality is Quality.OK else None
            late_ns = 3 * TICK_NS if rng.random() < 0.02 else 0
            told = Score(stream, channel, SENSES[stream], at_ns - late_ns, TICK_NS, raw, quality, (("household", 0.4),))
            items.append(replace(told, value=value, usual=1.0, unit="C" if stream == "air" else ""))
        out.append(items)
    return out


def go_on(engine: Engine, ticks: Sequence[list[Score | Health]], from_tick: int) -> list[Step]:
    steps: list[Step] = []
    for tick, items in enumerate(ticks[from_tick:], from_tick):
        for item in items:
            engine.push(item)
        for stream in SENSES:
            engine.reach(stream, START_NS + tick * TICK_NS)
        steps += engine.advance(START_NS + tick * TICK_NS)
    return steps


def fresh(settings: EngineSettings = WATCHFUL) -> Engine:
    return Engine(settings, SENSES, START_NS)


@effort(max_examples=10, deadline=None)
@given(st.integers(0, 9), st.lists(st.integers(0, TICKS), min_size=1, max_size=3))
def test_wherever_it_is_cut_the_verdicts_are_the_same(seed: int, cuts: list[int]) -> None:
    ticks, engine, begun, steps = life(seed), fresh(), 0, list[Step]()
    for cut in sorted(cuts):
        steps += go_on(engine, ticks[:cut], begun)
        kept = msgspec.msgpack.encode(engine.whole())
        engine, begun = fresh(), cut
        engine.resume(msgspec.msgpack.decode(kept))
    steps += go_on(engine, ticks, begun)
    uncut = fresh()
    assert steps == go_on(uncut, ticks, 0)
    assert engine.finish() == uncut.finish()


def test_the_lives_that_are_cut_have_incidents_rules_and_absences() -> None:
    steps = go_on(fresh(), life(1), 0)
    incidents = [incident for step in steps for _, incident in step.changes]
    assert any(incident.rule for incident in incidents)
    assert any(not incident.rule for incident in incidents)
    assert {missing.reason for step in steps for missing in step.verdict.missing} >= {"covered"}


def test_what_was_learned_alone_has_a_seam_that_the_whole_has_not() -> None:
    ticks, cut = life(3), 155
    uncut = go_on(fresh(), ticks, 0)[cut:]
    engine = fresh()
    go_on(engine, ticks[:cut], 0)
    learned = Engine(WATCHFUL, SENSES, START_NS + cut * TICK_NS, engine.snapshot())
    assert go_on(learned, ticks, cut) != uncut
    whole = fresh()
    whole.resume(engine.whole())
    assert go_on(whole, ticks, cut) == uncut


def weighing(weight: float) -> EngineSettings:
    return replace(WATCHFUL, reliability=(Reliability(Modality.AUDIO, weight, 8, 8),))


def test_an_engine_that_goes_on_weighs_senses_as_its_own_settings_say() -> None:
    """Labels were given meanwhile: from the cut on the verdicts are those of the new weights, and not of the old."""
    ticks, cut = life(3), 155
    engine = fresh()
    before = go_on(engine, ticks[:cut], 0)
    rest = go_on(engine, ticks, cut)
    again, heard = fresh(weighing(0.5)), fresh(weighing(0.5))
    whole = fresh()
    assert go_on(whole, ticks[:cut], 0) == before
    again.resume(whole.whole())
    weighed = go_on(again, ticks, cut)
    assert [step.verdict.p_value for step in weighed] != [step.verdict.p_value for step in rest]
    assert [p_values(step) for step in weighed] == [p_values(step) for step in rest]
    go_on(heard, ticks[:cut], 0)
    back = fresh(weighing(1.0))
    back.resume(whole.whole())
    assert go_on(back, ticks, cut) == rest
    cold = fresh(weighing(0.5))
    cold.resume(heard.whole())
    assert go_on(cold, ticks, cut) == go_on(heard, ticks, cut)


def p_values(step: Step) -> dict[str, float]:
    return {str(part.sense): part.p_value for part in step.verdict.parts}


@pytest.mark.parametrize("damage", ["class", "number", "half"])
def test_what_is_not_whole_is_refused(damage: str) -> None:
    engine = fresh()
    go_on(engine, life(2)[:100], 0)
    kept = engine.whole()
    if damage == "class":
        kept[2] = "Popen"
    elif damage == "number":
        kept[3]["_senses"] = ["r", 10**6]
    else:
        kept[3]["_aligner"] = kept[3]["_aligner"][:2]
    with pytest.raises((KeyError, IndexError, TypeError, ValueError)):
        fresh().resume(kept)


def test_functions_are_not_kept_and_strangers_refused() -> None:
    class Held:
        def __init__(self, inside: object) -> None:
            self.name, self.inside = "a", inside

    assert freeze(Held(len), ()) == ["o", 0, "Held", {"name": "a"}]
    with pytest.raises(TypeError, match="cannot be kept"):
        freeze(Held([len]), ())
    again = Held(len)
    thaw(again, ["o", 0, "Held", {"name": "b"}], [Held])
    assert (again.name, again.inside) == ("b", len)
