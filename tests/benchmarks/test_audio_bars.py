"""A bar that was missed is named, and only that."""

from __future__ import annotations

from typing import Any

from benchmarks.audio_bars import LOUD, missed_bars


def figures(macro: float, recall: float, ms: float) -> dict[str, Any]:
    classes = {label: {"recall": [0.0, recall]} for label in LOUD} | {"all": {"delay": {"median_s": 0.3}}}
    return {
        "pack": "ear",
        "clips": {"ears": {"ear": {"average_precision": {"explosion": (0.55, 0, 1), "macro": (macro, 0, 1)}}}},
        "soundscapes": {"ears": {"ear": {"quiet": classes}}},
        "cost": {"ears": {"ear": {"ms_per_step": ms, "megabytes": 4.0}}, "long": None},
    }


def test_good_figures_miss_nothing() -> None:
    assert missed_bars(figures(0.9, 0.9, 0.7), 1, "quiet") == []


def test_each_missed_bar_is_named() -> None:
    assert [bar.split(":")[0] for bar in missed_bars(figures(0.7, 0.9, 2.0), 1, "quiet")] == [
        "average precision, macro",
        "ms a step",
    ]
    assert len(missed_bars(figures(0.9, 0.5, 0.7), 1, "quiet")) == len(LOUD)


def test_sections_that_were_not_measured_miss_nothing() -> None:
    assert missed_bars({"pack": "ear"}, 1, "quiet") == []
