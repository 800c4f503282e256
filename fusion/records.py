"""The lines of verdicts.jsonl and incidents.jsonl, and the order in which people should read incidents."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from fusion.events import Severity
from sensors.errors import BadInputError

T = TypeVar("T")


class SenseLine(msgspec.Struct, frozen=True):
    """One sense in one verdict."""

    p_value: float | None = None
    share: float | None = None
    top: str | None = None


class VerdictLine(msgspec.Struct, frozen=True):
    """One tick, fields as in `fusion.events.FusedScore`."""

    at_ns: int
    p_value: float | None = None
    per_day: float | None = None
    extrapolated: bool = False
    degraded: bool = False
    missing: dict[str, str] = {}
    suspected: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    senses: dict[str, SenseLine] = {}


class ChannelLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One channel that took part in an incident, at its strangest; `top` as in `sensors.types.Score`."""

    channel: str
    p_value: float | None = None
    saturated: bool = False
    value: float | None = None
    usual: float | None = None
    unit: str = ""
    at_ns: int = 0
    top: tuple[str, ...] = ()


class PartLine(msgspec.Struct, frozen=True):
    """One sense that took part in an incident."""

    sense: str
    p_value: float | None = None
    share: float = 0.0
    channels: tuple[ChannelLine, ...] = ()


class MomentLine(msgspec.Struct, frozen=True, array_like=True):
    """What a channel said: how many milliseconds before the peak, of how many milliseconds, how rare that is here."""

    before_ms: int
    span_ms: int
    p_value: float
    value: float | None = None


class WithoutLine(msgspec.Struct, frozen=True):
    """What the peak had been without one sense, as in `fusion.events.Without`."""

    p_value: float
    per_day: float | None = None
    extrapolated: bool = False


class WeightLine(msgspec.Struct, frozen=True, array_like=True):
    """How much a sense weighed, and why, as in `fusion.events.Reliability`."""

    weight: float
    carried: int
    false: int


class EvidenceLine(msgspec.Struct, frozen=True):
    """What the peak of an incident rests on.

    `senses` has the p-value of each sense at the peak, `voices` those of each channel that these are made of,
    `shares` what each channel contributes, `moments` what channels
    of each sense said in the window before it that was strange, `without` the counterfactuals, `weights` what senses
    weighed that did not weigh 1.
    """

    at_ns: int
    senses: dict[str, float] = {}
    voices: dict[str, dict[str, tuple[float, ...]]] = {}
    shares: dict[str, float] = {}
    without: dict[str, WithoutLine] = {}
    moments: dict[str, dict[str, tuple[MomentLine, ...]]] = {}
    weights: dict[str, WeightLine] | msgspec.UnsetType = msgspec.UNSET


class CountedLine(msgspec.Struct, frozen=True, array_like=True):
    """Something that counted for the severity: how much of it, and logits."""

    name: str
    value: float
    logits: float


class AssessmentLine(msgspec.Struct, frozen=True):
    """Where a severity comes from, as in `fusion.events.Assessment`."""

    chance: float
    counted: tuple[CountedLine, ...] = ()
    thresholds: tuple[float, ...] = ()


class IncidentLine(msgspec.Struct, frozen=True):
    """One incident, fields as in `fusion.events.Incident`; `signs` are those of a known pattern, with their times."""

    id: str
    opened_ns: int
    severity: str
    closed_ns: int | None = None
    kind: str = ""
    per_day: float | None = None
    p_value: float | None = None
    extrapolated: bool = False
    why: str = ""
    parts: tuple[PartLine, ...] = ()
    missing: dict[str, str] = {}
    rule: str | msgspec.UnsetType = msgspec.UNSET
    signs: dict[str, int] | msgspec.UnsetType = msgspec.UNSET
    assessment: AssessmentLine | msgspec.UnsetType = msgspec.UNSET
    evidence: EvidenceLine | msgspec.UnsetType = msgspec.UNSET

    @property
    def rank(self) -> Severity:
        """The severity as a number; one that is not known counts as low."""
        name = self.severity.upper()
        return Severity[name] if name in Severity.__members__ else Severity.LOW


def read_lines(path: Path, kind: type[T]) -> Iterator[T]:
    """Records of a JSON Lines file, one after the other; blank lines are passed over."""
    decoder = msgspec.json.Decoder(kind)
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.isspace():
                continue
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                where = f"{path}:{number}"
                raise BadInputError(str(error), where=where, mend="replay the recording again") from None


def rank_incidents(incidents: Iterable[IncidentLine]) -> tuple[IncidentLine, ...]:
    """Gravest first, then rarest, then earliest: number 1 on the page and in the picture comes first."""

    def weight(incident: IncidentLine) -> tuple[int, float, int]:
        return -incident.rank, math.inf if incident.per_day is None else incident.per_day, incident.opened_ns

    return tuple(sorted(incidents, key=weight))
