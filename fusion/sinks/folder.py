"""A folder of results that is there as a whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sensors.errors import BadInputError

PARTIAL = ".partial-"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says where there is no room left."""


@contextmanager
def finished_folder(out: Path) -> Iterator[Path]:
    """A folder to write into that takes its place only when all went well; else nothing is left behind.

    Raises
    ------
    BadInputError
        If nothing can be written there.
    """
    missing = [folder for folder in (out, *out.parents) if not folder.exists()]
    partial = lock = None
    try:
        partial, lock = _partial_folder(out)
        yield partial
        finished = sorted(partial.iterdir())
        for path in finished:
            if (out / path.name).is_dir():
                raise BadInputError("a folder is in the way", where=out / path.name, mend="choose another --out")
        for path in finished:
            path.replace(out / path.name)
        partial.rmdir()
    except BaseException as error:
        if isinstance(error, OSError) and error.errno in FULL:
            error.filename = error.filename or str(out)
        if partial:
            shutil.rmtree(partial)
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise
    finally:
        if lock is not None:
            os.close(lock)


def _partial_folder(out: Path) -> tuple[Path, int | None]:
    """A new folder and the lock that says that it is being written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        _remove_stale(out)
        while True:
            partial = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=out))
            lock = _locked(partial, fcntl.LOCK_EX)
            # Another run that clears away may have come between the making and the locking.
            if partial.exists():
                return partial, lock
    except OSError as error:
        what = f"nothing can be written there ({error.strerror})"
        raise BadInputError(what, where=out, mend="choose another --out") from error


def _remove_stale(out: Path) -> None:
    """Remove what killed runs left: the lock of a process dies with it, however it ends."""
    for path in out.glob(f"{PARTIAL}*"):
        if path.is_dir() and not path.is_symlink():
            lock = _locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if lock is not None:
                shutil.rmtree(path, ignore_errors=True)
                os.close(lock)


def _locked(path: Path, how: int) -> int | None:
    """A descriptor that holds the lock of a folder; None where it has gone or cannot be locked."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, how)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
