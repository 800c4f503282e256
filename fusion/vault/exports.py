"""What was handed out, and where it lies: it goes when what it is of goes, as far as we reach.

Only files that we wrote are removed, and only while they are what we wrote. What somebody copied is beyond us.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec


@dataclass(frozen=True, slots=True)
class Export:
    """One export.

    Attributes
    ----------
    number : int
        Its own; 0 before it is registered.
    incident : str
        What it is of.
    about_ns, at_ns : int
        End of what it shows, event time; and when it was made. Nanoseconds UTC.
    who : str
        Whose it is.
    folder : str
        Where.
    files : mapping of str to str
        Names in that folder, with the SHA-256 of what we wrote.
    """

    number: int
    incident: str
    about_ns: int
    at_ns: int
    who: str
    folder: str
    files: Mapping[str, str]


def register(index: sqlite3.Connection, export: Export) -> int:
    """Note an export; its number."""
    row = export.incident, export.about_ns, export.at_ns, export.who, export.folder, msgspec.json.encode(export.files)
    query = "INSERT INTO exports (incident, about_ns, at_ns, who, folder, files) VALUES (?, ?, ?, ?, ?, ?)"
    return int(index.execute(query, row).lastrowid or 0)


def registered(index: sqlite3.Connection) -> list[Export]:
    """All of them."""
    rows = index.execute("SELECT id, incident, about_ns, at_ns, who, folder, files FROM exports ORDER BY id")
    return [
        Export(number, incident, about_ns, at_ns, who, folder, msgspec.json.decode(files, type=dict[str, str]))
        for number, incident, about_ns, at_ns, who, folder, files in rows
    ]


def remove(index: sqlite3.Connection, export: Export) -> list[str]:
    """Remove its files and its entry; the names of those that are beyond us, and why."""
    folder, left = Path(export.folder), []
    for name, digest in export.files.items():
        path = folder / name
        try:
            if path.is_symlink() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                left.append(f"{name} (changed)")
            else:
                path.unlink()
        except OSError as error:
            # Why one that is not there, too: it may lie where only others see it, as /tmp of a service does.
            left.append(f"{name} ({error.strerror})")
    try:
        folder.rmdir()
    except OSError:
        pass
    index.execute("DELETE FROM exports WHERE id = ?", (export.number,))
    return left
