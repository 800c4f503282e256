"""Laws of live readings, with readers that follow a script: they end, fail, hang, flood and fall silent."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from typing import Any

import pytest

from sensors.environment.live.reading import Complaint, Item, ReaderError, Reading, Report
from sensors.environment.live.source import LiveReadingsSource
from sensors.types import NS, Chunk, Health, State
from tests.live.feeling import assert_rows, column, quick
from tests.live.listening import Listening


def warm(value: float) -> Report:
    return Report((Reading("temperature", value),), "stove")


class Script:
    """Follows one line of the script at each attempt, the last again and again; an exception in it is raised."""

    def __init__(self, *lines: Sequence[Item | Exception | threading.Event]) -> None:
        self._lines, self.attempts, self.closed = lines, 0, 0
        self.said_all = threading.Event()

    def readings(self) -> Generator[Item, None, None]:
        line = self._lines[min(self.attempts, len(self._lines) - 1)]
        self.attempts += 1
        pause = threading.Event()
        try:
            for step in line:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, threading.Event):
                    step.wait(20)
                else:
                    yield step
            self.said_all.set()
            while not pause.wait(0.01):
                yield None
        finally:
            self.closed += 1


def source(script: Script, **options: Any) -> LiveReadingsSource:
    return LiveReadingsSource("kitchen/stove", script, **quick(**options))


def test_a_reader_that_fails_is_told_and_begun_again_and_numbers_go_on() -> None:
    script = Script([warm(1), ReaderError("unplugged")], [ReaderError("still unplugged")], [warm(2)])
    with Listening(source(script)) as ear:
        ear.until(lambda: len(ear.chunks) == 2)
    assert column(ear.chunks, "temperature_c") == [1, 2]
    assert [(told.state, told.reason) for told in ear.health] == [
        (State.UP, ""), (State.DOWN, "unplugged"), (State.DOWN, "still unplugged"), (State.UP, ""),
    ]  # fmt: skip
    assert_rows(ear.chunks)
    assert script.closed == script.attempts == 3
    assert ear.source.restarts == 2  # type: ignore[attr-defined]


def test_a_reader_with_a_mistake_in_it_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with Listening(source(Script([ZeroDivisionError("oh")], [warm(1)]))) as ear:
        ear.until(lambda: ear.chunks)
    assert ear.reasons() == ["its reader failed (ZeroDivisionError)", ""]
    assert "oh" in caplog.text


def test_a_reason_is_told_once_an_outage() -> None:
    script = Script(
        [warm(1), ReaderError("gone")], *[[ReaderError("gone")]] * 5, [warm(2), ReaderError("gone")], [warm(3)]
    )
    with Listening(source(script)) as ear:
        ear.until(lambda: len(ear.chunks) == 3)
    assert ear.states() == [State.UP, State.DOWN] * 2 + [State.UP]


def test_a_flood_is_dropped_from_its_beginning_counted_and_told() -> None:
    script = Script([warm(number) for number in range(500)])
    flooded = source(script, queue=100)
    told: list[Health] = []
    flooded.on_health = told.append
    chunks = flooded.chunks()
    taken: list[Chunk] = [next(chunks)]
    assert script.said_all.wait(20)
    while taken[-1].data[0, 0] < 499:
        taken.append(next(chunks))
    chunks.close()
    assert flooded.dropped == 500 - len(taken) >= 399
    assert column(taken, "temperature_c")[-99:] == list(range(401, 500))
    assert_rows(taken)
    assert told[-1].state is State.DEGRADED
    assert told[-1].reason == "readings are dropped, since they are not taken in time"


def test_a_reader_that_hangs_is_told_and_no_second_one_is_begun() -> None:
    over = threading.Event()
    script = Script([warm(1), over])
    hung = source(script, stale_s=0.2)
    with Listening(hung) as ear:
        ear.until_down("no reading for 0.2 s")
        over.set()
    assert script.attempts == 1


def test_a_sensor_that_speaks_only_when_something_happens_is_never_stale() -> None:
    with Listening(source(Script([warm(1)]), stale_s=None)) as ear:
        ear.until_up(0)
        ear.until(lambda: ear.chunks)
    assert ear.states() == [State.UP]


def test_silence_names_what_was_heard_instead() -> None:
    with Listening(source(Script([Complaint("truncated JSON", "a/b")] * 3), stale_s=0.2)) as ear:
        ear.until_down("no reading for 0.2 s; truncated JSON ('a/b') 3 times")
    assert not ear.chunks


def test_of_several_quantities_the_one_that_fell_silent_is_complained_of() -> None:
    humid = Report((Reading("humidity", 40),), "stove")
    heard = source(Script([warm(1), humid, *[None] * 20, *[humid] * 2]), stale_s=0.3)
    with Listening(heard) as ear:
        ear.until_down("no reading")
    assert heard.complaints.counts["no reading of temperature_c for 0.3 s", ""] == 1


def test_where_most_readings_come_twice_or_out_of_order_it_is_told_and_they_are_not_given() -> None:
    def at(second: int) -> Report:
        return Report((Reading("temperature", 20 + second, "", 1_700_000_000 * NS + second * NS),), "stove")

    again = [report for second in range(5, 40) for report in (at(second), at(second), at(second - 3))]
    well = [at(second) for second in range(40, 200)]
    with Listening(source(Script([*again, *well]), clock_s=1e12)) as ear:
        ear.until(lambda: len(ear.chunks) == 195)
    assert column(ear.chunks, "temperature_c") == list(range(25, 220))
    told = [(one.state, one.reason) for one in ear.health]
    assert told == [(State.UP, ""), (State.DEGRADED, "most readings come twice or out of order"), (State.UP, "")]
