"""What an incident says can be worked out again from what is stored of it."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.combine import Dependence, combine, p_value_of, shares, surprise_of
from fusion.engine import Engine, EngineSettings, Memory, Step
from fusion.events import Calibrated, Change, FusedScore, Incident, Part, Reliability, Voice
from fusion.evidence import Recollection, channel_shares
from fusion.language.choice import BY_NAME, texts_of
from fusion.language.texts import Language
from fusion.rarity import Rarity
from fusion.recall import explained, recalled_shares
from fusion.records import EvidenceLine, IncidentLine, WeightLine
from fusion.reliability import LEAST
from fusion.sinks.jsonl import incident_line
from fusion.triage import TriageSettings
from sensors.types import NS, Health, Modality, Score, State

LAW = settings(deadline=None, derandomize=True, database=None)
STREAMS = {"hall/air": Modality.ENVIRONMENT, "hall/cam": Modality.VIDEO, "hall/mic": Modality.AUDIO}
CHANNELS = {
    "hall/air": ("hall/air:co2_ppm.level", "hall/air:co2_ppm.step"),
    "hall/cam": ("hall/cam:motion", "hall/cam:flow"),
    "hall/mic": ("hall/mic:level", "hall/mic:glass_break"),
}
RULES = EngineSettings(
    tick_ns=NS,
    windows_ns=dict.fromkeys(Modality, 5 * NS),
    learn_every_ns=NS,
    least_scores=30,
    learning=False,
    triage=TriageSettings(false_alarms_per_day=5.0, patience_ns=0),
)
WEIGHED = replace(RULES, reliability=(Reliability(Modality.AUDIO, 0.6, 9, 7), Reliability(Modality.VIDEO, 1.0, 4, 1)))
EACH_WAY = pytest.mark.parametrize("rules", [RULES, WEIGHED], ids=["all weigh the same", "one weighs less"])
LEARNED_S, EVENT_S, END_S = 1500, 40, 60
EDGE = 10.0


def told(stream: str, second: int, raws: list[float]) -> list[Score]:
    span = dict(zip(CHANNELS[stream], raws, strict=True))
    return [
        Score(stream, name, STREAMS[stream], second * NS, NS, raw, value=raw, usual=0.1, unit="")
        for name, raw in span.items()
    ]


@lru_cache
def memory() -> Memory:
    engine = Engine(replace(RULES, learning=True), STREAMS, 0)
    play(engine, LEARNED_S, 0)
    return engine.snapshot()


def play(
    engine: Engine, seconds: int, seed: int, event: float = 0.0, gone: str = "", gone_s: int = 0, seen_by: str = ""
) -> list[Step]:
    noise = np.random.default_rng(seed).standard_normal((seconds, 3, 2))
    for second in range(seconds):
        for row, stream in zip(noise[second].tolist(), STREAMS, strict=True):
            far = event * (EVENT_S <= second < EVENT_S + 4) * (seen_by in ("", stream))
            for score in told(stream, second, [row[0] + far, row[1] + far / 2]):
                engine.push(score)
    if gone:
        engine.push(Health(gone, gone_s * NS, State.DOWN, "gone"))
    for stream in STREAMS:
        engine.reach(stream, (seconds - 1) * NS)
    return list(engine.advance((seconds - 1) * NS))


def steps(rules: EngineSettings = RULES) -> tuple[Step, ...]:
    return _steps(rules is WEIGHED)


@lru_cache
def _steps(weighed: bool) -> tuple[Step, ...]:
    return tuple(play(Engine(WEIGHED if weighed else RULES, STREAMS, 0, memory()), END_S, 5, event=6.0))


def incident(rules: EngineSettings = RULES) -> Incident:
    return [incident for step in steps(rules) for _, incident in step.changes][-1]


def line(rules: EngineSettings = RULES) -> IncidentLine:
    return msgspec.json.decode(incident_line(incident(rules)), type=IncidentLine)


def evidence(rules: EngineSettings = RULES) -> EvidenceLine:
    told = line(rules).evidence
    assert told
    return told


@EACH_WAY
def test_the_sentence_can_be_written_again_from_the_file(rules: EngineSettings) -> None:
    assert line(rules).why == explained(line(rules), texts_of(Language.ENGLISH))
    assert "Without the " in line(rules).why


def test_what_a_sense_weighs_is_said_and_stored_where_it_is_not_one() -> None:
    said = " Audio weighs 0.6 here (incidents it carried: 9, false: 7)."
    assert said in line(WEIGHED).why
    assert "Video weighs" not in line(WEIGHED).why
    assert "音の重みはここでは 0.6（主因となった異常 9 件、うち誤報 7 件）。" in explained(
        line(WEIGHED), texts_of(Language.JAPANESE)
    )
    assert evidence(WEIGHED).weights == {"audio": WeightLine(0.6, 9, 7)}
    assert "weighs" not in line().why
    assert b"weights" not in incident_line(incident())


def test_a_sense_that_weighs_less_has_less_of_the_share_at_the_same_moment() -> None:
    at_ns = evidence().at_ns

    def share(rules: EngineSettings) -> float:
        (verdict,) = (step.verdict for step in steps(rules) if step.verdict.at_ns == at_ns)
        return next(part.share for part in verdict.parts if part.sense is Modality.AUDIO)

    assert share(WEIGHED) < share(RULES)


@pytest.mark.parametrize("language", list(Language))
def test_an_engine_that_speaks_a_language_says_what_the_file_says_in_it(language: Language) -> None:
    texts = texts_of(language)
    other = play(Engine(replace(RULES, texts=texts), STREAMS, 0, memory()), END_S, 5, event=6.0)
    last = [incident for step in other for _, incident in step.changes][-1]
    assert last.why == explained(line(), texts)
    assert [step.verdict for step in other] == [step.verdict for step in steps()]


def test_a_sense_of_the_least_weight_still_raises_what_it_alone_sees_clearly_and_not_what_is_on_the_edge() -> None:
    def opened(event: float, weight: float) -> bool:
        rules = replace(RULES, reliability=(Reliability(Modality.AUDIO, weight, 9, 9),))
        told = play(Engine(rules, STREAMS, 0, memory()), END_S, 5, event=event, seen_by="hall/mic")
        return any(change is Change.OPENED for step in told for change, _ in step.changes)

    assert [opened(60.0, 1.0), opened(60.0, LEAST)] == [True, True]
    assert [opened(EDGE, 1.0), opened(EDGE, LEAST)] == [True, False]


@EACH_WAY
def test_shares_by_sense_and_by_channel_add_up_and_agree_with_what_is_stored_of_each(rules: EngineSettings) -> None:
    told = evidence(rules)
    by_sense = {part.sense: part.share for part in line(rules).parts}
    assert sum(by_sense.values()) == pytest.approx(1.0, abs=1e-5)
    assert sum(told.shares.values()) == pytest.approx(1.0, abs=1e-5)
    again = recalled_shares(line(rules))
    assert again == pytest.approx(told.shares, rel=1e-4, abs=1e-5)
    for sense, share in by_sense.items():
        own = [value for name, value in told.shares.items() if name.startswith(f"{sense}:") or name in channels(sense)]
        assert sum(own) == pytest.approx(share, abs=1e-5)


def channels(sense: str) -> set[str]:
    return {name for stream, modality in STREAMS.items() if modality == sense for name in CHANNELS[stream]}


@EACH_WAY
def test_the_fused_surprise_its_shares_and_its_rate_follow_from_what_is_stored(rules: EngineSettings) -> None:
    told, whole = evidence(rules), line(rules)
    order = sorted(set(STREAMS.values()))
    dependence = Dependence([str(sense) for sense in order])
    dependence.restore(memory().moments)
    dependence.weigh({sense: each.weight for sense, each in (told.weights or {}).items()})
    rarity = Rarity(RULES.block_ns, RULES.tick_ns, RULES.least_blocks, RULES.triage.false_alarms_per_day)
    masks = {"+".join(s for i, s in enumerate(order) if mask >> i & 1): mask for mask in range(1, 8)}
    rarity.restore({masks[name]: values for name, values in memory().blocks.items()})
    p_values = {i: told.senses[sense] for i, sense in enumerate(order)}
    p_value = combine(dependence, p_values)
    assert whole.p_value == pytest.approx(p_value, rel=1e-4)
    assert {order[i]: share for i, share in shares(p_values, dependence.weights).items()} == pytest.approx(
        {part.sense: part.share for part in whole.parts}, rel=1e-4
    )
    assert whole.per_day == pytest.approx(rarity.per_day(7, -math.log10(p_value))[0], rel=1e-3)
    for i, sense in enumerate(order):
        others = combine(dependence, {j: p for j, p in p_values.items() if j != i})
        said = told.without[sense]
        assert said.p_value == pytest.approx(others, rel=1e-4)
        assert said.per_day == pytest.approx(rarity.per_day(7 & ~(1 << i), -math.log10(others))[0], rel=1e-3)


@EACH_WAY
@pytest.mark.parametrize("stream", list(STREAMS))
def test_the_counterfactual_is_what_would_have_been_said_had_the_sensor_gone_just_then(
    stream: str, rules: EngineSettings
) -> None:
    at_s = evidence(rules).at_ns // NS
    without = play(Engine(rules, STREAMS, 0, memory()), END_S, 5, event=6.0, gone=stream, gone_s=at_s)
    (verdict,) = (step.verdict for step in without if step.verdict.at_ns == at_s * NS)
    told = evidence(rules).without[STREAMS[stream]]
    assert verdict.per_day is not None
    assert verdict.per_day == pytest.approx(told.per_day, rel=1e-5)
    assert verdict.p_value == pytest.approx(told.p_value, rel=1e-5)
    assert verdict.extrapolated == told.extrapolated


def test_the_moments_are_what_was_strange_in_the_window_and_nothing_later() -> None:
    assert evidence().moments.keys() == set(STREAMS.values())
    for sense, said in evidence().moments.items():
        assert said
        assert said.keys() <= channels(sense)
        for moment in (moment for told in said.values() for moment in told):
            assert 0 <= moment.before_ms < 5000
            assert moment.p_value < 0.05


def test_an_ordinary_moment_keeps_no_evidence() -> None:
    verdicts = [step.verdict for step in steps()]
    near = RULES.triage.false_alarms_per_day * RULES.triage.release_factor
    for verdict in verdicts:
        assert (verdict.evidence is not None) == (verdict.per_day is not None and verdict.per_day <= near)
    assert any(verdict.evidence is None for verdict in verdicts)


VOICES = st.builds(
    lambda sense, name, p_values: Voice(sense, f"{sense}:{name}", tuple(p_values)),
    st.sampled_from(Modality), st.sampled_from("abc"), st.lists(st.floats(1e-12, 0.5), min_size=1, max_size=2),
)  # fmt: skip


@LAW
@given(
    st.lists(VOICES, max_size=9, unique_by=lambda voice: voice.channel),
    st.lists(st.floats(0.01, 1), min_size=1, max_size=3),
)
def test_channel_shares_split_their_sense_and_nothing_is_lost(voices: list[Voice], sizes: list[float]) -> None:
    parts = [Part(sense, 0.01, size / sum(sizes), ()) for sense, size in zip(Modality, sizes, strict=False)]
    told = channel_shares(parts, voices)
    assert sum(told.values()) == pytest.approx(1.0)
    assert all(0 <= share <= 1 for share in told.values())
    assert list(told.values()) == sorted(told.values(), reverse=True)
    for part in parts:
        assert sum(s for name, s in told.items() if name.startswith(f"{part.sense}:")) == pytest.approx(part.share)


def test_a_channel_counts_by_its_part_of_what_its_sense_says() -> None:
    one, other = Voice(Modality.AUDIO, "m:a", (1e-3, 0.01)), Voice(Modality.AUDIO, "m:b", (1e-4,))
    told = channel_shares([Part(Modality.AUDIO, 1e-3, 1.0, ())], [one, other])
    assert told["m:a"] / told["m:b"] == pytest.approx((surprise_of(1e-3) + surprise_of(0.01)) / surprise_of(1e-4))


def test_what_a_sense_says_follows_from_what_its_channels_say() -> None:
    for sense, voices in evidence().voices.items():
        assert voices.keys() == channels(sense)
        surprises = [surprise_of(p_value) for p_values in voices.values() for p_value in p_values]
        assert p_value_of(sum(surprises) / len(surprises)) == pytest.approx(evidence().senses[sense], rel=1e-4)


def test_what_leaves_the_window_is_forgotten() -> None:
    recollection = Recollection(dict.fromkeys(Modality, 5 * NS))
    for second in range(100):
        said = Calibrated(Score("m", "m:x", Modality.AUDIO, second * NS, NS, 1.0), 0.01, False)
        recollection.note(second * NS, [said])
    assert [said.score.end_ns // NS for said in recollection.of(Modality)] == [95, 96, 97, 98, 99]
    recollection.note(200 * NS, [])
    assert recollection.of(Modality) == ()


def test_every_language_is_there() -> None:
    assert BY_NAME.keys() == set(Language)
    assert isinstance(steps()[0].verdict, FusedScore)
