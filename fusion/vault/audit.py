"""Who did what, in a log to which is only ever added: each line holds the hash of the line before it.

A line that was changed, taken out or moved breaks the chain. Lines cut off at the end are missed by the head: number
and hash of the last line, in a file of its own. Whoever can write both can still forge both; so `kizashi audit verify`
prints the head, for those who note it elsewhere.

Why a line more than the head knows is no fault: the power may go between the two.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from fusion.vault.private import alone, hand_over, made_folder, write_private
from sensors.errors import BadInputError

LOG, HEAD = "audit.jsonl", "audit.head"
FIRST = "0" * 64
"""What stands in the place of a hash before the first line."""

KIZASHI, LOST = "kizashi", "audit head lost"
"""Who acts where no person does; and what it notes where it finds no head to a log."""


class Entry(msgspec.Struct, frozen=True):
    """One line: the `number`-th, at that time of the machine's clock, who did what to what, and how it went."""

    number: int
    at_ns: int
    who: str
    what: str
    of: str
    outcome: str
    note: str
    before: str


class Head(msgspec.Struct, frozen=True):
    """Number and hash of the last line."""

    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of a check.

    Attributes
    ----------
    lines : int
        How many are whole, from the first.
    fault : str
        What is wrong and in which line; empty where nothing is.
    head : Head or None
        Of the last whole line; None where there is none.
    """

    lines: int
    fault: str
    head: Head | None


class Audit:
    """The log of one folder.

    Parameters
    ----------
    folder : Path
        Where it lies, with its head.
    """

    def __init__(self, folder: Path) -> None:
        self.path, self._head = folder / LOG, folder / HEAD

    def note(self, at_ns: int, who: str, what: str, of: str, outcome: str, note: str = "") -> None:
        """Add a line; when this returns it is on the disk.

        Raises
        ------
        BadInputError
            If nothing can be written there, or what was written before is broken at its end.
        """
        try:
            with alone(made_folder(self.path.parent)):
                line, head = self._last_line(), self._read_head()
                # Why the head where it knows better: lines that were cut off or changed must not be forgotten with it.
                last = head if head and (line is None or line.number <= head.number) else line
                if head is None and line and line.number > 1:
                    last = self._add(line, (at_ns, KIZASHI, LOST, "head", "failed", "lines may be missing before this"))
                self._add(last, (at_ns, who, what, of, outcome, note))
        except OSError as error:
            what = f"nothing can be noted ({error.strerror})"
            raise BadInputError(what, where=self.path, mend="free some space, check permissions") from error

    def _add(self, last: Head | None, told: tuple[int, str, str, str, str, str]) -> Head:
        number, before = (last.number, last.digest) if last else (0, FIRST)
        line = msgspec.json.encode(Entry(number + 1, *told, before)) + b"\n"
        self._append(line)
        head = Head(number + 1, digest_of(line))
        write_private(self._head, msgspec.json.encode(head))
        return head

    def entries(self) -> Iterator[Entry]:
        """All that was noted, as it stands there, whole or not."""
        for _, entry in self._lines():
            if entry is not None:
                yield entry

    def verify(self) -> Verified:
        """Whether nothing was changed, taken out, moved or cut off; the first fault counts."""
        before, number, last = FIRST, 0, None
        digests = {0: FIRST}
        for place, (line, entry) in enumerate(self._lines(), 1):
            if entry is None:
                return Verified(number, f"line {place} cannot be read", last)
            if entry.number != number + 1:
                what = (
                    f"line {place} has number {entry.number} instead of {number + 1}: lines are missing or were moved"
                )
                return Verified(number, what, last)
            if entry.before != before:
                return Verified(number, f"line {place} does not follow from the one before it: one was changed", last)
            if entry.what == LOST:
                return Verified(number, f"line {place}: its head was gone, lines may be missing before this", last)
            number, before = entry.number, digest_of(line)
            digests[number] = before
            last = Head(number, before)
        return Verified(number, self._end_fault(number, digests), last)

    def _end_fault(self, number: int, digests: dict[int, str]) -> str:
        try:
            head = self._read_head()
        except BadInputError as error:
            return error.what
        if head is None:
            return "" if number <= 1 else "its head is gone: nobody can tell whether lines are missing at the end"
        if head.number > number:
            return f"lines {number + 1} to {head.number} are missing at the end"
        if digests[head.number] != head.digest:
            return f"line {head.number} is not the one that was noted: it was changed"
        if number > head.number + 1:
            return f"line {head.number + 2} was not noted by Kizashi"
        return ""

    def _lines(self) -> Iterator[tuple[bytes, Entry | None]]:
        try:
            with self.path.open("rb") as file:
                for line in file:
                    try:
                        whole = msgspec.json.decode(line, type=Entry) if line.endswith(b"\n") else None
                    except (msgspec.DecodeError, UnicodeDecodeError):
                        whole = None
                    yield line, whole
        except FileNotFoundError:
            return
        except OSError as error:
            what = f"the log cannot be read ({error.strerror})"
            raise BadInputError(what, where=self.path, mend="check its permissions") from error

    def _last_line(self) -> Head | None:
        """The last line, from the end of the file; what a power cut left half is taken away."""
        try:
            with self.path.open("r+b") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - 65536))
                tail = file.read()
                whole = tail[: tail.rfind(b"\n") + 1]
                if len(whole) < len(tail):
                    file.truncate(size - len(tail) + len(whole))
        except FileNotFoundError:
            whole = b""
        if not whole:
            return None
        line = whole[whole.rfind(b"\n", 0, -1) + 1 :]
        try:
            return Head(msgspec.json.decode(line, type=Entry).number, digest_of(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            mend = "kizashi audit verify says where; set the log and its head aside together"
            raise BadInputError("its last line is broken", where=self.path, mend=mend) from error

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            try:
                if os.write(descriptor, line) < len(line):
                    raise OSError(28, "No space left on device")
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
            hand_over(self.path, self.path.parent)
        finally:
            os.close(descriptor)

    def _read_head(self) -> Head | None:
        try:
            return msgspec.json.decode(self._head.read_bytes(), type=Head)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise BadInputError("its head cannot be read", where=self._head, mend="check its permissions") from error


def digest_of(line: bytes) -> str:
    """SHA-256 of a line with its end, hexadecimal."""
    return hashlib.sha256(line).hexdigest()
