"""Reports -> rows: columns with units, values that physics allows, and event times that never go back."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from sensors.environment.columns import NAN, Column, distinct, read_number
from sensors.environment.features import is_physical
from sensors.environment.live.offsets import ClockOffset
from sensors.environment.live.reading import Complaint, Reading, Report
from sensors.environment.quantities import Quantity, quantity_of
from sensors.errors import BadInputError
from sensors.types import NS

MOST_COLUMNS = 256
MOST_DEVICES = 256
LONGEST_NAME = 120
LATE_NS = 5 * NS
"""A row that comes this late after others of its stream, by its device's time, is moved to the newest; nanoseconds."""

SET_BACK = 5
"""So many reports in a row that lie before what their device gave mean that its clock was set back."""

_OUR_AGE_NS = (10**8 * NS, 7_289_654_400 * NS)


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured at once.

    Attributes
    ----------
    at_ns : int
        Event time, nanoseconds UTC.
    names, values : tuple
        Names, and a value in its documented unit or NaN for each.
    fault : str
        What to say where neither this row nor the newest of any other column holds a usable value.
    """

    at_ns: int
    names: tuple[str, ...]
    values: tuple[float, ...]
    fault: str = ""


@dataclass(slots=True)
class _Device:
    offset: ClockOffset = field(default_factory=ClockOffset)
    offset_ns: int = 0
    newest_ns: int = 0
    backwards: int = 0


@dataclass(slots=True)
class _Known:
    """A column, and the newest that its device gave in it."""

    column: Column
    quantity: Quantity | None
    device_ns: int | None = None
    arrived_ns: int = 0
    lives: bool = False


class Rows:
    """Makes rows of one stream; remembers its columns, its devices' clocks, and the newest time.

    Parameters
    ----------
    complain : callable (Complaint) -> None
        Told what cannot be used.
    units : mapping of str to str
        Unit of a name, told from outside; "" is for all others without one.
    ignore : collection of str
        Names to leave out.
    clock_ns : int
        How far a device's clock may be off; beyond it its times are corrected, and the device is told of.

    Attributes
    ----------
    late, duplicates, refused : int
        Readings left out because newer ones were given, or the same before; values outside physics.
    """

    def __init__(
        self, complain: Callable[[Complaint], None], units: Mapping[str, str], ignore: Collection[str], clock_ns: int
    ) -> None:
        self.late = self.duplicates = self.refused = 0
        self._complain, self._units, self._ignore, self._clock_ns = complain, units, frozenset(ignore), clock_ns
        self._columns: dict[tuple[str, str, str], _Known] = {}
        self._devices: dict[str, _Device] = {}
        self._last_ns = 0

    @property
    def wrong_clock(self) -> str:
        """What to say of a device whose clock is off; empty where none is."""
        for origin, device in self._devices.items():
            if abs(device.offset_ns) > self._clock_ns:
                way = "behind" if device.offset_ns > 0 else "ahead"
                return f"the clock{f' of {origin}' if origin else ''} is {abs(device.offset_ns) / NS:.0f} s {way}"
        return ""

    def take(self, report: Report, arrived_ns: int) -> Iterator[Row]:
        """Rows of a report, in order of time; none that lies after its arrival."""
        device = self._device(report, arrived_ns)
        groups: dict[int, list[Reading]] = {}
        for reading in report.readings:
            at_ns = self._time_ns(reading, device, arrived_ns, report.origin)
            groups.setdefault(at_ns, []).append(reading)
        for at_ns, readings in sorted(groups.items()):
            if at_ns < self._last_ns - LATE_NS:
                self.late += len(readings)
                continue
            row = self._row(max(at_ns, self._last_ns), readings, report.origin, arrived_ns)
            if row.names:
                self._last_ns = row.at_ns
                yield row

    def silent(self, before_ns: int) -> list[str]:
        """Names of which nothing was heard since then; each is told once."""
        found = [known for known in self._columns.values() if 0 < known.arrived_ns < before_ns]
        for known in found:
            known.arrived_ns = 0
        return [known.column.name for known in found]

    def _device(self, report: Report, arrived_ns: int) -> _Device | None:
        """The device, with the newest time that it tells taken in; None where it tells none."""
        told = [r.device_ns for r in report.readings if r.device_ns is not None and _is_sane(r.device_ns)]
        if not told:
            return None
        if report.origin not in self._devices and len(self._devices) >= MOST_DEVICES:
            self._complain(Complaint("too many devices with clocks", report.origin))
            return None
        device = self._devices.setdefault(report.origin, _Device())
        newest_ns = max(told)
        device.backwards = device.backwards + 1 if newest_ns < device.newest_ns else 0
        if device.backwards >= SET_BACK:
            device = self._devices[report.origin] = _Device()
            for (origin, _, _), known in self._columns.items():
                known.device_ns = None if origin == report.origin else known.device_ns
        device.newest_ns = max(device.newest_ns, newest_ns)
        device.offset_ns = device.offset.learn(newest_ns, arrived_ns)
        return device

    def _time_ns(self, reading: Reading, device: _Device | None, arrived_ns: int, origin: str) -> int:
        if reading.device_ns is None:
            return arrived_ns - max(0, reading.age_ns)
        if device is None or not _is_sane(reading.device_ns):
            self._complain(Complaint("a time outside our age", origin))
            return arrived_ns
        wrong = abs(device.offset_ns) > self._clock_ns
        return min(arrived_ns, reading.device_ns + (device.offset_ns if wrong else 0))

    def _row(self, at_ns: int, readings: list[Reading], origin: str, arrived_ns: int) -> Row:
        cells: dict[str, float] = {}
        faults = []
        for reading in readings:
            known = self._known(reading, origin)
            if known is None or not self._is_new(known, reading.device_ns):
                continue
            value = self._read(known, reading.value, origin)
            if value is None:
                continue
            name = known.column.name
            if name in cells:
                self.duplicates += 1
                continue
            if math.isfinite(value) and not is_physical(value, known.quantity):
                self.refused += 1
                self._complain(Complaint(f"{name} outside what is physical", origin))
                faults.append(f"{name} reads {value:.6g}")
                value = NAN
            cells[name] = value
            known.lives = math.isfinite(value)
            known.arrived_ns = arrived_ns if known.lives else known.arrived_ns
        living = any(map(math.isfinite, cells.values())) or any(known.lives for known in self._columns.values())
        fault = "" if living else f"no usable value: {', '.join(faults or cells)}"
        return Row(at_ns, tuple(cells), tuple(cells.values()), fault)

    def _known(self, reading: Reading, origin: str) -> _Known | None:
        """The column of a reading; None where it is left out or cannot have one."""
        key = origin, reading.name, reading.unit
        known = self._columns.get(key)
        if known is not None or reading.name in self._ignore:
            return known
        if len(self._columns) >= MOST_COLUMNS or len(reading.name) > LONGEST_NAME:
            what = "too many quantities" if len(reading.name) <= LONGEST_NAME else "a name too long"
            self._complain(Complaint(what, origin))
            return None
        unit = self._units.get(reading.name, reading.unit)
        measured = quantity_of(reading.name)[0]
        if not unit and not (measured and measured.binary):
            unit = self._units.get("", "")
        try:
            column = Column.of(reading.name, unit, origin)
        except BadInputError as error:
            self._complain(Complaint(error.what, origin))
            return None
        others = [one.column.name for other, one in self._columns.items() if other[:2] != key[:2]]
        column = distinct(column, others)
        known = self._columns[key] = _Known(column, quantity_of(reading.name, unit)[0])
        return known

    def _is_new(self, known: _Known, device_ns: int | None) -> bool:
        """Whether a reading is newer, by its device's clock, than the one before."""
        if device_ns is None:
            return True
        if known.device_ns is not None and device_ns <= known.device_ns:
            self.duplicates += device_ns == known.device_ns
            self.late += device_ns < known.device_ns
            return False
        known.device_ns = device_ns
        return True

    def _read(self, known: _Known, cell: object, origin: str) -> float | None:
        """The value in the documented unit; NaN where there is none, None where it is no number."""
        value = known.column.read(cell)
        if value is None and known.quantity is None:
            value = read_number(cell, binary=True)
        if value is None or (isinstance(cell, float) and not math.isfinite(cell)):
            self._complain(Complaint("not a number" if value is None else "NaN or infinite", origin))
        return NAN if value is not None and math.isinf(value) else value


def _is_sane(device_ns: int) -> bool:
    return _OUR_AGE_NS[0] <= device_ns < _OUR_AGE_NS[1]
