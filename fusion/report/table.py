"""Outcomes as a table for a terminal, and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from fusion.report.metrics import HOUR_S, Outcome

DAY_S = 24 * HOUR_S
_HEAD = ("", "found", "recall [95 %]", "false", "per hour [95 %]", "per day [95 %]", "delay median", "p95")


def format_table(rows: Mapping[str, Outcome]) -> str:
    """One line an outcome under one line of heads, columns aligned; no line ends with a space."""
    cells = [_HEAD, *(_cells(name, outcome) for name, outcome in rows.items())]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEAD))]
    lines = []
    for row in cells:
        first, *rest = (
            text.ljust(width) if not column else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *rest]).rstrip())
    return "\n".join(lines)


def to_json(rows: Mapping[str, Outcome]) -> str:
    """One JSON object a line, one line an outcome; what is not known is null."""
    return "\n".join(json.dumps({"name": name, **outcome_facts(outcome)}) for name, outcome in rows.items())


def outcome_facts(outcome: Outcome) -> dict[str, object]:
    """Plain figures of an outcome, ready for JSON: intervals as [low, high], None where not known."""
    facts: dict[str, object] = {
        "labels": len(outcome.hits),
        "found": len(outcome.delays_s),
        "recall": _known(outcome.recall),
        "recall_95": [_known(end) for end in outcome.recall_95],
        "alarms": outcome.alarms,
        "false_alarms": outcome.false_alarms,
        "quiet_s": outcome.quiet_s,
    }
    for name, period_s in (("hour", HOUR_S), ("day", DAY_S)):
        rate, low, high = outcome.false_per(period_s)
        facts[f"false_per_{name}"] = _known(rate)
        facts[f"false_per_{name}_95"] = [_known(low), _known(high)]
    return facts | {
        "delay_median_s": _known(outcome.delay_median_s),
        "delay_p95_s": _known(outcome.delay_p95_s),
        "by_kind": {kind: {"found": hit, "labels": of} for kind, (hit, of) in outcome.recall_by_kind().items()},
        "by_modalities": {n: {"found": hit, "labels": of} for n, (hit, of) in outcome.recall_by_modalities().items()},
    }


def _cells(name: str, outcome: Outcome) -> tuple[str, ...]:
    low, high = outcome.recall_95
    recall = f"{outcome.recall:.0%} [{low:.0%}, {high:.0%}]" if outcome.hits else "-"
    return (
        name,
        f"{len(outcome.delays_s)}/{len(outcome.hits)}",
        recall,
        str(outcome.false_alarms),
        _rate(*outcome.false_per(HOUR_S)),
        _rate(*outcome.false_per(DAY_S)),
        _seconds(outcome.delay_median_s),
        _seconds(outcome.delay_p95_s),
    )


def _rate(rate: float, low: float, high: float) -> str:
    return "-" if math.isnan(rate) else f"{_figure(rate)} [{_figure(low)}, {_figure(high)}]"


def _figure(number: float) -> str:
    """Three figures are enough for a rate: 0.31, 4.2, 117."""
    return f"{number:.0f}" if number >= 99.95 else f"{number:.1f}" if number >= 9.995 else f"{number:.2f}"


def _seconds(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1f} s"


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
