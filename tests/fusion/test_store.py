"""The store: one file that survives, forgets in time, and never stops the watching."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from fusion.experience import Label
from fusion.labels import LabelLine, as_experience, read_labels, write_label
from fusion.sinks.news import Condition
from fusion.store.database import FILE, MIGRATIONS, read_database, refuse_network, schema_version
from fusion.store.keeper import CHECKPOINT_NS, MINUTE_NS, Keeper, oldest_unflagged_ns, orphans
from fusion.store.writer import Writer
from sensors.errors import BadInputError
from sensors.types import NS, Health, State
from tests.fusion.incidents import AT_NS, closed, opened, told

HOUR_NS = 3600 * NS
MINUTE = AT_NS // MINUTE_NS * MINUTE_NS


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with closing(read_database(folder)) as database:
        return database.execute(query).fetchall()


def test_a_new_file_has_the_newest_schema_and_opening_it_again_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        Writer(tmp_path).close()
        assert schema_version(tmp_path) == len(MIGRATIONS)
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_a_broken_file_is_set_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 64)
    Writer(tmp_path).close()
    assert (tmp_path / f"{FILE}.broken-1").exists()
    assert schema_version(tmp_path) == len(MIGRATIONS)


def test_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    Writer(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        database.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    with pytest.raises(BadInputError, match="newer version"):
        Writer(tmp_path)
    assert schema_version(tmp_path) == len(MIGRATIONS) + 1


def test_network_filesystems_are_refused(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    line = "36 35 0:30 / {} rw,relatime shared:1 - {} server:/x rw\n"
    mounts.write_text(line.format("/", "ext4") + line.format("/mnt/far\\040away", "nfs4"))
    refuse_network(tmp_path, mounts)
    with pytest.raises(BadInputError, match=r"network \(nfs4\)"):
        refuse_network(Path("/mnt/far away/kizashi"), mounts)


def test_incidents_conditions_and_minutes_are_kept(tmp_path: Path) -> None:
    with closing(Writer(tmp_path)) as writer:
        keeper = Keeper(writer, HOUR_NS)
        keeper.deliver(Condition(Health("hall/mic", AT_NS, State.DOWN, "gone")))
        for number in range(20):
            keeper.deliver(told(MINUTE + number * 6 * NS, latency_ns=number, per_day=100 - number))
        keeper.deliver(opened())
        keeper.deliver(closed())
        keeper.close()
    assert rows(tmp_path, "SELECT * FROM health") == [("hall/mic", AT_NS, "down", "gone")]
    minutes = rows(tmp_path, "SELECT start_ns, verdicts, judged, degraded, least_per_day, latency_ns FROM minutes")
    assert minutes == [(MINUTE, 10, 10, 10, 91, 9), (MINUTE + MINUTE_NS, 10, 10, 10, 81, 19)]
    assert rows(tmp_path, "SELECT id, closed_ns, number FROM incidents") == [("1a", AT_NS + NS, 2)]


def test_what_belongs_to_no_incident_is_gone_after_its_time_from_the_log_too(tmp_path: Path) -> None:
    with closing(Writer(tmp_path)) as writer:
        keeper = Keeper(writer, 2 * HOUR_NS)
        keeper.deliver(opened())
        keeper.deliver(closed())
        later_ns = MINUTE + HOUR_NS
        for at_ns, reason in ((AT_NS, "within the incident"), (later_ns, "SECRET-REASON"), (later_ns + 1, "newest")):
            keeper.deliver(Condition(Health("hall/mic", at_ns, State.DOWN, reason)))
        end_ns = (MINUTE + 4 * HOUR_NS) // CHECKPOINT_NS * CHECKPOINT_NS
        for at_ns in range(MINUTE, end_ns + MINUTE_NS, MINUTE_NS):
            keeper.deliver(told(at_ns))
        assert writer.do(lambda db: None).result()
        kept = [start for (start,) in rows(tmp_path, "SELECT start_ns FROM minutes ORDER BY start_ns")]
        assert kept[0] == MINUTE
        assert kept[1] == end_ns - 2 * HOUR_NS
        with closing(read_database(tmp_path)) as database:
            assert oldest_unflagged_ns(database) == end_ns - 2 * HOUR_NS
        reasons = [reason for (reason,) in rows(tmp_path, "SELECT reason FROM health ORDER BY at_ns")]
        assert reasons == ["within the incident", "newest"]
        for path in tmp_path.iterdir():
            assert b"SECRET-REASON" not in path.read_bytes(), path


def test_what_a_killed_run_left_open_is_ended_when_it_was_last_alive(tmp_path: Path) -> None:
    with closing(Writer(tmp_path)) as writer:
        keeper = Keeper(writer, HOUR_NS)
        keeper.deliver(opened())
        keeper.deliver(told(MINUTE + MINUTE_NS))
        keeper.close()
    with closing(read_database(tmp_path)) as database:
        (ended,) = orphans(database)
    assert (ended.incident.id, ended.number) == ("1a", 2)
    assert ended.incident.closed_ns == MINUTE + 2 * MINUTE_NS
    assert ended.incident.why == "Audio: hall/mic level."
    with closing(Writer(tmp_path)) as writer:
        Keeper(writer, HOUR_NS).deliver(ended)
    with closing(read_database(tmp_path)) as database:
        assert not orphans(database)


def test_a_full_disk_costs_what_could_not_be_written_and_is_over_when_there_is_room(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from fusion.store.writer import Writer\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "writer = Writer(Path(sys.argv[1])); hard = resource.RLIM_INFINITY\n"
        "put = lambda db: db.execute(\"INSERT INTO health VALUES ('a', 1, 'down', ?)\", ('x' * 100_000,)) and None\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))\n"
        "print(writer.do(put).result(), bool(writer.fault))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))\n"
        "print(writer.do(put).result(), bool(writer.fault), writer.failed)\n"
        "writer.close()"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["False", "True", "True", "False", "1"], done.stderr
    assert rows(tmp_path, "SELECT count(*) FROM health") == [(1,)]


def test_what_was_labelled_false_is_as_unflagged_as_the_rest(tmp_path: Path) -> None:
    with closing(Writer(tmp_path)) as writer:
        keeper = Keeper(writer, 2 * HOUR_NS)
        for name in ("1a", "2b"):
            keeper.deliver(opened(name))
            keeper.deliver(closed(name))
        keeper.deliver(Condition(Health("hall/mic", AT_NS, State.DOWN, "SECRET-REASON")))
        keeper.deliver(Condition(Health("hall/mic", AT_NS + 9 * HOUR_NS, State.UP)))
        assert writer.do(lambda db: None).result()
        write_label(tmp_path, LabelLine("1a", "false", AT_NS, "x", {"at night": 1.0}, "SECRET-NOTE", {"audio": 1.0}))
        with closing(read_database(tmp_path)) as database:
            assert oldest_unflagged_ns(database) == AT_NS + NS
        keeper.deliver(told(MINUTE + 3 * HOUR_NS))
        keeper.close()
        assert writer.do(lambda db: None).result()
    assert rows(tmp_path, "SELECT id FROM incidents") == [("2b",)]
    write_label(tmp_path, LabelLine("2b", "false"))
    with closing(Writer(tmp_path)) as writer:
        keeper = Keeper(writer, 2 * HOUR_NS)
        keeper.deliver(told(MINUTE + 3 * HOUR_NS))
        keeper.close()
    assert rows(tmp_path, "SELECT id FROM incidents") == []
    assert rows(tmp_path, "SELECT reason FROM health") == [("",)]
    for path in tmp_path.iterdir():
        assert not [word for word in (b"SECRET-REASON", b"SECRET-NOTE") if word in path.read_bytes()], path
    assert as_experience(read_labels(tmp_path)) == [Label({"at night": 1.0}, 0, {"audio": 1.0})]


def test_what_is_flagged_goes_after_a_time_of_its_own_with_events_that_still_wait(tmp_path: Path) -> None:
    with closing(Writer(tmp_path)) as writer:
        keeper = Keeper(writer, HOUR_NS, 10 * HOUR_NS)
        keeper.deliver(opened())
        keeper.deliver(closed())
        writer.do(lambda db: db.executemany("INSERT INTO outbox VALUES (?, ?, ?)", [("hook", "1a.2", b"")]).close())
        for hours, left in ((9, 1), (11, 0)):
            keeper.deliver(told(MINUTE + hours * HOUR_NS))
            assert writer.do(lambda db: None).result()
            assert len(rows(tmp_path, "SELECT id FROM incidents")) == left
            assert len(rows(tmp_path, "SELECT id FROM outbox")) == left


def test_a_database_of_the_first_schema_has_no_labels_and_can_take_some(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        database.executescript(f"{MIGRATIONS[0]} PRAGMA user_version=1;")
    assert read_labels(tmp_path) == {}
    write_label(tmp_path, LabelLine("a", "low"))
    assert list(read_labels(tmp_path)) == ["a"]
    assert schema_version(tmp_path) == len(MIGRATIONS)
