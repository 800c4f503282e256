"""Tables that grow, as loggers write them: `TailSource` follows a CSV or JSON-lines file.

Why it begins at the end: rows of yesterday are no readings of now. Whoever wants them replays the file.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sensors.environment.columns import Row, Wishes
from sensors.environment.live.growing import FRESH, GrowingFile
from sensors.environment.live.pace import beats
from sensors.environment.live.reading import Complaint, Item, Reader, ReaderError, Reading, Report
from sensors.environment.live.row_readings import RowReadings
from sensors.environment.live.source import LiveReadingsSource
from sensors.environment.tables import Header
from sensors.errors import BadInputError
from sensors.types import NS

JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
MOST_ROWS = 500
"""Most rows of a report."""


class TailSource(LiveReadingsSource):
    """New rows of a table that another program writes; rotated, truncated and written anew as it may be.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    path : str or Path
        The file, which may not be there yet. JSON lines by its name (.jsonl, .ndjson), else CSV with a header; a cell
        with a line break in it is not understood.
    time, value, quantity, utc_offset_s, day_first, shift_s
        As of `sources.TableSource`. Rows without a time of their own have that of their arrival.
    poll_s : float
        Seconds from one look to the next, > 0.
    options
        Those of `LiveReadingsSource`.

    Raises
    ------
    BadInputError
        If no path is told, or `poll_s` is not above 0.
    """

    def __init__(
        self, stream: str, path: str | Path, *, time: str | Sequence[str] | None = None,
        value: str | Sequence[str] | None = None, quantity: str | None = None, utc_offset_s: int = 0,
        day_first: bool | None = None, shift_s: float = 0.0, poll_s: float = 0.5, **options: Any,
    ) -> None:  # fmt: skip
        where = f"sensor '{stream}'"
        if not str(path).strip() or not poll_s > 0:
            raise BadInputError(
                "no path, or poll_s not above 0", where=where, mend='give path = "log.csv", poll_s = 0.5'
            )
        wishes = Wishes(_several(time), _several(value), quantity)
        rows = RowReadings(wishes, utc_offset_s, round(shift_s * NS), day_first)
        super().__init__(stream, TailReader(Path(path), rows, poll_s), **options)


class TailReader(Reader):
    """Reads what is new in a file at each beat.

    Parameters
    ----------
    path : Path
        The file.
    rows : RowReadings
        How to read a row.
    poll_s : float
        Seconds from one look to the next.
    """

    def __init__(self, path: Path, rows: RowReadings, poll_s: float) -> None:
        self._path, self._rows, self._poll_s = path, rows, poll_s
        self._is_json = path.suffix.lower() in JSON_SUFFIXES
        self._named = self._header = Header(",", ())
        self._begins, self._settled, self._missed = True, False, False

    def readings(self) -> Generator[Item, None, None]:
        """Follow the file; one report a look, or one a row where rows tell no time."""
        # A file that we have seen not to be there, and that is small, has just been made.
        young, self._missed = self._missed, not self._path.exists()
        with closing(GrowingFile(self._path, young=young)) as file:
            self._learn(file.head())
            for due in beats(self._poll_s):
                if due:
                    yield from self._look(file)
                yield None

    def _learn(self, head: list[str]) -> None:
        """Take the header, and from the rows that are there which column is what."""
        self._named = self._header = Header(",", ())
        self._begins = True
        self._rows.forget()
        found = [self._row(line) for line in head]
        rows = [row for row in found if row and not isinstance(row, Complaint)]
        if rows:
            self._rows.learn(rows)

    def _look(self, file: GrowingFile) -> Iterator[Item]:
        gathered: list[Reading] = []
        for number, line in enumerate(file.news()):
            if line is FRESH:
                self._begins = True
                continue
            row = line if isinstance(line, Complaint) else self._row(line)
            readings = row if row is None or isinstance(row, Complaint) else self._rows.read(row)
            if isinstance(readings, Complaint):
                yield readings
            elif readings and self._rows.timed:
                gathered += readings
            elif readings:
                yield Report(readings)
            if number % MOST_ROWS == MOST_ROWS - 1 and gathered:
                yield Report(tuple(gathered))
                gathered = []
        if gathered:
            yield Report(tuple(gathered))

    def _row(self, line: str) -> Row | Complaint | None:
        """A line as a row; None where it is none.

        Raises
        ------
        ReaderError
            If the first line does not name the columns.
        """
        if self._is_json:
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                return Complaint("no JSON")
            return row if isinstance(row, dict) else Complaint("no JSON object")
        try:
            if self._begins:
                return self._first(line)
            cells = next(csv.reader([line], delimiter=self._header.delimiter), [])
        except csv.Error:
            return Complaint("no CSV")
        if not any(map(str.strip, cells)) or cells == list(self._named.names):
            return None
        if not self._settled:
            self._header, self._settled = self._header.beside([cells]), True
        return self._header.row(cells) or Complaint("more cells than columns")

    def _first(self, line: str) -> Row | None:
        """The first line of a file: its header, or already a row where another file's header fits."""
        if line.startswith("#"):
            return None
        header = Header.of(line)
        if header == self._named:
            self._begins = False
            return None
        if header.has_data and len(header.names) == len(self._header.names):
            self._begins = False
            return self._header.row(next(csv.reader([line], delimiter=self._header.delimiter), []))
        if header.is_data:
            raise ReaderError("no header line? the first line must name the columns")
        self._rows.forget()
        self._named = self._header = header
        self._begins = self._settled = False
        return None


def _several(names: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if names is None else (names,) if isinstance(names, str) else tuple(names)
