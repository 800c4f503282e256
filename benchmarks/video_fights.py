"""Fights in two-second clips that have no past: how well single measures of motion tell them from the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.ranking import auroc
from benchmarks.video_clips import Clip, read_clips
from sensors.video.features import VideoExtractor
from sensors.video.layout import CROWD, MOTION, place_of
from sensors.video.sources import VideoFileSource

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

MEASURES = (*MOTION, *CROWD)
"""Measures of the whole picture, each taken as its median over a clip."""


@dataclass(frozen=True, slots=True)
class Halves:
    """A measure chosen on half of the sources, and how it does on the other half."""

    chosen: str
    clips: int
    auc: float


def show_fights(folder: Path) -> None:
    """The floor, every measure, and what a choice on half of the sources is worth on the other half."""
    clips = read_clips(folder, "fight_av")
    fights = np.array(["fight_av/fight" in clip.path.as_posix() for clip in clips])
    table = np.array([middles(clip.path) for clip in clips])
    measures = dict(zip(MEASURES, table.T, strict=True))
    ranked = sorted(((_auc(fights, values), name) for name, values in measures.items()), reverse=True)
    print(f"fights, {len(clips)} clips of 2 s, nothing learned: AUC of a measure's median over the clip")
    for auc, name in ranked:
        print(f"    {name:<20} {auc:.3f}")
    for half in choose_by_halves(clips, fights, measures):
        print(f"    chosen on the other sources: {half.chosen}, {half.auc:.3f} on {half.clips} clips")


def choose_by_halves(clips: Sequence[Clip], fights: Flags, measures: Mapping[str, Floats]) -> list[Halves]:
    """Take the best measure of each half of the sources to the other half.

    Parameters
    ----------
    clips : sequence of Clip
        A source is never in both halves; every second one, by name, is in the first.
    fights : ndarray (n,) bool
        Which of them are fights.
    measures : mapping of str to ndarray (n,)
        Larger is more like a fight.
    """
    sources = sorted({clip.group for clip in clips})
    first = np.array([sources.index(clip.group) % 2 == 0 for clip in clips])
    out = []
    for ours, theirs in ((first, ~first), (~first, first)):
        chosen = max(measures, key=lambda name: _auc(fights[ours], measures[name][ours]))
        out.append(Halves(chosen, int(theirs.sum()), _auc(fights[theirs], measures[chosen][theirs])))
    return out


def _auc(fights: Flags, values: Floats) -> float:
    return float(auroc(fights, values, np.ones((1, len(values))))[0])


def middles(path: Path) -> Floats:
    """Medians over a clip; 0 where nothing could be measured."""
    extractor = VideoExtractor("clip")
    rows = np.array([
        features.values[_PLACES]
        for chunk in VideoFileSource("clip", path, 0, max_rate_hz=1000.0).chunks()
        for features in extractor.extract(chunk)
    ])  # fmt: skip
    known = rows[np.isfinite(rows).all(axis=1)]
    return np.asarray(np.median(known, axis=0) if len(known) else np.zeros(len(MEASURES)))


_PLACES = place_of(MEASURES)
