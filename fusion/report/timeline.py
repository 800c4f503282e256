"""A replay's verdicts of any length, read once, into a bounded number of columns.

Why columns double in width as time goes on: the length of a recording need not be known beforehand, memory stays the
same for a minute and a month, and a spike of one tick survives, since a column keeps the strangest of its ticks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusion.language.english import ENGLISH
from fusion.language.texts import Texts
from fusion.records import IncidentLine, VerdictLine, rank_incidents, read_lines
from sensors.errors import BadInputError
from sensors.types import NS

COLUMNS = 2048
FIRST_WIDTH_NS = NS // 10
MOST_REASONS = 6
LEARNING = ("warming", "learning", "nothing yet")
"""How the reasons of sensors begin that are there and still have too short a past."""


def why_unjudged(reasons: Iterable[str], texts: Texts = ENGLISH) -> str:
    """Why no moment could be judged, from the reasons for which sensors took no part."""
    told = set(reasons)
    if told and not any(reason.startswith(LEARNING[:2]) for reason in told):
        return texts.console.no_sensor
    return texts.console.too_short


@dataclass(frozen=True, slots=True)
class Absence:
    """How long, over the whole recording, one sensor took no part, or was suspected, for one reason."""

    stream: str
    reason: str
    seconds: float
    suspected: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """What a replay said, column by column.

    Attributes
    ----------
    start_ns : int
        Event time of the left edge of the first column, nanoseconds UTC.
    column_s : float
        Width of a column, seconds.
    per_day : ndarray (n,) float64
        The rarest verdict of each column, times a day; NaN where nothing was said.
    surprise : mapping of sense to ndarray (n,) float64
        The largest -log10 of the sense's p-value, >= 0; NaN where the sense was absent.
    missing : mapping of stream to ndarray (n,) float64
        Share of the column's ticks in which the sensor took no part, in [0, 1]; warming up is not counted.
    silent : ndarray (n,) float64
        Share of the column's ticks without a rate: warming up, or nobody there; in [0, 1].
    heard_s : float
        From `start_ns` to the end of the last tick, seconds.
    warming_s, blind_s : float
        Time without a rate before the first one, and after it, seconds.
    absences : tuple of Absence
        Longest first, warming up included, and suspicions of sensors that did take part.
    strangest : VerdictLine or None
        The rarest verdict; None where none has a rate.
    incidents : tuple of IncidentLine
        Gravest first.
    """

    start_ns: int
    column_s: float
    per_day: NDArray[np.float64]
    surprise: Mapping[str, NDArray[np.float64]]
    missing: Mapping[str, NDArray[np.float64]]
    silent: NDArray[np.float64]
    heard_s: float
    warming_s: float
    blind_s: float
    absences: tuple[Absence, ...]
    strangest: VerdictLine | None
    incidents: tuple[IncidentLine, ...]

    @property
    def strange(self) -> tuple[IncidentLine, ...]:
        """Incidents that Kizashi judged itself; those of the user's rules say nothing of how well it judges."""
        return tuple(incident for incident in self.incidents if not incident.rule)

    @property
    def edges_s(self) -> NDArray[np.float64]:
        """Left edges of the columns and the right edge of the last, seconds since `start_ns`; shape (n + 1,)."""
        return np.arange(len(self.per_day) + 1, dtype=np.float64) * np.float64(self.column_s)


class _Series:
    """One value a column; neighbours are joined when columns double."""

    def __init__(self, columns: int, empty: float, join: Callable[[float, float], float]) -> None:
        self.values = [empty] * columns
        self.empty, self.join = empty, join

    def put(self, column: int, value: float) -> None:
        self.values[column] = self.join(self.values[column], value)

    def fold(self) -> None:
        pairs = zip(self.values[::2], self.values[1::2], strict=True)
        half = [self.join(left, right) for left, right in pairs]
        self.values = half + [self.empty] * (len(self.values) - len(half))

    def array(self, columns: int) -> NDArray[np.float64]:
        values = np.array(self.values[:columns])
        values[np.isinf(values)] = math.nan
        return values


class _Columns:
    """Gathers verdicts; `add` takes them one by one."""

    def __init__(self, start_ns: int, columns: int) -> None:
        self.start_ns, self.columns, self.width_ns = start_ns, columns, FIRST_WIDTH_NS
        self.per_day = _Series(columns, math.inf, min)
        self.ticks = _Series(columns, 0.0, float.__add__)
        self.silent = _Series(columns, 0.0, float.__add__)
        self.surprise: dict[str, _Series] = {}
        self.missing: dict[str, _Series] = {}
        self.reasons: dict[tuple[str, bool], dict[str, int]] = {}
        self.count = self.warming = self.blind = self.used = 0
        self.first_ns = self.last_ns = start_ns
        self.strangest: VerdictLine | None = None

    def add(self, line: VerdictLine) -> None:
        self.first_ns = self.first_ns if self.count else line.at_ns
        self.last_ns = line.at_ns
        column = self._column(line.at_ns)
        self.count += 1
        self.ticks.put(column, 1.0)
        if line.per_day is None:
            self.silent.put(column, 1.0)
            if self.strangest is None:
                self.warming += 1
            else:
                self.blind += 1
        else:
            self.per_day.put(column, line.per_day)
            if self.strangest is None or line.per_day < (self.strangest.per_day or 0.0):
                self.strangest = line
        for sense, part in line.senses.items():
            if part.p_value is not None:
                # A p-value of 0 cannot be, but a file may hold one; the smallest float stands in for it.
                strange = max(0.0, -math.log10(max(part.p_value, 5e-324)))
                self._series(self.surprise, sense, -math.inf, max).put(column, strange)
        for stream, reason in line.missing.items():
            self._note_absence(stream, reason)
            if not reason.startswith(LEARNING):
                self._series(self.missing, stream, 0.0, float.__add__).put(column, 1.0)
        for stream, reason in (line.suspected or {}).items():
            self._note_absence(stream, reason, suspected=True)

    def _column(self, at_ns: int) -> int:
        column = (at_ns - self.start_ns) // self.width_ns
        while column >= self.columns:
            for series in (self.per_day, self.ticks, self.silent, *self.surprise.values(), *self.missing.values()):
                series.fold()
            self.width_ns *= 2
            self.used = (self.used + 1) // 2
            column = (at_ns - self.start_ns) // self.width_ns
        self.used = max(self.used, column + 1)
        return column

    def _series(self, into: dict[str, _Series], name: str, empty: float, join: Callable[..., float]) -> _Series:
        if name not in into:
            into[name] = _Series(self.columns, empty, join)
        return into[name]

    def _note_absence(self, stream: str, reason: str, suspected: bool = False) -> None:
        reasons = self.reasons.setdefault((stream, suspected), {})
        if reason not in reasons and len(reasons) >= MOST_REASONS:
            reason = "other reasons"
        reasons[reason] = reasons.get(reason, 0) + 1

    def timeline(self, incidents: tuple[IncidentLine, ...]) -> Timeline:
        used = max(1, self.used)
        tick_s = (self.last_ns - self.first_ns) / (self.count - 1) / NS if self.count > 1 else FIRST_WIDTH_NS / NS
        ticks = np.maximum(1.0, self.ticks.array(used))
        absences = (
            Absence(stream, reason, count * tick_s, suspected)
            for (stream, suspected), reasons in self.reasons.items()
            for reason, count in reasons.items()
        )
        return Timeline(
            start_ns=self.start_ns,
            column_s=self.width_ns / NS,
            per_day=self.per_day.array(used),
            surprise={sense: series.array(used) for sense, series in sorted(self.surprise.items())},
            missing={stream: series.array(used) / ticks for stream, series in sorted(self.missing.items())},
            silent=self.silent.array(used) / ticks,
            heard_s=(self.last_ns - self.start_ns) / NS + tick_s if self.count else 0.0,
            warming_s=self.warming * tick_s,
            blind_s=self.blind * tick_s,
            absences=tuple(sorted(absences, key=lambda a: (-a.seconds, a.stream, a.reason))),
            strangest=self.strangest,
            incidents=incidents,
        )


def read_timeline(verdicts: Path, incidents: Path, *, start_ns: int, columns: int = COLUMNS) -> Timeline:
    """Read what a replay wrote; `start_ns` is the recording's, `columns` an even number."""
    gathered: _Columns | None = None
    last_ns = 0
    for line in read_lines(verdicts, VerdictLine):
        if gathered is None:
            gathered = _Columns(min(start_ns, line.at_ns), columns)
        elif line.at_ns < last_ns:
            raise BadInputError("verdicts run backwards", where=verdicts, mend="replay the recording again")
        last_ns = line.at_ns
        gathered.add(line)
    gathered = gathered or _Columns(start_ns, columns)
    return gathered.timeline(rank_incidents(read_lines(incidents, IncidentLine)))
