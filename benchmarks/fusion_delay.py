"""How soon the fusion tells of events that sound or picture see, and how much of that time is theirs.

An event often begins in one sense and goes on in others: glass breaks, and the picture shows somebody seconds later.
Composed labels say when each sense could first notice it (`video_start_s`). So a delay is told twice: from the event's
beginning, as everywhere, and from the beginning of what was seen by the fast sense that saw it.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusion.assemble import FAST
from fusion.events import FusedScore
from fusion.recording import LABELS, Recording
from fusion.report.metrics import Outcome, hit_interval
from sensors.types import NS, Modality

Beginnings = dict[Modality, float]


@dataclass(frozen=True, slots=True)
class Delay:
    """Of one event that was found and that a fast sense saw.

    Attributes
    ----------
    event_s : float
        From the event's beginning to the incident's opening, seconds >= 0.
    sense_s : float
        From the beginning of what the fast sense could notice of it, seconds >= 0.
    """

    event_s: float
    sense_s: float


def beginnings(folder: Path) -> dict[tuple[float, str], Beginnings]:
    """When each sense could first notice the events of a composed recording, by their start and kind; seconds."""
    with (folder / LABELS).open(encoding="utf-8", newline="") as file:
        return {
            (float(row["start_s"]), row["kind"]): {
                sense: float(row[f"{sense}_start_s"]) for sense in Modality if row.get(f"{sense}_start_s")
            }
            for row in csv.DictReader(file)
        }


def delays(
    recording: Recording,
    begun: dict[tuple[float, str], Beginnings],
    outcome: Outcome,
    verdicts: Sequence[FusedScore],
    seen: float,
) -> list[Delay]:
    """Delays of the events that were found, as far as sound or picture saw them: with a p-value of `seen` at most.

    Of several fast senses that saw an event the one counts that could notice it first.
    """
    found = []
    for hit in outcome.hits:
        if hit.delay_s is None:
            continue
        start_s, end_s = hit_interval(hit.label, recording.seconds or 0.0)
        about = [v for v in verdicts if start_s <= (v.at_ns - recording.start_ns) / NS <= end_s]
        saw = {part.sense for v in about for part in v.parts if part.sense in FAST and part.p_value <= seen}
        could = begun.get((hit.label.start_s, hit.label.kind), {})
        first_s = min((could[sense] for sense in saw if sense in could), default=None)
        if first_s is not None:
            found.append(Delay(hit.delay_s, max(0.0, hit.delay_s - (first_s - hit.label.start_s))))
    return found


def tell(found: Sequence[Delay]) -> str:
    """Both medians, and the share that came within a second and a half of what was there to see."""
    if not found:
        return "no event was found that sound or picture saw"
    event, sense = (np.array([getattr(one, name) for one in found]) for name in ("event_s", "sense_s"))
    return (
        f"{len(found)} found that sound or picture saw: median delay {np.median(event):.1f} s from the event's "
        f"beginning, {np.median(sense):.1f} s from that of what they could notice ({np.mean(sense <= 1.5):.0%} "
        "within 1.5 s)"
    )
