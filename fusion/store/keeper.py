"""What of a live watch is kept: incidents, changes of condition, a line for each minute; and what of it goes again.

What belongs to no incident is gone after `keep_ns`, from the database and from its log, and so is an incident of which
somebody said that it is none. All other incidents stay for as long as is set: they are what somebody was told of.

Why labels stay without their incidents, as bare figures: severity, and what senses weigh, is learned from them.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import msgspec

from fusion.events import Change, FusedScore, Incident
from fusion.records import IncidentLine
from fusion.sinks.jsonl import incident_line
from fusion.sinks.news import Changed, Condition, News, Verdict
from fusion.store.writer import Writer
from sensors.types import NS

MINUTE_NS = 60 * NS
CHECKPOINT_NS = 600 * NS
"""How often the log is emptied into the database: what was deleted still stands in it until then."""

FOREVER_NS = 1 << 62

FALSE = "SELECT incident FROM labels WHERE grade = 'false'"
"""SQL: incidents that were none."""

_OUTSIDE = (
    "NOT EXISTS (SELECT 1 FROM incidents WHERE opened_ns < {0} + {1} AND coalesce(closed_ns, {0}) >= {0} "  # noqa: S608
    f"AND id NOT IN ({FALSE}))"
)
"""Condition of SQL: what lasts from {0} on for {1} nanoseconds belongs to no incident."""

_MINUTE_OUTSIDE = _OUTSIDE.format("minutes.start_ns", MINUTE_NS)


@dataclass(slots=True)
class _Minute:
    start_ns: int
    verdicts: int = 0
    judged: int = 0
    degraded: int = 0
    least_per_day: float | None = None
    least_p: float | None = None
    latency_ns: int = 0

    def add(self, verdict: FusedScore, latency_ns: int) -> None:
        self.verdicts += 1
        self.judged += verdict.per_day is not None
        self.degraded += verdict.degraded
        self.latency_ns = max(self.latency_ns, latency_ns)
        if verdict.per_day is not None and verdict.per_day < (self.least_per_day or float("inf")):
            self.least_per_day = verdict.per_day
        if verdict.p_value is not None and verdict.p_value < (self.least_p or float("inf")):
            self.least_p = verdict.p_value


class Keeper:
    """A sink that keeps.

    Parameters
    ----------
    writer : Writer
        Of the database.
    keep_ns, flagged_ns : int
        How long what belongs to no incident stays, and what does, nanoseconds.
    """

    def __init__(self, writer: Writer, keep_ns: int, flagged_ns: int = FOREVER_NS) -> None:
        self._writer, self._keep_ns, self._flagged_ns = writer, keep_ns, flagged_ns
        self._minute: _Minute | None = None

    def deliver(self, news: News) -> None:
        """Keep it, and every minute let go what is too old."""
        if isinstance(news, Verdict):
            self._count(news)
        elif isinstance(news, Changed):
            incident = news.incident
            row = (
                incident.id, incident.opened_ns, incident.closed_ns, incident.severity.name.lower(), incident.kind,
                news.number, incident_line(incident),
            )  # fmt: skip
            self._writer.do(lambda db: _run(db, "INSERT OR REPLACE INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?)", row))
        elif isinstance(news, Condition):
            told = news.health
            line = (told.stream, told.at_ns, str(told.state), told.reason)
            self._writer.do(lambda db: _run(db, "INSERT INTO health VALUES (?, ?, ?, ?)", line))

    def finish(self) -> None:
        """Keep the minute as it is."""
        if self._minute is not None:
            self._write(self._minute)
            self._minute = None

    def close(self) -> None:
        """Keep the minute that has only begun, and empty the log."""
        self.finish()
        self._writer.do(checkpoint, bare=True)

    def _count(self, news: Verdict) -> None:
        start_ns = news.verdict.at_ns // MINUTE_NS * MINUTE_NS
        if self._minute is None or self._minute.start_ns != start_ns:
            self.finish()
            self._minute = _Minute(start_ns)
            before_ns = start_ns - self._keep_ns, start_ns - self._flagged_ns
            self._writer.do(lambda db: forget(db, *before_ns))
            if start_ns % CHECKPOINT_NS == 0:
                self._writer.do(checkpoint, bare=True)
        self._minute.add(news.verdict, news.latency_ns)

    def _write(self, minute: _Minute) -> None:
        row = (
            minute.start_ns, minute.verdicts, minute.judged, minute.degraded, minute.least_per_day, minute.least_p,
            minute.latency_ns,
        )  # fmt: skip
        self._writer.do(lambda db: _run(db, "INSERT OR REPLACE INTO minutes VALUES (?, ?, ?, ?, ?, ?, ?)", row))


def forget(database: sqlite3.Connection, before_ns: int, flagged_before_ns: int) -> None:
    """Delete what is older and belongs to no incident, and incidents that are older than they may be.

    The newest condition of each sensor stays: it says how the sensor is now.
    """
    over = f"coalesce(closed_ns, opened_ns) < CASE WHEN id IN ({FALSE}) THEN ? ELSE ? END"  # noqa: S608 - our own words
    gone = database.execute(
        f"DELETE FROM incidents WHERE {over} RETURNING id",  # noqa: S608
        (before_ns, flagged_before_ns),
    ).fetchall()
    for (name,) in gone:
        database.execute("DELETE FROM outbox WHERE id GLOB ?", (f"{name}.*",))
        bare_label(database, name)
    database.execute(f"DELETE FROM minutes WHERE start_ns < ? AND {_MINUTE_OUTSIDE}", (before_ns,))  # noqa: S608
    newest = "at_ns < (SELECT max(at_ns) FROM health AS other WHERE other.stream = health.stream)"
    of_none = _OUTSIDE.format("health.at_ns", 1)
    database.execute(f"DELETE FROM health WHERE at_ns < ? AND {newest} AND {of_none}", (before_ns,))  # noqa: S608


def bare_label(database: sqlite3.Connection, incident: str) -> None:
    """Keep of a label only what is learned from."""
    for (line,) in database.execute("SELECT line FROM labels WHERE incident = ?", (incident,)).fetchall():
        bare = {**msgspec.json.decode(line), "note": "", "opened_ns": 0}
        row = msgspec.json.encode(bare), incident
        database.execute("UPDATE labels SET line = ? WHERE incident = ?", row)


def oldest_unflagged_ns(database: sqlite3.Connection) -> int | None:
    """Event time of the oldest that belongs to no incident, nanoseconds UTC."""
    newest = "at_ns < (SELECT max(at_ns) FROM health AS other WHERE other.stream = health.stream)"
    queries = (
        f"SELECT min(start_ns) FROM minutes WHERE {_MINUTE_OUTSIDE}",  # noqa: S608 - our own words
        f"SELECT min(at_ns) FROM health WHERE {newest} AND {_OUTSIDE.format('health.at_ns', 1)}",  # noqa: S608
        f"SELECT min(coalesce(closed_ns, opened_ns)) FROM incidents WHERE id IN ({FALSE})",  # noqa: S608
    )
    found = [oldest for query in queries for (oldest,) in database.execute(query) if oldest is not None]
    return min(found, default=None)


def orphans(database: sqlite3.Connection) -> list[Changed]:
    """The ends of incidents that a run left open when it was killed: at the last moment that is known of it."""
    (last_ns,) = database.execute("SELECT max(start_ns) FROM minutes").fetchone()
    rows = database.execute("SELECT number, line FROM incidents WHERE closed_ns IS NULL ORDER BY opened_ns")
    return [_ended(number, msgspec.json.decode(line, type=IncidentLine), last_ns or 0) for number, line in rows]


def _ended(number: int, line: IncidentLine, last_ns: int) -> Changed:
    closed_ns = max(line.opened_ns, last_ns + MINUTE_NS if last_ns else 0)
    peak = FusedScore(line.opened_ns, line.p_value, line.per_day, extrapolated=line.extrapolated)
    rule = line.rule if isinstance(line.rule, str) else ""
    incident = Incident(line.id, line.opened_ns, closed_ns, line.rank, line.kind, peak, (), line.why, rule)
    return Changed(Change.CLOSED, incident, number + 1)


def checkpoint(database: sqlite3.Connection) -> None:
    """Bring the log into the database and empty it, outside any transaction."""
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _run(database: sqlite3.Connection, statement: str, values: tuple[object, ...]) -> None:
    database.execute(statement, values)
