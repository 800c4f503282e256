"""Files that nobody else may read, written whole or not at all.

Why they are given to the owner of their folder: people type commands as root, and the daemon that owns the folder must
be able to go on with what they wrote.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from sensors.errors import BadInputError

T = TypeVar("T")


def made_folder(folder: Path) -> Path:
    """The folder, made for its owner alone where it is missing.

    Raises
    ------
    BadInputError
        If it cannot be made.
    """
    if not folder.is_dir():
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            hand_over(folder, folder.parent)
        except OSError as error:
            what = f"nothing can be kept there ({error.strerror})"
            raise BadInputError(what, where=folder, mend="check the path and its permissions") from error
    return folder


def private_folder(folder: Path) -> Path:
    """The folder, made where it is missing; only its owner may look into it.

    Raises
    ------
    BadInputError
        If it cannot be made, or others may look into it.
    """
    mode = made_folder(folder).stat().st_mode & 0o777
    if mode & 0o077:
        raise BadInputError(f"others may look into it (mode {mode:o})", where=folder, mend=f"chmod 700 {folder}")
    return folder


def read_private(path: Path, kind: type[T], name: str, wrong: str, mend: str) -> T | None:
    """What a file of JSON holds that only its owner may read; None where there is none.

    Parameters
    ----------
    path : Path
        The file.
    kind : type
        What it holds.
    name, wrong, mend : str
        How it is called where it cannot be read; what it is, and how to mend that, where it holds something else.

    Raises
    ------
    BadInputError
        If it cannot be read, others may read it, or it holds something else.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise BadInputError("others may read it", where=path, mend=f"chmod 600 {path}")
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except OSError as error:
        what = f"{name} cannot be read ({error.strerror})"
        raise BadInputError(what, where=path, mend="check its permissions") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(wrong, where=path, mend=mend) from error


def write_private(path: Path, content: bytes) -> None:
    """Put the content in the place of the file; after a power cut there is the old one or the new one.

    Raises
    ------
    OSError
        If there is no room, or no permission; the old one is still there.
    """
    descriptor, partial = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        hand_over(Path(partial), path.parent)
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise
    sync_folder(path.parent)


def hand_over(path: Path, folder: Path) -> None:
    """Give a file that root made to whom the folder belongs."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def scrub(path: Path) -> None:
    """Write over a file, then remove it; nothing where there is none.

    What a disk keeps aside of its own accord (flash, copy on write) cannot be reached so.
    """
    try:
        with path.open("r+b") as file:
            file.write(bytes(os.fstat(file.fileno()).st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        pass


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Only one process at a time changes what lies in a folder."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        hand_over(folder / ".lock", folder)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
