"""JSON Lines on disk: every verdict, and every change of an incident; files turn at a size and the oldest go.

Why a line of an incident for each change: whoever follows the file sees it open, escalate and close; the last line of
an id is what it came to.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from fusion.sinks.jsonl import incident_line, verdict_line
from fusion.sinks.news import Changed, Condition, News


class LinesSink:
    """Appends to `verdicts.jsonl` and `incidents.jsonl` in a folder.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    most_bytes : int
        Size at which a file becomes `<name>.1`, and the one before that `.2`; older ones go. 0 never turns.

    Raises
    ------
    OSError
        If nothing can be written there.
    """

    KEPT = 2

    def __init__(self, folder: Path, most_bytes: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._most_bytes = most_bytes
        self._files = {name: _File(folder / f"{name}.jsonl") for name in ("verdicts", "incidents")}

    def deliver(self, news: News) -> None:
        """Write it at once, as a whole line or not at all."""
        if isinstance(news, Condition):
            return
        incident = isinstance(news, Changed)
        file = self._files["incidents" if incident else "verdicts"]
        file.append(incident_line(news.incident) if isinstance(news, Changed) else verdict_line(news.verdict))
        if self._most_bytes and file.size > self._most_bytes:
            file.turn(self.KEPT)

    def close(self) -> None:
        """Close the files; who delivers again opens them again."""
        for file in self._files.values():
            file.close()


class _File:
    """A file that only grows by whole lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self.size = 0

    def append(self, line: bytes) -> None:
        if self._file is None:
            self._file = self._path.open("ab", buffering=0)
            self.size = self._file.tell()
        try:
            written = self._file.write(line) or 0
        except OSError:
            written = 0
        if written != len(line):
            # Half a line would spoil the next one, too.
            self._file.truncate(self.size)
            raise OSError("no room for a line")
        self.size += written

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def turn(self, kept: int) -> None:
        self.close()
        for number in range(kept, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            newer = self._path.with_name(f"{self._path.name}.{number - 1}") if number > 1 else self._path
            if newer.exists():
                newer.replace(older)
