"""Labelled clips of known source and licence."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.audio.sources import AudioFileSource
from sensors.errors import BadInputError

MANIFEST = "manifest.csv"

UNKNOWN, OTHER = "unknown", "other"
"""Labels of what nobody has named: may be anything; and none of the alert classes, as far as a teacher can tell."""

FREE = ("CC0", "CC BY 3.0", "CC BY 4.0", "CC BY-SA", "MIT", "Apache-2.0", "GPL", "ODbL")
"""What the statement of a licence begins with that allows commercial use."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One labelled sound.

    Attributes
    ----------
    path : str
        Relative to the corpus.
    label : str
        Its class.
    source : str
        Data set, package or repository it comes from: what is held out together.
    fold : int
        Group of recordings that belong together, from the manifest.
    licence : str
        As its source states it.
    samples : ndarray (n,) int16
        16 kHz mono.
    """

    path: str
    label: str
    source: str
    fold: int
    licence: str
    samples: NDArray[np.int16]

    @property
    def sound(self) -> NDArray[np.float32]:
        """Its samples in [-1, 1]."""
        return np.asarray(self.samples, np.float32) / np.float32(32768)


def load_corpus(
    *folders: Path, licences: str = "all", without: Iterable[str] = (), only: Iterable[str] = ()
) -> list[Clip]:
    """Read the clips of one corpus or several, in the order of their manifests.

    Parameters
    ----------
    *folders : Path
        Each holds `manifest.csv` with columns path, label, fold, source, licence.
    licences : str
        "all", "free" (see `FREE`), or comma-separated beginnings of licence statements.
    without, only : iterable of str
        Sources to leave out, and to keep, by how their names begin; empty `only` keeps all.

    Raises
    ------
    BadInputError
        If there is no manifest, a column is missing, a clip cannot be read, or nothing is left.
    """
    without, only = tuple(without), tuple(only)
    kept = [
        (folder, row)
        for folder in folders
        for row in _rows(folder / MANIFEST)
        if allowed(row["licence"], licences)
        and not (without and row["source"].startswith(without))
        and (not only or row["source"].startswith(only))
    ]
    if not kept:
        where = ", ".join(str(folder) for folder in folders)
        raise BadInputError("no clip is left", where=where, mend="widen --licences or hold out fewer sources")
    return [
        Clip(row["path"], row["label"], row["source"], int(row["fold"]), row["licence"], read(folder / row["path"]))
        for folder, row in kept
    ]


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise BadInputError("no corpus here", where=path, mend="give a folder with manifest.csv and its clips")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    missing = {"path", "label", "fold", "source", "licence"} - set(rows[0] if rows else ())
    if missing:
        raise BadInputError(f"no column {', '.join(sorted(missing))}", where=path, mend="add what is missing")
    return rows


def classes(clips: Iterable[Clip]) -> list[str]:
    """The labels that are names, sorted."""
    return sorted({clip.label for clip in clips} - {UNKNOWN, OTHER})


def allowed(licence: str, licences: str) -> bool:
    """Whether a licence statement is among the wanted ones."""
    if licences == "all":
        return True
    wanted = FREE if licences == "free" else tuple(part.strip() for part in licences.split(","))
    return licence.startswith(wanted)


def read(path: Path) -> NDArray[np.int16]:
    """A whole file as 16 kHz mono 16 bit."""
    chunks = AudioFileSource("corpus", path, 0).chunks()
    samples = np.concatenate([chunk.data for chunk in chunks])
    return np.round(samples * 32767).astype(np.int16)
