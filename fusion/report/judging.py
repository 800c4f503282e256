"""How severity is judged here: every weight beside the guess that it began with, and how right the chances are."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fusion.events import Reliability
from fusion.experience import Experience, Point
from fusion.language.texts import Texts
from fusion.report.markup import note, section, table
from fusion.severity import OTHER, PRIOR, THRESHOLDS
from fusion.weighing import name_counted

THRESHOLD_NAMES = ("low", "medium", "high", "critical")
SIDE, EDGE = 220.0, 34.0
"""Size of the calibration curve and room for its axes, pixels."""


def judging(experience: Experience, texts: Texts) -> str:
    """The section, folded away: it is for who wants to argue."""
    words = texts.page
    told = f"<p>{words.model_told.format(labels=experience.labels)}</p>"
    body = f'{told}<div class="judging">{_weights(experience, texts)}{_calibration(experience, texts)}</div>'
    body += _senses(experience.reliability, texts)
    return section(words.model, f"<details><summary>{words.model_open}</summary>{body}</details>")


def _weights(experience: Experience, texts: Texts) -> str:
    model = experience.model
    rows = []
    for name, learned in model.weights.items():
        guess = PRIOR.get(name, OTHER)
        rows.append((escape(name_counted(name, texts)), f"{guess.logits:+.1f} ± {guess.spread:.1f}", f"{learned:+.2f}"))
    for name, guess, learned in zip(THRESHOLD_NAMES, THRESHOLDS, model.thresholds, strict=True):
        rows.append((texts.word(f"threshold {name}"), f"{guess.logits:.1f} ± {guess.spread:.1f}", f"{learned:.2f}"))
    return table(texts.page.model_heads, rows, numbers=(1, 2))


def _senses(reliability: Sequence[Reliability], texts: Texts) -> str:
    """A row a sense of which labels tell."""
    rows = (
        (texts.word(f"lane {one.sense}"), f"{one.weight:g}", str(one.carried), str(one.false)) for one in reliability
    )
    told = table(texts.page.weight_heads, rows, numbers=(1, 2, 3))
    return f"<p>{texts.page.weights_told}</p>{told}" if reliability else ""


def _calibration(experience: Experience, texts: Texts) -> str:
    words = texts.page
    if not experience.curve:
        return f"<div><h3>{words.curve}</h3>{note(escape(words.curve_none))}</div>"
    rows = (
        (
            f"{point.told:.0%}",
            str(point.labels),
            f"{point.worth / point.labels:.0%}",
            f"{point.low:.0%} – {point.high:.0%}",
        )
        for point in experience.curve
    )
    told = words.curve_told.format(learned=experience.error, prior=experience.error_before)
    curve = f"{_curve(experience.curve, words.curve)}{table(words.curve_heads, rows, numbers=(0, 1, 2, 3))}"
    return f"<div><h3>{words.curve}</h3><p>{told}</p>{curve}</div>"


def _curve(points: tuple[Point, ...], label: str) -> str:
    """Chance told to the right, share that came true upwards, with its interval; on the diagonal both are the same."""

    def x(share: float) -> float:
        return round(EDGE + share * SIDE, 1)

    def y(share: float) -> float:
        return round(8 + (1 - share) * SIDE, 1)

    marks = [
        f'<path d="M{x(0)},{y(0)}H{x(1)}V{y(1)}H{x(0)}Z" fill="none" stroke="var(--rule)"/>',
        f'<path d="M{x(0)},{y(0)}L{x(1)},{y(1)}" stroke="var(--muted)" stroke-dasharray="4 3"/>',
    ]
    for share in (0.0, 0.5, 1.0):
        marks.append(f'<text x="{x(share)}" y="{y(0) + 16}" text-anchor="middle">{share:.0%}</text>')
        marks.append(f'<text x="{x(0) - 5}" y="{y(share) + 4}" text-anchor="end">{share:.0%}</text>')
    for point in points:
        place, share = x(point.told), point.worth / point.labels
        marks.append(f'<path d="M{place},{y(point.low)}V{y(point.high)}" stroke="var(--curve)"/>')
        marks.append(f'<circle cx="{place}" cy="{y(share)}" r="4" fill="var(--setting)"/>')
    size = EDGE + SIDE + 16
    return f'<svg class="curve" viewBox="0 0 {size} {size - 8}" role="img" aria-label="{label}">{"".join(marks)}</svg>'
