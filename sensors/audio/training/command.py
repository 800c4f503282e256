"""`kizashi train audio`: a corpus to a pack."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from sensors.audio.frontend import HOP_S
from sensors.audio.training.card import Making, write_card
from sensors.audio.training.corpus import Clip, load_corpus
from sensors.audio.training.examine import SUSTAINED, Examination, Limit, examine, thresholds
from sensors.audio.training.export import export
from sensors.audio.training.fold import fold
from sensors.audio.training.heads import judge_teacher
from sensors.audio.training.loop import Progress, Training
from sensors.audio.training.network import Ear
from sensors.audio.training.shards import Task
from sensors.audio.training.teachers import Yamnet
from sensors.errors import BadInputError

PACK = "pack"
EXAMINATION = "examination.json"

LEAST = 0.0
"""Lowest logit at which a class counts as heard, however little it is raised by the ordinary sounds at hand."""

NARROWEST = 0.25
"""Least spread in which logits are told: a few scenes that happen to be alike are no measure."""


def train(
    task: Task,
    out: Path,
    rounds: int,
    effects: Path | None,
    examined: Path | None,
    start: Path | None = None,
    ordinary: Path | None = None,
    unseen: Path | None = None,
    hours: float = 4.0,
    threads: int = 1,
) -> Path:
    """Train, examine on what was held out, and write the pack; goes on where an earlier run in `out` was stopped.

    A score has odds of one to the false alarms an hour, of all classes together, that its threshold would bring in
    ordinary sound.

    Parameters
    ----------
    task : Task
        The corpora, what is left out of it, the first teacher, the seed.
    out : Path
        Holds scenes and checkpoint while training, then `pack/` and, if sources were held out, `examination.json`.
    rounds : int
        Shards of `task.scenes` scenes.
    effects : Path, optional
        Checkpoint of the second teacher.
    examined : Path, optional
        `examination.json` of a run with the same recipe that held other sources out: for the card.
    start : Path, optional
        Folder of an earlier training whose weights to begin with.
    ordinary : Path, optional
        Corpus that is not trained on; what its ordinary sounds bring about counts where it is more than what those of
        the training do.
    unseen : Path, optional
        Corpus that is not trained on, to examine on beside what is held out.
    hours : float
        Ordinary sound from which thresholds are taken.
    threads : int
        Cores for the training; another one makes scenes.

    Returns
    -------
    Path
        The pack.
    """
    torch.set_num_threads(threads)
    recipe = Examination(**json.loads(examined.read_text("utf-8"))) if examined else None
    _same_task(out, task)
    training = Training(out, task, rounds, effects, start)
    ear = training.run(show)
    clips = task.clips()
    if task.yamnet:
        ear = fold(training.average, training.labels, clips)
    limits = thresholds(ear, training.labels, clips, hours)
    quiet = load_corpus(ordinary) if ordinary else []
    if quiet:
        foreign = thresholds(ear, training.labels, quiet, hours)
        limits = {label: max(limit, foreign[label]) for label, limit in limits.items()}
    own = _examine(ear, training.labels, limits, task, clips, unseen, hours)
    if own:
        (out / EXAMINATION).write_text(json.dumps(own.told(), indent=1) + "\n", "utf-8")
    alert = {label: _rule(limit, SUSTAINED.get(label, 0) * HOP_S) for label, limit in limits.items()}
    told = {
        "name": "kizashi-ear",
        "version": "2",
        "licence": "see MODEL_CARD.md",
        "source": "kizashi train audio",
        "alert": alert,
    }
    model = export(ear, out / PACK, training.labels, told)
    making = Making(task, clips, rounds, effects is not None, start is not None, quiet)
    (out / PACK / "MODEL_CARD.md").write_text(write_card(making, model.stat().st_size, own, recipe), "utf-8")
    return out / PACK


def show(progress: Progress) -> None:
    """One line a round; on a terminal always the same line."""
    losses = " ".join(f"{name} {value:.3f}" for name, value in progress.losses.items())
    end = "\r" if sys.stderr.isatty() and progress.round < progress.rounds else "\n"
    print(
        f"round {progress.round}/{progress.rounds}  {losses}  ~{progress.left_s / 60:.0f} min left",
        file=sys.stderr,
        end=end,
    )


def _examine(
    ear: Ear, labels: list[str], limits: Mapping[str, Limit], task: Task, clips: Sequence[Clip],
    unseen: Path | None, hours: float,
) -> Examination | None:  # fmt: skip
    """On the sources that were held out and on another corpus, the teacher beside it; None where there is neither."""
    foreign = load_corpus(*map(Path, task.data), only=task.without) if task.without else []
    foreign += load_corpus(unseen) if unseen else []
    if not foreign:
        return None
    own = examine(ear, labels, limits, foreign, hours)
    if not task.yamnet:
        return own
    return replace(own, beside=judge_teacher(Yamnet(Path(task.yamnet)), clips, foreign))


def _rule(limit: Limit, lasts_s: float) -> dict[str, float]:
    """So that odds fall as false alarms do."""
    scale = 1 / max(NARROWEST, limit.spread)
    offset = -max(LEAST, limit.level) * scale
    return {
        "scale": round(scale, 3), "offset": round(offset, 3), "open": 0.5, "close": 0.3, "hold_s": 0.5,
        "lasts_s": lasts_s,
    }  # fmt: skip


def _same_task(out: Path, task: Task) -> None:
    """A folder belongs to one task: going on with another would mix two networks."""
    from dataclasses import asdict

    out.mkdir(parents=True, exist_ok=True)
    path = out / "task.json"
    told = json.dumps(asdict(task), indent=1)
    if path.exists() and path.read_text("utf-8") != told:
        raise BadInputError("another training lies here", where=out, mend="choose another --out, or the same options")
    path.write_text(told, "utf-8")
