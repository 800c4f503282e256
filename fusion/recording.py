"""Recorded streams: a folder with `scenario.toml`, or any ordinary single file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Label:
    """One true event.

    Attributes
    ----------
    start_s, end_s : float
        Seconds since the start of the recording.
    kind : str
        What happened: "break_in".
    modalities : tuple of str
        Senses that can notice it; empty where unknown.
    """

    start_s: float
    end_s: float
    kind: str = ""
    modalities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SensorEntry:
    """One sensor of a recording.

    Attributes
    ----------
    id : str
        "hall/mic".
    kind : str
        Kind of source, as `sensors.registry` knows it: "audio.file".
    path : Path
        The media or data file.
    offset_s : float
        Its media time 0 in seconds since the start of the recording.
    options : mapping
        Further keyword arguments of the source.
    """

    id: str
    kind: str
    path: Path
    offset_s: float = 0.0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording, described; nothing of its media has been read.

    Attributes
    ----------
    name : str
        For people.
    start_ns : int
        Event time of its start, nanoseconds UTC.
    start_known : bool
        False where the recording tells no start and it was put at the epoch.
    utc_offset_s : int
        Offset of local time from UTC at the place, seconds: for showing times.
    seconds : float or None
        Length, where the recording tells it.
    sensors : tuple of SensorEntry
        At least one.
    labels : tuple of Label
        True events in order of start; None where the recording has no labels at all.
    """

    name: str
    start_ns: int
    start_known: bool
    utc_offset_s: int
    seconds: float | None
    sensors: tuple[SensorEntry, ...]
    labels: tuple[Label, ...] | None = None
