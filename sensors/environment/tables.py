"""Reads tables row by row: CSV, JSON lines, Parquet; each row with its line number, never the whole file."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

from sensors.environment.columns import Row
from sensors.errors import BadInputError

Rows = Generator[tuple[int, Row], None, None]

_DELIMITERS = "\t;,|"
_PEEK_BYTES = 65_536
_PADDING = " ,;\t"
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d*,\d+(?:[eE][-+]?\d+)?\s*")


def csv_rows(path: Path) -> Rows:
    """Rows of a delimited text file with a header; delimiter, decimal comma and encoding are found out.

    Raises
    ------
    BadInputError
        If it is not text, has no header, or a row has more cells than the header.
    """
    with path.open(encoding=_encoding(path), errors="replace", newline="") as file:
        lines = _Lines(file)
        header = Header.of(_heading(lines))
        if not any(header.names):
            raise BadInputError("no header", where=path, mend="the first line must name the columns")
        if header.is_data:
            raise BadInputError(
                "no header line? the first line is all numbers",
                where=f"{path}, line {lines.number}",
                mend="the first line must name the columns",
            )
        reader = csv.reader(lines, delimiter=header.delimiter)
        try:
            head = [(lines.number, cells) for cells in islice(reader, 50)]
            header = header.beside([cells for _, cells in head])
            for line, cells in chain(head, ((lines.number, cells) for cells in reader)):
                if not any(cell.strip(_PADDING) for cell in cells):
                    continue
                row = header.row(cells)
                if row is None:
                    what = f"{len(cells)} cells under {len(header.names)} columns"
                    raise BadInputError(what, where=f"{path}, line {line}", mend="mend or remove the line")
                yield line, row
        except csv.Error as error:
            raise BadInputError(
                f"{error}", where=f"{path}, line {lines.number}", mend="mend the quotes there"
            ) from error


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a delimited table: its delimiter, and the columns' names."""

    delimiter: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, line: str) -> Header:
        """The header that a line is; its delimiter is the one that makes most cells.

        Raises
        ------
        csv.Error
            If its quotes are broken.
        """
        delimiter = max(_DELIMITERS, key=lambda mark: len(next(csv.reader([line], delimiter=mark), [])))
        return cls(delimiter, tuple(_distinct(next(csv.reader([line], delimiter=delimiter), []))))

    @property
    def is_data(self) -> bool:
        """Whether it looks as if it were the first row of a table without a header."""
        return all(_is_datum(name) for name in self.names if name)

    @property
    def has_data(self) -> bool:
        """Whether one of its names at least is rather a number, a date or a time."""
        return any(_is_datum(name) for name in self.names if name)

    def beside(self, rows: Sequence[Sequence[str]]) -> Header:
        """The header with a nameless column in front, where all rows have one cell more than it names."""
        wide = [cells for cells in rows if cells]
        extra = all(len(cells) == len(self.names) + 1 for cells in wide) and any(cells[-1].strip() for cells in wide)
        return Header(self.delimiter, ("", *self.names)) if extra else self

    def row(self, cells: Sequence[str]) -> Row | None:
        """Cells by name, decimal commas made points; None where there are more cells than names."""
        if any(cell.strip(_PADDING) for cell in cells[len(self.names) :]):
            return None
        plain = cells if self.delimiter == "," else [_point(cell) for cell in cells]
        return dict(zip_longest(self.names, plain[: len(self.names)], fillvalue=""))


class _Lines:
    """Lines of a file, counted."""

    def __init__(self, file: Iterator[str]) -> None:
        self._file, self.number = file, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._file)
        self.number += 1
        return line


def _heading(lines: Iterator[str]) -> str:
    return next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")


def _point(cell: str) -> str:
    return cell.replace(",", ".") if "," in cell and _DECIMAL_COMMA.fullmatch(cell) else cell


def _is_datum(title: str) -> bool:
    """Whether a title is a number, a date or a time: as if the first row stood where the header should."""
    number = re.sub(r" #\d+$", "", title).replace(",", ".")
    return re.fullmatch(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?|[\d:./-]+(?:[ T][\d:.]+(?:Z|[-+][\d:]+)?)?", number) is not None


def _distinct(header: Sequence[str]) -> list[str]:
    names: list[str] = []
    for title in (cell.strip(_PADDING) for cell in header):
        again = sum(1 for name in names if name == title)
        names.append(f"{title} #{again + 1}" if title and again else title)
    while names and not names[-1]:
        names.pop()
    return names


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_PEEK_BYTES)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\0" in head:
        raise BadInputError("this is no text", where=path, mend="give a CSV file, or say its true kind")
    try:
        head[: head.rfind(b"\n") + 1 or None].decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def json_rows(path: Path) -> Rows:
    """Rows of a file with one JSON object a line.

    Raises
    ------
    BadInputError
        If a line is something else.
    """
    with path.open("rb") as file:
        for line, raw in enumerate(file, 1):
            text = raw.removeprefix(b"\xef\xbb\xbf").strip()
            if not text:
                continue
            try:
                row = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise BadInputError(
                    "this is no JSON", where=f"{path}, line {line}", mend="mend or remove the line"
                ) from error
            if not isinstance(row, dict):
                raise BadInputError(
                    "this is no JSON object", where=f"{path}, line {line}", mend="write one object a line"
                )
            yield line, row


def parquet_rows(path: Path) -> Rows:
    """Rows of a Parquet file, a small batch at a time.

    Raises
    ------
    BadInputError
        If it is no Parquet file, or broken.
    """
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    try:
        with path.open("rb") as file, pq.ParquetFile(file) as table:
            number = 0
            for batch in table.iter_batches(batch_size=512, use_threads=False):
                for row in _plain_times(batch).to_pylist():
                    number += 1
                    yield number, row
    except (pa.ArrowException, OSError) as error:
        what = f"this Parquet file cannot be read ({str(error).splitlines()[0]})"
        raise BadInputError(what, where=path, mend="write it again, or give CSV") from error


def _plain_times(batch: Any) -> Any:
    """The batch with times in microseconds: finer ones have no Python type."""
    import pyarrow as pa

    fields = [
        field.with_type(pa.timestamp("us", field.type.tz)) if pa.types.is_timestamp(field.type) else field
        for field in batch.schema
    ]
    columns = [column.cast(field.type, safe=False) for column, field in zip(batch.columns, fields, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))
