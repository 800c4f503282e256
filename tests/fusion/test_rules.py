"""When a rule fires, when it is over, and that it changes nothing of what is judged otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.config import RuleText, Settings, read_rules
from fusion.engine import Engine, EngineSettings
from fusion.events import Change, Incident, Severity
from fusion.language.japanese import JAPANESE
from fusion.rules import Rules, RuleTiming
from fusion.triage import TriageSettings
from sensors.types import NS, Modality, Quality, Score

LAW = settings(deadline=None, derandomize=True, database=None)
TIMING = RuleTiming(hold_ns=NS, close_after_ns=4 * NS, regroup_ns=20 * NS)
STEP_S = 10

Told = list[tuple[int, Change]]


def rules(when: str, until: str = "", severity: str = "high", name: str = "") -> Rules:
    told = RuleText(when=when, until=until, severity=severity, name=name)
    return Rules(read_rules(Settings(rules=(told,))), TIMING)


def reading(
    second: float, value: float | None, name: str = "co2_ppm", stream: str = "hall/air", span_s: float = STEP_S
) -> Score:
    """What a detector says of a reading; None where it cannot be believed."""
    channel, end_ns, unit = f"{stream}:{name}.level", round(second * NS), "ppm"
    if value is None:
        return Score(stream, channel, Modality.ENVIRONMENT, end_ns, round(span_s * NS), None, Quality.GAP)
    return Score(
        stream, channel, Modality.ENVIRONMENT, end_ns, round(span_s * NS), None, Quality.WARMING, (), value, None, unit
    )


def series(values: Sequence[float | None], name: str = "co2_ppm", stream: str = "hall/air") -> list[Score]:
    return [reading(number * STEP_S, value, name, stream) for number, value in enumerate(values)]


def run(watched: Rules, scores: Sequence[Score], until_s: int) -> list[tuple[int, Change, Incident]]:
    """Every second is a tick; the second at which something was told."""
    told = []
    waiting = sorted(scores, key=lambda score: score.end_ns)
    for second in range(until_s + 1):
        while waiting and waiting[0].end_ns <= second * NS:
            watched.take(waiting.pop(0))
        told += [(second, change, incident) for change, incident in watched.judge(second * NS)]
    return told


def changes(watched: Rules, scores: Sequence[Score], until_s: int) -> Told:
    return [(second, change) for second, change, _ in run(watched, scores, until_s)]


def test_a_rule_fires_with_the_reading_that_fulfils_it_and_ends_after_the_quiet_time() -> None:
    told = changes(rules("co2 > 1000"), series([900, 1100, 1100, 900, 900]), 60)
    assert told == [(10, Change.OPENED), (33, Change.CLOSED)]


def test_for_is_counted_from_reading_to_reading() -> None:
    held = rules("co2 > 1000 for 25 s")
    assert changes(held, series([1100, 1100, 1100, 1100, 900]), 35) == [(30, Change.OPENED)]
    assert changes(rules("co2 > 1000 for 25 s"), series([1100, 1100, 1100, 900, 1100]), 45) == []


def test_one_reading_followed_by_silence_never_fills_a_for() -> None:
    assert changes(rules("co2 > 1000 for 5 s"), series([1100]), 600) == []


def test_a_gap_begins_the_for_anew() -> None:
    early, late = series([1100, 1100]), [reading(400 + second, 1100) for second in (0, 10, 20)]
    assert changes(rules("co2 > 1000 for 15 s"), [*early, *late], 500)[0] == (420, Change.OPENED)


@pytest.mark.parametrize(("faulty", "fires"), [(1, True), (2, False)])
def test_faulty_readings_are_bridged_for_as_long_as_a_score_speaks(faulty: int, fires: bool) -> None:
    told = changes(rules("co2 > 1000 for 25 s"), series([1100, 1100, *[None] * faulty, 1100, 1100]), 60)
    assert bool(told) is fires


def test_a_switch_holds_its_state_until_it_speaks_again() -> None:
    opened = [reading(5, 1.0, "door"), reading(100, 0.0, "door")]
    assert changes(rules("door = open for 60 s"), opened, 200) == [(65, Change.OPENED), (103, Change.CLOSED)]
    assert changes(rules("door = open for 60 s"), [reading(5, 1.0, "door"), reading(60, 0.0, "door")], 200) == []


def test_until_keeps_an_incident_open_while_readings_lie_between() -> None:
    values = [1100.0, 950.0, 950.0, 790.0, 790.0]
    assert changes(rules("co2 > 1000"), series(values), 60)[1] == (13, Change.CLOSED)
    assert changes(rules("co2 > 1000", "co2 < 800"), series(values), 60)[1] == (33, Change.CLOSED)


def test_what_comes_again_soon_after_is_the_same_incident() -> None:
    told = run(rules("co2 > 1000"), series([1100, 900, 1100, 900, *[900.0] * 5, 1100]), 95)
    assert [change for _, change, _ in told] == [
        Change.OPENED, Change.CLOSED, Change.REOPENED, Change.CLOSED, Change.OPENED,
    ]  # fmt: skip
    assert len({incident.id for _, _, incident in told}) == 2


def test_an_incident_names_the_rule_the_sensor_and_the_worst_reading() -> None:
    told = run(rules("co2 > 1000", severity="critical", name="stuffy"), series([900, 1100, 1300, 1200, 900]), 60)
    opened, closed = (incident for _, _, incident in told)
    assert (opened.severity, opened.kind, opened.rule) == (Severity.CRITICAL, "rule: stuffy", "stuffy")
    assert opened.why == 'Rule "stuffy" (co2 > 1000): hall/air co2 reached 1,100 ppm.'
    assert closed.why == 'Rule "stuffy" (co2 > 1000): hall/air co2 reached 1,300 ppm.'
    assert (opened.peak.per_day, opened.peak.p_value, opened.parts) == (None, None, ())


def test_one_sensor_is_enough_but_it_must_keep_all_limits_itself() -> None:
    low, high = series([850, 850], stream="a/air"), series([1200, 1200], stream="b/air")
    assert changes(rules("co2 > 1000"), [*low, *high], 5) == [(0, Change.OPENED)]
    assert changes(rules("co2 > 900 and co2 < 1000"), [*low, *high], 5) == []
    assert changes(rules("a/*:co2 > 1000"), [*low, *high], 5) == []


def test_either_needs_one_half_and_both_need_two() -> None:
    warm, moving = series([31, 31, 31], name="temperature_c"), [reading(15, 1.0, "motion")]
    assert changes(rules("temperature > 30 and motion = on"), warm, 25) == []
    assert changes(rules("temperature > 30 and motion = on"), [*warm, *moving], 25)[0] == (15, Change.OPENED)
    assert changes(rules("temperature > 30 or motion = on"), warm, 25)[0] == (0, Change.OPENED)


def test_how_fast_a_quantity_moves_is_not_taken_for_the_quantity() -> None:
    moved = replace(reading(0, 5000.0), channel="hall/air:co2_ppm.change")
    assert changes(rules("co2 > 1000"), [moved], 10) == []


VALUES = st.lists(st.sampled_from([900.0, 1100.0, None]), min_size=1, max_size=25)


@LAW
@given(values=VALUES, for_s=st.integers(0, 60))
def test_opens_where_a_slow_look_back_over_all_readings_says_so(values: list[float | None], for_s: int) -> None:
    watched = rules(f"co2 > 1000 for {for_s} s" if for_s else "co2 > 1000")
    told = run(watched, series(values), len(values) * STEP_S)
    first = next((second for second, change, _ in told if change is Change.OPENED), None)
    assert first == look_back(values, for_s)


def look_back(values: Sequence[float | None], for_s: int) -> int | None:
    """The first second at which an unbroken run of fulfilling readings, none 30 s after the one before, is so long."""
    known = [(number * STEP_S, value) for number, value in enumerate(values) if value is not None]
    for last, (second, _) in enumerate(known):
        for first in range(last + 1):
            run = known[first : last + 1]
            near = all(b[0] - a[0] < 3 * STEP_S for a, b in zip(run, run[1:], strict=False))
            if near and all(value > 1000 for _, value in run) and second - run[0][0] >= for_s:
                return second
    return None


@LAW
@given(order=st.permutations(range(12)))
def test_the_order_of_arrival_within_a_tick_does_not_matter(order: list[int]) -> None:
    values = [1100.0, 900.0, 1200.0, 1300.0] * 3
    scores = [reading(number, value, stream=f"{'abc'[number % 3]}/air") for number, value in enumerate(values)]

    def told(arriving: Sequence[Score]) -> list[tuple[Change, Incident]]:
        watched = rules("co2 > 1000 for 2 s")
        for score in arriving:
            watched.take(score)
        return [*watched.judge(20 * NS), *watched.finish(60 * NS)]

    assert told([scores[number] for number in order]) == told(scores)


def test_rules_fire_while_nothing_can_be_judged_and_change_no_verdict() -> None:
    rng = np.random.default_rng(3)
    said = [
        replace(
            reading(second, value, span_s=1), raw=float(abs(rng.standard_normal())), quality=Quality.OK, usual=800.0
        )
        for second, value in enumerate(800 + 50 * rng.standard_normal(900))
    ]
    said[20] = replace(said[20], value=1500.0)
    said[880] = replace(said[880], raw=40.0)
    plain = EngineSettings(
        tick_ns=NS, learn_every_ns=NS, least_scores=30, triage=TriageSettings(false_alarms_per_day=500)
    )
    ruled = replace(plain, rules=read_rules(Settings(rules=(RuleText(when="co2 > 1400"),))))
    both = []
    for chosen in (plain, ruled):
        engine = Engine(chosen, {"hall/air": Modality.ENVIRONMENT, "hall/mic": Modality.AUDIO}, 0)
        for score in said:
            engine.push(score)
        for stream in ("hall/air", "hall/mic"):
            engine.reach(stream, 900 * NS)
        both.append(list(engine.advance(900 * NS)))
    assert [step.verdict for step in both[0]] == [step.verdict for step in both[1]]
    judged = [(c, i) for step in both[1] for c, i in step.changes if not i.rule]
    assert judged == [change for step in both[0] for change in step.changes]
    assert any(change is Change.OPENED for change, _ in judged)
    fired = [i for step in both[1] for c, i in step.changes if i.rule and c is Change.OPENED]
    assert [incident.opened_ns // NS for incident in fired] == [20]
    assert both[1][20].verdict.per_day is None


def test_a_rule_is_told_in_the_language_of_the_place() -> None:
    rule = RuleText(when="co2 > 1000 ppm", name="air")
    watched = Rules(read_rules(Settings(rules=(rule,))), TIMING, JAPANESE)
    ((_, _, incident),) = run(watched, series([500, 1200]), 12)
    assert incident.why == "ルール「air」（co2 > 1000 ppm）：hall/air CO2が 1,200 ppm に到達。"
