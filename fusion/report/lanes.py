"""The parts of the picture: each draws into one matplotlib axes; x is in seconds since the start."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fusion.language.texts import Texts
from fusion.recording import Label
from fusion.report.palette import LIGHT, sense_colour
from fusion.report.ticks import RARITIES, height_of
from fusion.report.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALARM_ROOM = 1.15
LANE_TOP = 6.0
LEAST_SHARE = 0.003
"""Least width of an incident or label that a reader still sees, as a share of the whole width."""
LETTER_SHARE = 0.0068
"""Width of a letter of a label's name, likewise, from above."""
HATCH = "/////"


def spans_where(share: NDArray[np.float64], edges_s: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Runs of columns with a share above one half, as (start, end) in seconds."""
    on = np.concatenate(([False], share > 0.5, [False]))
    turns = np.flatnonzero(on[1:] != on[:-1])
    return [(float(edges_s[a]), float(edges_s[b])) for a, b in zip(turns[::2], turns[1::2], strict=True)]


def drawable(text: str) -> str:
    """The text with a box for each character that no font of the style can draw: no font has them all."""
    from matplotlib import rcParams
    from matplotlib.font_manager import findfont, get_font

    fonts = [get_font(findfont(family)) for family in rcParams["font.family"]]
    return "".join(letter if any(font.get_char_index(ord(letter)) for font in fonts) else "\u25a1" for letter in text)


def set_up_lane(axes: Axes, seconds: float, title: str, below: str, colour: str) -> None:
    """Bare axes with their name to the left of them."""
    axes.set_xlim(0.0, seconds)
    axes.set_facecolor(LIGHT["surface"])
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(LIGHT["rule"])
    axes.tick_params(length=0, labelsize=8.5, labelcolor=LIGHT["muted"], pad=5)
    axes.set_xticks([])
    # Names are placed in points from the left edge of the figure, so that lanes of any height line up.
    place = axes.get_figure(root=True).transFigure  # type: ignore[union-attr]
    _, bottom, _, height = axes.get_position().bounds
    axes.text(
        0.012, bottom + height / 2, title, transform=place, fontsize=11, fontweight="bold", va="bottom"
    ).set_color(colour)
    axes.text(0.012, bottom + height / 2, below, transform=place, fontsize=8, va="top", linespacing=1.35).set_color(
        LIGHT["muted"]
    )


def draw_rarity(axes: Axes, timeline: Timeline, false_alarms_per_day: float, offset_s: float, texts: Texts) -> None:
    """The fused verdict: how rare the present is here, rare is high, with the operator's setting as a line."""
    heights = np.array([math.nan if math.isnan(rate) else height_of(rate) for rate in timeline.per_day])
    setting = height_of(false_alarms_per_day)
    floor = height_of(RARITIES[0])
    top = max(setting, float(np.nanmax(heights, initial=floor))) + ALARM_ROOM
    edges_s = timeline.edges_s + offset_s
    axes.set_ylim(floor, top)
    names = zip(RARITIES, texts.picture.rarities, strict=True)
    marks = [(height_of(rate), name) for rate, name in names if height_of(rate) <= top]
    axes.set_yticks([height for height, _ in marks], [name for _, name in marks])
    axes.grid(axis="y", color=LIGHT["rule"], linewidth=0.7)
    axes.set_axisbelow(True)
    steps, levels = np.repeat(edges_s, 2)[1:-1], np.repeat(heights, 2)
    axes.fill_between(steps, floor, levels, color=LIGHT["curve"], alpha=0.18, linewidth=0)
    axes.plot(steps, levels, color=LIGHT["curve"], linewidth=0.9, solid_joinstyle="round")
    above = np.where(levels >= setting, levels, np.nan)
    axes.fill_between(steps, setting, above, color=LIGHT["setting"], alpha=0.7, linewidth=0)
    axes.axhline(setting, color=LIGHT["setting"], linewidth=1.2, linestyle=(0, (5, 3)))
    for start_s, end_s in spans_where(timeline.silent, edges_s):
        if end_s - start_s > 0.07 * (axes.get_xlim()[1]):
            middle = (start_s + end_s) / 2, (floor + top) / 2
            words = texts.picture.warming if start_s <= edges_s[0] else texts.picture.no_verdict
            axes.text(*middle, words, fontsize=9, ha="center").set_color(LIGHT["muted"])


def draw_sense(
    axes: Axes,
    surprise: NDArray[np.float64] | None,
    streams: Sequence[str],
    timeline: Timeline,
    sense: str,
    offset_s: float,
    texts: Texts,
) -> None:
    """One sense: its surprise from below, and a hatched strip for each of its sensors while that one is missing."""
    colour = LIGHT[sense_colour(sense)]
    edges_s = timeline.edges_s + offset_s
    axes.set_ylim(0.0, LANE_TOP * 1.04)
    axes.set_yticks([0, 3, 6], [texts.picture.usual, texts.picture.thousand, texts.picture.million])
    axes.grid(axis="y", color=LIGHT["rule"], linewidth=0.7)
    axes.set_axisbelow(True)
    for number, stream in enumerate(streams):
        spans = spans_where(timeline.missing.get(stream, np.zeros(0)), edges_s)
        low, high = 1 - (number + 1) / len(streams), 1 - number / len(streams)
        for start_s, end_s in spans:
            axes.axvspan(
                start_s,
                end_s,
                low,
                high,
                facecolor=LIGHT["surface"],
                edgecolor=LIGHT["absent"],
                hatch=HATCH,
                linewidth=0,
                zorder=2.5,
            )
    if surprise is not None:
        steps, levels = np.repeat(edges_s, 2)[1:-1], np.minimum(np.repeat(surprise, 2), LANE_TOP)
        axes.fill_between(steps, 0.0, levels, color=colour, alpha=0.30, linewidth=0, zorder=3)
        axes.plot(steps, levels, color=colour, linewidth=0.9, zorder=3)


def draw_labels(axes: Axes, found: Sequence[tuple[Label, bool]], seconds: float, texts: Texts) -> None:
    """What really happened: filled where an incident hit it, hollow where it was missed."""
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    least_s = seconds * LEAST_SHARE
    ends = [*(label.start_s for label, _ in found[1:]), seconds][: len(found)]
    free_s = 0.0
    for (label, hit), next_s in zip(found, ends, strict=True):
        width_s = max(least_s, label.end_s - label.start_s)
        axes.broken_barh(
            [(label.start_s, width_s)],
            (0.22, 0.56),
            facecolor=LIGHT["truth"] if hit else LIGHT["paper"],
            edgecolor=LIGHT["truth"],
            linewidth=1.1,
            zorder=3,
        )
        name = label.kind.replace("_", " ")
        name = name if hit else texts.picture.missed.format(name=name)
        start_s = max(free_s, label.start_s + width_s + seconds * 0.004)
        free_s = start_s + seconds * LETTER_SHARE * len(name)
        if free_s <= next_s:
            axes.text(start_s, 0.5, drawable(name), fontsize=8.5, va="center_baseline", color=LIGHT["ink"], zorder=4)
        else:
            free_s = start_s


def draw_incidents(axes: Axes, spans: Sequence[tuple[float, float, str]], seconds: float) -> None:
    """Incidents as numbered bars; `spans` are start, end and severity in the order of their numbers."""
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    taken: list[float] = []
    for number, (start_s, end_s, severity) in enumerate(spans, 1):
        width_s = max(seconds * LEAST_SHARE, end_s - start_s)
        link = f"#incident-{number}"
        bar = axes.broken_barh(
            [(start_s, width_s)], (0.08, 0.24), facecolor=LIGHT[severity], linewidth=0, zorder=3 + 1 / number
        )
        bar.set_urls([link])
        middle_s = min(max(start_s + width_s / 2, seconds * 0.008), seconds * 0.992)
        if all(abs(middle_s - other_s) > seconds * 0.018 for other_s in taken):
            taken.append(middle_s)
            text = axes.text(middle_s, 0.42, str(number), fontsize=9.5, fontweight="bold", ha="center", va="bottom")
            text.set_color(LIGHT["ink"])
            text.set_url(link)
