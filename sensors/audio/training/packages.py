"""Sounds of free packages whose file names say what they are: a corpus made of unpacked Debian packages.

    apt-get download ufoai-sound freedoom ...
    dpkg -x ufoai-sound_*.deb unpacked/ufoai-sound ...
    python -m sensors.audio.training.packages unpacked out --yamnet yamnet.tflite --known CORPUS

A name is believed only where YAMNet finds a trace of the class in the sound. What has no telling name is kept
without a label: `OTHER` where YAMNet hears no alert class in it, else `UNKNOWN`; teachers have opinions of both.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.audio.training.containers import Sound, sounds
from sensors.audio.training.corpus import MANIFEST, OTHER, UNKNOWN, load_corpus
from sensors.audio.training.fold import NAMES
from sensors.audio.training.known_packages import LICENCES, PARTS, RULES
from sensors.audio.training.shards import log_mel
from sensors.audio.training.teachers import WINDOW, Yamnet

Samples = NDArray[np.float32]

TRACES = {
    **NAMES,
    "alarm": (*NAMES["alarm"], 304, 389, 392, 475),
    "gunshot": (*NAMES["gunshot"], 424, 425, 420, 426, 427, 428, 430, 460),
    "explosion": (*NAMES["explosion"], 421, 422, 423, 424, 426, 428, 454, 460),
    "glass_break": (*NAMES["glass_break"], 463),
    "siren": (*NAMES["siren"], 317, 318, 319),
    "scream": (*NAMES["scream"], 7, 22),
}
"""AudioSet's classes, in YAMNet's order, that are a trace of an alert class."""

TRACE, GROAN, NONE = 0.04, 0.1, 0.03
"""Highest score of these from which a name is believed; from which a fighter's last word is a scream and no groan; and
up to which a nameless sound is none of the alert classes."""

LONGEST_S, SHORTEST_S, PIECES = 5.0, 0.2, 4
MOST = 150
"""Clips of a class that a package may give."""

TWIN = 0.9
"""Likeness of two spectra from which one of the sounds is left out."""


def label_of(package: str, path: str) -> str:
    """What a file's name says it is; `UNKNOWN` if nothing."""
    for name, expression, label in RULES:
        if name == package and re.search(expression, path.lower()):
            return label
    return UNKNOWN


def judge(label: str, samples: Samples, teacher: Yamnet) -> str:
    """The label that is believed; `OTHER` or `UNKNOWN` for what has none, `UNKNOWN` for an alert without a trace."""
    padded = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    begins = range(0, len(padded) - WINDOW + 1, WINDOW // 2)
    scores = np.max([teacher.hear(padded[begin : begin + WINDOW])[1] for begin in begins], axis=0)
    if label in TRACES:
        return label if scores[list(TRACES[label])].max() >= (GROAN if label == "scream" else TRACE) else UNKNOWN
    if label != UNKNOWN:
        return label
    alerts = max(scores[list(places)].max() for places in TRACES.values())
    return OTHER if alerts < NONE else UNKNOWN


def cut(samples: Samples) -> Iterator[Samples]:
    """Pieces of 5 s at most, without the silence around them; none of what is too short or too faint."""
    loud = np.flatnonzero(np.abs(samples) > max(float(np.abs(samples).max(initial=0.0)) * 0.004, 1e-4))
    if not len(loud):
        return
    samples = samples[loud[0] : loud[-1] + 1]
    longest = int(LONGEST_S * 16_000)
    count = min(PIECES, max(1, len(samples) // longest))
    for begin in np.linspace(0, max(0, len(samples) - longest), count).astype(int):
        piece = samples[begin : begin + longest]
        if len(piece) >= SHORTEST_S * 16_000 and np.abs(piece).max() > 0.003:
            yield piece


def outline(samples: Samples) -> NDArray[np.float32]:
    """How the spectrum moves in the first second, of length 1: the same for copies in another format and level.

    Why its movement: two blasts have much the same spectrum, but no two have the same noise.
    """
    frames = np.maximum(log_mel(np.pad(samples, (0, 16_000))[:16_000] / np.abs(samples).max()), -1.0)
    flat = np.diff(frames, axis=0).ravel()
    return np.asarray(flat / max(float(np.linalg.norm(flat)), 1e-6), np.float32)


def gather(
    unpacked: Path, out: Path, teacher: Yamnet, known: list[Path], packages: Iterable[str] = tuple(LICENCES)
) -> Counter[tuple[str, str]]:
    """Write the corpus; returns clips by label and package.

    Parameters
    ----------
    unpacked : Path
        A folder a package, by the package's name.
    out : Path
        The corpus.
    teacher : Yamnet
        Believes or doubts the names.
    known : list of Path
        Corpora whose sounds are not taken again.
    packages : iterable of str
        Those to take, of `LICENCES`.
    """
    import soundfile  # type: ignore[import-untyped]

    seen = Seen()
    for folder in known:
        for clip in load_corpus(folder):
            seen.add(outline(clip.sound))
    counts: Counter[tuple[str, str]] = Counter()
    out.mkdir(parents=True, exist_ok=True)
    with (out / MANIFEST).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "label", "fold", "seconds", "source", "original_file", "licence"])
        for package in sorted(packages):
            for sound in sounds(unpacked / package):
                if counts[label_of(package, sound.path), package] >= MOST:
                    continue
                for label, piece in _pieces(package, sound, teacher, seen):
                    counts[label, package] += 1
                    path = f"{label}/{package}_{counts[label, package]:04d}.flac"
                    (out / label).mkdir(exist_ok=True)
                    soundfile.write(out / path, piece, 16_000, subtype="PCM_16")
                    seconds = f"{len(piece) / 16_000:.2f}"
                    writer.writerow([path, label, 1, seconds, f"Debian {package}", sound.path, LICENCES[package]])
    return counts


class Seen:
    """Outlines of the sounds that were taken."""

    def __init__(self) -> None:
        self._rows: NDArray[np.float32] = np.zeros((1024, 63 * 64), np.float32)
        self._count = 0

    def add(self, row: NDArray[np.float32]) -> None:
        """Remember one."""
        if self._count == len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        self._rows[self._count] = row
        self._count += 1

    def has(self, row: NDArray[np.float32]) -> bool:
        """Whether one that was remembered is nearly the same."""
        return self._count > 0 and float((self._rows[: self._count] @ row).max()) > TWIN


def _pieces(package: str, sound: Sound, teacher: Yamnet, seen: Seen) -> Iterator[tuple[str, Samples]]:
    """What is worth keeping of a sound; its outline is added to those seen."""
    told = label_of(package, sound.path)
    samples = sound.samples()
    for piece in cut(samples) if samples is not None else ():
        shape = outline(piece)
        if seen.has(shape):
            continue
        seen.add(shape)
        yield judge(told, piece, teacher), piece


def main() -> None:
    """Make the corpus and tell what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("unpacked", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--yamnet", type=Path, required=True)
    parser.add_argument("--known", type=Path, action="append", default=[], help="a corpus not to take sounds of again")
    parser.add_argument("--part", choices=PARTS, default="all", help="what the corpus is for")
    told = parser.parse_args()
    counts = gather(told.unpacked, told.out, Yamnet(told.yamnet), told.known, PARTS[told.part])
    for (label, package), count in sorted(counts.items()):
        sys.stdout.write(f"{label:16} {package:30} {count}\n")


if __name__ == "__main__":
    main()
