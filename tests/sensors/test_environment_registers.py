"""Modbus registers: what settings may say, numbers as pymodbus encodes them, and which requests are made."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.client import ModbusTcpClient

from sensors.environment.live.modbus import ModbusSource
from sensors.environment.live.registers import MOST_BITS, MOST_WORDS, Register, blocks
from sensors.errors import BadInputError

TYPES = {kind.name.lower(): kind for kind in ModbusTcpClient.DATATYPE if kind.name[-2:] in ("16", "32", "64")}
SIZES = {"int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "float32": 2, "int64": 4, "uint64": 4, "float64": 4}


@given(st.sampled_from(sorted(SIZES)), st.sampled_from(["big", "little"]), st.data())
def test_numbers_are_read_as_pymodbus_writes_them(kind: str, order: Any, data: st.DataObject) -> None:
    bits = 16 * SIZES[kind]
    if kind.startswith("float"):
        number: float = data.draw(st.floats(width=32 if bits == 32 else 64, allow_nan=False))
    else:
        low = 0 if kind.startswith("u") else -(2 ** (bits - 1))
        number = data.draw(st.integers(low, low + 2**bits - 1))
    cells = ModbusTcpClient.convert_to_registers(number, TYPES[kind], word_order=order)
    register = Register("n", 0, type=kind, word_order=order)
    assert register.size == len(cells) == SIZES[kind]
    assert register.value(cells) == float(number)
    swapped = [(cell & 0xFF) << 8 | cell >> 8 for cell in cells]
    assert Register("n", 0, type=kind, word_order=order, byte_order="little").value(swapped) == float(number)


@given(
    st.lists(
        st.builds(
            Register, st.just("n"), st.integers(0, 400), st.sampled_from(["holding", "input", "coil", "discrete"]),
            st.sampled_from(sorted(SIZES)), unit_id=st.integers(1, 2),
        ),
        max_size=60,
    )
)  # fmt: skip
def test_requests_ask_for_every_register_and_for_nothing_else(registers: list[Register]) -> None:
    made = blocks(registers)
    assert sorted(map(repr, registers)) == sorted(repr(one) for block in made for one in block.registers)
    for block in made:
        assert 0 < block.count <= (MOST_BITS if block.registers[0].is_bit else MOST_WORDS)
        asked = set(range(block.address, block.address + block.count))
        wanted = {one.address + n for one in block.registers for n in range(one.size)}
        assert asked == wanted
        assert {(one.unit_id, one.table) for one in block.registers} == {(block.unit_id, block.table)}


def test_neighbours_are_asked_for_at_once() -> None:
    many = [Register("n", address, type="float32") for address in range(0, 40, 2)]
    assert [(block.address, block.count) for block in blocks([*many, Register("m", 50)])] == [(0, 40), (50, 1)]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"address": 0}, "a register without name"),
        ({"name": "x"}, "a register without address"),
        ({"name": " ", "address": 0}, "a register without a name"),
        ({"name": "x", "address": 0, "adress": 1}, "no setting 'adress' of a register"),
        ({"name": "x", "address": 70_000}, "address 70000; give a number from 0 to 65535"),
        ({"name": "x", "address": True}, "address True"),
        ({"name": "x", "address": 65_535, "type": "int32"}, "a int32 does not fit there"),
        ({"name": "x", "address": 0, "table": "holdings"}, "table 'holdings'; give one of holding, input"),
        ({"name": "x", "address": 0, "type": "int8"}, "type 'int8'"),
        ({"name": "x", "address": 0, "word_order": "middle"}, "word_order 'middle'"),
        ({"name": "x", "address": 0, "scale": "0.1"}, "scale '0.1'; give a number"),
        ({"name": "x", "address": 0, "unit_id": 256}, "unit_id 256"),
        ({"name": "temperature", "address": 0, "unit": "bar"}, "'bar' is no unit of 'temperature'"),
        ({"name": "x", "address": 0, "unit": 3}, "unit 3; give a text"),
    ],
)  # fmt: skip
def test_a_register_that_cannot_be_is_refused(told: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadInputError, match=reason):
        ModbusSource("a/b", "10.0.0.9", registers=[told])


@pytest.mark.parametrize("address", ["", "udp://a:1", "a:b", "a:99999", "a b", "http://a/", "[::1", "rtu://"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadInputError, match="no address of a Modbus device"):
        ModbusSource("a/b", address, registers=[{"name": "x", "address": 0}])


@pytest.mark.parametrize(
    "address",
    ["meter.local", "tcp://10.0.0.9:1502", "rtu+tcp://[::1]:4001", "/dev/ttyUSB0", "rtu:///dev/ttyUSB0", "rtu://COM3"],
)
def test_addresses_are_taken_as_people_write_them(address: str) -> None:
    assert ModbusSource("a/b", address, registers=[{"name": "x", "address": 0}]).stream == "a/b"


@pytest.mark.parametrize("ways", [{"poll_s": 0}, {"timeout_s": -1}, {"baud": 0}, {"parity": "X"}, {"stop_bits": 3}])
def test_a_line_that_cannot_be_is_refused(ways: dict[str, Any]) -> None:
    with pytest.raises(BadInputError, match="sensor 'a/b'"):
        ModbusSource("a/b", "/dev/x", registers=[{"name": "x", "address": 0}], **ways)
    twice = [{"name": "x", "address": 0}, {"name": "x", "address": 1}]
    with pytest.raises(BadInputError, match="two registers of unit 1 named 'x'"):
        ModbusSource("a/b", "/dev/x", registers=twice)
    with pytest.raises(BadInputError, match="no registers to read"):
        ModbusSource("a/b", "/dev/x")
