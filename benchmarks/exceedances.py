"""How often p-values of hours of quiet lie below levels, beside how often they should."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from fusion.events import FusedScore
from fusion.rarity import DAY_NS

LEVELS = (0.1, 0.01, 0.001, 0.0001)


@dataclass
class Exceedances:
    """Observed over expected at each level.

    Attributes
    ----------
    many : int
        P-values that were noted.
    below : list of int
        How many of them lay at or below each of `LEVELS`.
    """

    many: int = 0
    below: list[int] = field(default_factory=lambda: [0] * len(LEVELS))

    def note(self, p_value: float) -> None:
        """Count one p-value, in (0, 1]."""
        self.many += 1
        for place, level in enumerate(LEVELS):
            self.below[place] += p_value <= level

    def __add__(self, other: Exceedances) -> Exceedances:
        """Both together."""
        return Exceedances(self.many + other.many, [a + b for a, b in zip(self.below, other.below, strict=True)])

    def line(self, name: str) -> str:
        """One row of a table: observed over expected, and how many that were."""
        ratios = (f"{n / (self.many * level):6.2f} ({n})" for n, level in zip(self.below, LEVELS, strict=True))
        return f"  {name:<28} {self.many:>8}  " + "".join(f"{cell:>16}" for cell in ratios) if self.many else ""


def count(verdicts: Iterable[FusedScore], block_ns: int) -> dict[str, Exceedances]:
    """P-values of the senses and of their fusion, by tick and by independent moment.

    A moment is a block of the fused statistic's past: within one, ticks say the same thing again. Of the senses and of
    the combined p-value the smallest of a block is what counts there, so many more lie below a level than it says; only
    the rank, which is of blocks, should come to 1.

    Parameters
    ----------
    verdicts : iterable of FusedScore
        In the order of time.
    block_ns : int
        Length of a block, nanoseconds.
    """
    out: dict[str, Exceedances] = {}
    least: dict[str, float] = {}
    number = None
    for verdict in verdicts:
        if verdict.per_day is None or verdict.p_value is None:
            continue
        if verdict.at_ns // block_ns != number:
            _close(out, least)
            number, least = verdict.at_ns // block_ns, {}
        said = {f"{part.sense}": part.p_value for part in verdict.parts}
        said |= {"combined": verdict.p_value, "rank": min(1.0, verdict.per_day * block_ns / DAY_NS)}
        for name, p_value in said.items():
            out.setdefault(f"{name}, a tick", Exceedances()).note(p_value)
            least[name] = min(least.get(name, 1.0), p_value)
    _close(out, least)
    return out


def _close(out: dict[str, Exceedances], least: dict[str, float]) -> None:
    for name, p_value in least.items():
        out.setdefault(f"{name}, a moment", Exceedances()).note(p_value)


def table(counted: dict[str, Exceedances]) -> str:
    """All rows, the fusion last."""
    head = f"  {'observed / expected below':<28} {'':>8}  " + "".join(f"{level:>16g}" for level in LEVELS)
    return "\n".join([head, *(each.line(name) for name, each in sorted(counted.items()))])
