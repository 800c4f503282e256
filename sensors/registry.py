"""Which class reads which kind of sensor: "audio.file" -> "module:Class".

Third parties add theirs by the entry-point groups `kizashi.sources` and `kizashi.live_sources`, where the name is the
kind and the value is "module:Class". Nothing is imported before it is asked for.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from sensors.base import Detector, Extractor, LiveSource, Source
from sensors.errors import BadInputError
from sensors.types import Modality

SOURCES = {
    "audio.file": "sensors.audio.sources:AudioFileSource",
    "audio.runs": "sensors.audio.runs:RunsSource",
    "environment.csv": "sensors.environment.sources:CsvSource",
    "environment.jsonl": "sensors.environment.sources:JsonLinesSource",
    "environment.parquet": "sensors.environment.sources:ParquetSource",
    "video.file": "sensors.video.sources:VideoFileSource",
    "video.images": "sensors.video.images:ImageFolderSource",
}
"""Every built-in source of recordings: a class called with (stream, path, start_ns, **options)."""

LIVE = {
    "audio.microphone": "sensors.audio.live.microphone:MicrophoneSource",
    "audio.url": "sensors.audio.live.url:UrlSource",
    "audio.wyoming": "sensors.audio.live.wyoming:WyomingSource",
    "environment.http": "sensors.environment.live.http:HttpSource",
    "environment.hwmon": "sensors.environment.live.sysfs:HwmonSource",
    "environment.iio": "sensors.environment.live.sysfs:IioSource",
    "environment.modbus": "sensors.environment.live.modbus:ModbusSource",
    "environment.mqtt": "sensors.environment.live.mqtt:MqttSource",
    "environment.push": "sensors.environment.live.push:PushSource",
    "environment.serial": "sensors.environment.live.serial_line:SerialSource",
    "environment.tail": "sensors.environment.live.tail:TailSource",
    "video.url": "sensors.video.live.url:UrlSource",
    "video.v4l2": "sensors.video.live.v4l2:V4l2Source",
}
"""Every built-in live source: a class called with (stream, device or address, **options)."""

EXTRACTORS = {
    Modality.AUDIO: "sensors.audio.features:AudioExtractor",
    Modality.ENVIRONMENT: "sensors.environment.features:EnvironmentExtractor",
    Modality.VIDEO: "sensors.video.features:VideoExtractor",
}
"""The extractor of each sense: a class called with (stream), that of audio also with model=its classifier."""

DETECTORS = {
    Modality.AUDIO: "sensors.audio.detectors:AudioDetector",
    Modality.ENVIRONMENT: "sensors.environment.detectors:EnvironmentDetector",
    Modality.VIDEO: "sensors.video.detectors:VideoDetector",
}
"""The detector of each sense: a class called with (stream), that of audio also with model=its classifier, that of video
also with zones=the rules for its picture and channels=what it tells."""

SUFFIXES = {
    **dict.fromkeys((".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".wma", ".aiff"), "audio.file"),
    **dict.fromkeys((".mp4", ".mkv", ".avi", ".mov", ".webm", ".m4v", ".ts", ".mpg", ".mjpeg"), "video.file"),
    **dict.fromkeys((".csv", ".tsv", ".txt"), "environment.csv"),
    **dict.fromkeys((".jsonl", ".ndjson"), "environment.jsonl"),
    ".parquet": "environment.parquet",
}
"""Kind of an ordinary single file, by its name."""

GROUP = "kizashi.sources"
LIVE_GROUP = "kizashi.live_sources"


def kinds() -> dict[str, str]:
    """All known kinds of recorded source, built-in and installed; the built-in ones cannot be replaced."""
    return {entry.name: entry.value for entry in entry_points(group=GROUP)} | SOURCES


def live_kinds() -> dict[str, str]:
    """All known kinds of live source, built-in and installed; the built-in ones cannot be replaced."""
    return {entry.name: entry.value for entry in entry_points(group=LIVE_GROUP)} | LIVE


def source_class(kind: str, where: object = "kind") -> Callable[..., Source]:
    """The class that reads recordings of this kind; `where` is the place that names it.

    Raises
    ------
    BadInputError
        If nothing reads it; the nearest known kind is named.
    """
    made: Callable[..., Source] = load(_target(kinds(), kind, where))
    return made


def live_class(kind: str, where: object = "kind") -> Callable[..., LiveSource]:
    """The class that listens to or watches sensors of this kind; `where` is the place that names it.

    Raises
    ------
    BadInputError
        If nothing does; the nearest known kind is named.
    """
    made: Callable[..., LiveSource] = load(_target(live_kinds(), kind, where))
    return made


def extractor_class(modality: Modality) -> Callable[..., Extractor]:
    """The extractor of a sense."""
    made: Callable[..., Extractor] = load(EXTRACTORS[modality])
    return made


def detector_class(modality: Modality) -> Callable[..., Detector]:
    """The detector of a sense."""
    made: Callable[..., Detector] = load(DETECTORS[modality])
    return made


def load(target: str) -> Any:
    """Import "module:Name"."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def _target(known: dict[str, str], kind: str, where: object) -> str:
    if kind not in known:
        near = difflib.get_close_matches(kind, known, 1)
        mend = f"did you mean '{near[0]}'?" if near else f"known kinds are {', '.join(sorted(known))}"
        raise BadInputError(f"no sensor of kind '{kind}'", where=where, mend=mend)
    return known[kind]
