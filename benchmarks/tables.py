"""Tables of readings with labels, as their authors published them, made ready for every detector alike."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.errors import BadInputError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SKAB_ROWS = 400
"""First rows of each file of SKAB that are known to be normal."""


@dataclass(frozen=True)
class Labelled:
    """A table and what is known of it.

    Attributes
    ----------
    name : str
        What it is called in figures.
    path : Path
        A table that `kizashi env` reads, without labels or with columns that it knows for such.
    readings : ndarray (n, c)
        The same, for detectors that want numbers.
    strange : ndarray (n,)
        Rows that are labelled.
    windows : sequence of (int, int)
        First and last rows of windows around anomalies, where the labels are windows.
    points : sequence of int
        Rows of changepoints, where they are known.
    normal : Path or None
        A table of when all was well, to learn first, and `taught` its readings.
    normal_rows : int
        Or so many first rows of the table itself.
    """

    name: str
    path: Path
    readings: Floats
    strange: Flags
    windows: Sequence[tuple[int, int]] = ()
    points: Sequence[int] = ()
    normal: Path | None = None
    taught: Floats | None = None
    normal_rows: int = 0


def read_nab(data: Path) -> list[Labelled]:
    """Series of the Numenta benchmark with their windows."""
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for name, *span in _rows(data / "nab" / "windows.csv")[1:]:
        first, last = map(datetime.fromisoformat, span)
        spans.setdefault(name, []).append((first, last))
    found = []
    for path in sorted((data / "nab").glob("*/*.csv")):
        rows = _rows(path)[1:]
        times = [datetime.fromisoformat(row[0]) for row in rows]
        windows = []
        for first, last in spans.get(str(path.relative_to(data)), []):
            inside = [number for number, at in enumerate(times) if first <= at <= last]
            windows.append((inside[0], inside[-1]))
        strange = np.zeros(len(rows), bool)
        for start, end in windows:
            strange[start : end + 1] = True
        readings = np.array([[float(row[1])] for row in rows])
        found.append(Labelled(str(path.relative_to(data / "nab")), path, readings, strange, windows))
    return _some(found, data / "nab")


def read_skab(data: Path) -> list[Labelled]:
    """Files of the Skoltech benchmark that hold an anomaly."""
    found = []
    for path in sorted(path for path in (data / "skab").glob("*/*.csv") if path.parent.name != "anomaly-free"):
        table = np.array([[float(cell) for cell in row[1:]] for row in _rows(path, ";")[1:]])
        points = np.flatnonzero(table[:, -1] > 0).tolist()
        name = str(path.relative_to(data / "skab"))
        strange = table[:, -2] > 0
        found.append(Labelled(name, path, table[:, :-2], strange, points=points, normal_rows=SKAB_ROWS))
    return _some(found, data / "skab")


def read_occupancy(data: Path, place: Path) -> list[Labelled]:
    """The office: somebody in it is what is strange, the empty room of the other days is what is normal."""
    head, *quiet = _rows(data / "occupancy" / "datatraining.csv")
    head, *rows = _rows(data / "occupancy" / "datatest.csv")
    head = head[:-1]
    normal, path = place / "office_empty.csv", place / "office.csv"
    quiet = [row[1:] for row in quiet if row[-1] == "0"]
    _write(normal, head, (row[:-1] for row in quiet))
    _write(path, head, (row[1:-1] for row in rows))
    taught, readings = (np.array([[float(cell) for cell in row[1:-1]] for row in part]) for part in
                        (quiet, [row[1:] for row in rows]))  # fmt: skip
    strange = np.array([row[-1] == "1" for row in rows])
    return [Labelled("occupancy", path, readings, strange, normal=normal, taught=taught)]


def read_batadal(data: Path, place: Path) -> list[Labelled]:
    """The water network: a year without attacks to learn, and months with some."""
    parts = []
    for name in ("dataset03_normal", "dataset04"):
        head, *rows = _rows(data / "batadal" / f"{name}.csv.gz")
        path = place / f"{name}.csv"
        _write(path, [title.strip() for title in head[:-1]], (row[:-1] for row in rows))
        parts.append((path, np.array([[float(cell) for cell in row[1:]] for row in rows])))
    (normal, quiet), (path, table) = parts
    return [Labelled("BATADAL", path, table[:, :-1], table[:, -1] > 0, normal=normal, taught=quiet[:, :-1])]


def _rows(path: Path, mark: str = ",") -> list[list[str]]:
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(newline="") as file:
            return [row for row in csv.reader(file, delimiter=mark) if row]
    except OSError as error:
        raise BadInputError("there is no such table", where=path, mend="check the folder of data") from error


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def _some(found: list[Labelled], where: Path) -> list[Labelled]:
    if not found:
        raise BadInputError("no tables", where=where, mend="check the folder of data")
    return found
