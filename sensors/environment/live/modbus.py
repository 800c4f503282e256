"""Devices that speak Modbus, by TCP or on a serial line: `ModbusSource`."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sensors.environment.live.pace import beats
from sensors.environment.live.reading import Complaint, Item, Reader, ReaderError, Reading, Report
from sensors.environment.live.registers import Block, Register, blocks, require_distinct
from sensors.environment.live.source import LiveReadingsSource
from sensors.errors import BadInputError

PORT = 502
_NETWORK = re.compile(r"(?:(tcp|rtu\+tcp)://)?(\[[0-9a-fA-F:.%\w]+\]|[^\s/:@\[\]]+)(?::(\d{1,5}))?/?")
_LINE = re.compile(r"(?:rtu://)?(/\S+|(?<=rtu://)[^\s:/]+)")
_EXCEPTIONS = {1: "no such function", 2: "no such address", 3: "no such value", 4: "the device has failed", 6: "busy"}
_GATEWAY = (10, 11)
"""Answers of a gateway whose device behind it is silent."""


class ModbusSource(LiveReadingsSource):
    """Registers of one device or of all on a line, asked for again and again.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    address : str
        "tcp://host:502" or "host"; "rtu:///dev/ttyUSB0" or "/dev/ttyUSB0"; "rtu+tcp://host:port" for a serial line
        behind a plain converter.
    registers : sequence of mappings
        What to read, see `registers.Register`; at least one.
    poll_s : float
        Seconds from one request to the next, > 0.
    unit_id, word_order, byte_order
        Of all registers that do not say otherwise.
    baud, parity, stop_bits
        Of a serial line; parity "N", "E" or "O".
    timeout_s : float
        How long an answer may take, seconds > 0.
    options
        Those of `LiveReadingsSource`; `stale_s` is five polls where nothing is told, but no less than 30 s.

    Raises
    ------
    BadInputError
        If this is no address, or a register cannot be.
    """

    def __init__(
        self, stream: str, address: str, *, registers: Sequence[Mapping[str, Any]] = (), poll_s: float = 10.0,
        unit_id: int = 1, word_order: str = "big", byte_order: str = "big", baud: int = 19_200, parity: str = "N",
        stop_bits: int = 1, timeout_s: float = 1.0, **options: Any,
    ) -> None:  # fmt: skip
        where = f"sensor '{stream}'"
        if not registers:
            mend = 'give registers = [{ name = "temperature", address = 0, type = "int16", scale = 0.1 }]'
            raise BadInputError("no registers to read", where=where, mend=mend)
        if not (poll_s > 0 and timeout_s > 0 and baud > 0):
            raise BadInputError("poll_s, timeout_s and baud must be above 0", where=where, mend="give such a number")
        if parity not in ("N", "E", "O") or stop_bits not in (1, 2):
            what = f"parity '{parity}' with {stop_bits} stop bits"
            raise BadInputError(what, where=where, mend="give N, E or O, and 1 or 2")
        common = {"unit_id": unit_id, "word_order": word_order, "byte_order": byte_order}
        read = [Register.of({**common, **one}, where) for one in registers]
        require_distinct(read, where)
        line = {"baudrate": baud, "parity": parity, "stopbits": stop_bits}
        reader = ModbusReader(_client_of(address, where), line, blocks(read), poll_s, timeout_s)
        super().__init__(stream, reader, **{"stale_s": max(30.0, 5 * poll_s), **options})


class ModbusReader(Reader):
    """Asks for all blocks at each beat.

    Parameters
    ----------
    target : mapping
        Kind of the connection, and where it leads.
    line : mapping
        Settings of a serial line.
    wanted : sequence of Block
        What to ask for.
    poll_s, timeout_s : float
        Seconds between two rounds, and for one answer.
    """

    def __init__(
        self,
        target: Mapping[str, Any],
        line: Mapping[str, Any],
        wanted: Sequence[Block],
        poll_s: float,
        timeout_s: float,
    ) -> None:
        self._target, self._line, self._wanted = target, line, wanted
        self._poll_s, self._timeout_s = poll_s, timeout_s

    def readings(self) -> Generator[Item, None, None]:
        """Connect and poll; one report a device and round."""
        with closing(self._connected()) as client:
            for due in beats(self._poll_s):
                if due:
                    yield from self._round(client)
                else:
                    yield None

    def _round(self, client: Any) -> Generator[Item, None, None]:
        """All blocks once.

        Raises
        ------
        ReaderError
            If the connection is lost, or no block at all is answered with values.
        """
        found: dict[int, list[Reading]] = {}
        refusals: list[str] = []
        silent: set[int] = set()
        for block in self._wanted:
            if block.unit_id in silent:
                continue
            told = self._asked(client, block)
            if isinstance(told, str):
                refusals.append(told)
                silent |= {block.unit_id} if told == _SILENT else set()
                yield Complaint(told, _place(block))
                continue
            values = [Reading(one.name, value, one.unit) for one, value in block.values(told)]
            found.setdefault(block.unit_id, []).extend(values)
            yield None
        if not found:
            raise ReaderError(f"no value is to be had: {refusals[0]}")
        for unit_id, readings in found.items():
            yield Report(tuple(readings), f"unit {unit_id}")

    def _asked(self, client: Any, block: Block) -> list[int] | str:
        """The cells of a block, or why it was refused."""
        from pymodbus.exceptions import ConnectionException, ModbusException

        ask = {
            "holding": client.read_holding_registers, "input": client.read_input_registers,
            "coil": client.read_coils, "discrete": client.read_discrete_inputs,
        }[block.table]  # fmt: skip
        try:
            answer = ask(block.address, count=block.count, device_id=block.unit_id)
        except ConnectionException as error:
            raise ReaderError("the connection is lost") from error
        except ModbusException:
            if self._target["kind"] == "rtu+tcp":
                # A late answer carries no number there: it would be taken for that to the next request.
                client.close()
            return _SILENT
        except OSError as error:
            raise ReaderError(f"the connection is lost ({error.strerror or type(error).__name__})") from error
        if answer.isError():
            code = answer.exception_code
            return _SILENT if code in _GATEWAY else f"refused: {_EXCEPTIONS.get(code, f'code {code}')}"
        cells = answer.bits if block.registers[0].is_bit else answer.registers
        return list(cells[: block.count]) if len(cells) >= block.count else "too short an answer"

    def _connected(self) -> Any:
        try:
            from pymodbus import FramerType
            from pymodbus.client import ModbusSerialClient, ModbusTcpClient
        except ImportError as error:
            raise ReaderError("pymodbus is not installed; pip install 'kizashi[modbus]'") from error
        # Its own log says each second what `Health` says once, and with the address.
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
        ways: dict[str, Any] = {"timeout": self._timeout_s, "retries": 1}
        kind = self._target["kind"]
        if kind == "rtu":
            port = self._target["port"]
            if port.startswith("/") and not Path(port).exists():
                raise ReaderError("there is no such port; is it plugged in?")
            client: Any = ModbusSerialClient(port, framer=FramerType.RTU, **self._line, **ways)
        else:
            framer = FramerType.SOCKET if kind == "tcp" else FramerType.RTU
            client = ModbusTcpClient(self._target["host"], port=self._target["port"], framer=framer, **ways)
        if client.connect():
            return client
        client.close()
        raise ReaderError("the port cannot be opened; is it in use?" if kind == "rtu" else "no connection to it")


_SILENT = "no answer"


def _place(block: Block) -> str:
    return f"unit {block.unit_id}, {block.table} {block.address}"


def _client_of(address: str, where: str) -> dict[str, Any]:
    """Kind and end of the connection."""
    line = _LINE.fullmatch(address)
    if line:
        return {"kind": "rtu", "port": line[1]}
    parts = _NETWORK.fullmatch(address)
    port = int(parts[3] or PORT) if parts else 0
    if not parts or not 0 < port < 1 << 16:
        mend = "give tcp://host:502, rtu+tcp://host:port or rtu:///dev/ttyUSB0"
        raise BadInputError("this is no address of a Modbus device", where=where, mend=mend)
    return {"kind": parts[1] or "tcp", "host": parts[2].strip("[]"), "port": port}
