"""Devices that write lines of text to a serial port: `SerialSource`."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sensors.environment.live.lines import LineCutter, Parse, parser
from sensors.environment.live.reading import Complaint, Item, Reader, ReaderError, Report
from sensors.environment.live.source import LiveReadingsSource
from sensors.errors import BadInputError

LONGEST = 4096
"""Longest line, bytes."""

READ_S = 0.25
_COMMENT = "#"


class SerialSource(LiveReadingsSource):
    """Lines of text from a serial port; unplugged it is DOWN, plugged in again it goes on.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    port : str
        "/dev/ttyUSB0", better "/dev/serial/by-id/..."; or what else `serial.serial_for_url` takes: "socket://host:port".
    pattern : str, optional
        Regular expression with named groups, see `lines.parser`.
    columns : sequence of str, optional
        Names of the cells of a line. Without either a line holds pairs like "temperature=21.5 C".
    baud, parity, stop_bits, bits
        Of the line; parity "N", "E" or "O".
    options
        Those of `LiveReadingsSource`.

    Raises
    ------
    BadInputError
        If the pattern, the columns or the line cannot be.
    """

    def __init__(
        self, stream: str, port: str, *, pattern: str | None = None, columns: Sequence[str] | None = None,
        baud: int = 9600, parity: str = "N", stop_bits: float = 1, bits: int = 8, **options: Any,
    ) -> None:  # fmt: skip
        where = f"sensor '{stream}'"
        if not port.strip():
            raise BadInputError("no port", where=where, mend="give /dev/ttyUSB0 or the like")
        if baud <= 0 or parity not in ("N", "E", "O") or stop_bits not in (1, 1.5, 2) or bits not in (5, 6, 7, 8):
            what = f"a line of {baud} baud, {bits} bits, parity '{parity}', {stop_bits} stop bits"
            raise BadInputError(what, where=where, mend="give 9600, 8, N and 1 or what the device's manual says")
        ways = {"baudrate": baud, "parity": parity, "stopbits": stop_bits, "bytesize": bits}
        super().__init__(stream, SerialReader(port, ways, parser(pattern, columns, where)), **options)


class SerialReader(Reader):
    """Reads one port line by line.

    Parameters
    ----------
    port : str
        Where.
    ways : dict
        Settings of the line.
    parse : callable (str) -> readings or None
        How to read a line.
    """

    def __init__(self, port: str, ways: dict[str, Any], parse: Parse) -> None:
        self._port, self._ways, self._parse = port, ways, parse

    def readings(self) -> Generator[Item, None, None]:
        """Open the port; one report a line."""
        cutter = LineCutter(LONGEST, skip_first=True)
        with closing(self._opened()) as line:
            while True:
                yield None
                for text in cutter.cut(self._data(line)):
                    if isinstance(text, Complaint):
                        hint = "; is the baud rate right?" if text.reason == "no text" else ""
                        yield Complaint(text.reason + hint)
                    elif not text.startswith(_COMMENT):
                        found = self._parse(text)
                        yield Complaint("a line of another form") if found is None else Report(found)

    def _data(self, line: Any) -> bytes:
        try:
            data: bytes = line.read(max(1, line.in_waiting))
        except OSError as error:
            raise ReaderError("the line is lost; is it unplugged?") from error
        return data

    def _opened(self) -> Any:
        try:
            import serial  # type: ignore[import-untyped]
        except ImportError as error:
            raise ReaderError("pyserial is not installed; pip install 'kizashi[serial]'") from error
        if self._port.startswith("/") and not Path(self._port).exists():
            raise ReaderError("there is no such port; is it plugged in?")
        try:
            return serial.serial_for_url(self._port, timeout=READ_S, exclusive=True, **self._ways)
        except PermissionError as error:
            raise ReaderError("not allowed to read the port; add this user to the group 'dialout'") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None)
            raise ReaderError(f"the port cannot be opened ({reason or type(error).__name__})") from error
