"""Sources of readings: `CsvSource`, `JsonLinesSource`, `ParquetSource`; each yields chunks of one row.

Absolute times in a file (ISO 8601, dates, epoch) are event times themselves: `start_ns` is not added to them, only
`shift_s`, by which the sensor's clock was behind. Relative times (`t_s`) count from `start_ns`.

Why a column of text is passed over but one bad cell is an error: notes and labels are common and harmless, but a cell
that is suddenly no number means that the file is damaged, and a guess would be scored as if it had been measured.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from itertools import chain, islice, pairwise
from pathlib import Path
from statistics import median

import numpy as np

from sensors.environment.columns import Row, Wishes, long_columns, time_columns
from sensors.environment.forms import LongForm, Timed, WideForm
from sensors.environment.order import SetBack, cell_of, in_order, stepped
from sensors.environment.tables import Rows, csv_rows, json_rows, parquet_rows
from sensors.environment.times import Times
from sensors.errors import BadInputError
from sensors.files import require_file
from sensors.types import NS, Chunk, Modality

_HEAD = 50


class TableSource:
    """Readings from a table, long (`time, quantity, value`) or wide.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    path : Path
        The table.
    start_ns : int
        Event time of 0 seconds, nanoseconds UTC; for relative times only.
    time : str or sequence of str, optional
        The time column, or date and time columns.
    value, quantity : str, optional
        Columns of a long table; `value` alone names the one column (or the columns) to read of a wide one.
    units : str or mapping of str to str, optional
        Unit of the values, or of each column or quantity.
    utc_offset_s : int
        Offset of local time from UTC, seconds, for times that tell none.
    ignore : sequence of str
        Columns or quantities to leave out, for instance labels.
    day_first : bool, optional
        Whether 03/04 is the 3rd of April.
    step_s : float, optional
        Seconds between rows, > 0, for a table that tells no times: row n lies n * step_s after the start.
    shift_s : float
        Added to absolute times, seconds.
    every_row : bool
        Of a wide table, give every row: one whose time had come before without its values, and those that a local clock
        wrote again when it was set back a nanosecond after each other.

    Attributes
    ----------
    duplicates : int
        Readings left out because one of the same time had come before; counted anew by each reading.
    repaired : int
        Values left out because nothing can measure them: infinite, or beyond 1e30; counted likewise.
    set_back : SetBack
        How far the time that the file tells of the newest row lies before its event time.
    """

    modality = Modality.ENVIRONMENT

    def __init__(
        self, stream: str, path: Path, start_ns: int, *,
        time: str | Sequence[str] | None = None, value: str | Sequence[str] | None = None, quantity: str | None = None,
        units: str | Mapping[str, str] | None = None, utc_offset_s: int = 0, ignore: Sequence[str] = (),
        day_first: bool | None = None, step_s: float | None = None, shift_s: float = 0.0, every_row: bool = False,
    ) -> None:  # fmt: skip
        self.stream = stream
        self.duplicates = self.repaired = 0
        self._path, self._start_ns, self._shift_ns = path, start_ns, round(shift_s * NS)
        self._utc_offset_s, self._day_first, self._step_s = utc_offset_s, day_first, step_s
        self.set_back = SetBack()
        self._every_row = every_row
        told = {"": units} if isinstance(units, str) else dict(units or {})
        left_out = frozenset([ignore] if isinstance(ignore, str) else ignore)
        self._wishes = Wishes(_several(time), _several(value), quantity, told, left_out)

    def chunks(self) -> Generator[Chunk, None, None]:
        """Open, read to the end, close; rows in order of time.

        Raises
        ------
        BadInputError
            If there is no time or no number, a cell is damaged, or times run backwards; line and column are named.
        """
        require_file(self._path)
        with closing(self._rows()) as rows:
            head = list(islice(rows, _HEAD))
            if not head:
                raise BadInputError("no rows", where=self._path, mend="record it again, or leave the sensor out")
            timed, form = self._timed(head, chain(head, rows))
            for seq, (time_ns, names, values) in enumerate(form.readings(timed)):
                data = np.array([values], np.float64)
                data.flags.writeable = False
                yield Chunk(self.stream, seq, time_ns, 0.0, data, names)
                self.duplicates, self.repaired = form.duplicates, form.repaired

    def typical_step_s(self) -> float | None:
        """Median distance of the first rows, seconds; None where fewer than two times are there."""
        times = self._first_times()
        return median(b - a for a, b in pairwise(times)) / NS if len(times) > 1 else None

    def absolute_start_ns(self) -> int | None:
        """Event time of the first row, nanoseconds UTC, where the file tells it itself; else None."""
        require_file(self._path)
        with closing(self._rows()) as rows:
            head = list(islice(rows, _HEAD))
        if not head or self._step_s is not None:
            return None
        columns = time_columns([row for _, row in head], self._wishes, self._path)
        times = self._times(columns, head)
        first, *_ = in_order(head, times, columns, self._path, SetBack() if self._every_row else None)
        return first[1] if times.absolute else None

    def _first_times(self) -> list[int]:
        with closing(self.chunks()) as chunks:
            return [chunk.start_ns for chunk in islice(chunks, _HEAD)]

    def _timed(self, head: list[tuple[int, Row]], rows: Iterable[tuple[int, Row]]) -> tuple[Timed, LongForm | WideForm]:
        """The rows with their times, and the form that reads them."""
        first = [row for _, row in head]
        columns = self._time_columns(first)
        pair = long_columns(first, self._wishes, self._path)
        form: LongForm | WideForm
        if pair:
            form = LongForm(*pair, self._wishes, self._path)
        else:
            form = WideForm(first, columns, self._wishes, self._path, self._every_row)
        if self._step_s is not None:
            return stepped(rows, self._start_ns, self._step_s), form
        follow = self.set_back if self._every_row and isinstance(form, WideForm) else None
        return in_order(rows, self._times(columns, head), columns, self._path, follow), form

    def _time_columns(self, first: Sequence[Row]) -> tuple[str, ...]:
        """The columns of time; none where rows come in steps and no column says otherwise."""
        if self._step_s is None:
            return time_columns(first, self._wishes, self._path)
        if self._wishes.time:
            what, mend = "both 'time' and 'step_s' are told", "give one of them"
            raise BadInputError(what, where=self._path, mend=mend)
        with suppress(BadInputError):
            return time_columns(first, self._wishes, self._path)
        return ()

    def _times(self, columns: tuple[str, ...], head: list[tuple[int, Row]]) -> Times:
        told = [cell for _, row in head if (cell := cell_of(row, columns)) not in (None, "")]
        name = columns[0]
        try:
            if not told:
                raise ValueError("no times")
            return Times(name, told, self._start_ns, self._shift_ns, self._utc_offset_s, self._day_first)
        except ValueError as error:
            mend = 'name the right column with time = "...", or write times as ISO 8601'
            where = f"{self._path}, line {head[0][0]}, column '{name}'"
            raise BadInputError(str(error), where=where, mend=mend) from error

    def _rows(self) -> Rows:
        raise NotImplementedError


class CsvSource(TableSource):
    """Readings from delimited text.

    Columns of text are passed over, and so are columns of labels, unless `value` names them: "label", "labels",
    "anomaly", "changepoint", "is_anomaly", "att_flag", "fire alarm", "class", "target", "ground_truth".
    """

    def _rows(self) -> Rows:
        return csv_rows(self._path)


class JsonLinesSource(TableSource):
    """Readings from one JSON object a line."""

    def _rows(self) -> Rows:
        return json_rows(self._path)


class ParquetSource(TableSource):
    """Readings from a Parquet file."""

    def _rows(self) -> Rows:
        return parquet_rows(self._path)


def _several(names: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if names is None else (names,) if isinstance(names, str) else tuple(names)
