from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.framing import Framer
from sensors.types import NS, Chunk

RATE = 1000.0
SAMPLES = np.arange(200, dtype=np.float32)


def chunks(cuts: list[int], start_ns: int = 0) -> list[Chunk]:
    """The 200 samples, cut at these places."""
    places = sorted({0, len(SAMPLES), *cuts})
    pairs = zip(places, places[1:], strict=False)
    return [Chunk("mic", n, start_ns + a * NS // 1000, RATE, SAMPLES[a:b]) for n, (a, b) in enumerate(pairs)]


def framed(framer: Framer, parts: list[Chunk]) -> list[tuple[int, bytes, bool]]:
    return [(end, frame.tobytes(), fresh) for part in parts for end, frame, fresh in framer.frames(part)]


@given(st.lists(st.integers(1, 199)), st.integers(1, 40), st.integers(1, 40))
def test_where_chunks_are_cut_changes_nothing(cuts: list[int], length: int, hop: int) -> None:
    hop = min(hop, length)
    whole = framed(Framer(RATE, length, hop), chunks([]))
    assert framed(Framer(RATE, length, hop), chunks(cuts)) == whole
    assert len(whole) == (len(SAMPLES) - length) // hop + 1


def test_frames_end_where_their_last_sample_ends() -> None:
    ends = [end for end, _, _ in framed(Framer(RATE, 50, 25), chunks([], start_ns=7))]
    assert ends == [7 + n * NS // 1000 for n in (50, 75, 100, 125, 150, 175, 200)]


def test_a_gap_makes_it_forget() -> None:
    framer = Framer(RATE, 50, 25)
    first, second = chunks([], 0)[0], chunks([], 10 * NS)[0]
    before = framed(framer, [Chunk("mic", 0, 0, RATE, first.data[:60])])
    after = framed(framer, [second])
    assert [fresh for _, _, fresh in before] == [True]
    assert after == framed(Framer(RATE, 50, 25), [second])


def test_a_jitter_of_one_sample_is_no_gap() -> None:
    framer = Framer(RATE, 50, 25)
    late = Chunk("mic", 1, 100 * NS // 1000 + NS // 1000, RATE, SAMPLES[100:])
    fresh = [fresh for _, _, fresh in framed(framer, [Chunk("mic", 0, 0, RATE, SAMPLES[:100]), late])]
    assert fresh == [True, False, False, False, False, False, False]


@pytest.mark.parametrize(("length", "hop"), [(10, 0), (10, 11), (10, -1)])
def test_a_hop_that_stands_still_or_leaps_is_refused(length: int, hop: int) -> None:
    with pytest.raises(ValueError, match="hop"):
        Framer(RATE, length, hop)
