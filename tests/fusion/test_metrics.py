from __future__ import annotations

import json
import math
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.intervals import wilson_interval
from fusion.recording import Label
from fusion.report.metrics import Alarm, Outcome, alarm_between, match, poisson_interval
from fusion.report.table import format_table, to_json

SPAN_S = 400


def runs(line: str, scale_s: int) -> list[tuple[int, int]]:
    """'..##.#' as intervals; a letter or a hash is time inside, a letter apart from its neighbour another one."""
    places = groupby(enumerate(line), key=lambda place: place[1])
    spans = []
    for letter, members in places:
        at = [index for index, _ in members]
        if letter != ".":
            spans.append((at[0] * scale_s, (at[-1] + 1) * scale_s))
    return spans


def judge(truth: str, raised: str, scale_s: int = 10) -> tuple[list[float | None], int]:
    labels = [Label(start, end) for start, end in runs(truth, scale_s)]
    alarms = [Alarm(start, end) for start, end in runs(raised, scale_s)]
    outcome = match(labels, alarms, len(truth) * scale_s)
    return [hit.delay_s for hit in outcome.hits], outcome.false_alarms


# Ten seconds a letter: the ten seconds of grace after a label are one more letter.
@pytest.mark.parametrize(
    ("truth", "raised", "delays_s", "false"),
    [
        ("..##....", "..##....", [0.0], 0),
        ("..##....", "...##...", [10.0], 0),
        ("..##....", "....#...", [20.0], 0),
        ("..##....", ".....#..", [30.0], 0),
        ("..##....", "......#.", [None], 1),
        ("..##....", "#.......", [None], 1),
        ("..##....", ".#......", [0.0], 0),
        ("..##....", "........", [None], 0),
        ("........", "#.#.#...", [], 3),
        ("..##.##.", "..#...#.", [0.0, 10.0], 0),
        ("..##.##.", "..#####.", [0.0, 0.0], 0),
        ("..a.b...", "..a.b...", [0.0, 0.0], 0),
        ("..##...........", "..#######......", [0.0], 0),
        ("..##...........", "..###########..", [0.0], 1),
        ("#..................", ".......######......", [None], 2),
        ("#..................", "......############.", [None], 3),
    ],
)
def test_drawn_timelines_are_judged_as_they_look(
    truth: str, raised: str, delays_s: list[float | None], false: int
) -> None:
    assert judge(truth, raised) == (delays_s, false)


def slow_twin(
    labels: list[tuple[int, int]], alarms: list[tuple[int, int]], seconds: int
) -> tuple[list[int | None], int, int]:
    """The same rule on whole seconds, by sets of instants and of the seconds between them."""

    def instants(start: int, end: int) -> set[int]:
        return set(range(max(0, min(start, seconds)), max(0, min(end, seconds)) + 1))

    def between(start: int, end: int) -> set[int]:
        return set(range(max(0, start), min(end, seconds)))

    extended = [(start - 1, end + 10) for start, end in labels]
    delays: list[int | None] = []
    for (start, _), wide in zip(labels, extended, strict=True):
        opened = [max(0, alarm[0]) for alarm in alarms if instants(*alarm) & instants(*wide)]
        delays.append(max(0, min(opened) - start) if opened else None)
    watched = set().union(*(between(*wide) for wide in extended))
    false = 0
    for alarm in alarms:
        false += not any(instants(*alarm) & instants(*wide) for wide in extended)
        false += len(between(*alarm) - watched) // 60
    return delays, false, len(set(range(seconds)) - watched)


spans = st.lists(
    st.tuples(st.integers(0, SPAN_S - 1), st.integers(0, 150)).map(lambda s: (s[0], min(SPAN_S, s[0] + s[1]))),
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(spans, spans)
def test_the_rule_equals_its_slow_twin(labels: list[tuple[int, int]], alarms: list[tuple[int, int]]) -> None:
    outcome = match([Label(*span) for span in labels], [Alarm(*span) for span in alarms], SPAN_S)
    delays, false, quiet = slow_twin(labels, alarms, SPAN_S)
    assert [hit.delay_s for hit in outcome.hits] == delays
    assert (outcome.false_alarms, outcome.quiet_s, outcome.alarms) == (false, quiet, len(alarms))


def test_outcomes_add_up() -> None:
    first = match([Label(10, 20, "fall", ("video",))], [Alarm(12, 14), Alarm(80, 81)], 100)
    second = match([Label(50, 60, "fire", ("audio", "video"))], [], 100)
    both = first + second + Outcome()
    assert (len(both.hits), both.alarms, both.false_alarms, both.quiet_s) == (2, 2, 1, 158)
    assert both.recall == 0.5
    assert both.recall_by_kind() == {"fall": (1, 1), "fire": (0, 1)}
    assert both.recall_by_modalities() == {"1": (1, 1), "2": (0, 1)}


def test_an_incident_still_open_lasts_to_the_end_of_its_recording() -> None:
    assert alarm_between(5_000_000_000, None, 3_000_000_000, 60.0) == Alarm(2.0, 60.0)
    assert alarm_between(5_000_000_000, 6_000_000_000, 3_000_000_000, 60.0) == Alarm(2.0, 3.0)


@pytest.mark.parametrize("count", [0, 1, 3, 40])
def test_poisson_interval_is_garwoods(count: int) -> None:
    from scipy.stats import chi2  # type: ignore[import-untyped]

    low, high = poisson_interval(count)
    assert high == pytest.approx(chi2.ppf(0.975, 2 * count + 2) / 2)
    assert low == pytest.approx(chi2.ppf(0.025, 2 * count) / 2 if count else 0.0)


def test_wilson_interval_holds_the_share_and_stays_in_bounds() -> None:
    assert wilson_interval(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson_interval(0, 10)[0] == 0.0
    assert 1.0 - 1e-9 < wilson_interval(10, 10)[1] <= 1.0
    assert all(math.isnan(end) for end in wilson_interval(0, 0))


def test_delays_are_told_by_median_and_95th_percentile() -> None:
    labels = [Label(100 * k, 100 * k + 5) for k in range(5)]
    outcome = match(labels, [Alarm(100 * k + k, 100 * k + k + 1) for k in range(5)], 500)
    assert outcome.delay_median_s == 2.0
    assert outcome.delay_p95_s == pytest.approx(3.8)
    assert math.isnan(match(labels, [], 500).delay_median_s)


def test_the_table_has_a_line_a_row_and_aligned_columns() -> None:
    outcome = match([Label(10, 20)], [Alarm(12, 14), Alarm(2000, 2001)], 3621)
    head, fused, none = format_table({"fused": outcome, "audio": Outcome()}).splitlines()
    assert "1/1" in fused
    assert "1.00 [0.03, 5.57]" in fused
    assert "24.0 [0.61, 134]" in fused
    assert head.index("false") + len("false") == fused.index(" 1.00 [") - 1
    assert "nan" not in none


def test_json_says_null_for_what_is_not_known() -> None:
    outcome = match([Label(10, 20, "fall")], [Alarm(12, 14)], 3621)
    fused, empty = map(json.loads, to_json({"fused": outcome, "audio": Outcome()}).splitlines())
    assert fused["found"] == 1
    assert fused["false_per_hour"] == 0.0
    assert fused["by_kind"] == {"fall": {"found": 1, "labels": 1}}
    assert empty["recall"] is None
    assert empty["false_per_day_95"] == [None, None]
