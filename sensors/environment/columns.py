"""Finds what each column of a table is: time, quantity, value, readings, or nothing of ours."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sensors.environment.quantities import documented_name, quantity_of, require_unit
from sensors.errors import BadInputError

Row = Mapping[str, Any]

NAN = float("nan")
_TIMES = (
    "t_s", "time", "timestamp", "datetime", "date_time", "date", "ts", "epoch", "utc", "unix", "unix_time", "t",
    "last_changed", "last_updated", "recorded_at", "measured_at", "created_at", "elapsed", "seconds", "localtime",
)  # fmt: skip
_QUANTITIES = ("quantity", "metric", "variable", "measurement", "parameter", "entity_id", "sensor")
_VALUES = ("value", "reading", "state")
_NOTHING = frozenset({"", "-", "--", "nan", "na", "n/a", "null", "none", "unknown", "unavailable", "missing"})
LABELS = frozenset("label labels anomaly changepoint is_anomaly att_flag fire_alarm class target ground_truth".split())
"""Columns that tell what happened, as people or a simulation knew it afterwards."""

_WORDS = {
    **dict.fromkeys(("on", "true", "yes", "open", "opened", "detected", "occupied", "wet", "motion"), 1.0),
    **dict.fromkeys(("off", "false", "no", "closed", "clear", "dry", "none"), 0.0),
}


def read_number(cell: object, *, binary: bool = False) -> float | None:
    """Value of a cell, perhaps infinite: NaN where it says that there is none, None where it is no number."""
    if isinstance(cell, str):
        text = cell.strip().lower()
        if text in _NOTHING:
            return NAN
        if binary and text in _WORDS:
            return _WORDS[text]
        try:
            value = float(text)
        except ValueError:
            return None
        return None if "_" in text else value
    if cell is None:
        return NAN
    try:
        value = float(cell)  # type: ignore[arg-type]
    except OverflowError:
        return math.inf
    except (TypeError, ValueError):
        return None
    return value


@dataclass(frozen=True, slots=True)
class Column:
    """A column of readings: its name after conversion, and how to convert."""

    name: str
    binary: bool
    factor: float
    offset: float

    @classmethod
    def of(cls, title: str, unit: str, where: object) -> Column:
        """The column of that title; `unit` is told from outside, or empty."""
        require_unit(title, unit, where)
        quantity, factor, offset = quantity_of(title, unit)
        return cls(documented_name(title, unit), bool(quantity and quantity.binary), factor, offset)

    def read(self, cell: object) -> float | None:
        """Value in the documented unit; NaN where there is none, None where the cell is no number."""
        value = read_number(cell, binary=self.binary)
        return None if value is None else value * self.factor + self.offset


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the scenario file says about a table's columns."""

    time: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    quantity: str | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()

    def passes_over(self, title: str) -> bool:
        """Whether a column is left out: as told, or because it holds labels, which nothing may learn from."""
        plain = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
        return title in self.ignore or (plain in LABELS and title not in self.values)

    def unit(self, title: str) -> str:
        """Unit told for a column or quantity; "" where none is."""
        return self.units.get(title, self.units.get("", ""))


def titles(rows: Iterable[Row]) -> list[str]:
    """All column titles in these rows, in order of appearance."""
    return list(dict.fromkeys(title for row in rows for title in row if title.strip()))


def time_columns(rows: Sequence[Row], wishes: Wishes, where: object) -> tuple[str, ...]:
    """The column, or the pair of date and time, that tells the time.

    Raises
    ------
    BadInputError
        If there is none, or the one that was named is missing.
    """
    known = titles(rows)
    listed = ", ".join(known) or "none"
    if wishes.time:
        for title in wishes.time:
            if title not in known:
                raise BadInputError(f"no column '{title}'", where=where, mend=f"its columns are {listed}")
        return wishes.time
    plain = {re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_"): title for title in reversed(known)}
    if "date" in plain and "time" in plain and ":" not in str(rows[0].get(plain["date"])):
        return plain["date"], plain["time"]
    for name in _TIMES:
        if name in plain:
            return (plain[name],)
    for name, title in reversed(plain.items()):
        if re.fullmatch(rf"({'|'.join(_TIMES)}|datetime)_(s|sec|seconds|ms|us|ns|utc|local)", name):
            return (title,)
    named = 'name one with time = "...", or give the seconds between rows with step_s = 60, in scenario.toml'
    mend = f"its columns are {listed}; {named}"
    raise BadInputError("no time column", where=where, mend=mend)


def long_columns(rows: Sequence[Row], wishes: Wishes, where: object) -> tuple[str, str] | None:
    """The columns of quantity and value of a table in long form; None where it is wide.

    Raises
    ------
    BadInputError
        If one that was named is missing.
    """
    known = titles(rows)
    for title in (wishes.quantity, *wishes.values):
        if title is not None and title not in known:
            raise BadInputError(f"no column '{title}'", where=where, mend=f"its columns are {', '.join(known)}")
    lower = {title.lower(): title for title in reversed(known)}
    quantity = wishes.quantity or next((lower[name] for name in _QUANTITIES if name in lower), None)
    value = wishes.values[0] if wishes.values else next((lower[name] for name in _VALUES if name in lower), None)
    return (quantity, value) if quantity and value and len(wishes.values) < 2 else None


def is_reading(title: str, cells: Iterable[object], unit: str) -> bool:
    """Whether a column holds readings: some number, or nothing yet under a name that we know."""
    quantity, _, _ = quantity_of(title, unit)
    values = [read_number(cell, binary=bool(quantity and quantity.binary)) for cell in cells]
    if any(value is not None and not math.isnan(value) for value in values):
        return True
    return quantity is not None and None not in values


def reading_columns(rows: Sequence[Row], used: Iterable[str], wishes: Wishes, where: object) -> dict[str, Column]:
    """The columns of readings of a table in wide form, by title.

    Raises
    ------
    BadInputError
        If there is none.
    """
    used = set(used)
    chosen = wishes.values or tuple(t for t in titles(rows) if t not in used and not wishes.passes_over(t))
    found: dict[str, Column] = {}
    taken: set[str] = set()
    for title in chosen:
        unit = wishes.unit(title)
        if is_reading(title, (row.get(title) for row in rows), unit):
            found[title] = distinct(Column.of(title, unit, where), taken)
            taken.add(found[title].name)
    if not found:
        mend = f"its columns are {', '.join(titles(rows))}; at least one must hold numbers"
        raise BadInputError("no column of numbers", where=where, mend=mend)
    return found


def distinct(column: Column, taken: Iterable[str]) -> Column:
    """The column under a name that is not taken."""
    name, number = column.name, 2
    names = set(taken)
    while name in names:
        name, number = f"{column.name}_{number}", number + 1
    return Column(name, column.binary, column.factor, column.offset)
