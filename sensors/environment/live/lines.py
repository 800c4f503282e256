"""Bytes -> whole lines, bounded; and a line of text -> readings, in three forms: a pattern, columns, pairs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from sensors.environment.live.reading import Complaint, Reading
from sensors.environment.units import UNIT_WORDS, plain
from sensors.errors import BadInputError

Parse: TypeAlias = Callable[[str], tuple[Reading, ...] | None]
"""Readings of a line; None where it does not fit."""

_PAIRS = re.compile(
    r"(?P<name>[^\W\d][\w.-]*)\s*[:=]\s*"
    r"(?P<value>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\d.])|(?i:on|off|true|false|open|closed|nan)\b)"
    r"\s*(?P<unit>[^\s\d=:,;]+)?(?=[\s,;]|$)"
)
_BETWEEN = re.compile(r"\s*[,;\t|]\s*|\s+")


class LineCutter:
    """Cuts what arrives into lines; what has no end yet waits.

    Parameters
    ----------
    limit : int
        Longest line, bytes; what is longer is left out, whole.
    skip_first : bool
        Leave out all up to the first end of a line. Why: whoever begins to listen in the middle of "21.5" would take
        it for 1.5.
    """

    def __init__(self, limit: int, *, skip_first: bool = False) -> None:
        self._limit, self._skipping = limit, skip_first
        self._rest = b""
        self._too_long = False

    @property
    def waits(self) -> bool:
        """Whether a part of a line waits for its end."""
        return bool(self._rest) or self._too_long

    def cut(self, data: bytes) -> Iterator[str | Complaint]:
        """Lines that are whole now, without their ends, none empty."""
        *whole, self._rest = re.split(rb"[\r\n]+", self._rest + data)
        for line in whole:
            if self._skipping or self._too_long:
                self._skipping = self._too_long = False
                continue
            if len(line) > self._limit:
                yield Complaint("a line that is too long")
            elif line.strip():
                yield _text(line)
        if len(self._rest) > self._limit:
            if not (self._too_long or self._skipping):
                yield Complaint("a line that is too long")
            self._too_long, self._rest = True, b""


def _text(line: bytes) -> str | Complaint:
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Complaint("no text")
    return Complaint("no text") if "\0" in text else text.strip()


def parser(pattern: str | None, columns: Sequence[str] | None, where: str) -> Parse:
    """How to read a line: by a pattern, by columns, or as pairs like "temperature=21.5 C, humidity: 40 %".

    Parameters
    ----------
    pattern : str or None
        Regular expression, searched for in each line. Its groups are named as the quantities are; or they are "name",
        "value" and perhaps "unit", and it is searched for again and again.
    columns : sequence of str or None
        Names of cells that stand between commas, semicolons, tabs, bars or spaces; "" for one to leave out.
    where : str
        Who wants to know, for errors.

    Raises
    ------
    BadInputError
        If both are given, the pattern is none or names nothing, or a name stands twice.
    """
    if pattern is not None and columns is not None:
        raise BadInputError("both 'pattern' and 'columns' are told", where=where, mend="give one of them")
    if columns is not None:
        return _by_columns(columns, where)
    return _by_pattern(pattern, where) if pattern is not None else _pairs


def _by_pattern(pattern: str, where: str) -> Parse:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        what = f"this pattern cannot be read ({error})"
        raise BadInputError(what, where=where, mend="mend the regular expression") from error
    groups = frozenset(compiled.groupindex)
    mend = "name its groups: 'T=(?P<temperature>[-0-9.]+)'"
    if not groups:
        raise BadInputError("this pattern names nothing", where=where, mend=mend)
    if "value" in groups and "name" in groups:
        return lambda line: tuple(map(_pair, compiled.finditer(line))) or None

    def parse(line: str) -> tuple[Reading, ...] | None:
        match = compiled.search(line)
        return tuple(Reading(name, cell) for name, cell in match.groupdict().items()) if match else None

    return parse


def _by_columns(columns: Sequence[str], where: str) -> Parse:
    named = [name for name in columns if name]
    if isinstance(columns, str) or not named or len(set(named)) < len(named):
        mend = 'give columns = ["temperature", "humidity"]'
        raise BadInputError("columns must be different names, at least one", where=where, mend=mend)

    def parse(line: str) -> tuple[Reading, ...] | None:
        cells = _BETWEEN.split(line)
        if len(cells) != len(columns):
            return None
        return tuple(Reading(name, cell) for name, cell in zip(columns, cells, strict=True) if name)

    return parse


def _pairs(line: str) -> tuple[Reading, ...] | None:
    return tuple(map(_pair, _PAIRS.finditer(line))) or None


def _pair(match: re.Match[str]) -> Reading:
    told = match.groupdict()
    unit = told.get("unit") or ""
    return Reading(told["name"] or "", told["value"], unit if plain(unit) in UNIT_WORDS else "")
