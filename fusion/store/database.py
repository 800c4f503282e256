"""The SQLite file: opened, brought to the newest schema, or set aside where it is broken.

Write-ahead log, so that who reads never waits for who writes; `secure_delete`, so that what is deleted is gone.

Why no network filesystem: its locks are promises that it does not keep, and WAL needs shared memory.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sensors.errors import BadInputError

FILE = "kizashi.sqlite"
NETWORK = frozenset("9p afs ceph cifs fuse.glusterfs fuse.sshfs glusterfs lustre ncpfs nfs nfs4 smb3 smbfs".split())

MIGRATIONS: Sequence[str] = (
    """
    CREATE TABLE incidents (
        id TEXT PRIMARY KEY, opened_ns INTEGER NOT NULL, closed_ns INTEGER, severity TEXT NOT NULL, kind TEXT NOT NULL,
        number INTEGER NOT NULL, line BLOB NOT NULL
    ) STRICT;
    CREATE TABLE health (
        stream TEXT NOT NULL, at_ns INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL
    ) STRICT;
    CREATE INDEX health_at ON health (at_ns);
    CREATE TABLE minutes (
        start_ns INTEGER PRIMARY KEY, verdicts INTEGER NOT NULL, judged INTEGER NOT NULL, degraded INTEGER NOT NULL,
        least_per_day REAL, least_p REAL, latency_ns INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE outbox (
        sink TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (sink, id)
    ) STRICT;
    """,
    """
    CREATE TABLE labels (incident TEXT PRIMARY KEY, grade TEXT NOT NULL, line BLOB NOT NULL) STRICT;
    """,
)
"""From each schema version to the next; one that was published is never changed."""

_log = logging.getLogger(__name__)


def open_database(
    folder: Path, file: str = FILE, migrations: Sequence[str] = MIGRATIONS, synchronous: str = "NORMAL"
) -> sqlite3.Connection:
    """The database of a folder, of the newest schema.

    A broken file is set aside by its name, told, and a new one begun.

    Parameters
    ----------
    folder, file : Path and str
        Where it lies, and its name.
    migrations : sequence of str
        From each version of its schema to the next.
    synchronous : str
        "NORMAL", or "FULL" where a power cut must not take the last changes.

    Raises
    ------
    BadInputError
        If the folder lies in the network, or the file was written by a newer version.
    sqlite3.Error
        If there is no room, or no permission.
    """
    refuse_network(folder)
    path = folder / file
    try:
        return _opened(path, migrations, synchronous)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        aside = _set_aside(path)
        _log.error("%s is broken (%s): set aside as %s", path, error, aside.name)
        return _opened(path, migrations, synchronous)


def read_database(folder: Path, file: str = FILE) -> sqlite3.Connection:
    """The database of a folder, to be read only.

    Raises
    ------
    BadInputError
        If there is none.
    """
    path = folder / file
    if not path.is_file():
        raise BadInputError("there is no database", where=path, mend="start the daemon once: kizashi run")
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)


def refuse_network(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> None:
    """Refuse a folder that is not on a disk of this machine.

    Raises
    ------
    BadInputError
        If it is not.
    """
    try:
        lines = mounts.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    whole, best, kind = folder.resolve(), Path("/"), ""
    for line in lines:
        fields, _, rest = line.partition(" - ")
        point = Path(fields.split()[4].replace("\\040", " "))
        if whole.is_relative_to(point) and len(point.parts) >= len(best.parts):
            best, kind = point, rest.split()[0]
    if kind in NETWORK:
        raise BadInputError(f"this lies in the network ({kind})", where=folder, mend="name a folder on a local disk")


def _opened(path: Path, migrations: Sequence[str], synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
    ways = "journal_mode=WAL", f"synchronous={synchronous}", "secure_delete=ON", "journal_size_limit=4194304"
    try:
        for pragma in ways:
            connection.execute(f"PRAGMA {pragma}")
        (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            raise sqlite3.DatabaseError(state)
        _migrate(connection, path, migrations)
    except BaseException:
        connection.close()
        raise
    path.chmod(0o600)
    return connection


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(migrations):
        what = f"written by a newer version (schema {version}, known are {len(migrations)})"
        raise BadInputError(what, where=path, mend="use that version, or name another folder")
    for number in range(version, len(migrations)):
        connection.executescript(f"BEGIN; {migrations[number]} PRAGMA user_version={number + 1}; COMMIT;")


def _set_aside(path: Path) -> Path:
    number = next(n for n in range(1, 10_000) if not path.with_name(f"{path.name}.broken-{n}").exists())
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(f"{path.name}.broken-{number}{suffix}"))
    return path.with_name(f"{path.name}.broken-{number}")


def schema_version(folder: Path) -> int:
    """Version of the schema of a folder's database."""
    with closing(read_database(folder)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
