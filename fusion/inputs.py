"""What commands that judge many files share: which files are meant, and what is said of those that cannot be read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from sensors.errors import BadInputError


def find_files(
    paths: Sequence[Path], meant: Callable[[Path], bool], what: str
) -> tuple[list[Path], list[BadInputError]]:
    """Files as given, and those in folders that are `meant`, sorted; and an error for each folder without `what`."""
    files: list[Path] = []
    missing = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
        elif inside := [file for file in sorted(path.rglob("*")) if meant(file)]:
            files += inside
        else:
            missing.append(BadInputError(f"no {what} in this folder", where=path, mend="name another folder"))
    return files, missing


def tell(error: BadInputError) -> bool:
    """Tell an error while others go on; false, for the command did not end well."""
    print(f"kizashi: {error}", file=sys.stderr, flush=True)
    return False


def figure(value: float) -> float:
    """Nine digits: enough to keep the order of scores near 0 and 1."""
    return float(f"{value:.9g}")
