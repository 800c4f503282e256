"""Sealed segments on disk, with an index that holds the wrapped key of each: who drops the key deletes the segment.

A segment is first written beside its place and synced, then its key is noted, then it takes its place. Who is killed
between leaves a file without a key, or a key whose file is complete: the next who opens the vault clears that away.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from fusion.store.database import open_database, read_database
from fusion.vault.private import hand_over, made_folder, sync_folder
from fusion.vault.roots import LostKeyError, Roots
from fusion.vault.sealing import Header, Piece, seal, unseal
from sensors.errors import BadInputError

INDEX, SUFFIX, PARTIAL = "index.sqlite", ".segment", ".partial"

MIGRATIONS: Sequence[str] = (
    """
    CREATE TABLE segments (
        id TEXT PRIMARY KEY, clip TEXT NOT NULL, stream TEXT NOT NULL, start_ns INTEGER NOT NULL,
        end_ns INTEGER NOT NULL, bytes INTEGER NOT NULL, generation INTEGER NOT NULL, wrapped BLOB NOT NULL
    ) STRICT;
    CREATE INDEX segments_clip ON segments (clip);
    CREATE TABLE clip_incidents (clip TEXT NOT NULL, incident TEXT NOT NULL, PRIMARY KEY (clip, incident)) STRICT;
    CREATE TABLE exports (
        id INTEGER PRIMARY KEY, incident TEXT NOT NULL, about_ns INTEGER NOT NULL, at_ns INTEGER NOT NULL,
        who TEXT NOT NULL, folder TEXT NOT NULL, files BLOB NOT NULL
    ) STRICT;
    """,
)
"""From each schema version to the next; one that was published is never changed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A clip in the vault: its incidents, event time from the first to the last moment, bytes on disk."""

    clip: str
    incidents: tuple[str, ...]
    start_ns: int
    end_ns: int
    size: int


class Vault:
    """Where segments are put; one writer at a time.

    Parameters
    ----------
    folder : Path
        Of segments and index.
    roots : Roots
        Wrap their keys.

    Raises
    ------
    BadInputError, OSError, sqlite3.Error
        If it cannot be opened.
    """

    def __init__(self, folder: Path, roots: Roots) -> None:
        self._folder, self._roots = made_folder(folder), roots
        self._index = open_database(folder, INDEX, MIGRATIONS, "FULL")
        hand_over(folder / INDEX, folder)
        try:
            self._generation = self._settle()
            self._clear()
        except BaseException:
            self._index.close()
            raise

    def put(self, header: Header, pieces: Sequence[Piece], incidents: Collection[str]) -> int:
        """Keep a segment of a clip that is of these incidents; its bytes on disk.

        Raises
        ------
        OSError, sqlite3.Error
            If there is no room; nothing of it is left then.
        """
        key, content = seal(header, pieces)
        partial, path = self._path(header.segment, PARTIAL), self._path(header.segment)
        try:
            _write(partial, content)
            wrapped = self._roots.wrap(self._generation, header.segment, key)
            row = header.segment, header.clip, header.stream, header.start_ns, header.end_ns, len(content)
            with self._changing():
                self._index.execute(
                    "INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, self._generation, wrapped)
                )
                self._link(header.clip, incidents)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        partial.rename(path)
        sync_folder(self._folder)
        return len(content)

    def link(self, clip: str, incidents: Collection[str]) -> None:
        """Note that a clip is of these incidents, too."""
        with self._changing():
            self._link(clip, incidents)

    def drop(self, clips: Collection[str]) -> None:
        """Delete clips: their keys are gone for good, whatever copies there are of the rest.

        Raises
        ------
        OSError, sqlite3.Error
            If that cannot be written; try again.
        """
        rows = self._index.execute("SELECT id, clip FROM segments").fetchall()
        # Why the files first: on a full disk there may be no room to write that their keys are gone.
        for name, clip in rows:
            if clip in clips:
                self._path(name).unlink(missing_ok=True)
        if clips:
            self._turn(clips)
        # What an earlier attempt could not write over it does now.
        self._roots.settle(self._generation)

    def _turn(self, clips: Collection[str]) -> None:
        """Wrap what stays anew, by another root key; forget the rest."""
        generation = self._roots.begin()
        try:
            with self._changing():
                for clip in clips:
                    self._index.execute("DELETE FROM segments WHERE clip = ?", (clip,))
                    self._index.execute("DELETE FROM clip_incidents WHERE clip = ?", (clip,))
                rows = self._index.execute("SELECT generation, id, wrapped FROM segments").fetchall()
                for old, name, wrapped in rows:
                    anew = self._roots.wrap(generation, name, self._roots.unwrap(old, name, wrapped))
                    self._index.execute(
                        "UPDATE segments SET generation = ?, wrapped = ? WHERE id = ?", (generation, anew, name)
                    )
        except BaseException:
            self._roots.settle(self._generation)
            raise
        self._generation = generation
        self._index.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def clips(self) -> list[Kept]:
        """All clips, oldest first."""
        return _clips(self._index)

    def index(self) -> sqlite3.Connection:
        """The index, for those who keep books in it."""
        return self._index

    def close(self) -> None:
        """Empty the log of the index, and close it."""
        self._index.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._index.close()

    def _changing(self) -> sqlite3.Connection:
        """A transaction, for `with`."""
        self._index.execute("BEGIN IMMEDIATE")
        return self._index

    def _link(self, clip: str, incidents: Collection[str]) -> None:
        rows = [(clip, incident) for incident in incidents]
        self._index.executemany("INSERT OR IGNORE INTO clip_incidents VALUES (?, ?)", rows)

    def _settle(self) -> int:
        """The generation of root key that all segments are wrapped by; no other is left."""
        row = self._index.execute("SELECT generation, id, wrapped FROM segments").fetchone()
        generation = int(row[0]) if row else self._roots.newest
        if row:
            try:
                self._roots.unwrap(*row)
            except LostKeyError as error:
                mend = "check [evidence] key_folder and secret_file, or set the folder aside"
                raise BadInputError("these keys open nothing of what is here", where=self._folder, mend=mend) from error
        self._roots.settle(generation)
        return generation

    def _clear(self) -> None:
        """Undo what was begun and not ended."""
        rows = {name for (name,) in self._index.execute("SELECT id FROM segments")}
        for path in self._folder.glob(f"*{PARTIAL}"):
            if path.stem in rows and not self._path(path.stem).exists():
                path.rename(self._path(path.stem))
            else:
                path.unlink()
        here = {path.stem for path in self._folder.glob(f"*{SUFFIX}")}
        for name in here - rows:
            self._path(name).unlink()
        with self._changing():
            gone = [(name,) for name in rows - here]
            self._index.executemany("DELETE FROM segments WHERE id = ?", gone)
            self._index.execute("DELETE FROM clip_incidents WHERE clip NOT IN (SELECT clip FROM segments)")

    def _path(self, segment: str, suffix: str = SUFFIX) -> Path:
        return self._folder / f"{segment}{suffix}"


def read_clips(folder: Path) -> list[Kept]:
    """All clips of a folder, oldest first; none where there is no vault."""
    if not (folder / INDEX).is_file():
        return []
    with closing(read_database(folder, INDEX)) as index:
        return _clips(index)


def open_clip(folder: Path, roots: Roots, clip: str) -> Iterator[tuple[Header, list[Piece]]]:
    """The segments of a clip, opened, in order of stream and time.

    Raises
    ------
    BadInputError
        If one is gone, was changed, or cannot be opened with the keys that are there.
    """
    with closing(read_database(folder, INDEX)) as index:
        rows = index.execute(
            "SELECT id, generation, wrapped FROM segments WHERE clip = ? ORDER BY stream, start_ns", (clip,)
        ).fetchall()
    for name, generation, wrapped in rows:
        path = folder / f"{name}{SUFFIX}"
        try:
            yield unseal(path.read_bytes(), roots.unwrap(generation, name, wrapped), path)
        except LostKeyError as error:
            what = "no key opens it, or it was changed"
            raise BadInputError(what, where=path, mend="check [evidence] key_folder and secret_file") from error
        except OSError as error:
            what = f"it cannot be read ({error.strerror})"
            raise BadInputError(what, where=path, mend="it may have been deleted just now") from error


def _clips(index: sqlite3.Connection) -> list[Kept]:
    of: dict[str, list[str]] = {}
    for clip, incident in index.execute("SELECT clip, incident FROM clip_incidents ORDER BY rowid"):
        of.setdefault(clip, []).append(incident)
    rows = index.execute(
        "SELECT clip, min(start_ns), max(end_ns), sum(bytes) FROM segments GROUP BY clip ORDER BY 2, 1"
    )
    return [Kept(clip, tuple(of.get(clip, ())), *rest) for clip, *rest in rows]


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
