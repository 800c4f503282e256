"""What commands that judge many files share: which files are meant, their turns, what is said of the unreadable."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Turn:
    """One file's turn, `number` of `count`, from 1."""

    path: Path
    number: int
    count: int

    @property
    def named(self) -> dict[str, str]:
        """What lines about the file begin with where there are several."""
        return {"path": str(self.path)} if self.count > 1 else {}

    def show(self, far: str = "") -> None:
        """Say on a terminal which file is at work, and how far it is."""
        if sys.stderr.isatty():
            text = f"\r\033[K{self.number} of {self.count}: {self.path.name}{far and ', '}{far}"
            print(text, end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take away what `show` said; what was printed meanwhile is out."""
        sys.stdout.flush()
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def take_turns(found: tuple[list[Path], list[BadInputError]], judge: Callable[[Turn], str | None]) -> bool:
    """Judge one file after another and print what `judge` says; what cannot be read is told. True where all could."""
    files, missing = found
    fine = True
    for error in missing:
        fine = tell(error)
    for number, path in enumerate(files, 1):
        turn = Turn(path, number, len(files))
        try:
            account = judge(turn)
        except BadInputError as error:
            turn.clear()
            fine = tell(error)
            continue
        turn.clear()
        if account is not None:
            print(account, flush=True)
    return fine


def tell(error: BadInputError) -> bool:
    """Tell an error while others go on; false, for the command did not end well."""
    print(f"kizashi: {error}", file=sys.stderr, flush=True)
    return False


def figure(value: float) -> float:
    """Nine digits: enough to keep the order of scores near 0 and 1."""
    return float(f"{value:.9g}")
