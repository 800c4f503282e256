"""How well single clips of sources that were never trained on are told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.corpus import Clip
from benchmarks.ears import Ear
from benchmarks.ranking import Floats, auroc, average_precision, draw_sources, interval
from sensors.audio.packs import ALERTS

Figures = dict[str, Any]

DRAWS = 1000
FEW = 10
"""Clips of a class below which its figure is marked."""


def judge_clips(clips: Sequence[Clip], ears: Sequence[Ear], seed: int) -> Figures:
    """Average precision and AUROC of each class that the clips have, and their means, with 95 % intervals.

    Every ear is judged on the same draws.
    """
    labels = np.array([clip.label for clip in clips])
    known = [label for label in ALERTS if (labels == label).any()]
    classes = np.array([labels == label for label in known])
    rng = np.random.Generator(np.random.Philox(key=seed))
    drawn = draw_sources([clip.source for clip in clips], classes, DRAWS, rng)
    # Why one of each goes first: the figure itself comes from the same lines as its interval.
    weights = np.concatenate([np.ones((1, len(clips))), drawn])
    told: Figures = {"clips": len(clips), "sources": _count_sources(clips, known), "ears": {}}
    for ear in ears:
        scores = np.array([ear.score_file(clip.path) for clip in clips])
        columns = [scores[:, ALERTS.index(label)] for label in known]
        told["ears"][ear.name] = {
            measure.__name__: _figures(measure, classes, columns, known, weights)
            for measure in (average_precision, auroc)
        }
    return told


def clips_table(told: Figures) -> str:
    """Markdown; an asterisk where a class has few clips or all of them from one source."""
    names = list(told["ears"])
    lines = [
        "| class | clips (sources) | " + " | ".join(f"{name} AP | {name} AUROC" for name in names) + " |",
        "|---|---|" + "---|---|" * len(names),
    ]
    for label in [*told["sources"], "macro"]:
        sources = told["sources"].get(label, {})
        count = sum(sources.values())
        mark = "*" if sources and (count < FEW or len(sources) == 1) else ""
        cells = [f"{count} ({len(sources)}){mark}" if sources else f"{told['clips']} of all classes"]
        for name in names:
            cells += [_show(told["ears"][name][measure][label]) for measure in ("average_precision", "auroc")]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    few = [
        f"{label} ({', '.join(f'{source} {count}' for source, count in sources.items())})"
        for label, sources in told["sources"].items()
        if sum(sources.values()) < FEW or len(sources) == 1
    ]
    if few:
        lines.append(f"\n\\* fewer than {FEW} clips, or one source: {'; '.join(few)}")
    if missing := [label for label in ALERTS if label not in told["sources"]]:
        lines.append(f"\nNOT JUDGED, no clips: {', '.join(missing)}")
    return "\n".join(lines)


def _figures(
    measure: Callable[..., Floats], classes: Any, columns: Sequence[Floats], known: Sequence[str], weights: Floats
) -> Figures:
    values = np.array([measure(positive, column, weights) for positive, column in zip(classes, columns, strict=True)])
    rows = dict(zip([*known, "macro"], [*values, values.mean(axis=0)], strict=True))
    return {label: [float(row[0]), *interval(row[1:])] for label, row in rows.items()}


def _count_sources(clips: Sequence[Clip], known: Sequence[str]) -> dict[str, dict[str, int]]:
    return {label: dict(Counter(clip.source for clip in clips if clip.label == label).most_common()) for label in known}


def _show(figure: Sequence[float]) -> str:
    value, low, high = figure
    return f"{value:.3f} [{low:.2f}, {high:.2f}]"
