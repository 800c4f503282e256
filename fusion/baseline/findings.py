"""What was found out about a place while a baseline of it was learned: plain facts, beside it as `report.json`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sensors.errors import BadInputError

FINDINGS, TOLD = "report.json", "report.txt"
"""The facts, and the same in words."""


class Spread(msgspec.Struct, frozen=True):
    """Where the values of a quantity lie: between `low` and `high` nine of ten, `middle` the median, `mean`."""

    low: float
    middle: float
    high: float
    mean: float
    count: int


class Usual(msgspec.Struct, frozen=True):
    """What is usual of one quantity, in `unit`: of all times, and of each hour of the day that is known."""

    channel: str
    sense: str
    unit: str
    whole: Spread
    hours: dict[int, Spread]


class Conduct(msgspec.Struct, frozen=True):
    """How a channel behaved before strangers.

    `moments` of its windows were of their own; a share of `rare` ranked at `expected` or less, where `expected` should;
    alone, at the operator's setting, it would have raised `alarms` where chance allows `alarms_expected`. `noisy`: one
    of both is surely more than it should be.
    """

    channel: str
    sense: str
    unit: str
    moments: float
    rare: float
    expected: float
    alarms: int
    alarms_expected: float
    noisy: bool


class Condition(msgspec.Struct, frozen=True):
    """How a sensor fared: the share of its scores that could be used, and how often it was unwell for which reason."""

    stream: str
    usable: float
    troubles: dict[str, int]


class Prospect(msgspec.Struct, frozen=True):
    """Whether `per_day` false alarms can be counted in the past: moments needed and had, seconds of quiet to go."""

    per_day: float
    needed: float
    had: float
    wait_s: float


class Findings(msgspec.Struct, frozen=True):
    """All of it; `senses` is the set that the prospects are of, `block_s` the length of one of its moments."""

    seconds: float
    block_s: float
    senses: str
    prospects: tuple[Prospect, ...]
    usual: tuple[Usual, ...]
    conduct: tuple[Conduct, ...]
    sensors: tuple[Condition, ...]


def write_findings(folder: Path, findings: Findings) -> None:
    """Write the facts into the folder of a baseline."""
    (folder / FINDINGS).write_bytes(msgspec.json.format(msgspec.json.encode(findings), indent=2) + b"\n")


def read_findings(folder: Path) -> Findings:
    """Read them again.

    Raises
    ------
    BadInputError
        If there are none, or others than `kizashi learn` writes.
    """
    path = folder / FINDINGS
    try:
        return msgspec.json.decode(path.read_bytes(), type=Findings)
    except OSError as error:
        raise BadInputError("there is no report", where=path, mend="learn the baseline again") from error
    except msgspec.MsgspecError as error:
        raise BadInputError(f"this is no report of a baseline ({error})", where=path, mend="learn it again") from error
