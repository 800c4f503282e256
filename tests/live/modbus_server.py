"""A Modbus server by pymodbus, with numbers encoded by it: tcp, rtu+tcp or rtu, PORT. Devices 1 and 2; 9 is silent."""

from __future__ import annotations

import asyncio
import sys

from pymodbus import FramerType
from pymodbus.client import ModbusTcpClient
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

TYPES = ModbusTcpClient.DATATYPE
NUMBERS = {
    0: (TYPES.INT16, -215), 1: (TYPES.UINT16, 65_000), 2: (TYPES.INT32, -70_000), 4: (TYPES.UINT32, 4_000_000_000),
    6: (TYPES.FLOAT32, 21.5), 8: (TYPES.INT64, -(2**40)), 12: (TYPES.UINT64, 2**63), 16: (TYPES.FLOAT64, 1013.25),
}  # fmt: skip
"""Of the holding registers; those with the low word first begin at 100, those with the low byte first at 200."""


SILENT = 9


def words(shift: int, word_order: str, swapped: bool = False) -> list[SimData]:
    made = []
    for address, (kind, number) in NUMBERS.items():
        cells = ModbusTcpClient.convert_to_registers(number, kind, word_order=word_order)  # type: ignore[arg-type]
        cells = [(cell & 0xFF) << 8 | cell >> 8 for cell in cells] if swapped else cells
        made.append(SimData(shift + address, values=cells, datatype=DataType.REGISTERS))
    return made


def device(number: int) -> SimDevice:
    holding = [*words(0, "big"), *words(100, "little"), *words(200, "big", swapped=True)]
    bits = SimData(0, values=[True, False, True, True] + [False] * 12, datatype=DataType.BITS)
    reads = [SimData(30, values=[number * 100, 0, 7], datatype=DataType.REGISTERS)]
    return SimDevice(number, (([bits]), [bits], holding, reads))


def without_silent(sending: bool, data: bytes) -> bytes:
    """What is sent by TCP, but nothing of device 9."""
    return b"" if sending and data[6 if sys.argv[1] == "tcp" else 0] == SILENT else data


async def main() -> None:
    devices = [device(1), device(2)]
    server: ModbusTcpServer | ModbusSerialServer
    if sys.argv[1] == "tcp":
        server = ModbusTcpServer(devices, address=("127.0.0.1", int(sys.argv[2])), trace_packet=without_silent)
    elif sys.argv[1] == "rtu+tcp":
        place = "127.0.0.1", int(sys.argv[2])
        server = ModbusTcpServer(devices, framer=FramerType.RTU, address=place, trace_packet=without_silent)
    else:
        server = ModbusSerialServer(devices, framer=FramerType.RTU, port=sys.argv[2], baudrate=19_200)
    await server.serve_forever(background=True)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
