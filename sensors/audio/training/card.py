"""The model card: what the network was made of, what it can and cannot do; written by the run that made it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sensors.audio.packs import ALERTS
from sensors.audio.training.corpus import Clip
from sensors.audio.training.examine import Examination
from sensors.audio.training.shards import Task


@dataclass(frozen=True, slots=True)
class Making:
    """What went into a network.

    Attributes
    ----------
    task : Task
        What was asked for.
    clips : sequence of Clip
        What it was trained on.
    rounds : int
        Shards heard.
    effects : bool
        Whether the second teacher was asked.
    begun : bool
        Whether it began with the weights of an earlier training.
    quiet : sequence of Clip
        What was not trained on, but raised thresholds by its ordinary sounds.
    """

    task: Task
    clips: Sequence[Clip]
    rounds: int
    effects: bool = False
    begun: bool = False
    quiet: Sequence[Clip] = ()


def write_card(
    making: Making, size: int, examined: Examination | None = None, recipe: Examination | None = None
) -> str:  # fmt: skip
    """Markdown for people.

    Parameters
    ----------
    making : Making
        What the network was made of.
    size : int
        Bytes of the model.
    examined : Examination, optional
        Of this network, on the sources that were held out.
    recipe : Examination, optional
        Of another network by the same recipe, with other sources held out.
    """
    task, clips, rounds = making.task, making.clips, making.rounds
    teachers = []
    if task.yamnet:
        teachers.append("YAMNet (Google, Apache-2.0): embedding and scores of the same mixtures")
    if making.effects:
        teachers.append("aiSFX 0.1.2 (Ma & Lerch, ISMIR 2022; weights CC BY 4.0): embedding of the unmixed clips")
    names = ", ".join(sorted({clip.source for clip in making.quiet}))
    hours = rounds * task.scenes * 4 / 3600
    lines = [
        "# Model card: the built-in sound classifier",
        "",
        "Written by `kizashi train audio`. A causal residual network over log-mel frames, made from nothing: no weight",
        f"of another network is in it. {size / 1e6:.1f} MB, 16 kHz mono, one answer every 0.25 s.",
        "",
        "## Training",
        f"- {rounds} rounds of {task.scenes} new scenes of 4 s ({hours:.0f} hours of mixtures), seed {task.seed}.",
        *(["- Begun with the weights of an earlier training by the same command."] if making.begun else []),
        f"- {len(clips)} clips, licences asked for: {task.licences}; alarms and sirens by formula beside them.",
        *[f"- Teacher: {teacher}." for teacher in teachers],
        f"- Held out: {', '.join(task.without) or 'nothing'}.",
        *([f"- Thresholds hold for ordinary sound of {names} too, never trained on."] if names else []),
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
    lines += ["", "## Examination", *_examination(examined, recipe)]
    lines += [
        "",
        "## Limits",
        "- Trained on short clips, many from games and sound libraries; nobody has listened to all of them.",
        "- Labels are of sounds, not of intentions: a film on television screams and shoots too.",
        "- Speech is recognised as speech and nothing more; no words, no voices.",
    ]
    return "\n".join(lines) + "\n"


def _examination(examined: Examination | None, recipe: Examination | None) -> list[str]:
    if examined is None and recipe is None:
        return ["Not examined on held-out sources."]
    out = []
    if examined:
        out += [f"This network heard {examined.clips} clips of sources that it was never trained on:", ""]
        out += [*_table(examined), "", *_limits(examined)]
    if recipe:
        names = ", ".join(recipe.sources)
        out += ["", f"The recipe, by a network trained without {names}, on {recipe.clips} clips of these:"]
        out += ["", *_table(recipe), *([] if examined else ["", *_limits(recipe)])]
    return out[1:] if not out[0] else out


def _table(examined: Examination) -> list[str]:
    """Average precision of each class, and of others beside it; what rests on few clips can be seen."""
    others = list(examined.beside)
    out = [
        "| class | " + ("clips | " if examined.counts else "") + " | ".join(["average precision", *others]) + " |",
        "|---|" + "---|" * (len(others) + 1 + bool(examined.counts)),
    ]
    for label in [label for label in ALERTS if label in examined.precision]:
        figures = [examined.precision[label], *(examined.beside[name][label] for name in others)]
        count = f"{examined.counts[label]} | " if examined.counts else ""
        out.append(f"| {label} | {count}" + " | ".join(f"{figure:.2f}" for figure in figures) + " |")
    means = [sum(examined.beside[name].values()) / len(examined.beside[name]) for name in others]
    empty = "| " if examined.counts else ""
    out.append(f"| macro | {empty}" + " | ".join(f"{figure:.3f}" for figure in [examined.macro, *means]) + " |")
    return out


def _limits(examined: Examination) -> list[str]:
    margins = ", ".join(f"{label} {margin:+.1f}" for label, margin in sorted(examined.margins.items()))
    return [
        "A score of 0.5 stands for one false alarm an hour of all classes together in ordinary sound, 0.9 for a ninth",
        "of one, and never for less than even odds. Other places differ: ordinary sound of the sources above asked for",
        f"thresholds that lie elsewhere by (log-odds, + is higher) {margins}.",
    ]
