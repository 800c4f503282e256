"""A replay at a glance: incidents, truth, rarity of the whole and one lane a sense, over the time of day.

Why matplotlib without pyplot, inside a style context: nothing of a user's matplotlib settings shows in the picture,
nothing of ours stays behind, and the same timeline gives the same bytes.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from fusion.language.english import ENGLISH
from fusion.language.texts import Language, Texts
from fusion.recording import Label, Recording
from fusion.report.lanes import (
    HATCH,
    LEAST_SHARE,
    draw_incidents,
    draw_labels,
    draw_rarity,
    draw_sense,
    drawable,
    set_up_lane,
    spans_where,
)
from fusion.report.metrics import Alarm, alarm_between, match
from fusion.report.palette import LIGHT, SENSES, recoloured, sense_colour
from fusion.report.ticks import clock, clock_ticks, day, local_time, offset_name, since_start_ticks
from fusion.report.timeline import Timeline
from fusion.words import duration, incidents
from sensors.types import NS

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Span = tuple[float, float, str]
WIDTH_IN, DPI = 14.0, 100
LATIN = "DejaVu Sans"
"""Comes with matplotlib."""
FONTS = {
    Language.JAPANESE: (
        "NotoSansCJK-Regular", "NotoSansCJKjp-Regular", "NotoSansJP-Regular", "ipaexg", "ipag", "TakaoGothic",
        "VL-Gothic-Regular", "YuGothR", "meiryo", "msgothic", "ヒラギノ角ゴシック W3",
    )
}  # fmt: skip
"""Files of fonts for languages that matplotlib's own cannot write, best first."""
_LEFT, _RIGHT = 0.165, 0.968
_STYLE = {
    "font.family": [LATIN],
    "text.parse_math": False,
    "axes.unicode_minus": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "kizashi",
    "hatch.linewidth": 0.8,
    "path.simplify": False,
}


def recording_seconds(timeline: Timeline, recording: Recording) -> float:
    """Length of the recording, or of what was heard of it where it does not tell."""
    heard_s = (timeline.start_ns - recording.start_ns) / NS + timeline.heard_s
    return recording.seconds or max(heard_s, timeline.column_s)


def describe_time(recording: Recording, seconds: float, texts: Texts = ENGLISH) -> str:
    """When it was and how long, in one line."""
    if not recording.start_known:
        return texts.picture.span_unknown.format(seconds=duration(seconds, texts))
    start = local_time(recording.start_ns, recording.utc_offset_s)
    end = local_time(recording.start_ns + round(seconds * NS), recording.utc_offset_s)
    until = clock(end) if end.date() == start.date() else f"{day(end, texts)} {clock(end)}"
    facts = {"start": f"{day(start, texts)} {clock(start)}", "end": until, "seconds": duration(seconds, texts)}
    return texts.picture.span.format(**facts, offset=offset_name(recording.utc_offset_s))


def describe_setting(false_alarms_per_day: float, texts: Texts = ENGLISH) -> str:
    """The operator's setting in words."""
    return texts.numbers.alarms_a_day[false_alarms_per_day != 1].format(n=false_alarms_per_day)


def writable(texts: Texts) -> Texts:
    """The same texts where this machine has a font to draw them with; else English, as a whole."""
    return texts if texts.language not in FONTS or _font(texts.language) else ENGLISH


@cache
def _font(language: Language) -> str | None:
    """The best font there is for a language that `LATIN` cannot write.

    Why by files: matplotlib remembers which fonts there are from the first time that it was used on a machine.
    """
    from matplotlib.font_manager import FontProperties, findSystemFonts, fontManager

    there = {Path(file).stem: file for file in sorted(findSystemFonts())}
    for name in FONTS[language]:
        if name in there:
            fontManager.addfont(there[name])
            return FontProperties(fname=there[name]).get_name()
    return None


def streams_by_sense(timeline: Timeline, recording: Recording) -> dict[str, list[str]]:
    """Sensors of each sense that the recording or the verdicts know, in the fixed order of senses."""
    found: dict[str, list[str]] = {}
    for sensor in sorted(recording.sensors, key=lambda sensor: sensor.id):
        found.setdefault(sensor.kind.partition(".")[0], []).append(sensor.id)
    for sense in timeline.surprise:
        found.setdefault(sense, [])
    order = [*SENSES, *sorted(found.keys() - set(SENSES))]
    return {sense: found[sense] for sense in order if sense in found}


def judge_labels(labels: Sequence[Label], alarms: Sequence[Alarm], seconds: float) -> list[tuple[Label, float | None]]:
    """Each label with the delay until an incident hit it; None where it was missed."""
    return [(hit.label, hit.delay_s) for hit in match(labels, alarms, seconds).hits]


def draw(
    timeline: Timeline,
    recording: Recording,
    *,
    false_alarms_per_day: float,
    titled: bool = True,
    texts: Texts = ENGLISH,
) -> Figure:
    """Draw the figure; `titled` puts name and time above it, for a picture that stands alone."""
    with styled(texts):
        return _draw(timeline, recording, false_alarms_per_day, titled, texts)


def save_picture(
    path: Path, timeline: Timeline, recording: Recording, *, false_alarms_per_day: float, texts: Texts = ENGLISH
) -> None:
    """Write the figure as a PNG of 1400 pixels width; the same input gives the same bytes.

    Where no font of this machine can write the language, the whole picture is in English.
    """
    texts = writable(texts)
    with styled(texts):
        figure = _draw(timeline, recording, false_alarms_per_day, True, texts)
        figure.savefig(path, format="png", dpi=DPI, metadata={"Software": None})


def inline_svg(
    timeline: Timeline, recording: Recording, *, false_alarms_per_day: float, label: str, texts: Texts = ENGLISH
) -> str:
    """The figure as an SVG element for a page: coloured by CSS variables, free of any address; `label` is HTML.

    Its letters are the reader's to draw: no font is needed here.
    """
    written = StringIO()
    with styled(texts), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure = _draw(timeline, recording, false_alarms_per_day, False, texts)
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = written.getvalue()
    svg = re.sub(
        r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg[svg.index("<svg") :], flags=re.DOTALL
    )
    svg = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d)\d+", r"\1", path[0]), svg)
    head, body = svg.split(">", 1)
    box = re.search(r'viewBox="[^"]*"', head)
    body = body.replace("<a xlink:href", '<a tabindex="-1" href').replace("xlink:href", "href")
    body = re.sub(rf"'{LATIN}'(, '[^']*')*", f"'{LATIN}', system-ui, sans-serif", body)
    return f'<svg {box[0] if box else ""} role="img" aria-label="{label}">' + recoloured(body)


@contextmanager
def styled(texts: Texts = ENGLISH) -> Iterator[None]:
    """Nothing of the user's style, and no complaints about fonts that have no bold letters."""
    import matplotlib.style

    own = _font(texts.language) if texts.language in FONTS else None
    family = {"font.family": [LATIN, own]} if own else {}
    log = logging.getLogger("matplotlib.font_manager")
    told, log.level = log.level, logging.ERROR
    try:
        with matplotlib.style.context(["default", _STYLE | family]):
            yield
    finally:
        log.level = told


def _draw(timeline: Timeline, recording: Recording, false_alarms_per_day: float, titled: bool, texts: Texts) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    seconds = recording_seconds(timeline, recording)
    offset_s = (timeline.start_ns - recording.start_ns) / NS
    senses = streams_by_sense(timeline, recording)
    alarms = [alarm_between(i.opened_ns, i.closed_ns, recording.start_ns, seconds) for i in timeline.incidents]
    spans = [(a.start_s, a.end_s, i.rank.name.lower()) for a, i in zip(alarms, timeline.incidents, strict=True)]
    heights = [0.42, *([0.34] if recording.labels is not None else []), 2.7, *[1.0 for _ in senses]]
    above, below, gap = (1.15 if titled else 0.42), 0.95, 0.16
    total = above + sum(heights) + gap * (len(heights) - 1) + below
    figure = Figure(figsize=(WIDTH_IN, total), dpi=DPI, facecolor=LIGHT["paper"])
    FigureCanvasAgg(figure)
    lanes, top = [], total - above
    for height in heights:
        top -= height
        lanes.append(figure.add_axes((_LEFT, top / total, _RIGHT - _LEFT, height / total)))
        top -= gap
    todo = iter(lanes)
    ink, words = LIGHT["ink"], texts.picture
    axes = next(todo)
    many = incidents(len(spans), texts) if timeline.strangest or spans else texts.page.unjudged
    set_up_lane(axes, seconds, words.incidents, many, ink)
    draw_incidents(axes, spans, seconds)
    if recording.labels is not None:
        strange = [alarm for alarm, i in zip(alarms, timeline.incidents, strict=True) if not i.rule]
        found = [(label, delay is not None) for label, delay in judge_labels(recording.labels, strange, seconds)]
        axes = next(todo)
        told = words.found.format(found=sum(hit for _, hit in found), all=len(found)) if found else words.no_events
        set_up_lane(axes, seconds, words.labels, told, ink)
        draw_labels(axes, found, seconds, texts)
    axes = next(todo)
    set_up_lane(axes, seconds, words.how_rare, words.how_rare_below, ink)
    draw_rarity(axes, timeline, false_alarms_per_day, offset_s, texts)
    for sense, streams in senses.items():
        axes = next(todo)
        name = texts.word(f"lane {sense}").removeprefix("lane ")
        set_up_lane(axes, seconds, name, _stream_names(streams, texts), LIGHT[sense_colour(sense)])
        draw_sense(axes, timeline.surprise.get(sense), streams, timeline, sense, offset_s, texts)
    strange_spans = [span for span, i in zip(spans, timeline.incidents, strict=True) if not i.rule]
    _shade(lanes, timeline, strange_spans, seconds, offset_s)
    _mark_times(lanes, recording, seconds, texts)
    _explain(figure, timeline, recording, false_alarms_per_day, 0.10 / total, texts)
    if titled:
        _entitle(figure, recording, seconds, total, texts)
    return figure


def _stream_names(streams: Sequence[str], texts: Texts) -> str:
    shown = [drawable(name if len(name) <= 20 else f"{name[:19]}…") for name in streams[:3]]
    return "\n".join(shown + ([texts.picture.more.format(n=len(streams) - 3)] if len(streams) > 3 else []))


def _shade(lanes: Sequence[Axes], timeline: Timeline, spans: Sequence[Span], seconds: float, offset_s: float) -> None:
    """Across all lanes: time in which nothing could be said, and incidents, which the lanes should explain."""
    silent = spans_where(timeline.silent, timeline.edges_s + offset_s)
    for axes in lanes:
        for start_s, end_s in silent:
            axes.axvspan(start_s, end_s, facecolor=LIGHT["warming"], linewidth=0, zorder=0.5)
        for start_s, end_s, severity in spans:
            end_s = max(end_s, start_s + seconds * LEAST_SHARE)
            axes.axvspan(start_s, end_s, facecolor=LIGHT[severity], alpha=0.22, linewidth=0, zorder=0.7)


def _mark_times(lanes: Sequence[Axes], recording: Recording, seconds: float, texts: Texts) -> None:
    """Below the wall clock of the place, above the time since the start; thin lines through all lanes join them."""
    since = since_start_ticks(seconds, texts)
    offset_s = recording.utc_offset_s
    wall = clock_ticks(recording.start_ns, seconds, offset_s, texts) if recording.start_known else since
    for axes in lanes:
        for place_s, _ in wall:
            axes.axvline(place_s, color=LIGHT["rule"], linewidth=0.6, zorder=0.6)
    lanes[-1].set_xticks([place for place, _ in wall], [text for _, text in wall])
    if recording.start_known:
        top = lanes[0].secondary_xaxis("top")
        top.set_xticks([place for place, _ in since], [text for _, text in since])
        top.tick_params(length=0, labelsize=8.5, labelcolor=LIGHT["muted"], pad=2)
        top.spines["top"].set_visible(False)
    if recording.start_known:
        lanes[-1].tick_params(axis="x", labelcolor=LIGHT["ink"], labelsize=9.5)


def _explain(
    figure: Figure, timeline: Timeline, recording: Recording, per_day: float, bottom: float, texts: Texts
) -> None:
    """The legend: only what the picture holds."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    words = texts.picture
    setting = words.setting.format(setting=describe_setting(per_day, texts))
    present = {incident.rank.name.lower() for incident in timeline.incidents}
    handles: list[Artist] = [
        Line2D([], [], color=LIGHT["setting"], linewidth=1.4, linestyle=(0, (5, 3)), label=setting)
    ]
    handles += [
        Patch(facecolor=LIGHT[name], label=texts.word(name))
        for name in ("critical", "high", "medium", "low")
        if name in present
    ]
    if recording.labels:
        handles.append(Patch(facecolor=LIGHT["truth"], label=words.label_found))
        handles.append(Patch(facecolor=LIGHT["paper"], edgecolor=LIGHT["truth"], label=words.label_missed))
    if any(share.any() for share in timeline.missing.values()):
        handles.append(
            Patch(
                facecolor=LIGHT["paper"],
                edgecolor=LIGHT["absent"],
                linewidth=0,
                hatch=HATCH,
                label=words.sensor_missing,
            )
        )
    if timeline.silent.any():
        handles.append(Patch(facecolor=LIGHT["warming"], label=words.no_verdict))
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.007, bottom),
        ncols=len(handles),
        frameon=False,
        fontsize=9,
        labelcolor=LIGHT["muted"],
        handlelength=1.5,
        columnspacing=1.6,
    )


def _entitle(figure: Figure, recording: Recording, seconds: float, total_in: float, texts: Texts) -> None:
    name = recording.name if len(recording.name) <= 90 else f"{recording.name[:89]}…"
    figure.text(0.012, 1 - 0.22 / total_in, drawable(name), fontsize=16, fontweight="bold", va="top").set_color(
        LIGHT["ink"]
    )
    figure.text(0.012, 1 - 0.55 / total_in, describe_time(recording, seconds, texts), fontsize=10, va="top").set_color(
        LIGHT["muted"]
    )
