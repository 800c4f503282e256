"""The training: rounds of new scenes and remembered ones, an average of the weights, a checkpoint to go on from."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from sensors.audio.packs import ALERTS, FACTS
from sensors.audio.training.begin import revive
from sensors.audio.training.corpus import Clip, classes
from sensors.audio.training.muon import Muon
from sensors.audio.training.network import Ear, Memory, Pupil, copy_average
from sensors.audio.training.scenes import UNKNOWN, Composer
from sensors.audio.training.shards import Task, log_mel, mark_used, shard_path, told_labels
from sensors.audio.training.teachers import SoundEffects
from sensors.errors import BadInputError

BATCH = 32
REMEMBERED = 64
"""Shards kept to be heard again."""

MIXED = 0.2
"""Share of scenes to which another one is added; the teachers did not hear those."""

REUSE = 4
"""How often a scene is heard, with other masks and mixed with others."""

HIDDEN_RATE = 0.04
"""Largest step of the hidden layers, by Muon."""

PEAK_RATE = 3e-3
"""Largest step of all else, by AdamW."""

DECAY = 0.999
EVERY = 10
"""Rounds between checkpoints."""

HEADS_ALONE = 3
"""Rounds in which only what foretells the teachers learns, where the network begins as a pack that has none of it."""

BEGUN = 0.5
"""Share of the largest steps that a network begun with earlier weights takes."""

CHECKPOINT = "checkpoint.pt"

Arrays = dict[str, NDArray[Any]]


@dataclass
class Progress:
    """How far a training is; `left_s` by the pace of this run."""

    round: int
    rounds: int
    losses: dict[str, float]
    left_s: float


class Training:
    """One training, from scenes to weights, in a folder that holds all it needs to go on.

    Parameters
    ----------
    folder : Path
        For shards and checkpoint.
    task : Task
        What to train on.
    rounds : int
        Shards in all; each is `task.scenes` new scenes of 4 s.
    effects : Path, optional
        Checkpoint of `SoundEffects`.
    start : Path, optional
        Folder of an earlier training, or of a pack, whose weights to begin with.
    """

    def __init__(
        self, folder: Path, task: Task, rounds: int, effects: Path | None = None, start: Path | None = None
    ) -> None:
        self.folder, self.task, self.rounds = folder, task, rounds
        folder.mkdir(parents=True, exist_ok=True)
        clips = task.clips()
        self.labels = classes(clips)
        listed = folder / "labels.json"
        if listed.exists():
            self.labels = told_labels(folder)
        else:
            listed.write_text(json.dumps(self.labels), "utf-8")
        torch.manual_seed(task.seed)
        self.pupil = Pupil(Ear(len(self.labels)))
        self.pupil.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = deepcopy(self.pupil).eval()
        self.optimizers = self._optimizers()
        self.round, self.save_every = 0, EVERY
        self._effects = self._ask_effects(effects, clips)
        self._kept: dict[int, Arrays] = {}
        self._centre: Tensor | None = None
        self._alerts = [self.labels.index(label) for label in ALERTS if label in self.labels]
        self._alone, self._share = 0, 1.0
        if start:
            self._begin_with(start, clips)
        self._load()

    def run(self, tell: Callable[[Progress], None]) -> Ear:
        """Train to the end, or from where it was stopped; returns the averaged network."""
        begun, first = time.monotonic(), self.round
        mark_used(self.folder, self.round)
        command = [
            sys.executable,
            "-m",
            "sensors.audio.training.shards",
            str(self.folder),
            str(self.round),
            str(self.rounds),
        ]
        with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as maker:  # noqa: S603 - our own module
            assert maker.stdin is not None  # noqa: S101 - for the type checker: it was asked for
            maker.stdin.write(json.dumps(asdict(self.task)) + "\n")
            maker.stdin.close()
            try:
                while self.round < self.rounds:
                    self._remember(self.round, maker)
                    losses = self._study(np.random.default_rng([self.task.seed, self.round, 1]))
                    self.round += 1
                    mark_used(self.folder, self.round)
                    if self.round % self.save_every == 0 or self.round == self.rounds:
                        self._save()
                    pace_s = (time.monotonic() - begun) / (self.round - first)
                    tell(Progress(self.round, self.rounds, losses, pace_s * (self.rounds - self.round)))
            finally:
                maker.terminate()
        return self.average.ear

    def _optimizers(self) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
        """Muon for the hidden layers; AdamW for the first, the last, and what is no matrix."""
        inner = {
            name: weights
            for name, weights in self.pupil.named_parameters()
            if weights.ndim > 1 and name.startswith("ear.") and not name.startswith(("ear.stem.0", "ear.classify"))
        }
        others = [weights for name, weights in self.pupil.named_parameters() if name not in inner]
        return Muon(inner.values(), HIDDEN_RATE), torch.optim.AdamW(others, lr=PEAK_RATE, weight_decay=0.02)

    def _ask_effects(self, path: Path | None, clips: list[Clip]) -> Tensor | None:
        if path is None:
            return None
        stored = self.folder / "effects.npy"
        if not stored.exists():
            teacher = SoundEffects(path)
            np.save(stored, np.stack([teacher.hear(clip.sound) for clip in clips]))
        told = torch.from_numpy(np.load(stored, allow_pickle=False))
        return (told - told.mean(0)) / (told.std(0) + 1e-3)

    def _remember(self, number: int, maker: subprocess.Popen[str]) -> None:
        for old in [*range(max(0, number - REMEMBERED + 1), number), number]:
            if old in self._kept:
                continue
            path = shard_path(self.folder, old)
            while not path.exists():
                if old < number:
                    break
                if maker.poll() is not None:
                    raise BadInputError("no more scenes are made", where=self.folder, mend="see the error above")
                time.sleep(0.05)
            else:
                with np.load(path, allow_pickle=False) as file:
                    self._kept[old] = dict(file)
        for old in [kept for kept in self._kept if kept <= number - REMEMBERED]:
            del self._kept[old]
            shard_path(self.folder, old).unlink(missing_ok=True)

    def _study(self, random: np.random.Generator) -> dict[str, float]:
        """One round: all new scenes, and some old ones beside them."""
        numbers, size = sorted(self._kept), self.task.scenes
        torch.manual_seed(self.task.seed * 1_000_003 + self.round)
        newest = numbers[-1]
        pairs = [(newest, row) for row in range(size)]
        for _ in range((REUSE - 1) * size):
            pairs.append((numbers[int(random.integers(len(numbers)))], int(random.integers(size))))
        order = random.permutation(len(pairs))
        sums: dict[str, float] = {}
        batches = [[pairs[i] for i in order[at : at + BATCH]] for at in range(0, len(pairs), BATCH)]
        for index, batch in enumerate(batches):
            self._set_rate(self.round + index / len(batches))
            for name, value in self._step(batch, random).items():
                sums[name] = sums.get(name, 0.0) + value / len(batches)
        return sums

    def _set_rate(self, at: float) -> None:
        warm = min(8.0, self.rounds / 10)
        done = max(0.0, at - warm) / max(self.rounds - warm, 1e-9)
        share = min(1.0, at / warm + 0.01) if at < warm else 0.5 * (1 + math.cos(math.pi * done)) + 0.003
        for optimizer, peak in zip(self.optimizers, (HIDDEN_RATE, PEAK_RATE), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = peak * share * self._share

    def _step(self, batch: list[tuple[int, int]], random: np.random.Generator) -> dict[str, float]:
        def gather(name: str) -> Tensor:
            return torch.from_numpy(np.stack([self._kept[shard][name][row] for shard, row in batch]))

        frames, labels = gather("frames").float(), gather("labels").long()
        alone = torch.from_numpy(random.random(len(batch)) > MIXED)
        frames, labels = mix(frames, labels, alone, random)
        frames = mask(frames, random)
        self.pupil.train()
        self.pupil.ear.requires_grad_(self.round >= self._alone)
        with torch.autocast("cpu", torch.bfloat16):
            logits, _, context = self.pupil.ear(frames, Memory())
            hops = gather("hops").long()
            asked = torch.gather(context, 1, hops[:, :, None].expand(-1, -1, context.shape[2]))[alone]
            embedding, sounds = self.pupil.yamnet(asked), self.pupil.sounds(asked)
            effects = self.pupil.effects(context) if self._effects is not None else None
        known = labels != UNKNOWN
        target = (labels == 1).float() * 0.98 + 0.005
        loss = functional.binary_cross_entropy_with_logits(logits.float(), target, reduction="none")
        losses = {
            "label": (loss * known).sum() / known.sum() * 24,
            "rank": 0.3 * rank(logits.float(), labels, self._alerts),
        }
        if self.task.yamnet:
            wanted = gather("embeddings").float()[alone]
            if self._centre is None:
                self._centre = torch.stack([wanted.flatten(0, 1).mean(0), wanted.flatten(0, 1).std(0) + 0.05])
            centred = (wanted - self._centre[0]) / self._centre[1]
            losses["yamnet"] = 4 * (1 - functional.cosine_similarity(embedding.float(), centred, dim=2)).mean()
            heard = functional.binary_cross_entropy_with_logits(sounds.float(), gather("sounds").float()[alone])
            losses["sounds"] = 60 * heard
        if effects is not None and self._effects is not None:
            clips = gather("clips").long()
            clear = (clips >= 0) & alone[:, None]
            alike = functional.cosine_similarity(effects.float()[clear], self._effects[clips[clear]], dim=1)
            losses["effects"] = 0.5 * (1 - alike).mean()
        total = torch.stack(list(losses.values())).sum()
        self.pupil.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.pupil.parameters(), 5.0)
        for optimizer in self.optimizers:
            optimizer.step()
        copy_average(self.average, self.pupil, min(DECAY, (1 + self.round * 24) / (10 + self.round * 24)))
        return {name: float(value.detach()) for name, value in losses.items()}

    def _save(self) -> None:
        path = self.folder / CHECKPOINT
        unfinished = path.with_suffix(".tmp")
        parts = {
            "round": self.round, "pupil": self.pupil.state_dict(), "average": self.average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers], "centre": self._centre,
        }  # fmt: skip
        torch.save(parts, unfinished)
        unfinished.replace(path)

    def _begin_with(self, earlier: Path, clips: list[Clip]) -> None:
        """Take the weights of another training or of a pack; classes that it did not know begin anew."""
        self._share = BEGUN
        if (earlier / FACTS).exists():
            composer = Composer(clips, self.labels)
            random = np.random.default_rng(self.task.seed)
            frames = np.stack([log_mel(composer.compose(random).samples) for _ in range(64)])
            known, ear = revive(earlier, frames)
            weights = {**self.pupil.state_dict(), **{f"ear.{name}": value for name, value in ear.state_dict().items()}}
            self._alone = HEADS_ALONE if self.task.yamnet or self._effects is not None else 0
        else:
            path = earlier / CHECKPOINT
            if not path.exists():
                mend = "give the folder of an earlier training, or of a pack"
                raise BadInputError("no weights to begin with", where=path, mend=mend)
            weights = torch.load(path, map_location="cpu", weights_only=True)["average"]
            known = told_labels(earlier)
        for name in ("ear.classify.weight", "ear.classify.bias"):
            fresh = self.pupil.state_dict()[name].clone()
            for row, label in enumerate(self.labels):
                if label in known:
                    fresh[row] = weights[name][known.index(label)]
            weights[name] = fresh
        self.pupil.load_state_dict(weights)
        self.average.load_state_dict(weights)

    def _load(self) -> None:
        path = self.folder / CHECKPOINT
        if not path.exists():
            return
        parts = torch.load(path, map_location="cpu", weights_only=True)
        self.round, self._centre = parts["round"], parts["centre"]
        self.pupil.load_state_dict(parts["pupil"])
        self.average.load_state_dict(parts["average"])
        for optimizer, state in zip(self.optimizers, parts["optimizers"], strict=True):
            optimizer.load_state_dict(state)


def rank(logits: Tensor, labels: Tensor, columns: Sequence[int]) -> Tensor:
    """How far scenes without a class come up to those that have it, by the largest logit of each scene.

    Why: what counts of a recording is its highest score, among those of many recordings that lack the class; the loss
    of single moments is content when most of them are right.

    Parameters
    ----------
    logits : Tensor (batch, hops, classes)
    labels : Tensor (batch, hops, classes)
        1 heard, 0 not heard, `UNKNOWN`.
    columns : sequence of int
        Classes that matter.

    Returns
    -------
    Tensor ()
        Mean over scenes with a class of log(1 + sum of exp(other - own)), others being scenes certainly without it.
    """
    sums, count = logits.new_zeros(()), 0
    for column in columns:
        heard = (labels[:, :, column] == 1).any(1)
        without = (labels[:, :, column] == 0).all(1)
        if not (heard.any() and without.any()):
            continue
        own = logits[heard, :, column].masked_fill(labels[heard, :, column] != 1, -torch.inf).amax(1)
        others = torch.logsumexp(logits[without, :, column].amax(1), 0)
        sums = sums + functional.softplus(others - own).sum()
        count += len(own)
    return sums / max(count, 1)


def mix(frames: Tensor, labels: Tensor, alone: Tensor, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Add another scene's power to those that are not `alone`; both are heard then, the fainter perhaps."""
    other = torch.from_numpy(random.permutation(len(frames)))
    gain = torch.from_numpy(random.uniform(-0.5, 0.0, len(frames)).astype(np.float32))[:, None, None]
    power = torch.logaddexp(frames * 6.9078, (frames[other] + gain) * 6.9078) / 6.9078
    mixed = torch.where(alone[:, None, None], frames, power)
    second = torch.where(labels[other] == 1, UNKNOWN, labels[other])
    both = torch.where(labels == 1, 1, torch.maximum(labels, second))
    return mixed, torch.where(alone[:, None, None], labels, both)


def mask(frames: Tensor, random: np.random.Generator) -> Tensor:
    """Tilt the spectrum; blank some bands and moments.

    SpecAugment: Park et al. 2019, doi:10.21437/Interspeech.2019-2680.
    """
    count, length, bands = frames.shape
    tilt = np.linspace(-1, 1, bands)[None, None] * random.normal(0, 0.12, (count, 1, 1)) + random.normal(
        0, 0.2, (count, 1, 1)
    )
    out = frames + torch.from_numpy(tilt.astype(np.float32))
    for row in range(count):
        if random.random() < 0.5:
            wide, at = int(random.integers(2, 13)), int(random.integers(bands))
            out[row, :, at : at + wide] = -2.3
        if random.random() < 0.3:
            long, at = int(random.integers(2, 13)), int(random.integers(length))
            out[row, at : at + long] = -2.3
    return out
