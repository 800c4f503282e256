"""What the fusion says: `Calibrated`, `FusedScore`, `Incident`; `Health` comes from the sensors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from sensors.types import Health, Modality, Score

__all__ = [
    "Assessment", "Calibrated", "Change", "Evidence", "FusedScore", "Health", "Incident", "Missing", "Part",
    "Reliability", "Severity", "Sighting", "Voice", "Without",
]  # fmt: skip


class Severity(IntEnum):
    """How much an incident matters; larger is worse."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Change(StrEnum):
    """What happened to an incident."""

    OPENED = "opened"
    REOPENED = "reopened"
    ESCALATED = "escalated"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A score ranked against this site's past.

    Attributes
    ----------
    score : Score
        What was ranked.
    p_value : float
        Share of the past that was at least as strange, in (0, 1]; smaller is stranger.
    saturated : bool
        Nothing in the past was stranger: the p-value is extrapolated.
    """

    score: Score
    p_value: float
    saturated: bool


@dataclass(frozen=True, slots=True)
class Part:
    """What one sense contributes to a fused score.

    Attributes
    ----------
    sense : Modality
        Which.
    p_value : float
        Its combined p-value over its corroboration window, in (0, 1].
    share : float
        Its share of the fused surprise, in [0, 1]; the shares of all parts add up to 1.
    channels : tuple of Calibrated
        Its strangest channels in the window, strangest first, three at most.
    """

    sense: Modality
    p_value: float
    share: float
    channels: tuple[Calibrated, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A sensor that takes no part in a verdict, and why."""

    stream: str
    reason: str


@dataclass(frozen=True, slots=True)
class Without:
    """What a verdict would have been, had one sense been missing.

    Attributes
    ----------
    sense : Modality
        The one left out.
    p_value : float
        Combined p-value of the others, in (0, 1].
    per_day : float or None
        Their rate here; None while they are not known together.
    extrapolated : bool
        As in `FusedScore`.
    """

    sense: Modality
    p_value: float
    per_day: float | None
    extrapolated: bool = False


@dataclass(frozen=True, slots=True)
class Reliability:
    """How much a sense weighs among others, by what operators said of incidents.

    Attributes
    ----------
    sense : Modality
        Which.
    weight : float
        Its factor in the fused sum, in (0, 1].
    carried, false : int
        Incidents with a label of which its share was the largest, and how many of them were called false.
    """

    sense: Modality
    weight: float
    carried: int
    false: int


@dataclass(frozen=True, slots=True)
class Voice:
    """What one channel has to say about a tick.

    Attributes
    ----------
    sense : Modality
        Which it belongs to.
    channel : str
        Its name.
    p_values : tuple of float
        In (0, 1/2]: of the strongest moment of its window, and of its average; a p-value above 1/2 counts as 1/2.
    """

    sense: Modality
    channel: str
    p_values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on: enough to work out again what it says.

    Attributes
    ----------
    voices : tuple of Voice
        All channels that had a say, in order of their names.
    moments : tuple of Calibrated
        What channels said in the corroboration windows that was strange, in order of time.
    without : tuple of Without
        One for each sense that took part, where there are several.
    weights : tuple of Reliability
        Of senses that took part with a weight that is not 1, where there are several.
    """

    voices: tuple[Voice, ...]
    moments: tuple[Calibrated, ...]
    without: tuple[Without, ...]
    weights: tuple[Reliability, ...] = ()


@dataclass(frozen=True, slots=True)
class FusedScore:
    """The verdict on one tick.

    Attributes
    ----------
    at_ns : int
        Event time of the tick, nanoseconds UTC.
    p_value : float or None
        Combined p-value of the senses present, in (0, 1]; None while nothing can be said (warming, all absent).
    per_day : float or None
        How many separate times a day chance alone gives one as strange as this at this site; None as above, and
        while this site's past is too short to tell.
    parts : tuple of Part
        One for each sense present, largest share first.
    missing : tuple of Missing
        Sensors that took no part.
    degraded : bool
        Some sensor took no part.
    extrapolated : bool
        `per_day` is rarer than anything this site's past can show: its tail was extended by a fitted one.
    evidence : Evidence or None
        What it rests on; None where it is nowhere near an alarm.
    suspected : tuple of Missing
        Sensors that took part and do not agree with the others, and why: tampering?
    """

    at_ns: int
    p_value: float | None
    per_day: float | None
    parts: tuple[Part, ...] = ()
    missing: tuple[Missing, ...] = ()
    degraded: bool = False
    extrapolated: bool = False
    evidence: Evidence | None = None
    suspected: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """A known pattern that was seen.

    Attributes
    ----------
    kind : str
        "break-in".
    signs : tuple of (str, int)
        Name of each sign, and when it was met: nanoseconds UTC.
    """

    kind: str
    signs: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """How an incident came by its severity.

    Attributes
    ----------
    chance : float
        How likely it is that somebody wants to know of it, in (0, 1).
    counted : tuple of (str, float, float)
        What counted, how much of it there was, and what it came to in logits.
    thresholds : tuple of float
        Logits from which it is worth telling, medium, high, critical.
    """

    chance: float
    counted: tuple[tuple[str, float, float], ...]
    thresholds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that a person should look at.

    Attributes
    ----------
    id : str
        Deterministic: the same recording gives the same.
    opened_ns, closed_ns : int
        Event time, nanoseconds UTC; `closed_ns` is None while open.
    severity : Severity
        Never falls while the incident lasts.
    kind : str
        "break-in" where a known pattern was seen, else what was sensed, strongest first: "sound+motion";
        "rule: <name>" where a rule of the user's opened it.
    peak : FusedScore
        The rarest verdict in it.
    parts : tuple of Part
        For each sense its strangest contribution during the incident, strangest first; shares are those of the peak.
    why : str
        A sentence for people: which sense saw what, and how rare that is here.
    rule : str
        Name of the user's rule that opened it; empty where something was strange.
    sighting : Sighting or None
        The known pattern that was seen in it.
    assessment : Assessment or None
        Where its severity comes from; None where a rule says it.
    """

    id: str
    opened_ns: int
    closed_ns: int | None
    severity: Severity
    kind: str
    peak: FusedScore
    parts: tuple[Part, ...]
    why: str
    rule: str = ""
    sighting: Sighting | None = None
    assessment: Assessment | None = None


PARTS = (
    Severity, Calibrated, Part, Missing, Without, Reliability, Voice, Evidence, FusedScore, Sighting, Assessment,
    Incident,
)  # fmt: skip
"""Classes that hold something, see `freezing`."""
