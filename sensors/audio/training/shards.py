"""Mixtures with the teachers' opinions, in files of some hundred, made ahead by a process of its own.

Each shard depends on the seed and its number only, so a training that goes on after a stop sees what it would have
seen. Run as a module it writes shards until the end, never further than `AHEAD` before the last one that was used.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.audio.frontend import BANDS, FFT, FRAME_HOP, FRAMES, OVERLAP, RATE_HZ, natural
from sensors.audio.mel import MelSpectrum, decibels
from sensors.audio.training.corpus import Clip, load_corpus
from sensors.audio.training.scenes import HOP, HOPS, Composer
from sensors.audio.training.teachers import WINDOW, Yamnet

ASKED = 8
"""Moments of a scene about which the teacher is asked."""

AHEAD = 6


@dataclass(frozen=True, slots=True)
class Task:
    """What to make scenes of.

    Attributes
    ----------
    data : tuple of str
        The corpora.
    licences : str
        As `load_corpus` takes it.
    without : tuple of str
        Sources held out.
    yamnet : str
        The teacher; empty for none.
    seed : int
        Of all that is random.
    scenes : int
        Scenes of a shard.
    """

    data: tuple[str, ...]
    licences: str
    without: tuple[str, ...]
    yamnet: str
    seed: int
    scenes: int = 256

    def clips(self) -> list[Clip]:
        """The clips to train on."""
        return load_corpus(*map(Path, self.data), licences=self.licences, without=self.without)


@cache
def spectrum() -> MelSpectrum:
    """The front end's own spectrum."""
    return MelSpectrum(RATE_HZ, fft=FFT, hop=FRAME_HOP, bands=BANDS)


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Frames as the network takes them: (n / 250, 64), about -2.3 (nothing) to 2 (full scale)."""
    padded = np.concatenate([np.zeros(OVERLAP, np.float32), samples])
    return natural(decibels(spectrum().power(padded)).astype(np.float32))


def shard_path(folder: Path, number: int) -> Path:
    """Where a shard lies."""
    return folder / f"{number:06d}.npz"


def write_shard(folder: Path, number: int, composer: Composer, teacher: Yamnet | None, task: Task) -> None:
    """Make and store one shard."""
    random = np.random.default_rng([task.seed, number])
    classes, size = len(composer.labels), task.scenes
    frames = np.zeros((size, HOPS * FRAMES, BANDS), np.float16)
    labels = np.zeros((size, HOPS, classes), np.uint8)
    clips = np.zeros((size, HOPS), np.int16)
    hops = np.zeros((size, ASKED), np.uint8)
    embeddings = np.zeros((size, ASKED, 1024), np.float16)
    sounds = np.zeros((size, ASKED, 521), np.float16)
    for row in range(size):
        scene = composer.compose(random)
        frames[row] = log_mel(scene.samples)
        labels[row], clips[row] = scene.labels, scene.clips
        hops[row] = np.sort(random.choice(np.arange(3, HOPS), ASKED, replace=False))
        if teacher:
            for column, hop in enumerate(hops[row]):
                end = (int(hop) + 1) * HOP
                embeddings[row, column], sounds[row, column] = teacher.hear(scene.samples[end - WINDOW : end])
    path = shard_path(folder, number)
    unfinished = path.with_suffix(".tmp.npz")
    np.savez(
        unfinished, frames=frames, labels=labels, clips=clips, hops=hops, embeddings=embeddings, sounds=sounds
    )  # fmt: skip
    unfinished.replace(path)


def main() -> None:
    """Write shards `first` to `last` of a task: folder and numbers as arguments, the task as JSON on standard input."""
    folder, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    told = json.loads(sys.stdin.readline())
    task = Task(**{**told, "data": tuple(told["data"]), "without": tuple(told["without"])})
    clips = task.clips()
    composer = Composer(clips, told_labels(folder))
    teacher = Yamnet(Path(task.yamnet)) if task.yamnet else None
    parent = os.getppid()
    for number in range(first, last):
        if shard_path(folder, number).exists():
            continue
        while not wanted(folder, number):
            time.sleep(0.2)
            if os.getppid() != parent:
                return
        write_shard(folder, number, composer, teacher, task)


def told_labels(folder: Path) -> list[str]:
    """The classes, in the order of the network's outputs."""
    labels: list[str] = json.loads((folder / "labels.json").read_text("utf-8"))
    return labels


def mark_used(folder: Path, number: int) -> None:
    """Tell the maker how far the training is; at once, so that it never reads half a number."""
    fresh = folder / "used.tmp"
    fresh.write_text(str(number))
    fresh.replace(folder / "used")


def wanted(folder: Path, number: int) -> bool:
    """Whether the training has come close enough for this shard."""
    used = folder / "used"
    return number < (int(used.read_text()) if used.exists() else 0) + AHEAD


if __name__ == "__main__":
    main()
