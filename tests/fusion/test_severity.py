"""How severe what is, by the weights that Kizashi begins with."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.events import Severity
from fusion.severity import KIND, OTHER, PRIOR, THRESHOLDS, Facts, SeverityModel, chance, decades_below, features

LAW = settings(deadline=None, derandomize=True, database=None)
MODEL = SeverityModel()
KINDS = ["", "sound", "dog bark", *(name.removeprefix(KIND) for name in PRIOR if name.startswith(KIND))]
FACTS = st.builds(
    Facts,
    decades=st.floats(-1, 12),
    senses=st.integers(0, 3),
    kind=st.sampled_from(KINDS),
    place=st.sampled_from(["", "hall"]),
    hour=st.none() | st.floats(0, 23.99),
)


def severity(facts: Facts) -> Severity:
    return MODEL.judge(facts)[0]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(Facts(0.0, 1), Severity.LOW, id="at the setting, one sense"),
        pytest.param(Facts(2.0, 1), Severity.MEDIUM, id="one in a hundred settings"),
        pytest.param(Facts(1.0, 2), Severity.MEDIUM, id="two senses at one in ten"),
        pytest.param(Facts(12.0, 1), Severity.HIGH, id="one sense, as rare as can be"),
        pytest.param(Facts(2.0, 3, "break-in", hour=2.0), Severity.HIGH, id="a break-in at night"),
        pytest.param(Facts(3.4, 2, "panic"), Severity.CRITICAL, id="a panic that two senses notice"),
        pytest.param(Facts(1.0, 1, "dog bark"), Severity.LOW, id="a dog"),
        pytest.param(Facts(12.0, 3), Severity.HIGH, id="all senses, as rare as can be, and nobody knows what"),
    ],
)
def test_documented_weights_give_sensible_severities(facts: Facts, expected: Severity) -> None:
    assert severity(facts) is expected


@LAW
@given(facts=FACTS, more=st.floats(0, 5))
def test_rarer_is_never_less_severe(facts: Facts, more: float) -> None:
    assert severity(replace(facts, decades=facts.decades + more)) >= severity(facts)


@LAW
@given(facts=FACTS)
def test_one_more_sense_is_never_less_severe(facts: Facts) -> None:
    assert severity(replace(facts, senses=facts.senses + 1)) >= severity(facts)


@LAW
@given(facts=FACTS)
def test_a_known_kind_is_never_less_severe_than_an_unknown_one(facts: Facts) -> None:
    assert severity(facts) >= severity(replace(facts, kind=""))


@LAW
@given(decades=st.floats(0, 300), hour=st.floats(0, 24))
def test_one_sense_that_names_nothing_is_never_critical(decades: float, hour: float) -> None:
    assert severity(Facts(decades, 1, "sound", "hall", hour)) <= Severity.HIGH


@LAW
@given(facts=FACTS)
def test_what_counted_adds_up_to_the_chance_and_the_severity(facts: Facts) -> None:
    told, assessment = MODEL.judge(facts)
    total = sum(logits for *_, logits in assessment.counted)
    assert assessment.chance == chance(total - MODEL.thresholds[0])
    assert told == 1 + sum(total >= threshold for threshold in MODEL.thresholds[1:])
    assert {name: value for name, value, _ in assessment.counted} == features(facts)


@LAW
@given(st.floats(allow_nan=False))
def test_nothing_is_certain(logits: float) -> None:
    assert 0 < chance(logits) < 1


def test_the_night_begins_at_ten_and_ends_at_six() -> None:
    told = {hour: "at night" in features(Facts(0, 1, hour=hour)) for hour in (21.99, 22.0, 23.5, 0.0, 5.99, 6.0, 12.0)}
    assert [hour for hour, night in told.items() if night] == [22.0, 23.5, 0.0, 5.99]
    assert "at night" not in features(Facts(0, 1))


def test_a_rate_that_is_not_known_counts_as_that_which_is_set() -> None:
    assert decades_below(None, 1.0) == 0.0
    assert decades_below(0.01, 1.0) == pytest.approx(2.0)
    assert decades_below(3.0, 1.0) == 0.0
    assert decades_below(0.0, 1.0) > 5


def test_the_guess_is_in_order_and_unsure() -> None:
    logits = [threshold.logits for threshold in THRESHOLDS]
    assert logits == sorted(logits)
    assert all(weight.spread > 0 and weight.logits >= 0 for weight in (*PRIOR.values(), *THRESHOLDS, OTHER))
