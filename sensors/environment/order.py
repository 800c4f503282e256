"""Times of rows, checked: they run forward, without wild leaps, in our age.

Why a leap of a year is an error: one wrong clock value would make a replay walk through all the years between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sensors.environment.columns import Row
from sensors.environment.times import Times
from sensors.errors import BadInputError
from sensors.types import NS

LEAP_NS = 366 * 86_400 * NS
"""Longest pause between two rows, nanoseconds."""

_DAY_NS = 86_400 * NS
_LATEST_NS = round(datetime(2201, 1, 1, tzinfo=UTC).timestamp()) * NS
_SET_BACK_NS = (3600 * NS, 1800 * NS)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def cell_of(row: Row, columns: tuple[str, ...]) -> Any:
    """The time cell; date and time joined where they stand apart."""
    if len(columns) == 1:
        return row.get(columns[0])
    return " ".join(str(row.get(column, "")).strip() for column in columns).strip()


def stepped(rows: Iterable[tuple[int, Row]], start_ns: int, step_s: float) -> Iterator[tuple[int, int, Row]]:
    """Rows that tell no time: row n lies n steps after the start."""
    for number, (line, row) in enumerate(rows):
        yield line, start_ns + round(number * step_s * NS), row


@dataclass(slots=True)
class SetBack:
    """How far the clock that wrote the newest row was behind one that had already told a later time, nanoseconds.

    Rows of an hour that comes twice are each a nanosecond after the one before, until their clock has caught up.
    """

    behind_ns: int = 0


def in_order(
    rows: Iterable[tuple[int, Row]],
    times: Times,
    columns: tuple[str, ...],
    path: Path,
    follow: SetBack | None = None,
) -> Iterator[tuple[int, int, Row]]:
    """Rows with their event times.

    With `follow`, a local clock set back at the end of summer time is no error, and told there.

    Raises
    ------
    BadInputError
        If a cell is no time, or a time is earlier than the one before, more than a year later, or not of our age.
    """
    last_ns, last, step_ns = times.zero_ns, "the start", 0
    first = True
    for line, row in rows:
        where, cell = f"{path}, line {line}", cell_of(row, columns)
        try:
            time_ns = times.read(cell)
        except ValueError as error:
            where = f"{where}, column '{columns[0]}'"
            raise BadInputError(f"'{cell}' is no time", where=where, mend="mend or remove the line") from error
        if times.absolute and not -_DAY_NS <= time_ns < _LATEST_NS:
            what = f"'{cell}' lies outside the years 1970 to 2200"
            raise BadInputError(what, where=where, mend="remove the row or mend its time")
        if not first and time_ns < last_ns:
            if follow is None or not _is_set_back(times, cell, last_ns - time_ns, step_ns, follow):
                raise _backwards(times, cell, last, last_ns - time_ns, step_ns, where)
            follow.behind_ns = last_ns + 1 - time_ns
            time_ns = last_ns + 1
        elif follow is not None:
            follow.behind_ns = 0
        if (not first or not times.absolute) and abs(time_ns - last_ns) > LEAP_NS:
            days = (time_ns - last_ns) // _DAY_NS
            what = f"time leaps {days} days from {last} to {cell}{_dates(times, last_ns, time_ns)}"
            raise BadInputError(what, where=where, mend="remove the row or mend its time")
        step_ns = 0 if first else time_ns - last_ns
        first, last_ns, last = False, time_ns, cell
        yield line, time_ns, row


def _dates(times: Times, last_ns: int, time_ns: int) -> str:
    """Both times as dates, where they are written as numbers."""
    if not times.numbers:
        return ""
    before, after = (f"{_EPOCH + timedelta(seconds=at_ns // NS):%Y-%m-%d}" for at_ns in (last_ns, time_ns))
    return f" ({before} to {after})"


def _is_set_back(times: Times, cell: object, back_ns: int, step_ns: int, follow: SetBack | None = None) -> bool:
    """A clock set back at the end of summer time comes one row's step less than the hour, or all of it."""
    if follow is not None and follow.behind_ns:
        return back_ns <= follow.behind_ns
    near_ns = max(NS, step_ns // 4)
    jumps = (back_ns, back_ns + step_ns)
    return times.is_local(cell) and any(abs(jump - back) <= near_ns for jump in jumps for back in _SET_BACK_NS)


def _backwards(times: Times, cell: object, last: object, back_ns: int, step_ns: int, where: str) -> BadInputError:
    what = f"time runs backwards from {last} to {cell}"
    if _is_set_back(times, cell, back_ns, step_ns):
        mend = "local time set back (summer time)? give times with their offset from UTC, or in UTC"
        return BadInputError(what, where=where, mend=mend)
    return BadInputError(what, where=where, mend="sort the rows by time")
