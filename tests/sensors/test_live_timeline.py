"""Event times from arrivals: laws that hold however late, early, torn or set forward and back things are."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sensors.reader.timeline import EARLY_NS, LATE_NS, WINDOW_NS, Timeline
from sensors.types import NS

RATE_HZ = 16_000
COUNT = 1_600
STEP_NS = NS // 10
EPOCH_NS = 1_700_000_000 * NS


def place(timeline: Timeline, number: int, late_ns: int = 0, run: int = 0, epoch_ns: int = EPOCH_NS) -> tuple[int, int]:
    """Piece `number` of a stream whose sample 0 sounded at monotonic time 0."""
    return timeline.place(run, number * COUNT, COUNT, (number + 1) * STEP_NS + late_ns, epoch_ns)


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=200))
def test_times_follow_the_count_of_samples_whatever_the_network_does(jitter_ns: list[int]) -> None:
    timeline = Timeline(RATE_HZ)
    placed = [place(timeline, number, 0 if number == 0 else late) for number, late in enumerate(jitter_ns[:40])]
    assert placed == [(EPOCH_NS + number * STEP_NS, 0) for number in range(len(placed))]


steps = st.tuples(
    st.integers(0, 3), st.integers(-2 * NS, 20 * NS), st.sampled_from([0, 0, 0, -3600 * NS, 3600 * NS]), st.booleans()
)


@given(st.lists(steps, max_size=60))
def test_what_was_placed_is_never_taken_back(script: list[tuple[int, int, int, bool]]) -> None:
    timeline = Timeline(RATE_HZ)
    run, now_ns, epoch_ns, position, end_ns = 0, 100 * NS, EPOCH_NS, 0, 0
    for new_runs, passed_ns, set_ns, restart in script:
        if restart:
            timeline.begin()
        position = 0 if new_runs or restart else position
        run, now_ns, epoch_ns = run + new_runs, now_ns + max(0, passed_ns), epoch_ns + set_ns
        start_ns, skip = timeline.place(run, position, COUNT, now_ns, epoch_ns)
        assert 0 <= skip <= COUNT
        if skip < COUNT:
            assert start_ns >= end_ns
            end_ns = start_ns + round((COUNT - skip) * NS / RATE_HZ)
        position += COUNT


def test_sound_that_comes_before_its_time_proves_the_time_wrong() -> None:
    timeline = Timeline(RATE_HZ)
    late_ns = 2 * NS
    place(timeline, 0, late_ns)
    told = [place(timeline, number, 0) for number in range(1, 40)]
    kept = [(start_ns, skip) for start_ns, skip in told if skip < COUNT]
    assert [skip for _, skip in told[:19]] == [COUNT] * 19
    assert kept[-1] == (EPOCH_NS + 39 * STEP_NS, 0)
    assert EARLY_NS < late_ns


def test_sound_that_lags_for_good_is_moved_once_and_what_lags_for_a_moment_is_not() -> None:
    timeline = Timeline(RATE_HZ)
    pieces = 2 * WINDOW_NS // STEP_NS
    moment = [place(timeline, number, LATE_NS * 9 * (20 < number < 30)) for number in range(pieces)]
    lasting = [place(timeline, number, LATE_NS + 1) for number in range(pieces, 4 * pieces)]
    starts = [start_ns for start_ns, _ in moment + lasting]
    jumps = [b - a - STEP_NS for a, b in pairwise(starts) if b - a != STEP_NS]
    assert jumps == [LATE_NS + 1]


def test_a_dropped_piece_is_a_gap_of_its_own_length() -> None:
    timeline = Timeline(RATE_HZ)
    starts = [place(timeline, number)[0] for number in (0, 1, 5, 6)]
    assert [b - a for a, b in pairwise(starts)] == [STEP_NS, 4 * STEP_NS, STEP_NS]


def test_a_clock_set_forward_is_followed_and_one_set_back_is_not() -> None:
    timeline = Timeline(RATE_HZ)
    epochs = [EPOCH_NS, EPOCH_NS + 3600 * NS, EPOCH_NS, EPOCH_NS - 3600 * NS]
    starts = [place(timeline, number, epoch_ns=epoch_ns)[0] for number, epoch_ns in enumerate(epochs)]
    assert [b - a for a, b in pairwise(starts)] == [3600 * NS + STEP_NS, STEP_NS, STEP_NS]


def test_where_runs_overlap_the_seam_can_be_seen() -> None:
    timeline = Timeline(RATE_HZ)
    place(timeline, 0)
    start_ns, skip = timeline.place(1, 0, COUNT, 2 * STEP_NS - NS // 100, EPOCH_NS)
    assert skip == 163
    assert start_ns - (EPOCH_NS + STEP_NS) > 2 * NS / RATE_HZ
