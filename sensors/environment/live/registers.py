"""What stands where in a Modbus device: `Register`, and the few requests that read them all."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sensors.environment.quantities import require_unit
from sensors.environment.units import SWITCH
from sensors.errors import BadInputError

_FORMATS = {
    "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "float32": ">f", "int64": ">q", "uint64": ">Q",
    "float64": ">d",
}  # fmt: skip
_WORD_TABLES, _BIT_TABLES = ("holding", "input"), ("coil", "discrete")
_ORDERS = ("big", "little")
_CHOICES = {
    "table": (*_WORD_TABLES, *_BIT_TABLES),
    "type": tuple(_FORMATS),
    "word_order": _ORDERS,
    "byte_order": _ORDERS,
}
_BOUNDS = {"address": (0, 65_535), "unit_id": (0, 255)}
MOST_WORDS, MOST_BITS = 120, 1000
"""Of one request; the protocol allows 125 and 2000, some devices a little less."""


@dataclass(frozen=True, slots=True)
class Register:
    """One value of a device.

    Attributes
    ----------
    name : str
        What it is: "temperature", "boiler_return_temperature".
    address : int
        As the protocol counts, from 0 in each table: 40001 or 30001 of a manual is 0 here, 40108 is 107.
    table : str
        "holding", "input", "coil" or "discrete".
    type : str
        "int16", "uint16", "int32", "uint32", "float32", "int64", "uint64", "float64"; of no meaning for coils.
    scale, offset : float
        Value = number * scale + offset.
    unit : str
        Unit of the value; empty where the name tells, or nothing does.
    unit_id : int
        Which device on the line, 0 to 255.
    word_order, byte_order : str
        "big" or "little": which 16 bits of a longer number come first, and which byte of these.
    """

    name: str
    address: int
    table: str = "holding"
    type: str = "uint16"
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    unit_id: int = 1
    word_order: str = "big"
    byte_order: str = "big"

    @classmethod
    def of(cls, told: Mapping[str, Any], where: str) -> Register:
        """A register as settings tell it.

        Raises
        ------
        BadInputError
            If something is missing, unknown, or cannot be.
        """
        known = {one.name: one.type for one in fields(cls)}
        for key in told:
            if key not in known:
                raise BadInputError(
                    f"no setting '{key}' of a register", where=where, mend=f"known are {', '.join(known)}"
                )
        for key in ("name", "address"):
            if key not in told:
                raise BadInputError(f"a register without {key}", where=where, mend='give { name = "...", address = 0 }')
        name = told["name"]
        if not isinstance(name, str) or not name.strip():
            raise BadInputError("a register without a name", where=where, mend='give name = "temperature" or the like')
        where = f"{where}, register '{name}'"
        for key, value in told.items():
            _require(key, value, known[key], where)
        require_unit(name, told.get("unit", ""), where)
        made = cls(**told)
        if made.address + made.size > 65_536:
            raise BadInputError(
                f"a {made.type} does not fit there", where=where, mend="give an address from 0 to 65535"
            )
        if made.is_bit and not made.unit:
            return cls(**{**told, "unit": SWITCH})
        return made

    @property
    def is_bit(self) -> bool:
        """Whether it is one bit."""
        return self.table in _BIT_TABLES

    @property
    def size(self) -> int:
        """How many addresses it takes."""
        return 1 if self.is_bit else struct.calcsize(_FORMATS[self.type]) // 2

    def value(self, cells: Sequence[int]) -> float:
        """The value of `size` words of 16 bits, or of one bit."""
        if self.is_bit:
            return float(cells[0]) * self.scale + self.offset
        words = cells if self.word_order == "big" else list(reversed(cells))
        order: Any = self.byte_order
        (number,) = struct.unpack(_FORMATS[self.type], b"".join(word.to_bytes(2, order) for word in words))
        return float(number) * self.scale + self.offset


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring registers of a table, which one request reads."""

    unit_id: int
    table: str
    address: int
    count: int
    registers: tuple[Register, ...]

    def values(self, cells: Sequence[int]) -> list[tuple[Register, float]]:
        """Each register with its value, of the answer's cells."""
        return [(one, one.value(cells[one.address - self.address :][: one.size])) for one in self.registers]


def blocks(registers: Iterable[Register]) -> list[Block]:
    """Requests that read all registers and nothing between them: a device may refuse what it does not have."""
    made: list[Block] = []
    for one in sorted(registers, key=lambda r: (r.unit_id, r.table, r.address)):
        last = made[-1] if made else None
        if last and (last.unit_id, last.table) == (one.unit_id, one.table) and one.address <= last.address + last.count:
            count = max(last.count, one.address + one.size - last.address)
            if count <= (MOST_BITS if one.is_bit else MOST_WORDS):
                made[-1] = Block(one.unit_id, one.table, last.address, count, (*last.registers, one))
                continue
        made.append(Block(one.unit_id, one.table, one.address, one.size, (one,)))
    return made


def require_distinct(registers: Iterable[Register], where: str) -> None:
    """Check that each device has each name once.

    Raises
    ------
    BadInputError
        If one stands twice.
    """
    for (unit_id, name), count in Counter((one.unit_id, one.name) for one in registers).items():
        if count > 1:
            what = f"two registers of unit {unit_id} named '{name}'"
            raise BadInputError(what, where=where, mend="give each a name of its own")


def _require(key: str, value: Any, kind: Any, where: str) -> None:
    """Check one setting of a register."""
    if key in _CHOICES and value not in _CHOICES[key]:
        raise BadInputError(f"{key} '{value}'", where=where, mend=f"give one of {', '.join(_CHOICES[key])}")
    if kind == "int":
        low, high = _BOUNDS[key]
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise BadInputError(f"{key} {value!r}", where=where, mend=f"give a number from {low} to {high}")
    elif kind == "float":
        if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < float("inf"):
            raise BadInputError(f"{key} {value!r}", where=where, mend="give a number")
    elif not isinstance(value, str):
        raise BadInputError(f"{key} {value!r}", where=where, mend="give a text")
