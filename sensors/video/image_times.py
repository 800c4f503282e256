"""When a picture was taken, as its file's name or its EXIF data tell it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from sensors.types import NS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A minus without a colon is a running number more often than an offset.
_OFFSET = r"(?P<offset>Z|[+-]\d{2}:\d{2}|\+\d{4})?"
_WRITTEN = re.compile(
    r"(?<!\d)(?P<date>\d{4}[-_.:]?\d{2}[-_.:]?\d{2})[-_.T ]?(?P<time>\d{2}[-_.:]?\d{2}[-_.:]?\d{2})"
    rf"(?:[_.,](?P<part>\d{{1,9}})(?!\d))?{_OFFSET}(?!\d)"
)
_EPOCH_SECONDS = re.compile(r"(?<!\d)(\d{10})(?:[._](\d{1,9}))?(?!\d)")
_EPOCH_MILLIS = re.compile(r"(?<!\d)(\d{13})(?!\d)")


def name_ns(name: str, utc_offset_s: int) -> int | None:
    """Time in a name, nanoseconds UTC; None where there is none.

    Parameters
    ----------
    name : str
        "cam1_20240507T080000.250", "2024-05-07_08-00-00+0900", seconds or milliseconds since 1970.
    utc_offset_s : int
        Offset of local time from UTC, seconds: for times without one of their own.
    """
    if found := _WRITTEN.search(name):
        return _written_ns(found["date"], found["time"], found["part"], found["offset"], utc_offset_s)
    if found := _EPOCH_MILLIS.search(name):
        return int(found[1]) * (NS // 1000)
    if found := _EPOCH_SECONDS.search(name):
        return int(found[1]) * NS + _part_ns(found[2])
    return None


def exif_ns(told: Mapping[str, str], utc_offset_s: int) -> int | None:
    """Time of taking in EXIF data, nanoseconds UTC; None where there is none.

    Parameters
    ----------
    told : mapping
        Names of tags, with the folder that they stand in or without, and their values.
    utc_offset_s : int
        Offset of local time from UTC, seconds: for cameras that write none.
    """
    tags = {name.rpartition("/")[2]: value.strip("\0 ") for name, value in told.items()}
    found = _WRITTEN.fullmatch(tags.get("DateTimeOriginal", ""))
    if not found:
        return None
    offset = tags.get("OffsetTimeOriginal") or tags.get("0x9011") or None
    part = tags.get("SubSecTimeOriginal", "")
    return _written_ns(found["date"], found["time"], part if part.isdigit() else None, offset, utc_offset_s)


def _written_ns(date: str, time: str, part: str | None, offset: str | None, utc_offset_s: int) -> int | None:
    digits = re.sub(r"\D", "", date + time)
    zone: tzinfo | None = timezone(timedelta(seconds=utc_offset_s))
    try:
        if offset:
            zone = datetime.strptime(offset, "%z").tzinfo
        at = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=zone)
    except ValueError:
        return None
    return round((at - _EPOCH).total_seconds()) * NS + _part_ns(part)


def _part_ns(digits: str | None) -> int:
    """A fraction of a second, as it is written behind the point."""
    return int((digits or "0").ljust(9, "0")[:9])
