"""`kizashi env`: how strange each row of a table of readings is, beside all that came before it.

1. `table_files`  paths and folders -> files, in order.
2. `open_table`   a file -> `Table`: the real source, extractor and detector; what tells the time is found.
3. `judge_table`  a table -> the scores of each row with their p-values; memory does not grow with the rows.
4. `judge_all`    prints a line a score, or an `Account` a file; what cannot be read is told, the others still judged.

What is learned, and when, and what `overall` and `onset` are: `rows`.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path

import msgspec

from fusion.assemble import build_sensor, choose_tick_s, engine_settings, typical_step_s
from fusion.baseline.fitting import Sample, fit_detector, stranger_distances
from fusion.commands.inputs import Turn, figure, find_files, take_turns
from fusion.config import Settings
from fusion.engine import EngineSettings
from fusion.recording import LABELS, SCENARIO, Recording, SensorEntry, build_source
from fusion.rows import OVERALL, Judged, RowJudge
from fusion.words import counted, one_in
from sensors.base import Detector, Fittable, Sensor
from sensors.environment.columns import Row, Wishes, read_number, time_columns, titles
from sensors.environment.detectors import EVERY, EnvironmentDetector
from sensors.environment.quantities import quantity_of
from sensors.environment.tables import csv_rows, json_rows, parquet_rows
from sensors.errors import BadInputError
from sensors.files import require_file
from sensors.registry import SUFFIXES
from sensors.types import NS, Score

MOMENTS = 5
"""Strangest moments that a person is shown of a file."""

STEP_S = 1.0
"""Seconds between the rows of a table that tells no time: row n is at n."""

_ROWS = {"environment.csv": csv_rows, "environment.jsonl": json_rows, "environment.parquet": parquet_rows}
_SEARCHED = frozenset(suffix for suffix, kind in SUFFIXES.items() if kind in _ROWS) - {".txt"}
_HEAD = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN_ROWS = 5000


@dataclass(frozen=True, slots=True)
class Table:
    """A table that can be judged: its sensor, how it is learned, and whether its times are dates."""

    sensor: Sensor
    settings: EngineSettings
    dated: bool

    @property
    def behind_ns(self) -> int:
        """How far the time that the table tells of its newest row lies before its event time."""
        set_back = getattr(self.sensor.source, "set_back", None)
        return set_back.behind_ns if set_back else 0


@dataclass(frozen=True, slots=True)
class Teaching:
    """What is declared normal: another table, and the first rows of the one that is judged."""

    table: Table | None = None
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of each table: columns by name, and what of it, or which other table, is normal."""

    value: str | None = None
    time: str | None = None
    learn: Path | None = None
    learn_rows: int = 0

    def teaching(self) -> Teaching:
        """The normal that is told, opened."""
        return Teaching(open_table(self.learn, self.value, self.time) if self.learn else None, self.learn_rows)


@dataclass
class Account:
    """What a person is told of a file; moments closer than `near_ns` are one, the strangest of them.

    How strange a moment is says `overall`; told is the channel of a quantity that was rarest in it.
    """

    near_ns: int
    rows: int = 0
    channels: set[str] = field(default_factory=set)
    moments: list[tuple[float, float, Score]] = field(default_factory=list)

    def add(self, row: Sequence[Judged]) -> None:
        """Take the scores of a row."""
        self.rows += 1
        self.channels.update(judged.score.channel for judged in row)
        raws = (judged.score.raw for judged in row if judged.score.channel.endswith(OVERALL))
        overall = next((raw for raw in raws if raw is not None), None)
        told = [(j.p_value, j.score) for j in row if j.p_value is not None and j.score.value is not None]
        if overall is not None and told:
            p_value, score = min(told, key=lambda one: one[0])
            self._note((-overall, p_value, score))

    def _note(self, moment: tuple[float, float, Score]) -> None:
        if len(self.moments) == MOMENTS and moment[:2] >= self.moments[-1][:2]:
            return
        near = [m for m in self.moments if moment[2].end_ns - m[2].end_ns < self.near_ns]
        if any(m[:2] <= moment[:2] for m in near):
            return
        kept = [m for m in self.moments if m not in near]
        self.moments = sorted([*kept, moment], key=lambda m: (m[0], m[1], m[2].end_ns))[:MOMENTS]


def judge_all(paths: Sequence[Path], as_json: bool, wish: Wish) -> bool:
    """Judge every table and print what is strange in it; true where all could be read to their end."""

    def judge(turn: Turn) -> str | None:
        table, named = open_table(turn.path, wish.value, wish.time), turn.named
        account = Account(table.settings.learn_after_ns)
        for count, row in enumerate(judge_table(table, wish.teaching())):
            if count % _SHOWN_ROWS == 0:
                turn.show(f"row {count:,}")
            if as_json:
                behind_ns = table.behind_ns
                sys.stdout.buffer.writelines(reading_line(one, named, table.dated, behind_ns) for one in row)
            else:
                account.add(row)
        return None if as_json else account_table(turn.path, table, account)

    return take_turns(table_files(paths), judge)


def table_files(paths: Sequence[Path]) -> tuple[list[Path], list[BadInputError]]:
    """Files as given, and tables in folders as given, sorted; and what is wrong with folders without any."""
    return find_files(paths, _is_table, "tables")


def open_table(
    path: Path, value: str | None = None, time: str | None = None, aspects: Collection[str] = EVERY
) -> Table:
    """Open a table; where nothing names the column of time, the one that can only be it, else rows are a second apart.

    `aspects` are those that are learned and told of every quantity.

    Raises
    ------
    BadInputError
        If it is no table, or a column that was named is not there.
    """
    require_file(path)
    kind = SUFFIXES.get(path.suffix.lower())
    if kind not in _ROWS:
        known = " ".join(sorted(suffix for suffix, kind in SUFFIXES.items() if kind in _ROWS))
        what = f"no reader of tables for '{path.suffix or path.name}' files"
        raise BadInputError(what, where=path, mend=f"known are {known}")
    told: dict[str, str | bool] = {"every_row": True}
    if value is not None:
        told["value"] = value
    options = told | ({"time": time} if time is not None else _times_of(path, kind, told))
    sensor = _sensor(path, kind, options)
    dated = _absolute_start_ns(sensor) is not None
    defaults = Settings()
    told_of = replace(sensor, detector=lambda: EnvironmentDetector(sensor.stream, aspects=aspects))
    return Table(told_of, engine_settings(defaults, choose_tick_s(defaults, [sensor])), dated)


def judge_table(table: Table, teaching: Teaching = Teaching()) -> Iterator[list[Judged]]:
    """The scores of each row, in order of time: first scored and ranked, learned when it is old enough.

    Raises
    ------
    BadInputError
        Where a row cannot be read; what came before stands.
    """
    detector = table.sensor.detector()
    judge, sample = RowJudge(detector, table.settings), _sampled(detector, teaching)
    if teaching.table:
        for features in teaching.table.sensor.features():
            judge.judge(features, normal=True)
        judge.taught()
        if not teaching.rows:
            _fit(judge, detector, sample)
    for number, features in enumerate(table.sensor.features()):
        if number == teaching.rows and number:
            judge.taught()
            _fit(judge, detector, sample)
        yield judge.judge(features, normal=number < teaching.rows)


def _sampled(detector: Detector, teaching: Teaching) -> Sample:
    """What the detector will learn of what is declared normal."""
    sample = Sample()
    if (teaching.table or teaching.rows) and isinstance(detector, Fittable):
        detector.on_learned = sample.take
    return sample


def _fit(judge: RowJudge, detector: Detector, sample: Sample) -> None:
    """Fit what can be to all that was declared normal; its past is how strange the parts of that are to each other."""
    if isinstance(detector, Fittable):
        detector.on_learned = None
        fit_detector(detector, sample)
        for name, rows in sample.rows().items():
            judge.know(f"{detector.stream}:{name.rpartition('.')[0]}", stranger_distances(rows))


def reading_line(judged: Judged, named: Mapping[str, str], dated: bool, behind_ns: int = 0) -> bytes:
    """One JSON object, with its line end; the time is the one that the table tells, behind that of the event."""
    score = judged.score
    told = {
        "t": moment(score.end_ns - behind_ns, dated),
        "channel": score.channel,
        "raw": None if score.raw is None else figure(score.raw),
        "p_value": None if judged.p_value is None else figure(judged.p_value),
        "quality": str(judged.quality),
    }
    return msgspec.json.encode({**named, **told}) + b"\n"


def account_table(path: Path, table: Table, account: Account) -> str:
    """Rows, channels and the strangest moments, as a person reads them."""
    rows, channels = (
        f"{account.rows:,} row{'' if account.rows == 1 else 's'}",
        counted(len(account.channels), "channel"),
    )
    left_out = getattr(table.sensor.source, "duplicates", 0)
    more = f", {counted(left_out, 'reading')} of a time that had come before left out" if left_out else ""
    lines = [f"{path}: {rows}, {channels}{more}"]
    if not account.moments:
        lines.append("  too short a past to say what is strange")
    told = [_moment_cells(p_value, score, table.dated) for _, p_value, score in account.moments]
    wide = [max(map(len, column)) for column in zip(*told, strict=True)]
    lines += ["  " + "  ".join(map(str.ljust, cells, wide)).rstrip() for cells in told]
    return "\n".join(lines)


def _moment_cells(p_value: float, score: Score, dated: bool) -> tuple[str, str, str, str]:
    at, unit = moment(score.end_ns, dated), f" {score.unit}" if score.unit else ""
    measured = f"{score.value:.5g}{unit}, usually {score.usual:.5g}{unit}"
    shown = at if isinstance(at, str) else f"{at:.10g} s"
    return shown, score.channel.rpartition(":")[2], measured, one_in(p_value)


def moment(at_ns: int, dated: bool) -> str | float:
    """A time as ISO 8601 in UTC, or as seconds where the table tells no dates."""
    return (_EPOCH + timedelta(microseconds=at_ns // 1000)).isoformat() if dated else at_ns / NS


def _times_of(path: Path, kind: str, told: Mapping[str, str | bool]) -> dict[str, str | float]:
    """The option that says what tells the time; none where the names of the columns say it."""
    with closing(_ROWS[kind](path)) as rows:
        head = [row for _, row in islice(rows, _HEAD)]
    if not head:
        return {}
    try:
        time_columns(head, Wishes(), path)
    except BadInputError:
        known = [title for title in titles(head) if title != told.get("value")]
        for title in known:
            if _may_tell_time(title, title == known[0], head) and _tells_time(path, kind, {**told, "time": title}):
                return {"time": title}
        return {"step_s": STEP_S}
    return {}


def _may_tell_time(title: str, is_first: bool, head: Sequence[Row]) -> bool:
    """Whether a column holds text, which may be dates, or is the first one, of no known quantity, and always rises."""
    cells = [read_number(row.get(title)) for row in head]
    numbers = [cell for cell in cells if cell is not None]
    if not numbers:
        return True
    rises = len(numbers) == len(cells) > 1 and all(a < b for a, b in pairwise(numbers))
    return is_first and rises and quantity_of(title)[0] is None


def _tells_time(path: Path, kind: str, options: Mapping[str, str | bool]) -> bool:
    """Whether the first rows can be read with these options."""
    try:
        typical_step_s(_sensor(path, kind, options).source)
    except BadInputError:
        return False
    return True


def _sensor(path: Path, kind: str, options: Mapping[str, str | float | bool]) -> Sensor:
    entry = SensorEntry(f"{path.stem.replace(':', '_')}/air", kind, path, 0.0, options)
    return build_sensor(build_source(entry, Recording(path.stem, 0, False, 0, None, (entry,))))


def _absolute_start_ns(sensor: Sensor) -> int | None:
    look = getattr(sensor.source, "absolute_start_ns", None)
    return look() if look else None


def _is_table(file: Path) -> bool:
    """Whether a file in a folder is meant: text may be anything, and labels are no readings."""
    if file.suffix.lower() not in _SEARCHED or not file.is_file():
        return False
    return file.name != LABELS or not (file.parent / SCENARIO).is_file()
