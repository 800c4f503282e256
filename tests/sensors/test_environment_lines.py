"""Lines of text: cut from whatever pieces they arrive in, and read by pattern, by columns, or as pairs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.environment.live.lines import LineCutter, parser
from sensors.environment.live.reading import Complaint
from sensors.environment.live.serial_line import SerialSource
from sensors.errors import BadInputError

TEXT = st.lists(st.text("abc=1 ä", min_size=1, max_size=9), max_size=8)


@given(TEXT, st.lists(st.integers(1, 7)), st.sampled_from(["\n", "\r\n", "\r"]))
def test_lines_do_not_depend_on_how_they_arrive(lines: list[str], sizes: list[int], end: str) -> None:
    data = "".join(line + end for line in lines).encode()
    whole = list(LineCutter(100).cut(data))
    cutter = LineCutter(100)
    found: list[object] = []
    for size in [*sizes, len(data)]:
        found += cutter.cut(data[:size])
        data = data[size:]
    assert found == whole == [line.strip() for line in lines if line.strip()]
    assert not cutter.waits


def test_half_a_line_waits_and_half_a_first_line_is_left_out() -> None:
    cutter = LineCutter(100, skip_first=True)
    assert list(cutter.cut(b"1.5\nt=2")) == []
    assert cutter.waits
    assert list(cutter.cut(b"1.5\nt=")) == ["t=21.5"]


@pytest.mark.parametrize("pieces", [[b"x" * 50 + b"\nok\n"], [b"x" * 20] * 3 + [b"x\nok\n"], [b"x" * 11, b"\nok\n"]])
def test_a_line_that_is_too_long_is_told_once_and_forgotten(pieces: list[bytes]) -> None:
    cutter = LineCutter(10)
    told = [line for piece in pieces for line in cutter.cut(piece)]
    assert told == [Complaint("a line that is too long"), "ok"]


def test_noise_is_no_text() -> None:
    assert list(LineCutter(100).cut(b"\xff\xfe\x9c\nA\0B\nok\n")) == [Complaint("no text")] * 2 + ["ok"]


@pytest.mark.parametrize(
    ("ways", "line", "found"),
    [
        ({}, "temperature=21.5 C, humidity: 40 %", [("temperature", "21.5", "C"), ("humidity", "40", "%")]),
        ({}, "T=-3.5e1 H=40", [("T", "-3.5e1", ""), ("H", "40", "")]),
        ({}, "co2:417ppm door=open fine=maybe", [("co2", "417", "ppm"), ("door", "open", "")]),
        ({}, "Temp: 21.5 Hum: 40", [("Temp", "21.5", ""), ("Hum", "40", "")]),
        ({}, "ip=10.0.0.7 v=1.2.3", None),
        ({}, "booting...", None),
        ({"pattern": r"R\s+(?P<temp>\S+)\s+(?P<rh>\S+)"}, "xx R 21 44", [("temp", "21", ""), ("rh", "44", "")]),
        ({"pattern": r"(?P<name>\w+)<(?P<value>\d+)(?P<unit>\w*)>"}, "t<21C> p<3>", [("t", "21", "C"), ("p", "3", "")]),
        ({"pattern": r"T(?P<temperature>\d+)"}, "H44", None),
        ({"columns": ["t", "", "rh"]}, "21.5, 7 ;44", [("t", "21.5", ""), ("rh", "44", "")]),
        ({"columns": ["t", "rh"]}, "21.5\t44", [("t", "21.5", ""), ("rh", "44", "")]),
        ({"columns": ["t", "rh"]}, "21.5", None),
    ],
)  # fmt: skip
def test_a_line_is_read_in_its_form(ways: dict[str, Any], line: str, found: list[tuple[str, str, str]] | None) -> None:
    readings = parser(ways.get("pattern"), ways.get("columns"), "here")(line)
    assert (readings and [(one.name, one.value, one.unit) for one in readings]) == found


@pytest.mark.parametrize(
    ("ways", "reason"),
    [
        ({"pattern": "T=(?P<t>"}, "this pattern cannot be read"),
        ({"pattern": r"T=(\d+)"}, "this pattern names nothing"),
        ({"columns": []}, "columns must be different names"),
        ({"columns": ["", ""]}, "columns must be different names"),
        ({"columns": ["t", "t"]}, "columns must be different names"),
        ({"columns": "t"}, "columns must be different names"),
        ({"columns": ["t"], "pattern": "(?P<t>x)"}, "both 'pattern' and 'columns' are told"),
        ({"baud": 0}, "a line of 0 baud"),
        ({"parity": "even"}, "parity 'even'"),
        ({"bits": 9}, "9 bits"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_when_the_source_is_made(ways: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadInputError, match=f"sensor 'a/b': .*{reason}|sensor 'a/b': {reason}"):
        SerialSource("a/b", "/dev/ttyUSB0", **ways)
