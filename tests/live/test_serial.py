"""Serial lines over a pseudo-terminal, which is unplugged and plugged in again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sensors.environment.live.serial_line import SerialSource
from sensors.types import State
from tests.live.feeling import assert_rows, column, quick, values
from tests.live.lines import Port
from tests.live.listening import Listening
from tests.live.servers import poll


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Port]:
    with Port(tmp_path / "tty") as made:
        yield made


def source(port: Port, **options: Any) -> SerialSource:
    return SerialSource("attic/board", str(port.path), **quick(**options))


def await_rows(port: Port, ear: Listening, line: bytes = b"temperature=21.5\n") -> None:
    """Write until it is read: what was written before the port was open is lost, as on a real line."""
    before = len(ear.chunks)

    def heard() -> bool:
        port.write(line)
        return len(ear.chunks) > before + 1

    poll(heard, "a row")


def test_a_port_is_read_unplugged_and_read_again(port: Port) -> None:
    with Listening(source(port)) as ear:
        await_rows(port, ear)
        port.unplug()
        ear.until_down("")
        ear.until(lambda: "there is no such port; is it plugged in?" in ear.reasons())
        port.plug()
        await_rows(port, ear)
    assert ear.health[1].reason == "the line is lost; is it unplugged?"
    assert [state for state in ear.states() if state is State.UP] == [State.UP] * 2
    assert set(column(ear.chunks, "temperature_c")) == {21.5}
    assert_rows(ear.chunks)


def test_forms_and_units_reach_the_rows(port: Port) -> None:
    made = source(port, pattern=r"(?P<temp>[-\d.]+)/(?P<door>\w+)", units={"temp": "F"})
    with Listening(made) as ear:
        await_rows(port, ear, b"71.6/open\r\n")
    assert values(ear.chunks)[-1] == {"temp_c": pytest.approx(22), "door": 1}


def test_noise_comments_and_other_lines_are_counted_and_stop_nothing(port: Port) -> None:
    made = source(port)
    with Listening(made) as ear:
        await_rows(port, ear)
        port.write(b"# a comment\n\xff\xfe\x9c\nbooting\n" + b"x" * 9000 + b"\ntemperature=-1\n")
        ear.until(lambda: -1 in column(ear.chunks, "temperature_c"))
    reasons = "no text; is the baud rate right?", "a line of another form", "a line that is too long"
    assert made.complaints.counts == {(reason, ""): 1 for reason in reasons}
    assert ear.states() == [State.UP]


def test_a_port_that_another_program_holds_is_told(port: Port) -> None:
    with Listening(source(port)) as first:
        await_rows(port, first)
        with Listening(source(port)) as second:
            second.until_down("the port cannot be opened")
