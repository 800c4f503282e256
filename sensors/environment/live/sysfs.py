"""Sensors that the Linux kernel reads, as files: `IioSource` (industrial I/O), `HwmonSource` (hardware monitoring).

Units are those of the kernel's documentation, Documentation/ABI/testing/sysfs-bus-iio and Documentation/hwmon/
sysfs-interface.rst: mostly thousandths, kilopascals for pressure, percent for concentrations, millionths of a watt.
"""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sensors.environment.live.pace import beats
from sensors.environment.live.reading import Complaint, Item, Reader, ReaderError, Reading, Report
from sensors.environment.live.source import LiveReadingsSource
from sensors.errors import BadInputError

IIO_ROOT, HWMON_ROOT = Path("/sys/bus/iio/devices"), Path("/sys/class/hwmon")

_IIO = {
    "temp": ("temperature", 1e-3, "c"), "humidityrelative": ("humidity", 1e-3, "percent"),
    "pressure": ("air_pressure", 1, "kPa"), "illuminance": ("illuminance", 1, "lx"),
    "concentration": ("concentration", 1e4, "ppm"), "massconcentration": ("dust", 1, "ug/m3"),
    "voltage": ("voltage", 1e-3, "V"), "current": ("current", 1e-3, "A"), "power": ("power", 1e-3, "W"),
    "resistance": ("resistance", 1, "Ohm"), "accel": ("acceleration", 1, "m/s2"), "ph": ("ph", 1, ""),
    "uvindex": ("uv_index", 1, ""), "proximity": ("proximity", 1, ""),
}  # fmt: skip
_HWMON = {
    "temp": ("temperature", 1e-3, "c"), "humidity": ("humidity", 1e-3, "percent"), "power": ("power", 1e-6, "W"),
    "in": ("voltage", 1e-3, "V"), "curr": ("current", 1e-3, "A"), "energy": ("energy", 1e-6, "J"),
    "fan": ("fan_speed", 1, "rpm"), "intrusion": ("tamper", 1, ""),
}  # fmt: skip
_IIO_FILE = re.compile(rf"in_({'|'.join(_IIO)})([\d-]*|\d+-voltage\d+)((?:_[a-z0-9]+)?)_(input|raw)")
_HWMON_FILE = re.compile(r"((?:temp|humidity|power|in|curr|energy|fan)\d+)_(input|average)|(intrusion\d+)_alarm")
_SUBSTANCES = ("concentration", "dust")


@dataclass(frozen=True, slots=True)
class Channel:
    """One value of a device: value = (number + offset) * scale.

    Attributes
    ----------
    name, unit : str
        What it is.
    path : Path
        The file that holds the number.
    offset, scale : float
        The conversion.
    fault : Path or None
        The file that holds 1 while the number means nothing.
    """

    name: str
    unit: str
    path: Path
    offset: float = 0.0
    scale: float = 1.0
    fault: Path | None = None

    def read(self) -> Reading:
        """The value now; None where the kernel says that it means nothing.

        Raises
        ------
        OSError, ValueError
            If the file cannot be read, or holds no number.
        """
        broken = self.fault is not None and self.fault.exists() and _number(self.fault) == 1
        return Reading(self.name, None if broken else (_number(self.path) + self.offset) * self.scale, self.unit)


class IioSource(LiveReadingsSource):
    """Channels of industrial I/O devices: temperature, humidity, pressure, light, gases, voltages.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    device : str
        Its name, "bme280", or its folder, "iio:device0"; empty for all there are.
    root : str or Path
        Where the kernel lists devices.
    poll_s : float
        Seconds from one reading to the next, > 0.
    options
        Those of `LiveReadingsSource`; `stale_s` is five polls where nothing is told, but no less than 30 s.

    Raises
    ------
    BadInputError
        If `poll_s` is not above 0.
    """

    def __init__(
        self, stream: str, device: str = "", *, root: str | Path = IIO_ROOT, poll_s: float = 10.0, **options: Any
    ) -> None:
        _require_pace(stream, poll_s)
        super().__init__(stream, IioReader(device, Path(root), poll_s), **_patient(poll_s, options))


class HwmonSource(LiveReadingsSource):
    """Channels of hardware monitors: temperature, humidity, power, voltages, currents, fans, an opened case.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    device : str
        Its name, "nct6775", or its folder, "hwmon2"; empty for all there are.
    root, poll_s, options
        As of `IioSource`.

    Raises
    ------
    BadInputError
        If `poll_s` is not above 0.
    """

    def __init__(
        self, stream: str, device: str = "", *, root: str | Path = HWMON_ROOT, poll_s: float = 10.0, **options: Any
    ) -> None:
        _require_pace(stream, poll_s)
        super().__init__(stream, HwmonReader(device, Path(root), poll_s), **_patient(poll_s, options))


class SysfsReader(Reader):
    """Reads all channels of some devices at each beat; what is plugged in meanwhile is found."""

    what, pattern = "", ""

    def __init__(self, device: str, root: Path, poll_s: float) -> None:
        self._device, self._root, self._poll_s = device, root, poll_s

    def readings(self) -> Generator[Item, None, None]:
        """One report a device and beat."""
        for due in beats(self._poll_s):
            if due:
                yield from self._round()
            else:
                yield None

    def channels(self, folder: Path) -> Iterator[Channel]:
        """Channels of a device."""
        raise NotImplementedError

    def _round(self) -> Iterator[Item]:
        """All channels once.

        Raises
        ------
        ReaderError
            If there is no such device, or no channel of any can be read.
        """
        folders = [folder for folder in sorted(self._root.glob(self.pattern)) if self._is_meant(folder)]
        read, reason = 0, "it has no channel that is known"
        if not folders:
            raise ReaderError(f"there is no {self.what}{f' {self._device!r}' if self._device else ''}")
        for folder in folders:
            origin, readings = f"{_name(folder)} ({folder.name})", []
            for channel in self.channels(folder):
                try:
                    readings.append(channel.read())
                except (OSError, ValueError) as error:
                    why = getattr(error, "strerror", None)
                    reason = f"cannot be read ({why})" if why else "holds no number"
                    yield Complaint(reason, f"{origin}, {channel.path.name}")
            read += len(readings)
            yield Report(tuple(readings), origin) if readings else None
        if not read:
            raise ReaderError(f"no value is to be had: {reason}")

    def _is_meant(self, folder: Path) -> bool:
        return self._device in ("", folder.name, str(folder), _name(folder))


class IioReader(SysfsReader):
    """Of `IioSource`."""

    what, pattern = "IIO device", "iio:device*"

    def channels(self, folder: Path) -> Iterator[Channel]:
        """Channels of a device; a processed value goes before a raw one."""
        found = {path.name: path for path in sorted(folder.glob("in_*"))}
        for file, path in found.items():
            match = _IIO_FILE.fullmatch(file)
            if not match or (match[4] == "raw" and file.replace("_raw", "_input") in found):
                continue
            kind, index, modifier = match[1], match[2], match[3]
            what, factor, unit = _IIO[kind]
            substance = modifier.removeprefix("_").replace("p5", "_5")
            name = substance if what in _SUBSTANCES and substance else f"{what}{index}{modifier}"
            offset, scale = 0.0, 1.0
            if match[4] == "raw":
                ways = (f"{index}{modifier}", index, modifier, "")
                offset, scale = (
                    _shared(found, kind, ways, end, usual) for end, usual in (("offset", 0.0), ("scale", 1.0))
                )
            yield Channel(name, unit, path, offset, scale * factor)


class HwmonReader(SysfsReader):
    """Of `HwmonSource`."""

    what, pattern = "hardware monitor", "hwmon*"

    def channels(self, folder: Path) -> Iterator[Channel]:
        """Channels of a device, under their labels where they have some."""
        found = {path.name: path for path in sorted(folder.iterdir())}
        for file, path in found.items():
            match = _HWMON_FILE.fullmatch(file)
            if not match or (match[2] == "average" and f"{match[1]}_input" in found):
                continue
            channel = match[1] or match[3]
            kind = channel.rstrip("0123456789")
            what, factor, unit = _HWMON[kind]
            label = _text(found[f"{channel}_label"]) if f"{channel}_label" in found else ""
            name = f"{label} {what}" if label else what + channel.removeprefix(kind)
            yield Channel(name, unit, path, 0.0, factor, found.get(f"{channel}_fault"))


def _shared(found: dict[str, Path], kind: str, ways: tuple[str, ...], end: str, usual: float) -> float:
    """Scale or offset: a channel's own, or one that it shares with others of its kind."""
    for way in ways:
        path = found.get(f"in_{kind}{way}_{end}")
        if path:
            try:
                return _number(path)
            except (OSError, ValueError):
                return math.nan
    return usual


def _number(path: Path) -> float:
    return float(path.read_text(encoding="ascii").partition(" ")[0])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _name(folder: Path) -> str:
    return _text(folder / "name") or folder.name


def _require_pace(stream: str, poll_s: float) -> None:
    if not poll_s > 0:
        raise BadInputError("poll_s must be above 0", where=f"sensor '{stream}'", mend="give poll_s = 10")


def _patient(poll_s: float, options: dict[str, Any]) -> dict[str, Any]:
    return {"stale_s": max(30.0, 5 * poll_s), **options}
