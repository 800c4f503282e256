"""What alarmed may be learned as "at least this strange", and no more often than the operator's rate allows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.calm import FLOOD, MOST, Calm, Disturbances

LAW = settings(deadline=None, derandomize=True, database=None)

LEAD = 3


def calm(drawn: str, allowed: float = 0.0, granted: int = 0) -> str:
    """What may be learned of each second of a drawing: ! disturbed, . not; Q quiet, C censored, X excluded."""
    known = Disturbances(LEAD, allowed)
    known.mark(-granted, False)
    for second, sign in enumerate(drawn):
        known.mark(second, sign == "!")
    return "".join({Calm.QUIET: "Q", Calm.CENSORED: "C", Calm.EXCLUDED: "X"}[known.calm(s)] for s in range(len(drawn)))


@pytest.mark.parametrize(
    ("drawn", "learned"),
    [
        ("..........",
         "QQQQQQQQQQ"),
        (".....!!!..",
         "QQXXXXXXXQ"),
        ("!!........",
         "XXXQQQQQQQ"),
        (".....!!!!!",
         "QQXXXXXXXX"),
        (".....!...!..",
         "QQXXXXXXXXXQ"),
    ],
)  # fmt: skip
def test_an_alarm_is_disturbed_from_its_onset_to_the_first_quiet_moment(drawn: str, learned: str) -> None:
    assert calm(drawn) == learned


def test_what_the_operator_allows_is_censored_and_the_rest_excluded() -> None:
    assert calm(".....!......!.............!.....",
                granted=6, allowed=0.1) == \
                "QQCCCCCQQXXXXXQQQQQQQQQCCCCCQQQQ"  # fmt: skip


@LAW
@given(
    st.lists(st.booleans(), min_size=1, max_size=300),
    st.sampled_from([0.0, 0.001, 0.05, 0.3]),
    st.integers(0, 100_000),
)
def test_no_more_is_censored_than_allowed(marks: list[bool], allowed: float, granted: int) -> None:
    known = Disturbances(0, allowed)
    known.mark(-granted, False)
    censored = 0
    for second, disturbed in enumerate(marks):
        known.mark(second, disturbed)
        begins = disturbed and not (second and marks[second - 1])
        censored += begins and known.calm(second) is Calm.CENSORED
    assert censored <= min(granted * allowed, MOST) + len(marks) * allowed + 1e-9


def test_a_long_quiet_time_grants_ten_alarms_and_no_more() -> None:
    learned = calm("!" + "...!" * 14, granted=10**6, allowed=1e-4)
    assert learned[::4] == "C" * int(MOST) + "X" * (15 - int(MOST))


def test_a_flood_of_alarms_is_another_world_and_learned_until_it_ebbs() -> None:
    """Ten alarms more than allowed are left out; then all is taken as it is, until a quiet time has paid for them."""
    flood = "!......." * 14
    assert calm(flood)[::8] == "X" * int(FLOOD) + "Q" * 4
    ebbed = calm(flood + "." * 6000 + "!..." * 12, allowed=1 / 500)
    assert "Q" in ebbed[: len(flood) : 8]
    assert ebbed[-48::4] == "C" * int(MOST) + "XX"


def test_a_stretch_is_as_calm_as_the_first_disturbance_in_it() -> None:
    known = Disturbances(0, 0.0)
    for second in range(30):
        known.mark(second, second in (10, 20))
    assert known.touching(0, 9) == (None, Calm.QUIET)
    assert known.touching(0, 40) == (10, Calm.EXCLUDED)
    assert known.touching(12, 25) == (20, Calm.EXCLUDED)


def test_what_is_long_over_is_forgotten() -> None:
    known = Disturbances(0, 0.0)
    for second in range(30):
        known.mark(second, second in (10, 20))
    known.forget(15)
    assert [known.calm(second) for second in (10, 20)] == [Calm.QUIET, Calm.EXCLUDED]


def test_what_is_over_in_part_only_is_not_forgotten() -> None:
    known = Disturbances(0, 0.0)
    for second in range(30):
        known.mark(second, 10 <= second < 20)
    known.forget(15)
    assert known.calm(18) is Calm.EXCLUDED


def test_what_still_lasts_is_not_forgotten() -> None:
    known = Disturbances(0, 0.0)
    known.mark(10, True)
    known.forget(10_000)
    assert known.calm(10_001) is Calm.EXCLUDED
