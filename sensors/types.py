"""All that crosses a seam between sensors and fusion: `Chunk`, `Features`, `Score`, `Health`.

Why `Health` stands here and not in `fusion.events`: sensors raise it, and `sensors` never imports `fusion`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

NS = 1_000_000_000
"""Nanoseconds in a second."""


class Modality(StrEnum):
    """A sense."""

    AUDIO = "audio"
    VIDEO = "video"
    ENVIRONMENT = "environment"


class Quality(StrEnum):
    """What a score may be used for. Only `OK` scores are fused or learned; the others abstain, and say why."""

    OK = "ok"
    WARMING = "warming"
    GAP = "gap"
    DEGRADED = "degraded"


class State(StrEnum):
    """Condition of a sensor. Only what is `UP` takes part in a verdict."""

    UP = "up"
    DOWN = "down"
    DEGRADED = "degraded"
    TAMPERED = "tampered"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of samples without a gap.

    Attributes
    ----------
    stream : str
        Identity of the sensor, "hall/mic".
    seq : int
        Number of the chunk in its stream, from 0.
    start_ns : int
        Event time of the first sample, nanoseconds UTC.
    rate_hz : float
        Samples, rows or frames per second; 0 for a single irregular row or frame.
    data : ndarray, read-only
        Audio (n,) float32 in [-1, 1]; environment (n, c) float64 in each quantity's documented unit, NaN where
        a row has no value; video (n, h, w) grey or (n, h, w, 3) RGB uint8.
    names : tuple of str
        Environment only: the c quantities, "temperature_c".
    """

    stream: str
    seq: int
    start_ns: int
    rate_hz: float
    data: NDArray[Any]
    names: tuple[str, ...] = ()

    def time_ns(self, index: int) -> int:
        """Event time of sample `index`, nanoseconds UTC."""
        return self.start_ns + (round(index * NS / self.rate_hz) if self.rate_hz else 0)


@dataclass(frozen=True, slots=True)
class Features:
    """A description of the last `span_ns` nanoseconds of a stream.

    Attributes
    ----------
    stream : str
        Identity of the sensor.
    end_ns : int
        Event time of the end of what is described, nanoseconds UTC.
    span_ns : int
        How much time is described, nanoseconds >= 0.
    names : tuple of str
        Names of the values, with unit suffix.
    values : ndarray (d,) float64
        One value a name; NaN where unknown.
    """

    stream: str
    end_ns: int
    span_ns: int
    names: tuple[str, ...]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Score:
    """How strange one channel of one stream is.

    Attributes
    ----------
    stream : str
        Identity of the sensor.
    channel : str
        "<stream>:<what>", for instance "hall/mic:level".
    modality : Modality
        The sense it belongs to.
    end_ns, span_ns : int
        The time it speaks of, as in `Features`.
    raw : float or None
        Larger is stranger, any monotone scale; None unless `quality` is OK.
    quality : Quality
        Whether the score may be used.
    top : tuple of (str, float)
        What made it strange: names with shares in [0, 1].
    value, usual : float or None
        What was measured and what is usual here, in `unit`: for explanations and the user's rules, also while WARMING;
        None where it cannot be believed, or is not known.
    unit : str
        Unit of `value` and `usual`.
    log_odds : bool
        Whether `raw` is the logarithm of the odds of a chance; all scores of a channel agree.
    """

    stream: str
    channel: str
    modality: Modality
    end_ns: int
    span_ns: int
    raw: float | None
    quality: Quality = Quality.OK
    top: tuple[tuple[str, float], ...] = ()
    value: float | None = None
    usual: float | None = None
    unit: str = ""
    log_odds: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """A change in the condition of a sensor.

    Attributes
    ----------
    stream : str
        Identity of the sensor.
    at_ns : int
        Event time from which the state holds, nanoseconds UTC.
    state : State
        The new condition.
    reason : str
        Why, in words for people; empty when UP.
    channels : tuple of str
        Quantities that alone are in this condition, while the others are UP; empty where the whole sensor is.
    """

    stream: str
    at_ns: int
    state: State
    reason: str = ""
    channels: tuple[str, ...] = ()
