"""What the ear must show, and where it falls short."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Figures = dict[str, Any]

LEAST_MACRO, LEAST_AP, LEAST_EXPLOSION = 0.80, 0.6, 0.5
LEAST_RECALL = 0.8
LOUD = ("glass_break", "scream", "gunshot", "siren", "alarm")
"""Classes that must be found at +6 dB and one false alarm an hour."""

MOST_DELAY_S, MOST_MS, MOST_MEGABYTES, MOST_MEBIBYTES, MOST_LONG_S = 0.5, 1.5, 8.0, 120.0, 30.0


def missed_bars(figures: Figures, at: int, setting: str) -> list[str]:
    """What should have been better in the sections that were measured.

    Parameters
    ----------
    figures : dict
        As `benchmarks.audio` gives them.
    at : int
        Column of the signal-to-noise ratio that counts.
    setting : str
        Thresholds that count.
    """
    name = figures["pack"]
    missed: list[str] = []
    if clips := figures.get("clips"):
        missed += _clips(clips["ears"][name]["average_precision"])
    if soundscapes := figures.get("soundscapes"):
        missed += _soundscapes(soundscapes["ears"][name][setting], at)
    if cost := figures.get("cost"):
        missed += _cost(cost["ears"][name], cost["long"])
    return missed


def _clips(precision: Figures) -> Iterator[str]:
    for label, (value, _, _) in precision.items():
        least = {"macro": LEAST_MACRO, "explosion": LEAST_EXPLOSION}.get(label, LEAST_AP)
        if value < least:
            yield f"average precision, {label}: {value:.3f}, not {least:g}"


def _soundscapes(classes: Figures, at: int) -> Iterator[str]:
    for label in LOUD:
        recall = classes[label]["recall"][at]
        if recall is not None and recall < LEAST_RECALL:
            yield f"recall at +6 dB and 1 false alarm an hour, {label}: {recall:.2f}, not {LEAST_RECALL:g}"
    median_s = classes["all"]["delay"]["median_s"]
    if median_s is not None and median_s > MOST_DELAY_S:
        yield f"delay of transients at +6 dB: {median_s:.2f} s, more than {MOST_DELAY_S:g}"


def _cost(ear: Figures, long: Figures | None) -> Iterator[str]:
    bars = [("ms a step", ear["ms_per_step"], MOST_MS), ("MB of model", ear["megabytes"], MOST_MEGABYTES)]
    if long:
        bars += [("MiB on a long file", long["mebibytes"], MOST_MEBIBYTES), ("s of CPU", long["cpu_s"], MOST_LONG_S)]
    for what, value, most in bars:
        if value > most:
            yield f"{what}: {value:.3g}, more than {most:g}"
