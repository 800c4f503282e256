"""What operators said of incidents, in a file of JSON lines: one label a line, the last of an incident counts.

Where a daemon keeps its memory they lie in its database instead.

Why the line says what counted for the incident: labels teach (`experience`) long after the replay that they are of was
deleted. Why the whole file is written anew: a reader, or a power cut, finds the old labels or the new ones.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import msgspec

from fusion.experience import Label
from fusion.records import read_lines
from fusion.store.database import FILE, open_database, read_database
from sensors.errors import BadInputError

LABELS = "labels.jsonl"
GRADES = ("false", "low", "medium", "high", "critical")
"""What can be said of an incident: not worth telling, or how severe it was."""

LONGEST_NOTE = 1000


class LabelLine(msgspec.Struct, frozen=True):
    """One label.

    `opened_ns` and `kind` are the incident's, `counted` what its severity was judged by, `shares` whose its surprise
    was, by sense, as if all weighed the same.
    """

    id: str
    grade: str
    opened_ns: int = 0
    kind: str = ""
    counted: dict[str, Annotated[float, msgspec.Meta(ge=0, le=1e3)]] = {}
    note: Annotated[str, msgspec.Meta(max_length=LONGEST_NOTE)] = ""
    shares: dict[str, Annotated[float, msgspec.Meta(ge=0, le=1)]] = {}

    def __post_init__(self) -> None:
        """Refuse grades that do not exist."""
        if self.grade not in GRADES:
            raise ValueError(f"'{self.grade}' is no grade: {', '.join(GRADES)}")


def read_labels(folder: Path) -> dict[str, LabelLine]:
    """Labels of a folder by incident, in the order in which they were first given; none where there is no file."""
    path = folder / LABELS
    if not folder.is_dir():
        raise BadInputError("there is no such folder", where=folder, mend="check the path")
    if is_store(folder):
        with in_store(folder), closing(read_database(folder)) as database:
            return {line.id: line for line in _stored(database)}
    return {line.id: line for line in read_lines(path, LabelLine)} if path.exists() else {}


def as_experience(labels: dict[str, LabelLine]) -> list[Label]:
    """What is learned from; of an incident that a rule opened there is nothing to learn."""
    return [Label(line.counted, GRADES.index(line.grade), line.shares) for line in labels.values() if line.counted]


def is_store(folder: Path) -> bool:
    """Whether a daemon keeps its memory there."""
    return (folder / FILE).is_file()


def write_label(folder: Path, label: LabelLine) -> None:
    """Add a label, in the place of what was said of the same incident before."""
    if is_store(folder):
        row = label.id, label.grade, msgspec.json.encode(label)
        with in_store(folder), closing(open_database(folder)) as database:
            database.execute("INSERT OR REPLACE INTO labels VALUES (?, ?, ?)", row)
        return
    with _alone(folder):
        labels = read_labels(folder) | {label.id: label}
        content = b"".join(msgspec.json.encode(line) + b"\n" for line in labels.values())
        descriptor, partial = tempfile.mkstemp(prefix=f".{LABELS}-", dir=folder)
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, folder / LABELS)
        except BaseException:
            os.unlink(partial)
            raise


@contextmanager
def in_store(folder: Path) -> Iterator[None]:
    """Turn what a database complains of into an error that can be mended."""
    try:
        yield
    except (sqlite3.Error, msgspec.DecodeError) as error:
        mend = "check its permissions; a broken one is set aside when the daemon starts"
        raise BadInputError(f"the database cannot be used ({error})", where=folder / FILE, mend=mend) from error


def _stored(database: sqlite3.Connection) -> Iterator[LabelLine]:
    """Labels of a database; none where its schema is older than labels."""
    if database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'labels'").fetchone():
        for (line,) in database.execute("SELECT line FROM labels ORDER BY rowid"):
            yield msgspec.json.decode(line, type=LabelLine)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Only one process at a time changes the labels of a folder: two that came together would lose one."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        what = f"labels cannot be kept there ({error.strerror})"
        raise BadInputError(what, where=folder, mend="check the path") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
