"""`kizashi status`: whether the daemon of these settings runs, how its sensors are, and what happened lately."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from fusion.config import Settings
from fusion.events import Reliability
from fusion.experience import trust
from fusion.explain import describe_weight
from fusion.labels import as_experience, read_labels
from fusion.store.database import read_database
from fusion.vault.custody import CLIPS
from fusion.vault.segments import read_clips
from fusion.words import counted
from sensors.errors import BadInputError
from sensors.types import NS

LATELY = 5
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Clips:
    """What the vault holds.

    Attributes
    ----------
    count, bytes : int
        Clips, and what they take on disk.
    oldest_ns : int or None
        When the oldest begins, nanoseconds UTC.
    most_bytes : int
        What they may take: `[evidence] most_mb`.
    """

    count: int
    bytes: int
    oldest_ns: int | None
    most_bytes: int


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of a daemon.

    Attributes
    ----------
    running : bool
        Whether one has the folder now.
    last_minute_ns : int or None
        Start of the last minute that was watched to its end, nanoseconds UTC.
    verdicts, judged, slowest_ms
        Of the last hour that was watched: verdicts, those that could say how rare the moment was, longest latency.
    sensors : dict of str to str
        State and reason of each.
    incidents : list of dict
        The last ones, newest first: id, opened_ns, closed_ns, severity, kind.
    waiting : dict of str to int
        Events that wait, by sink.
    clips : Clips or None
        Of incidents; None where none are kept.
    weights : tuple of Reliability
        How much senses weigh by the labels given so far; a daemon takes them up when it starts or reads its settings.
    """

    running: bool
    last_minute_ns: int | None
    verdicts: int
    judged: int
    slowest_ms: float
    sensors: dict[str, str]
    incidents: list[dict[str, str | int | None]]
    waiting: dict[str, int]
    clips: Clips | None
    weights: tuple[Reliability, ...] = ()


def tell_status(settings: Settings, as_json: bool) -> bool:
    """Print it; true where the daemon runs.

    Raises
    ------
    BadInputError
        If the settings name no folder, or there is nothing in it.
    """
    if not settings.store.folder:
        mend = "add [store] with a folder to the settings"
        raise BadInputError("these settings keep nothing", where="[store] folder", mend=mend)
    status = read_status(settings)
    print(msgspec.json.encode(asdict(status)).decode() if as_json else status_text(status))
    return status.running


def read_status(settings: Settings) -> Status:
    """What is known of the daemon with the folder of these settings."""
    folder = Path(settings.store.folder)
    with closing(read_database(folder)) as database:
        try:
            status = _read(database, _is_running(folder), _clips(settings, folder / CLIPS))
        except sqlite3.Error as error:
            mend = "start the daemon: it sets a broken database aside"
            raise BadInputError(f"the database cannot be read ({error})", where=folder, mend=mend) from error
    return replace(status, weights=trust(as_experience(read_labels(folder))))


def status_text(status: Status) -> str:
    """As a person reads it."""
    seen = "never" if status.last_minute_ns is None else _time(status.last_minute_ns)
    lines = [f"{'running' if status.running else 'NOT RUNNING'}; last minute watched {seen}"]
    hour = f"{counted(status.verdicts, 'verdict')} in the last hour watched, {status.judged:,} judged"
    lines.append(f"  {hour}; slowest {status.slowest_ms:.0f} ms")
    lines += [f"  {stream:<24} {told}" for stream, told in sorted(status.sensors.items())]
    for one in status.incidents:
        end = "open" if one["closed_ns"] is None else "over"
        lines.append(f"  {str(one['severity']).upper():<9}{_time(int(one['opened_ns'] or 0))}  {one['kind']}, {end}")
    lines += [f"  {sink}: {counted(count, 'event')} wait" for sink, count in sorted(status.waiting.items())]
    lines += [f"  {describe_weight(one).strip()}" for one in status.weights if one.weight != 1]
    if status.clips:
        clips = status.clips
        since = "" if clips.oldest_ns is None else f"; the oldest of {_time(clips.oldest_ns)}"
        lines.append(f"  {counted(clips.count, 'clip')}, {clips.bytes / MB:.1f} of {clips.most_bytes / MB:g} MB{since}")
    return "\n".join(lines)


def _clips(settings: Settings, folder: Path) -> Clips | None:
    """What the vault holds, where clips are to be kept or an earlier run left some."""
    kept = read_clips(folder)
    if not (kept or settings.evidence.enabled):
        return None
    size, most = sum(clip.size for clip in kept), round(settings.evidence.most_mb * MB)
    return Clips(len(kept), size, min((clip.start_ns for clip in kept), default=None), most)


def _read(database: sqlite3.Connection, running: bool, clips: Clips | None) -> Status:
    (last_ns,) = database.execute("SELECT max(start_ns) FROM minutes").fetchone()
    hour = "SELECT total(verdicts), total(judged), coalesce(max(latency_ns), 0) FROM minutes WHERE start_ns > ?"
    verdicts, judged, slowest_ns = database.execute(hour, ((last_ns or 0) - 3600 * NS,)).fetchone()
    states = database.execute("SELECT stream, state, reason, max(at_ns) FROM health GROUP BY stream")
    sensors = {stream: f"{state}: {reason}" if reason else state for stream, state, reason, _ in states}
    names = ("id", "opened_ns", "closed_ns", "severity", "kind")
    recent = database.execute(f"SELECT {', '.join(names)} FROM incidents ORDER BY opened_ns DESC LIMIT {LATELY}")  # noqa: S608
    incidents = [dict(zip(names, row, strict=True)) for row in recent]
    waiting = dict(database.execute("SELECT sink, count(*) FROM outbox GROUP BY sink").fetchall())
    return Status(running, last_ns, int(verdicts), int(judged), slowest_ns / 1e6, sensors, incidents, waiting, clips)


def _is_running(folder: Path) -> bool:
    """A daemon holds the lock of its folder as long as it lives."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _time(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns / NS, UTC):%Y-%m-%d %H:%M:%S} UTC"
