"""A folder of labelled clips: `manifest.csv` (path, label, source, ...) and sound of 16 kHz, mono."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sensors.audio.frontend import RATE_HZ, Samples
from sensors.audio.training.corpus import UNKNOWN
from sensors.errors import BadInputError

MANIFEST = "manifest.csv"


@dataclass(frozen=True, slots=True)
class Clip:
    """A sound of one class, and whom it comes from."""

    path: Path
    label: str
    source: str

    def read(self) -> Samples:
        """Its samples, (n,) float32 in [-1, 1]."""
        import soundfile  # type: ignore[import-untyped]

        samples, rate_hz = soundfile.read(self.path, dtype="float32", always_2d=True)
        if rate_hz != RATE_HZ or samples.shape[1] != 1:
            raise BadInputError("not mono of 16 kHz", where=self.path, mend="convert the clips first")
        return np.asarray(samples[:, 0], np.float32)


def read_corpus(folder: Path) -> list[Clip]:
    """All clips of the manifest that have a label, in its order."""
    path = folder / MANIFEST
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["label"] != UNKNOWN]
            return [Clip(folder / row["path"], row["label"], row["source"]) for row in rows]
    except (OSError, KeyError) as error:
        mend = "give a folder whose manifest.csv has path, label and source"
        raise BadInputError(f"no list of clips ({error!r})", where=path, mend=mend) from error


def hold_out(clips: Iterable[Clip], beginnings: Sequence[str]) -> tuple[list[Clip], list[Clip]]:
    """Clips whose source begins with one of these names, or all where none is given; and the others."""
    known = list(clips)
    if not beginnings:
        return known, []
    for name in beginnings:
        if not any(clip.source.startswith(name) for clip in known):
            raise BadInputError("no source begins so", where=name, mend="name sources as the manifest does")
    held = [clip.source.startswith(tuple(beginnings)) for clip in known]
    return (
        [clip for clip, out in zip(known, held, strict=True) if out],
        [clip for clip, out in zip(known, held, strict=True) if not out],
    )
