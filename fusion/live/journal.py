"""In which order a live run heard its sensors: what makes its recording replay to the same verdicts.

`arrivals.jsonl` beside the media: a line for each time that verdicts were given, with what had come since the line
before. `items` are `[stream, first, last]`, numbers of features in their stream, or a change of health that a source
told. A line with `begin_ns` says that the time up to there was left out, since the clock was set.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from fusion.records import read_lines
from sensors.types import Health, State

ARRIVALS = "arrivals.jsonl"


class Told(msgspec.Struct, frozen=True):
    """A change of health, fields as in `sensors.types.Health`."""

    stream: str
    at_ns: int
    state: State
    reason: str = ""
    channels: tuple[str, ...] = ()

    @classmethod
    def of(cls, health: Health) -> Told:
        """To be written."""
        return cls(health.stream, health.at_ns, health.state, health.reason, health.channels)

    def health(self) -> Health:
        """As it was told."""
        return Health(self.stream, self.at_ns, self.state, self.reason, self.channels)


Run = tuple[str, int, int]
"""A stream, and the numbers of the first and the last of its features that were scored one after the other."""


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came, what was left out from then on, and up to when verdicts were given, or from when anew."""

    items: tuple[Run | Told, ...] = ()
    until_ns: int | None = None
    begin_ns: int | None = None
    shed: dict[str, str] | None = None


class Arrivals:
    """Gathers what comes between two verdicts.

    Attributes
    ----------
    shed : dict of str to str or None
        What is left out of whom, since the next line; None where that did not change.
    """

    def __init__(self) -> None:
        self.shed: dict[str, str] | None = None
        self._items: list[Run | Told] = []
        self._encoder = msgspec.json.Encoder()

    def features(self, stream: str, number: int) -> None:
        """Features were scored."""
        last = self._items[-1] if self._items else None
        if isinstance(last, tuple) and last[0] == stream and last[2] == number - 1:
            self._items[-1] = (stream, last[1], number)
        else:
            self._items.append((stream, number, number))

    def health(self, health: Health) -> None:
        """A source told something of itself."""
        self._items.append(Told.of(health))

    def line(self, until_ns: int | None = None, begin_ns: int | None = None) -> bytes:
        """All since the last line, with its line end."""
        items, self._items = tuple(self._items), []
        shed, self.shed = self.shed, None
        return self._encoder.encode(Line(items, until_ns, begin_ns, shed)) + b"\n"


def read_arrivals(path: Path) -> Iterator[Line]:
    """The lines, in order.

    Raises
    ------
    BadInputError
        If a line is something else.
    """
    return read_lines(path, Line)
