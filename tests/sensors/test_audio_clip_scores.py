"""A sound's own scores: the highest where it is likely, two seconds together where it is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.audio.clip_scores import OF_HIGHEST, SPAN, ClipScores, log_odds

SCORES = st.floats(1e-6, 1 - 1e-6)


def told(scores: list[float]) -> float:
    clip = ClipScores(1)
    for score in scores:
        clip.add(np.array([score]))
    return float(clip.scores()[0])


@given(st.lists(SCORES, min_size=1, max_size=3 * SPAN))
def test_a_sound_is_likely_exactly_where_one_of_its_moments_is(scores: list[float]) -> None:
    best = max(scores)
    if best >= 0.5:
        assert told(scores) == pytest.approx(best)
    else:
        assert min(scores) - 1e-9 <= told(scores) <= best + 1e-9


@given(st.lists(st.floats(1e-6, 0.49), min_size=1, max_size=3 * SPAN))
def test_an_unlikely_sound_counts_by_its_best_two_seconds(scores: list[float]) -> None:
    odds = log_odds(np.array(scores))
    spans = [odds[at : at + SPAN] for at in range(max(1, len(odds) - SPAN + 1))]
    best = max(OF_HIGHEST * span.max() + (1 - OF_HIGHEST) * span.mean() for span in spans)
    assert told(scores) == pytest.approx(1 / (1 + np.exp(-best)))


def test_one_odd_moment_of_a_long_quiet_sound_says_less_than_two_seconds_of_it() -> None:
    assert told([0.001] * 20 + [0.4] + [0.001] * 20) < told([0.001] * 16 + [0.2] * SPAN + [0.001] * 16)


def test_no_span_reaches_across_a_gap() -> None:
    clip, whole = ClipScores(1), ClipScores(1)
    for score in (0.4, 0.001):
        clip.add(np.array([score]))
        whole.add(np.array([score]))
        clip.cut()
    assert clip.scores() == pytest.approx(0.4)
    assert whole.scores() < 0.1


def test_silence_after_a_sound_only_counts_where_something_is_likely() -> None:
    clip = ClipScores(1)
    clip.add(np.array([0.1]))
    assert clip.add_silence(np.array([0.3]))
    assert not clip.add_silence(np.array([0.2]))
    assert clip.scores() == pytest.approx(0.1)
    assert clip.add_silence(np.array([0.7]))
    assert clip.scores() == pytest.approx(0.7)


def test_nothing_heard_is_nothing_likely() -> None:
    assert ClipScores(2).scores() == pytest.approx([0.0, 0.0])
