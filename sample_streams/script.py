"""What a recording consists of, before anything is made."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_streams.film import Film
from sample_streams.noise import Samples
from sample_streams.sound import Room, Sounding, record


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """The microphone: file name, rate, channels, and what it hears where."""

    path: str
    rate_hz: int
    channels: int
    soundings: list[Sounding]
    room: Room
    offset_s: float = 0.0


@dataclass(frozen=True, slots=True)
class FilmTrack:
    """The camera: file name, quality (x264 crf) and its film; the film's frame 0 is at `offset_s`."""

    path: str
    crf: int
    film: Callable[[], Film]
    offset_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Table:
    """Readings as they are written: names of the columns, rows of text."""

    names: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def text(self) -> str:
        """As CSV."""
        lines = io.StringIO()
        csv.writer(lines, lineterminator="\n").writerows([self.names, *self.rows])
        return lines.getvalue()


@dataclass(frozen=True, slots=True)
class AirTrack:
    """The sensors of the air: file name, and their readings, given the sound level in dB(A) of every second."""

    path: str
    readings: Callable[[Samples], Table]
    offset_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Truth:
    """A labelled event; spans are (start_s, end_s) where each sense can notice it."""

    kind: str
    severity: str
    note: str
    audio: tuple[float, float]
    video: tuple[float, float]
    environment: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Script:
    """A recording: `place` begins the names of its sensors, `start` is a TOML date-time with offset."""

    name: str
    place: str
    start: str
    seconds: float
    about: str
    sound: SoundTrack
    film: FilmTrack
    air: AirTrack
    truths: tuple[Truth, ...] = ()

    def pcm(self, seconds: float | None = None) -> NDArray[np.int16]:
        """Samples (n, channels) of the first `seconds`, or of all."""
        track = self.sound
        whole = self.seconds - track.offset_s
        length = whole if seconds is None else min(seconds, whole)
        return record(self.name, track.soundings, track.room, float(track.rate_hz), track.channels, length)
