"""The model card: what the network was made of, what it can and cannot do; written by the run that made it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sensors.audio.packs import ALERTS
from sensors.audio.training.corpus import Clip
from sensors.audio.training.examine import Examination
from sensors.audio.training.shards import Task


def write_card(
    task: Task,
    clips: Sequence[Clip],
    rounds: int,
    size: int,
    examined: Examination | None,
    effects: bool,
    begun: bool = False,
) -> str:
    """Markdown for people.

    Parameters
    ----------
    task : Task
        What was asked for.
    clips : sequence of Clip
        What it was trained on.
    rounds : int
        Shards heard.
    size : int
        Bytes of the model.
    examined : Examination, optional
        Of the same recipe with some sources held out.
    effects : bool
        Whether the second teacher was asked.
    begun : bool
        Whether it began with the weights of an earlier training.
    """
    teachers = []
    if task.yamnet:
        teachers.append("YAMNet (Google, Apache-2.0): embedding and scores of the same mixtures")
    if effects:
        teachers.append("aiSFX 0.1.2 (Ma & Lerch, ISMIR 2022; weights CC BY 4.0): embedding of the unmixed clips")
    hours = rounds * task.scenes * 4 / 3600
    lines = [
        "# Model card: the built-in sound classifier",
        "",
        "Written by `kizashi train audio`. A causal residual network over log-mel frames, made from nothing: no weight",
        f"of another network is in it. {size / 1e6:.1f} MB, 16 kHz mono, one answer every 0.25 s.",
        "",
        "## Training",
        f"- {rounds} rounds of {task.scenes} new scenes of 4 s ({hours:.0f} hours of mixtures), seed {task.seed}.",
        *(["- Begun with the weights of an earlier training by the same command."] if begun else []),
        f"- {len(clips)} clips, licences asked for: {task.licences}; alarms and sirens by formula beside them.",
        *[f"- Teacher: {teacher}." for teacher in teachers],
        f"- Held out: {', '.join(task.without) or 'nothing'}.",
        "",
        "## Data",
        "| class | clips | sources |",
        "|---|---|---|",
    ]
    for label, count in sorted(Counter(clip.label for clip in clips).items()):
        sources = Counter(clip.source for clip in clips if clip.label == label)
        told = ", ".join(f"{name} {number}" for name, number in sources.most_common())
        lines.append(f"| {label} | {count} | {told} |")
    lines += ["", "| licence as stated | clips |", "|---|---|"]
    lines += [f"| {name} | {count} |" for name, count in Counter(clip.licence for clip in clips).most_common()]
    lines += ["", "## Examination", *_examination(examined)]
    lines += [
        "",
        "## Limits",
        "- Trained on short clips, many from games and sound libraries; nobody has listened to all of them.",
        "- Labels are of sounds, not of intentions: a film on television screams and shoots too.",
        "- Speech is recognised as speech and nothing more; no words, no voices.",
    ]
    return "\n".join(lines) + "\n"


def _examination(examined: Examination | None) -> list[str]:
    if examined is None:
        return ["Not examined on held-out sources."]
    out = [
        f"The same recipe, trained without {', '.join(examined.sources)}, heard {examined.clips} clips of these:",
        "",
        "| class | average precision |",
        "|---|---|",
        *[f"| {label} | {examined.precision[label]:.2f} |" for label in ALERTS if label in examined.precision],
        f"| macro | {examined.macro:.3f} |",
        "",
        "A score of 0.5 stands for one false alarm an hour of all classes together in ordinary sound made of the",
        "training's own sources, and never for less than even odds. On sources never heard expect more: the held-out",
        "ones asked for thresholds higher by (log-odds) "
        + ", ".join(f"{label} {margin:.1f}" for label, margin in sorted(examined.margins.items()))
        + ".",
    ]
    return out
