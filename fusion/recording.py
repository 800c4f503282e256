"""Recorded streams: a folder with `scenario.toml`, or any ordinary single file.

Why a look into a table when the start is unknown: tables often tell absolute times, media files hardly ever do. With
the start of the table the recording has its true dates; without it, it would begin at the epoch and say so.
"""

from __future__ import annotations

import csv
import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fusion.strict_toml import number_within, read_toml, require_known, text
from sensors.audio.decoding import has_sound
from sensors.base import Source
from sensors.errors import BadInputError
from sensors.files import require_file
from sensors.registry import SUFFIXES, source_class
from sensors.types import NS, Modality

SCENARIO = "scenario.toml"
LABELS = "labels.csv"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 86_400.0
_LONGEST_S = 366 * _DAY_S


@dataclass(frozen=True, slots=True)
class Label:
    """One true event.

    Attributes
    ----------
    start_s, end_s : float
        Seconds since the start of the recording.
    kind : str
        What happened: "break_in".
    modalities : tuple of str
        Senses that can notice it; empty where unknown.
    """

    start_s: float
    end_s: float
    kind: str = ""
    modalities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SensorEntry:
    """One sensor of a recording.

    Attributes
    ----------
    id : str
        "hall/mic".
    kind : str
        Kind of source, as `sensors.registry` knows it: "audio.file".
    path : Path
        The media or data file.
    offset_s : float
        Its media time 0 in seconds since the start of the recording.
    options : mapping
        Further keyword arguments of the source.
    """

    id: str
    kind: str
    path: Path
    offset_s: float = 0.0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording, described; nothing of its media has been read.

    Attributes
    ----------
    name : str
        For people.
    start_ns : int
        Event time of its start, nanoseconds UTC.
    start_known : bool
        False where the recording tells no start and it was put at the epoch.
    utc_offset_s : int
        Offset of local time from UTC at the place, seconds: for showing times.
    seconds : float or None
        Length, where the recording tells it.
    sensors : tuple of SensorEntry
        At least one.
    labels : tuple of Label
        True events in order of start; None where the recording has no labels at all.
    tick_s : float or None
        Seconds between verdicts, where a live run was recorded.
    arrivals : Path or None
        In which order that run heard what, see `fusion.live.journal`.
    """

    name: str
    start_ns: int
    start_known: bool
    utc_offset_s: int
    seconds: float | None
    sensors: tuple[SensorEntry, ...]
    labels: tuple[Label, ...] | None = None
    tick_s: float | None = None
    arrivals: Path | None = None


_TOP = frozenset({"name", "start", "seconds", "composed", "about", "labels", "sensors", "tick_s", "arrivals"})
_ENTRY = frozenset({"id", "kind", "path", "offset_s"})
_FACTS = frozenset({"fps", "width", "height"})
_NOT_FOR_FILES = frozenset({"stream", "start_ns", "rate_hz", "chunk_s", "shift_s"})
_OPTIONS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("time", "value", "ignore"), (lambda told: _texts(told), "a column name, or a list of them")),
    "quantity": (lambda told: isinstance(told, str), "a column name"),
    "units": (
        lambda told: _texts(list(told.values()) if isinstance(told, dict) else told),
        'a unit, or { column = "unit" }',
    ),
    "channel": (lambda told: type(told) is int and told >= 0, "a channel number from 0"),
    "day_first": (lambda told: isinstance(told, bool), "true or false"),
    "step_s": (
        lambda told: type(told) in (int, float) and 0 < told <= _LONGEST_S,
        "seconds between rows or pictures, above 0",
    ),
    "clock": (lambda told: told in ("name", "exif", "mtime"), "name, exif or mtime"),
    "utc_offset_s": (lambda told: type(told) is int and abs(told) < 86_400, "whole seconds, less than a day"),
}
_ID = re.compile(r"[\w.+-]+(?:/[\w.+-]+)*")


def load_recording(path: Path, start_ns: int | None = None, senses: frozenset[Modality] | None = None) -> Recording:
    """Describe a recording: a folder with `scenario.toml`, or any ordinary single file.

    Its start is what `scenario.toml` says, else the first absolute time in its tables, else `start_ns`, else the epoch.

    Parameters
    ----------
    path : Path
        The folder, its `scenario.toml`, or a media or data file.
    start_ns : int, optional
        Start of a recording that does not tell it, nanoseconds UTC.
    senses : set of Modality, optional
        Leave out all other senses; their files are not looked at.

    Raises
    ------
    BadInputError
        If something in it cannot be used. Every file has been found and is not empty when this returns.
    """
    if path.name == SCENARIO:
        path = path.parent
    if path.is_dir():
        recording = _from_folder(path, senses)
    else:
        entries = _from_file(path, senses)
        recording = Recording(path.stem, 0, False, 0, None, _some(entries, path, senses))
    for entry in recording.sensors:
        _require_there(entry)
    if recording.start_known:
        for entry in recording.sensors:
            _require_inside(entry, recording)
        return recording
    told = [start for entry in recording.sensors if (start := _absolute_start_ns(entry, recording)) is not None]
    start = min(told) if told else start_ns
    return recording if start is None else replace(recording, start_ns=start, start_known=True)


def build_source(entry: SensorEntry, recording: Recording) -> Source:
    """The source of a sensor, its media time 0 put where the recording says.

    Raises
    ------
    BadInputError
        If its kind is unknown, or does not take one of the options.
    """
    made = source_class(entry.kind)
    known = inspect.signature(made).parameters
    require_known(entry.options, known, f"sensor '{entry.id}' of kind '{entry.kind}'")
    options = dict(entry.options)
    if "utc_offset_s" in known:
        options.setdefault("utc_offset_s", recording.utc_offset_s)
    if "shift_s" in known:
        options["shift_s"] = entry.offset_s
    return made(entry.id, entry.path, recording.start_ns + round(entry.offset_s * NS), **options)


def _from_folder(folder: Path, senses: frozenset[Modality] | None) -> Recording:
    file = folder / SCENARIO
    if not file.is_file():
        several = any(folder.glob(f"*/{SCENARIO}"))
        mend = f"there are recordings in it: give {folder}/*" if several else "name a recording or a single file"
        raise BadInputError(f"no {SCENARIO} in this folder", where=folder, mend=mend)
    table = read_toml(file)
    require_known(table, _TOP, file)
    start = _start(table, file)
    offset = start.utcoffset() if start else None
    listed = table.get("sensors", [])
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise BadInputError("'sensors' is no list of tables", where=file, mend="begin each with [[sensors]]")
    entries: list[SensorEntry] = []
    for position, told in enumerate(listed, 1):
        entry = _entry(folder, told, f"{file}, sensor {position}")
        if entry.id in (other.id for other in entries):
            raise BadInputError(f"id '{entry.id}' twice", where=f"{file}, sensor {position}", mend="give each its own")
        entries.append(entry)
    return Recording(
        name=text(table, "name", file, folder.resolve().name),
        start_ns=(start - _EPOCH) // timedelta(microseconds=1) * 1000 if start else 0,
        start_known=start is not None,
        utc_offset_s=round(offset.total_seconds()) if offset else 0,
        seconds=number_within(table, "seconds", file, 0.0, _LONGEST_S, "seconds (366 days)"),
        sensors=_some([entry for entry in entries if senses is None or _sense(entry.kind) in senses], file, senses),
        labels=_labels(folder, table, file),
        tick_s=number_within(table, "tick_s", file, 0.0, 3600.0, "seconds"),
        arrivals=_inside(folder, text(table, "arrivals", file), file) if "arrivals" in table else None,
    )


def _entry(folder: Path, told: Mapping[str, Any], where: str) -> SensorEntry:
    name = require_id(told, where)
    where = f"{where} '{name}'"
    kind = text(told, "kind", where)
    known = set(inspect.signature(source_class(kind, where)).parameters) - _NOT_FOR_FILES
    require_known(told, known | _ENTRY | _FACTS, where)
    options = {key: value for key, value in told.items() if key not in _ENTRY | _FACTS}
    for key, value in options.items():
        if key in _OPTIONS and not _OPTIONS[key][0](value):
            raise BadInputError(f"'{key}' cannot be {value!r}", where=where, mend=f"give {_OPTIONS[key][1]}")
    path = _inside(folder, text(told, "path", where), where)
    offset_s = number_within(told, "offset_s", where, -_LONGEST_S, _LONGEST_S, "seconds (366 days)") or 0.0
    return SensorEntry(name, kind, path, offset_s, options)


def require_id(told: Mapping[str, Any], where: str) -> str:
    """The id of a sensor.

    Raises
    ------
    BadInputError
        If it has none, or one that cannot be the name of a file.
    """
    name = text(told, "id", where)
    if not _ID.fullmatch(name) or {".", ".."}.intersection(name.split("/")):
        mend = 'write it as "place/sensor": letters, digits, . _ -'
        raise BadInputError(f"'{name}' is no id", where=f"{where} '{name}'", mend=mend)
    return name


def _inside(folder: Path, name: str, where: object) -> Path:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BadInputError(f"'{name}' lies outside the recording folder", where=where, mend="put the file inside")
    return path


def _start(table: Mapping[str, Any], file: Path) -> datetime | None:
    told = table.get("start")
    if isinstance(told, str):
        with suppress(ValueError):
            told = datetime.fromisoformat(told)
    if told is None:
        return None
    if not isinstance(told, datetime):
        raise BadInputError(
            "'start' is no time", where=file, mend="write start = 2024-05-07T08:00:00+09:00, for instance"
        )
    if told.tzinfo is None:
        raise BadInputError(
            "'start' has no offset from UTC",
            where=file,
            mend=f"write start = {told.isoformat()}+00:00, or the place's own offset",
        )
    if not 1971 <= told.year <= 2200:
        what, mend = f"'start' is in the year {told.year}", "give a year from 1971 to 2200, or leave 'start' out"
        raise BadInputError(what, where=file, mend=mend)
    return told


def _from_file(path: Path, senses: frozenset[Modality] | None) -> list[SensorEntry]:
    require_file(path)
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise BadInputError(
            f"no reader for '{path.suffix or path.name}' files", where=path, mend=f"known are {' '.join(SUFFIXES)}"
        )
    stem = re.sub(r"[^\w.+-]+", "_", path.stem)
    kinds = [kind]
    wanted = senses is None or Modality.AUDIO in senses
    if _sense(kind) is Modality.VIDEO and wanted and has_sound(path):
        kinds.append("audio.file")
    names = {Modality.AUDIO: "mic", Modality.VIDEO: "camera", Modality.ENVIRONMENT: "air"}
    return [
        SensorEntry(f"{stem}/{names[_sense(kind)]}", kind, path)
        for kind in kinds
        if senses is None or _sense(kind) in senses
    ]


def _some(entries: Sequence[SensorEntry], where: object, senses: frozenset[Modality] | None) -> tuple[SensorEntry, ...]:
    if not entries:
        left = f" of {' or '.join(sorted(senses))}" if senses is not None else ""
        raise BadInputError(f"no sensors{left}", where=where, mend="add one with [[sensors]], or ask for other senses")
    return tuple(entries)


def _sense(kind: str) -> Modality:
    return Modality(getattr(source_class(kind), "modality"))  # noqa: B009 - a callable to mypy, a class to us


def _require_there(entry: SensorEntry) -> None:
    if not getattr(source_class(entry.kind), "reads_folder", False):
        require_file(entry.path)
    elif not entry.path.is_dir():
        raise BadInputError("this is no folder", where=entry.path, mend="name the folder with the pictures")


def _absolute_start_ns(entry: SensorEntry, recording: Recording) -> int | None:
    look = getattr(build_source(entry, recording), "absolute_start_ns", None)
    return look() if look else None


def _require_inside(entry: SensorEntry, recording: Recording) -> None:
    """Check that a table with dates begins near its recording; one that cannot be read is told when it is read."""
    begins_ns = None
    with suppress(BadInputError):
        begins_ns = _absolute_start_ns(entry, recording)
    if begins_ns is None:
        return
    late_s = (begins_ns - recording.start_ns) / NS
    if not -_DAY_S <= late_s <= max(recording.seconds or 0.0, _DAY_S):
        mine, whole = (_EPOCH + timedelta(seconds=at_ns // NS) for at_ns in (begins_ns, recording.start_ns))
        what = f"begins {mine:%Y-%m-%d %H:%M} UTC, the recording {whole:%Y-%m-%d %H:%M} UTC"
        raise BadInputError(what, where=entry.path, mend="mend start in scenario.toml, or the times")


def _labels(folder: Path, table: Mapping[str, Any], file: Path) -> tuple[Label, ...] | None:
    if "labels" not in table and not (folder / LABELS).exists():
        return None
    path = _inside(folder, text(table, "labels", file, LABELS), file)
    require_file(path)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        rows = csv.DictReader(lines)
        missing = {"start_s", "end_s"} - set(rows.fieldnames or ())
        if missing:
            raise BadInputError(f"no column '{min(missing)}'", where=path, mend="labels need start_s,end_s,kind")
        labels = [_label(row, f"{path}, line {rows.line_num}") for row in rows]
    return tuple(sorted(labels, key=lambda label: (label.start_s, label.end_s, label.kind)))


def _label(row: Mapping[str, str | None], where: str) -> Label:
    try:
        start_s, end_s = float(row["start_s"] or ""), float(row["end_s"] or "")
    except ValueError as error:
        raise BadInputError("start_s or end_s is no number", where=where, mend="write seconds") from error
    if not math.isfinite(start_s) or not start_s <= end_s < math.inf:
        raise BadInputError("the event ends before it starts", where=where, mend="mend start_s and end_s")
    senses = tuple(re.findall(r"\w+", row.get("modalities") or ""))
    require_known(senses, list(Modality), where)
    return Label(start_s, end_s, (row.get("kind") or "").strip(), senses)


def _texts(told: object) -> bool:
    return isinstance(told, str) or (isinstance(told, list) and all(isinstance(one, str) for one in told))
