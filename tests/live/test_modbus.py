"""Modbus by the server of pymodbus: over TCP, and over a serial line that is two pseudo-terminals."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sensors.environment.live.modbus import ModbusSource
from sensors.types import State
from tests.live.feeling import assert_rows, column, quick, values
from tests.live.lines import NullModem
from tests.live.listening import Listening
from tests.live.modbus_server import NUMBERS
from tests.live.servers import HERE, Server, free_port

KINDS = {address: kind.name.lower() for address, (kind, _) in NUMBERS.items()}
WORDS: list[dict[str, Any]] = [
    {"name": f"n{address}", "address": address, "type": kind} for address, kind in KINDS.items()
]
AIR = {"name": "temperature", "address": 0, "type": "int16", "scale": 0.1, "unit": "C"}


def modbus_server(kind: str, port: object) -> Server:
    return Server(sys.executable, "-W", "ignore", str(HERE / "modbus_server.py"), kind, str(port))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    found = free_port()
    with modbus_server("tcp", found):
        yield found


def source(address: object, registers: list[dict[str, Any]] | None = None, **options: Any) -> ModbusSource:
    ways = {"poll_s": 0.05, "timeout_s": 0.4, **quick(**options)}
    return ModbusSource("plant/meter", str(address), registers=registers or [AIR], **ways)


def tcp(port: int) -> str:
    return f"tcp://127.0.0.1:{port}"


@contextmanager
def reading(made: ModbusSource) -> Iterator[Listening]:
    with Listening(made) as ear:
        ear.until_up(2)
        yield ear
    assert_rows(ear.chunks)


@pytest.mark.parametrize(
    ("shift", "orders"),
    [(0, {}), (100, {"word_order": "little"}), (200, {"byte_order": "little"})],
)
def test_every_type_is_read_in_every_order(port: int, shift: int, orders: dict[str, str]) -> None:
    with reading(source(tcp(port), [{**one, "address": one["address"] + shift} for one in WORDS], **orders)) as ear:
        assert values(ear.chunks)[-1] == {f"n{address}": number for address, (_, number) in NUMBERS.items()}


def test_tables_devices_scales_and_units_of_one_line(port: int) -> None:
    registers: list[dict[str, Any]] = [
        {**AIR, "offset": 1.5},
        {"name": "power", "address": 30, "table": "input", "unit": "kW", "unit_id": 2},
        {"name": "pump", "address": 1, "table": "coil"},
        {"name": "door", "address": 2, "table": "discrete"},
        {"name": "gas", "address": 3, "table": "discrete"},
    ]
    with reading(source(tcp(port), registers)) as ear:
        ear.until(lambda: column(ear.chunks, "power_w"))
        rows = {name: value for row in values(ear.chunks) for name, value in row.items()}
    assert rows == {
        "temperature_c": pytest.approx(-20), "power_w": 200_000, "pump": 0, "door": 1, "gas_detected": 1,
    }  # fmt: skip


def test_a_serial_line_is_read_too() -> None:
    with NullModem() as wire, modbus_server("rtu", wire.one), reading(source(wire.other)) as ear:
        assert set(column(ear.chunks, "temperature_c")) == {-21.5}


def test_a_device_that_is_killed_is_told_and_read_again() -> None:
    port = free_port()
    with modbus_server("tcp", port) as server, reading(source(tcp(port))) as ear:
        server.kill()
        ear.until_down("connection")
        server.start()
        ear.until_up()
    assert [state for state in ear.states() if state is State.UP] == [State.UP] * 2


def test_a_connection_that_is_half_open_is_noticed() -> None:
    port = free_port()
    with modbus_server("tcp", port) as server, reading(source(tcp(port))) as ear:
        server.pause()
        ear.until_down("no answer")
        server.resume()
        ear.until_up()


def test_what_is_refused_is_counted_and_stops_nothing_else(port: int) -> None:
    made = source(tcp(port), [AIR, {"name": "co2", "address": 5000}])
    with reading(made) as ear:
        ear.until(lambda: made.complaints.counts["refused: no such address", "unit 1, holding 5000"] > 1)
    assert ear.states() == [State.UP]


@pytest.mark.parametrize("kind", ["tcp", "rtu+tcp"])
def test_a_silent_device_on_the_line_does_not_silence_the_others(kind: str) -> None:
    port = free_port()
    others = [{**AIR, "unit_id": 9}, {"name": "co2", "unit_id": 9, "address": 4}]
    made = source(f"{kind}://127.0.0.1:{port}", [AIR, *others], timeout_s=0.3)
    with modbus_server(kind, port), reading(made) as ear:
        ear.until(lambda: len(ear.chunks) > 3)
    silent = {origin for _, origin in made.complaints.counts if origin.startswith("unit 9")}
    assert silent == {"unit 9, holding 0"}
    assert ear.states() == [State.UP]


def test_where_nothing_is_to_be_had_the_reason_is_told(port: int) -> None:
    with Listening(source(tcp(port), [{"name": "co2", "address": 5000}])) as ear:
        ear.until_down("no value is to be had: refused: no such address")
    with Listening(source(tcp(free_port()))) as ear:
        ear.until_down("no connection to it")
    with Listening(source("/dev/no-such-port")) as ear:
        ear.until_down("there is no such port")
