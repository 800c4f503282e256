"""Rows of a table, long or wide -> readings; which column is what is learned once."""

from __future__ import annotations

from collections.abc import Sequence

from sensors.environment.columns import Row, Wishes, is_reading, long_columns, time_columns
from sensors.environment.live.reading import Complaint, ReaderError, Reading
from sensors.environment.order import cell_of
from sensors.environment.times import Times
from sensors.errors import BadInputError

NOTHING = ("", None)


class RowReadings:
    """Reads rows of one table.

    Parameters
    ----------
    wishes : Wishes
        What the settings say about its columns.
    utc_offset_s, shift_ns, day_first
        As of `times.Times`.

    Attributes
    ----------
    timed : bool
        Whether rows tell their times.
    """

    def __init__(self, wishes: Wishes, utc_offset_s: int, shift_ns: int, day_first: bool | None) -> None:
        self._wishes, self._utc_offset_s, self._shift_ns, self._day_first = wishes, utc_offset_s, shift_ns, day_first
        self.forget()

    def forget(self) -> None:
        """Another table follows."""
        self.timed = False
        self._learned = False
        self._time: tuple[str, ...] = ()
        self._times: Times | None = None
        self._pair: tuple[str, str] | None = None
        self._reads: dict[str, bool] = {}

    def learn(self, rows: Sequence[Row]) -> None:
        """Find out from some rows which column is what.

        Raises
        ------
        ReaderError
            If a column that was named is missing, or the day cannot be told from the month.
        """
        try:
            self._pair = long_columns(rows, self._wishes, "the table")
        except BadInputError as error:
            raise ReaderError(f"{error.what}; {error.mend}") from error
        try:
            self._time = time_columns(rows, self._wishes, "the table")
        except BadInputError as error:
            if self._wishes.time:
                raise ReaderError(f"{error.what}; {error.mend}") from error
            self._time = ()
        self._learned = True
        told = [cell for row in rows if (cell := cell_of(row, self._time)) not in NOTHING] if self._time else []
        if not told:
            self._learned = not self._time
            return
        try:
            times = Times(self._time[0], told, 0, self._shift_ns, self._utc_offset_s, self._day_first)
        except ValueError as error:
            raise ReaderError(f"column '{self._time[0]}': {error}") from error
        self.timed = times.absolute
        self._times = times if times.absolute else None

    def read(self, row: Row) -> tuple[Reading, ...] | Complaint:
        """Readings of a row."""
        if not self._learned:
            self.learn([row])
        at_ns: int | None = None
        if self._times:
            try:
                at_ns = self._times.read(cell_of(row, self._time))
            except ValueError:
                return Complaint(f"column '{self._time[0]}' tells no time")
        if self._pair:
            quantity, value = self._pair
            name = str(row.get(quantity) or "").strip()
            return (Reading(name, row.get(value), "", at_ns),) if name else Complaint("a row that names no quantity")
        return tuple(Reading(title, cell, "", at_ns) for title, cell in row.items() if self._is_read(title, cell))

    def _is_read(self, title: str, cell: object) -> bool:
        """Whether a column holds readings; the first cell that is not empty decides."""
        known = self._reads.get(title)
        if known is not None:
            return known
        wanted = title in self._wishes.values if self._wishes.values else not self._wishes.passes_over(title)
        if title in self._time or not title.strip() or not wanted:
            self._reads[title] = False
        elif cell in NOTHING:
            return False
        else:
            self._reads[title] = is_reading(title, [cell], "")
        return self._reads[title]
