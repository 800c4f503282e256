"""The two forms of a table: wide (a column a quantity) and long (a row a reading)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sensors.environment.columns import NAN, Column, Row, Wishes, distinct, is_reading, reading_columns
from sensors.environment.quantities import LARGEST
from sensors.errors import BadInputError

Timed = Iterable[tuple[int, int, Row]]
"""Line number, event time and cells of each row, in order of time."""

Reading = tuple[int, tuple[str, ...], list[float]]
"""Event time, names and values of what was measured at once."""


class WideForm:
    """A table with a column for each quantity; of rows of the same time the first counts.

    The others are left out, or come without values where every row is wanted.
    """

    def __init__(
        self, head: Sequence[Row], used: Sequence[str], wishes: Wishes, path: Path, every_row: bool = False
    ) -> None:
        self.duplicates = self.repaired = 0
        self._every_row = every_row
        self._wishes, self._path = wishes, path
        self._columns = reading_columns(head, used, wishes, path)
        self._passed_over = {title for row in head for title in row} - set(self._columns)

    def readings(self, rows: Timed) -> Iterator[Reading]:
        """Each row's readings."""
        last_ns, keys = None, None
        present: list[tuple[str, Column]] = []
        names: tuple[str, ...] = ()
        for line, time_ns, row in rows:
            if time_ns == last_ns:
                self.duplicates += 1
                if self._every_row and names:
                    yield time_ns, names, [NAN] * len(names)
                continue
            last_ns = time_ns
            if row.keys() != keys:
                self._meet(row)
                keys = row.keys()
                present = [(title, column) for title, column in self._columns.items() if title in row]
                names = tuple(column.name for _, column in present)
            if present:
                yield time_ns, names, [self._value(line, title, column, row[title]) for title, column in present]

    def _meet(self, row: Row) -> None:
        """Take in columns that come up for the first time."""
        for title in row:
            if title in self._columns or title in self._passed_over:
                continue
            if self._wishes.values or self._wishes.passes_over(title):
                continue
            if not is_reading(title, [row[title]], self._wishes.unit(title)):
                continue
            taken = [column.name for column in self._columns.values()]
            self._columns[title] = distinct(Column.of(title, self._wishes.unit(title), self._path), taken)

    def _value(self, line: int, title: str, column: Column, cell: object) -> float:
        value = column.read(cell)
        if value is None:
            raise _damaged(self._path, line, title, cell)
        if abs(value) > LARGEST:
            self.repaired += 1
            return NAN
        return value


class LongForm:
    """A table with a row for each reading; rows of the same time make one, the first reading of a quantity counts."""

    def __init__(self, quantity: str, value: str, wishes: Wishes, path: Path) -> None:
        self.duplicates = self.repaired = 0
        self._quantity, self._value, self._wishes, self._path = quantity, value, wishes, path
        self._columns: dict[str, Column] = {}
        self._numeric: set[str] = set()

    def readings(self, rows: Timed) -> Iterator[Reading]:
        """What was measured at each time."""
        last_ns: int | None = None
        gathered: dict[str, float] = {}
        for line, time_ns, row in rows:
            if last_ns is not None and time_ns != last_ns and gathered:
                yield last_ns, tuple(gathered), list(gathered.values())
                gathered = {}
            last_ns = time_ns
            title = str(row.get(self._quantity) or "").strip()
            value = self._read(line, title, row.get(self._value))
            if value is None:
                continue
            name = self._columns[title].name
            if name in gathered:
                self.duplicates += 1
            else:
                gathered[name] = value
        if last_ns is not None and gathered:
            yield last_ns, tuple(gathered), list(gathered.values())
        if not self._numeric:
            raise BadInputError(
                f"no number in column '{self._value}'", where=self._path, mend='name another with value = "..."'
            )

    def _read(self, line: int, title: str, cell: object) -> float | None:
        """Value of a quantity; None where the quantity is none of ours, or has never been a number."""
        if not title or title in self._wishes.ignore:
            return None
        if title not in self._columns:
            taken = [column.name for column in self._columns.values()]
            self._columns[title] = distinct(Column.of(title, self._wishes.unit(title), self._path), taken)
        value = self._columns[title].read(cell)
        if value is None and title in self._numeric:
            raise _damaged(self._path, line, self._value, cell)
        if value is not None and not math.isnan(value):
            self._numeric.add(title)
        if value is not None and abs(value) > LARGEST:
            self.repaired += 1
            return NAN
        return value


def _damaged(path: Path, line: int, title: str, cell: object) -> BadInputError:
    return BadInputError(
        f"'{cell}' is no number", where=f"{path}, line {line}, column '{title}'", mend="mend or empty the cell"
    )
