"""Reads the times of a table: ISO 8601, dates as people write them, epoch numbers, seconds since the start.

What kind of times they are is decided once, from the first rows, so that a later cell can never be read another way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from sensors.types import NS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SCALES = {"s": NS, "sec": NS, "seconds": NS, "ms": NS // 1000, "us": 1000, "ns": 1}
_RELATIVE = frozenset({"t", "elapsed", "seconds", "offset", "rel", "relative", "since"})
_EARLIEST_ABSOLUTE_NS = 10**8 * NS
_WRITTEN = re.compile(
    r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})"
    r"(?:[ T]+(\d{1,2})(?:[:.](\d{2}))?(?:[:.](\d{2}))?(?:[.,](\d{1,9}))?\s*([AaPp][Mm])?)?"
)


class Times:
    """Turns time cells into event times.

    Parameters
    ----------
    column : str
        Name of the time column; "t_s", "epoch_ms" say what the numbers are.
    first : sequence
        The first cells, at least one not empty: they decide.
    start_ns : int
        Event time of 0 seconds where times are relative.
    shift_ns : int
        Added to absolute times.
    utc_offset_s : int
        Offset of local time from UTC, seconds: for times without an offset of their own.
    day_first : bool or None
        Whether 03/04 is the 3rd of April; None leaves it to the first rows.

    Raises
    ------
    ValueError
        If the first cell is no time, or the day cannot be told from the month.
    """

    def __init__(
        self, column: str, first: Sequence[object], start_ns: int, shift_ns: int, utc_offset_s: int,
        day_first: bool | None = None,
    ) -> None:  # fmt: skip
        self._zone = timezone(timedelta(seconds=utc_offset_s))
        self._day_first = day_first
        self._scale: int | None = None
        self._read = self._reader(column, first)
        self._shift_ns = shift_ns if self.absolute else start_ns

    @property
    def absolute(self) -> bool:
        """Whether the cells tell event time themselves."""
        return self._read != self._relative

    @property
    def numbers(self) -> bool:
        """Whether absolute times are written as numbers."""
        return self._read == self._number

    @property
    def zero_ns(self) -> int:
        """Event time of 0, nanoseconds UTC."""
        return self._shift_ns

    def is_local(self, cell: object) -> bool:
        """Whether a cell that is a time tells local time, without its offset from UTC."""
        if self._read == self._iso:
            cell = datetime.fromisoformat(str(cell).strip())
        if self._read in (self._iso, self._calendar):
            return getattr(cell, "tzinfo", None) is None
        return self._read == self._written

    def read(self, cell: object) -> int:
        """Event time of a cell, nanoseconds UTC.

        Raises
        ------
        ValueError
            If it is no time of the kind that this column holds.
        """
        try:
            return self._read(cell) + self._shift_ns
        except (InvalidOperation, OverflowError, TypeError) as error:
            raise ValueError(f"'{cell}' is no time") from error

    def _reader(self, column: str, first: Sequence[object]) -> Callable[[object], int]:
        cell = first[0]
        if isinstance(cell, date):
            return self._calendar
        try:
            number = Decimal(str(cell).strip())
        except InvalidOperation:
            return self._text_reader(first)
        words = re.findall(r"[a-z]+", column.lower())
        unit = _SCALES.get(words[-1]) if words else None
        if words and _RELATIVE.intersection(words[:1]):
            self._scale = unit or NS
            return self._relative
        self._scale = unit or _scale_by_size(number)
        return self._relative if abs(number) * self._scale < _EARLIEST_ABSOLUTE_NS else self._number

    def _text_reader(self, first: Sequence[object]) -> Callable[[object], int]:
        try:
            self._iso(first[0])
        except ValueError:
            if self._day_first is None:
                self._day_first = self._order(first)
            self._written(first[0])
            return self._written
        return self._iso

    def _order(self, first: Sequence[object]) -> bool:
        """Whether day comes first: the reading that runs forward in the shorter time is the true one."""
        if re.match(r"\s*\d{1,2}\.", str(first[0])):
            return True
        spans: dict[bool, int] = {}
        for self._day_first in (True, False):
            try:
                times = [self._written(cell) for cell in first]
            except ValueError:
                continue
            if all(a <= b for a, b in pairwise(times)):
                spans[self._day_first] = times[-1] - times[0]
        if not spans:
            raise ValueError(f"'{first[0]}' is no time")
        if len(spans) == 2 and spans[True] == spans[False] and self._ambiguous(first[0]):
            raise ValueError(f"day or month first in '{first[0]}'? say day_first = true or false")
        return min(spans, key=lambda day_first: spans[day_first])

    def _ambiguous(self, cell: object) -> bool:
        readings = set()
        for self._day_first in (True, False):
            readings.add(self._written(cell))
        return len(readings) == 2

    def _relative(self, cell: object) -> int:
        assert self._scale is not None  # noqa: S101 - narrows the type
        return round(float(cell) * self._scale)  # type: ignore[arg-type]

    def _number(self, cell: object) -> int:
        assert self._scale is not None  # noqa: S101 - narrows the type
        return round(Decimal(str(cell).strip()) * self._scale)

    def _iso(self, cell: object) -> int:
        return self._calendar(datetime.fromisoformat(str(cell).strip()))

    def _calendar(self, cell: object) -> int:
        if not isinstance(cell, datetime):
            if not isinstance(cell, date):
                raise ValueError(f"'{cell}' is no time")  # noqa: TRY004 - a bad cell, not a bad call
            cell = datetime(cell.year, cell.month, cell.day, tzinfo=self._zone)
        moment = cell if cell.tzinfo else cell.replace(tzinfo=self._zone)
        return (moment - _EPOCH) // _MICROSECOND * 1000

    def _written(self, cell: object) -> int:
        match = _WRITTEN.fullmatch(str(cell).strip())
        if not match:
            raise ValueError(f"'{cell}' is no time")
        a, b, c, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
        year, month, day = (a, b, c) if len(match[1]) == 4 else (c, b, a) if self._day_first else (c, a, b)
        year += 2000 if year < 100 else 0
        if match[8]:
            hour = hour % 12 + (12 if match[8].lower() == "pm" else 0)
        fraction_ns = int((match[7] or "0").ljust(9, "0"))
        return self._calendar(datetime(year, month, day, hour, minute, second, tzinfo=self._zone)) + fraction_ns


def _scale_by_size(number: Decimal) -> int:
    """Nanoseconds in one unit of an epoch number: seconds, ms, us or ns, whichever puts it in our time."""
    size = abs(number)
    if size < 10**11:
        return NS
    if size < 10**14:
        return NS // 1000
    return 1000 if size < 10**17 else 1
