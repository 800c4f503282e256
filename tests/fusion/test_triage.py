"""Verdicts to incidents, drawn: a column is a second, the operator allows one false alarm a day.

Verdicts: . ordinary, - fifteen a day (held, not opened), # once in two days, ! once in 1,000 days, ? not known.
Changes: o opened, e escalated, c closed, r reopened.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.events import Change, FusedScore, Incident, Part, Severity, Sighting
from fusion.evidence import strongest
from fusion.triage import Triage, TriageSettings
from sensors.types import NS, Modality

LAW = settings(deadline=None, derandomize=True, database=None)

RATES = {".": 5000.0, "-": 15.0, "=": 1.0, "#": 0.5, "*": 0.051, "+": 0.049, "!": 0.001, "?": None}
SIGNS = {Change.OPENED: "o", Change.ESCALATED: "e", Change.CLOSED: "c", Change.REOPENED: "r"}
RULES = TriageSettings(1.0, patience_ns=0, close_after_ns=4 * NS, regroup_ns=8 * NS, longest_ns=20 * NS)

Changes = list[tuple[Change, Incident]]


def part(sense: Modality, p_value: float = 1e-4) -> Part:
    return Part(sense, p_value, 1.0, ())


def verdict(second: int, per_day: float | None, *parts: Part) -> FusedScore:
    return FusedScore(second * NS, None if per_day is None else 1e-3, per_day, parts or (part(Modality.AUDIO),))


def triage(
    rules: TriageSettings = RULES,
    senses: Collection[Modality] = (),
    seen_since: Callable[[int], Sighting | None] = lambda since_ns: None,
) -> Triage:
    def say(peak: FusedScore, parts: tuple[Part, ...], sighting: Sighting | None) -> tuple[str, str]:
        return sighting.kind if sighting else "+".join(p.sense for p in parts), f"{peak.per_day}"

    return Triage(rules, senses, say, seen_since)


def judge(drawn: str, rules: TriageSettings = RULES) -> list[Changes]:
    judge_of = triage(rules)
    return [judge_of.judge(verdict(second, RATES[sign])) for second, sign in enumerate(drawn)]


def draw(drawn: str, rules: TriageSettings = RULES) -> str:
    told = ["".join(SIGNS[change] for change, _ in changes) for changes in judge(drawn, rules)]
    return "".join(signs[-1:] or "." for signs in told)


@pytest.mark.parametrize(
    ("verdicts", "changes"),
    [
        pytest.param(
            "..--..=.......",
            "......o...c...", id="opens at the setting and not above"),
        pytest.param(
            "..##?#.....",
            "..o......c.", id="holds while verdicts are strange"),
        pytest.param(
            "..#--------......",
            "..o...........c..", id="holds by a gentler measure than it opens"),
        pytest.param(
            "..#...-...#.....",
            "..o...........c.", id="closes after some quiet, not in a pause"),
        pytest.param(
            "..#........#.....",
            "..o...c....r...c.", id="what comes again soon is the same incident"),
        pytest.param(
            "..#.............#....",
            "..o...c.........o...c", id="what comes again late is another"),
        pytest.param(
            "..#.!.......",
            "..o.e...c...", id="escalates when it becomes much rarer"),
        pytest.param(
            "..#.!.!#!......",
            "..o.e.......c..", id="and tells so once"),
        pytest.param(
            "..!.#.#......",
            "..o.......c..", id="never falls back"),
        pytest.param(
            "??????",
            "......", id="what is not known raises nothing"),
        pytest.param(
            "#######################################....",
            "o...................c......................", id="what never ends is closed and not reported again"),
        pytest.param(
            "#######################....##....",
            "o...................c......r....c", id="until it had gone: then it is news"),
        pytest.param(
            "########################*##+#....",
            "o...................c......r....c", id="or until it is ten times rarer"),
        pytest.param(
            "###############!###################....",
            "o..............e...................c...", id="an escalation gives it time again"),
    ],
)  # fmt: skip
def test_verdicts_become_incidents_as_drawn(verdicts: str, changes: str) -> None:
    assert draw(verdicts) == changes


@pytest.mark.parametrize(
    ("verdicts", "changes"),
    [
        pytest.param(
            ".#..##..#-##...",
            "...............", id="what passes is passed over"),
        pytest.param(
            ".####....",
            "....o...c", id="what stays is not"),
        pytest.param(
            ".##?###....",
            "...........", id="not to know ends it too"),
    ],
)  # fmt: skip
def test_patience_waits_for_what_stays(verdicts: str, changes: str) -> None:
    assert draw(verdicts[: len(changes)], TriageSettings(1.0, patience_ns=3 * NS, close_after_ns=4 * NS)) == changes


def test_an_incident_is_known_by_its_first_moment() -> None:
    assert [incident.id for changes in judge("..#....") for _, incident in changes] == [f"{2000:x}"] * 2


def test_a_reopened_incident_keeps_its_name_and_its_beginning() -> None:
    (opened,), (closed,), (reopened, *_), *_ = [changes for changes in judge("..#........!.....") if changes]
    assert (opened[0], closed[0], reopened[0]) == (Change.OPENED, Change.CLOSED, Change.REOPENED)
    assert opened[1].id == closed[1].id == reopened[1].id
    assert opened[1].opened_ns == reopened[1].opened_ns == 2 * NS
    assert closed[1].closed_ns == 6 * NS
    assert reopened[1].closed_ns is None


def test_what_comes_back_worse_is_reopened_and_escalated() -> None:
    assert [[change for change, _ in changes] for changes in judge("..#........!") if changes][-1] == [
        Change.REOPENED, Change.ESCALATED]  # fmt: skip


def test_the_peak_is_the_rarest_verdict_and_the_words_are_about_it() -> None:
    last = [incident for changes in judge("..#.+-!#.....") for _, incident in changes][-1]
    assert last.peak.at_ns == 6 * NS
    assert last.why == "0.001"


def test_a_second_sense_escalates_and_is_named() -> None:
    judge_of = triage()
    judge_of.judge(verdict(0, 0.5, part(Modality.AUDIO, 1e-5), part(Modality.VIDEO, 0.3)))
    first = judge_of.current
    assert first is not None
    assert (first.severity, first.kind) == (Severity.LOW, "audio")
    ((change, incident),) = judge_of.judge(verdict(1, 15.0, part(Modality.AUDIO, 0.2), part(Modality.VIDEO, 1e-3)))
    assert (change, incident.severity, incident.kind) == (Change.ESCALATED, Severity.MEDIUM, "audio+video")
    assert incident.peak is first.peak


def test_what_is_open_when_the_stream_ends_is_closed() -> None:
    judge_of = triage()
    assert judge_of.finish(0) == []
    judge_of.judge(verdict(3, 0.5))
    ((change, incident),) = judge_of.finish(9 * NS)
    assert (change, incident.closed_ns, judge_of.current) == (Change.CLOSED, 9 * NS, None)
    assert judge_of.finish(9 * NS) == []


PARTS = st.builds(part, st.sampled_from(Modality), st.sampled_from([1e-9, 1e-5, 0.02, 0.4]))


def test_an_ordinary_verdict_is_never_an_alarm_however_many_are_allowed() -> None:
    generous = triage(replace(RULES, false_alarms_per_day=8000.0))
    ordinary = replace(verdict(0, 5000.0), p_value=0.011)
    assert generous.judge(ordinary) == []
    assert [change for change, _ in generous.judge(replace(ordinary, at_ns=NS, p_value=0.01))] == [Change.OPENED]


SENSES = st.lists(PARTS, max_size=3, unique_by=lambda part: part.sense)


@LAW
@given(SENSES, SENSES)
def test_of_each_sense_the_strangest_part_is_kept(old: list[Part], new: list[Part]) -> None:
    kept = strongest(tuple(old), tuple(new))
    assert [p.p_value for p in kept] == sorted(p.p_value for p in kept)
    best = {sense: min(p.p_value for p in old + new if p.sense is sense) for sense in {p.sense for p in old + new}}
    assert {p.sense: p.p_value for p in kept} == best


@LAW
@given(st.lists(st.tuples(st.sampled_from(list(RATES.values())), SENSES), max_size=60))
def test_incidents_open_once_grow_only_and_are_all_closed(said: list[tuple[float | None, list[Part]]]) -> None:
    judge_of, is_open = triage(), False
    latest: dict[str, Incident] = {}
    for second, (per_day, parts) in enumerate(said):
        fused = FusedScore(second * NS, 1e-3, per_day, tuple(parts))
        for change, incident in judge_of.judge(fused):
            before = latest.get(incident.id)
            assert (change is Change.OPENED) == (before is None)
            assert is_open == (change in (Change.ESCALATED, Change.CLOSED))
            if change in (Change.OPENED, Change.REOPENED):
                assert per_day is not None
                assert per_day <= RULES.false_alarms_per_day
            if before is not None:
                assert incident.severity > before.severity or change is not Change.ESCALATED
                assert incident.severity >= before.severity
                assert incident.opened_ns == before.opened_ns
                assert (incident.peak.per_day or 0) <= (before.peak.per_day or 0)
            assert (incident.closed_ns is None) == (change is not Change.CLOSED)
            is_open = change is not Change.CLOSED
            latest[incident.id] = incident
        assert is_open == (judge_of.current is not None)
    assert len(judge_of.finish(99 * NS)) == is_open


def opened(parts: list[Part], per_day: float, senses: Collection[Modality], kind: str = "") -> Incident:
    sighting = Sighting(kind, (("a sign", 0),)) if kind else None
    judge_of = triage(senses=senses, seen_since=lambda since_ns: sighting)
    ((change, incident),) = judge_of.judge(verdict(0, per_day, *parts))
    assert change is Change.OPENED
    return incident


@LAW
@given(
    parts=st.lists(PARTS, min_size=2, max_size=3, unique_by=lambda part: part.sense),
    gone=st.integers(0, 1),
    per_day=st.floats(1e-9, 1),
    kind=st.sampled_from(["", "break-in", "panic"]),
)
def test_taking_a_sense_away_never_makes_the_rest_less_severe(
    parts: list[Part], gone: int, per_day: float, kind: str
) -> None:
    senses = {part.sense for part in parts}
    whole = opened(parts, per_day, senses, kind)
    assert opened([part for n, part in enumerate(parts) if n != gone], per_day, senses, kind).severity >= whole.severity


def test_a_sense_that_is_not_there_is_not_held_against_what_the_others_saw() -> None:
    quiet, gone = [part(Modality.AUDIO), part(Modality.VIDEO, 0.4)], [part(Modality.AUDIO)]
    both = {Modality.AUDIO, Modality.VIDEO}
    assert opened(quiet, 0.5, both).severity is Severity.LOW
    assert opened(gone, 0.5, both).severity is Severity.MEDIUM
    assert opened(gone, 0.5, {Modality.AUDIO}).severity is Severity.LOW


def test_a_known_pattern_makes_an_incident_graver_and_raises_none() -> None:
    parts = [part(Modality.AUDIO), part(Modality.VIDEO)]
    assert opened(parts, 0.001, list(Modality), "panic").severity > opened(parts, 0.001, list(Modality)).severity
    judge_of = triage(seen_since=lambda since_ns: Sighting("panic", (("a scream", 0),)))
    assert judge_of.judge(verdict(0, 1.5)) == []


def test_a_pattern_that_is_complete_only_later_is_told_as_an_escalation() -> None:
    seen: list[Sighting] = []
    judge_of = triage(seen_since=lambda since_ns: seen[0] if seen else None)
    judge_of.judge(verdict(0, 0.02))
    assert judge_of.judge(verdict(1, 5000.0)) == []
    seen.append(Sighting("fall", (("stillness", 2 * NS),)))
    ((change, incident),) = judge_of.judge(verdict(2, 5000.0))
    assert (change, incident.sighting) == (Change.ESCALATED, seen[0])
    assert judge_of.judge(verdict(3, 5000.0)) == []


def test_a_pattern_is_asked_for_from_shortly_before_the_incident() -> None:
    asked: list[int] = []
    judge_of = triage(seen_since=asked.append)
    judge_of.judge(verdict(60, 0.5))
    judge_of.judge(verdict(61, 0.5))
    assert asked == [60 * NS - RULES.lead_ns] * 2


def test_shares_of_an_incident_are_those_of_its_peak() -> None:
    judge_of = triage()
    early, late = part(Modality.AUDIO, 1e-5), part(Modality.VIDEO, 1e-4)
    judge_of.judge(verdict(0, 0.5, replace(early, share=1.0)))
    judge_of.judge(verdict(1, 0.4, replace(early, p_value=0.03, share=0.3), replace(late, share=0.7)))
    last = judge_of.current
    assert last is not None
    assert {p.sense: (p.p_value, p.share) for p in last.parts} == {
        Modality.AUDIO: (1e-5, 0.3), Modality.VIDEO: (1e-4, 0.7)}  # fmt: skip


def test_the_time_of_day_counts_where_it_is_known() -> None:
    assert TriageSettings(utc_offset_s=3600.0).hour(22 * 3600 * NS) == 23.0
    assert TriageSettings(utc_offset_s=-3600.0).hour(0) == 23.0
    assert TriageSettings().hour(0) is None
