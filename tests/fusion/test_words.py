from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.words import counted, duration, once_in, one_in, rarity


@pytest.mark.parametrize(
    ("apart_s", "words"),
    [
        (0.1, "several times a minute"),
        (60, "once a minute"),
        (20 * 60, "once in 20 minutes"),
        (3600, "once an hour"),
        (2 * 3600, "once in 2 hours"),
        (86_400, "once a day"),
        (2 * 86_400, "once in 2 days"),
        (40 * 86_400, "once in 40 days"),
        (90 * 86_400, "once in 3 months"),
        (3 * 365.25 * 86_400, "once in 3 years"),
        (11 * 365.25 * 86_400, "less than once in 10 years"),
    ],
)
def test_a_rate_is_said_as_the_time_between_two(apart_s: float, words: str) -> None:
    assert once_in(86_400 / apart_s) == words


def test_never_is_less_than_once_in_ten_years() -> None:
    assert once_in(0.0) == "less than once in 10 years"
    assert rarity(0.0) == "less than once in 10 years"
    assert rarity(1 / 40) == "about once in 40 days"


@given(st.floats(1e-9, 1e9))
def test_every_rate_has_words(per_day: float) -> None:
    assert "once" in once_in(per_day) or once_in(per_day) == "several times a minute"


@pytest.mark.parametrize("per_day", [-1.0, float("nan")])
def test_what_is_no_rate_is_refused(per_day: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        once_in(per_day)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.42, "0.4 s"),
        (9.97, "10 s"),
        (59.7, "1 min"),
        (245, "4 min 5 s"),
        (3599.7, "1 h"),
        (7800, "2 h 10 min"),
        (86_399, "1 day"),
        (100_000, "1 day 4 h"),
        (200_000, "2 days 8 h"),
    ],
)
def test_durations_carry_when_they_round_up(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@given(st.floats(0, 1e9))
def test_durations_have_at_most_two_parts_and_never_sixty_of_anything(seconds: float) -> None:
    words = duration(seconds).split()
    assert len(words) in (2, 4)
    assert "60" not in words[::2] or words[1] == "days"


def test_shares_are_said_in_two_figures() -> None:
    said = [one_in(p) for p in (1.0, 0.3, 0.0123, 1e-3, 1 / 123_456, 4.6e-7, 1e-12, 0.0)]
    beyond = "less than 1 in 1,000 million"
    assert said == ["1 in 1", "1 in 3", "1 in 81", "1 in 1,000", "1 in 120,000", "1 in 2.2 million", beyond, beyond]


def test_nouns_follow_their_number() -> None:
    assert [counted(n, "incident") for n in (0, 1, 2)] == ["no incidents", "1 incident", "2 incidents"]
