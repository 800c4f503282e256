"""Labelled clips of a folder with `manifest.csv` and `labels.csv`, and what is counted on them."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.ranking import auroc

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CLOSE_S = 1.0
"""Alarms nearer to each other are one."""

EARLY_S = 0.5
"""An alarm that begins so long before the label still belongs to the event: labels are made by eye."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip with its labels.

    Attributes
    ----------
    path : Path
        The file.
    group : str
        Scene or source: never on both sides of a choice.
    fps : float
        Frames a second.
    frames : int
        How many.
    events : tuple of (int, int, str, str)
        First and last frame, what, by whose label.
    loudness_db : float
        Mean level of its sound, dBFS; -inf where it has none, or the manifest does not say.
    """

    path: Path
    group: str
    fps: float
    frames: int
    events: tuple[tuple[int, int, str, str], ...]
    loudness_db: float = -math.inf

    def marked(self, what: str, by: str = "") -> Flags:
        """Frames that a label of this kind, by whom `by` begins, covers."""
        out = np.zeros(self.frames, bool)
        for first, last, event, whose in self.events:
            if event == what and whose.startswith(by):
                out[first : last + 1] = True
        return out


def read_clips(folder: Path, kind: str) -> list[Clip]:
    """Clips whose path begins with `kind`, in the order of their names."""
    events: dict[str, list[tuple[int, int, str, str]]] = {}
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            label = (int(row["start_frame"]), int(row["end_frame"]), row["event"], row["labelled_by"])
            events.setdefault(row["path"], []).append(label)
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return [
            Clip(
                folder / row["path"], row["group"], float(row["fps"]), int(row["frames"]),
                tuple(events.get(row["path"], ())), float(row.get("audio_mean_db") or -math.inf),
            )
            for row in csv.DictReader(file)
            if row["path"].startswith(kind)
        ]  # fmt: skip


def smooth(scores: Floats, frames: int) -> Floats:
    """Mean over the last `frames` frames."""
    sums = np.cumsum(np.insert(scores, 0, 0.0))
    ends = np.arange(1, len(scores) + 1)
    starts = np.maximum(0, ends - frames)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts))


def frame_auc(marks: Sequence[Flags], scores: Sequence[Floats]) -> tuple[float, float]:
    """Area under the curve of all frames of all clips together, and its mean over clips that have both kinds."""

    def area(positive: Flags, score: Floats) -> float:
        return float(auroc(positive, score, np.ones((1, len(score))))[0])

    each = [area(m, s) for m, s in zip(marks, scores, strict=True) if m.any() and not m.all()]
    return area(np.concatenate(marks), np.concatenate(scores)), float(np.mean(each))


@dataclass(frozen=True, slots=True)
class Alarms:
    """Alarms against labels.

    Attributes
    ----------
    events, hits : int
        Labelled events, and those with an alarm.
    delays_s : tuple of float
        Of the hits, from the label's beginning; 0 where the alarm came a little before it.
    false_alarms : int
        Alarms that begin where nothing is labelled.
    normal_s : float
        Time without label.
    """

    events: int = 0
    hits: int = 0
    delays_s: tuple[float, ...] = ()
    false_alarms: int = 0
    normal_s: float = 0.0

    def __add__(self, other: Alarms) -> Alarms:
        return Alarms(
            self.events + other.events,
            self.hits + other.hits,
            self.delays_s + other.delays_s,
            self.false_alarms + other.false_alarms,
            self.normal_s + other.normal_s,
        )


def count_alarms(above: Flags, labelled: Flags, also: Flags, fps: float) -> Alarms:
    """Match alarms of one clip.

    Parameters
    ----------
    above : ndarray (n,) bool
        Frames that are strange enough; only those after what was learned.
    labelled : ndarray (n,) bool
        Frames of events.
    also : ndarray (n,) bool
        Frames on which opinions differ, or which follow from the event: neither event nor normal.
    fps : float
        Frames a second.
    """
    ups = _starts(above, round(CLOSE_S * fps))
    onsets = _starts(labelled, 0)
    early = round(EARLY_S * fps)
    hits, delays, used = 0, [], set()
    for onset in onsets:
        end = onset + int(np.argmin(np.append(labelled[onset:], False)))
        mine = [up for up in ups if onset - early <= up < end]
        running = above[onset] and any(up < onset - early for up in ups)
        if mine or running:
            hits += 1
            delays.append(0.0 if running else max(0, mine[0] - onset) / fps)
        used.update(mine)
    false = [up for up in ups if up not in used and not labelled[up] and not also[up]]
    normal_s = float((~labelled & ~also).sum()) / fps
    return Alarms(len(onsets), hits, tuple(delays), len(false), normal_s)


def _starts(flags: Flags, gap: int) -> list[int]:
    """First frames of runs; runs that are at most `gap` frames apart are one."""
    places = np.flatnonzero(flags)
    if not len(places):
        return []
    return [
        int(places[0]),
        *(int(after) for before, after in zip(places, places[1:], strict=False) if after - before > gap + 1),
    ]
