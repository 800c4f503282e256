"""Recall against false alarms, a line for each way to judge: what is gained by more alarms, and who gains more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusion.report.metrics import HOUR_S, Outcome
from fusion.report.palette import LIGHT, SENSES
from fusion.report.picture import DPI, styled
from fusion.report.sweep import frontier
from fusion.words import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE_IN = (9.0, 6.0)
FUSED = "fused"
DASHES: tuple[str | tuple[int, tuple[int, ...]], ...] = (
    "-", "--", "-.", ":", (0, (1, 4)), (0, (8, 2)), (0, (4, 1, 1, 1)), (0, (8, 2, 1, 2, 1, 2)),
)  # fmt: skip
"""Enough to tell rules apart that share a colour."""
TICKS = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)


def save_tradeoff(
    path: Path, swept: Mapping[str, Mapping[float, Outcome]], chosen: Mapping[str, Outcome], setting: str
) -> None:
    """Write the figure as a PNG; the same input gives the same bytes.

    Parameters
    ----------
    path : Path
        File to write.
    swept : mapping of str to mapping
        Outcomes by rate, as `sweep` gives them, of each way to judge.
    chosen : mapping of str to Outcome
        What each raised as it was set: a dot.
    setting : str
        What was set, in words.
    """
    from matplotlib.figure import Figure

    with styled():
        figure = Figure(figsize=SIZE_IN, facecolor=LIGHT["paper"], layout="constrained")
        axes = figure.add_subplot()
        hours = max((o.quiet_s for o in next(iter(swept.values()), {}).values()), default=HOUR_S) / HOUR_S
        least = 1 / max(hours, 1e-3)
        for number, (name, outcomes) in enumerate(swept.items()):
            _line(axes, name, frontier(outcomes.values()), chosen.get(name), _look(name, number))
        axes.set_xscale("symlog", linthresh=least)
        most = max(axes.get_xlim()[1], 1.0)
        ticks = [0.0, *(t for t in TICKS if 0.9 * least <= t <= most)]
        axes.set_xlim(0, most)
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xticks([], minor=True)
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("false alarms per hour outside events")
        axes.set_ylabel("events found")
        events = counted(len(next(iter(chosen.values())).hits) if chosen else 0, "event")
        axes.set_title(f"{events}, {hours:.2g} h outside them; dots: set to {setting}", loc="left", fontsize=11)
        axes.grid(color=LIGHT["rule"], linewidth=0.8)
        axes.legend(loc="lower right", frameon=False)
        figure.savefig(path, format="png", dpi=DPI, metadata={"Software": None})


def _look(name: str, number: int) -> dict[str, Any]:
    """Colour, width and dashes of a line: senses as everywhere, the fusion in front of all."""
    if name == FUSED:
        return {"color": LIGHT["ink"], "linewidth": 2.6, "linestyle": "-", "zorder": 3}
    sense = name.partition(" ")[0]
    if sense in SENSES:
        return {"color": LIGHT[sense], "linewidth": 1.8, "linestyle": "-", "zorder": 2}
    return {"color": LIGHT["other"], "linewidth": 1.2, "linestyle": DASHES[number % len(DASHES)], "zorder": 1}


def _line(
    axes: Axes, name: str, points: list[tuple[float, float]], chosen: Outcome | None, look: Mapping[str, Any]
) -> None:
    if points:
        false, recall = zip(*points, strict=True)
        axes.plot([*false, max(false[-1] * 2, 1.0)], [*recall, recall[-1]], drawstyle="steps-post", label=name, **look)
    if chosen is not None and chosen.hits and chosen.quiet_s > 0:
        place = [chosen.false_alarms * HOUR_S / chosen.quiet_s], [chosen.recall]
        axes.plot(*place, "o", color=look["color"], markersize=8, zorder=4, clip_on=False)
