"""The seam of live sensors: a `Reader` yields what its other end said, or that nothing came."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol, TypeAlias


class ReaderError(Exception):
    """The other end cannot be read; the text is the reason, in words for people and without secrets."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one quantity.

    Attributes
    ----------
    name : str
        As the device or the settings call it: "temperature", "hall_co2".
    value : object
        A number, a switch's word, a text that holds either, or None where there is none.
    unit : str
        As the device or the settings tell it; empty where the name tells, or nothing does.
    device_ns : int or None
        When the device says that it measured, nanoseconds UTC; None where it does not say.
    age_ns : int
        Where it only says how long ago that was: nanoseconds before its arrival.
    """

    name: str
    value: object
    unit: str = ""
    device_ns: int | None = None
    age_ns: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What arrived at once; `origin` is the device: a topic, an address, a port."""

    readings: tuple[Reading, ...]
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something arrived that cannot be used: why (one of few texts, never the payload itself), and from where."""

    reason: str
    origin: str = ""


Item: TypeAlias = Report | Complaint | None


class Reader(Protocol):
    """One kind of other end."""

    def readings(self) -> Generator[Item, None, None]:
        """Connect, and yield what arrives; called again for each attempt, always in one thread at a time.

        Twice a second or so it yields, None where nothing came, so that it can be closed; nothing in it waits for
        longer without a time limit. Closed or at an error it releases everything.

        Raises
        ------
        ReaderError
            If the other end cannot be read, or not any more.
        """
        ...
