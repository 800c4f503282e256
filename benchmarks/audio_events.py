"""How events are found in soundscapes, and how often something is found where nothing is.

Three settings of the thresholds: the ear's own; all moved alike until all classes together raise one false alarm an
hour in sound without events; each moved by itself until its class raises one in eight hours. Less sound than it takes
for one alarm allows none. Recall counts events that begin while the true one sounds, half a second about it included.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from itertools import repeat
from operator import add
from typing import Any

import numpy as np

from benchmarks.corpus import Clip
from benchmarks.detections import (
    TRANSIENTS,
    find_events,
    loosen,
    match,
    onset_delays,
    shift_rules,
)
from benchmarks.ears import Ear, Rules, Trace
from benchmarks.soundscapes import SECONDS, SLOT_S, SNRS_DB, Pools, Soundscape, compose, deal_events
from sensors.audio.packs import ALERTS

Figures = dict[str, Any]
Scene = tuple[Trace, Soundscape]

AT_DB = 6.0
"""Ratio at which delays are told."""

SETTINGS = ("own thresholds", "1 false alarm an hour in all", "1/8 an hour each class")


def judge_soundscapes(pools: Pools, clips: Sequence[Clip], ears: Sequence[Ear], hours: float, seed: int) -> Figures:
    """Compose, listen, count; each soundscape is made and heard by all ears before the next."""
    heard: dict[str, tuple[list[Trace], list[Trace]]] = {ear.name: ([], []) for ear in ears}
    made: tuple[list[Soundscape], list[Soundscape]] = ([], [])
    events = deal_events(clips, np.random.Generator(np.random.Philox(key=[seed, 2])))
    for number, seconds in enumerate(_lengths(hours)):
        for busy in (0, 1):
            rng = np.random.Generator(np.random.Philox(key=[seed, 10 + 2 * number + busy]))
            soundscape = compose(pools, events if busy else None, seconds, rng)
            for ear in ears:
                heard[ear.name][busy].append(ear.listen(soundscape.samples))
            made[busy].append(replace(soundscape, samples=soundscape.samples[:0].copy()))
    told: Figures = {"hours": hours, "events": sum(len(one.occurrences) for one in made[1]), "ears": {}}
    for ear in ears:
        quiet, busy_traces = heard[ear.name]
        told["ears"][ear.name] = {
            name: _judge(
                list(zip(quiet, made[0], strict=True)), list(zip(busy_traces, made[1], strict=True)), rules, hours
            )
            for name, rules in choose_rules(quiet, ear.rules, hours).items()
        }
    return told


def choose_rules(quiet: Sequence[Trace], rules: Rules, hours: float) -> dict[str, Rules]:
    """The three settings."""
    together = loosen(quiet, rules, lambda counts: np.full(len(ALERTS), counts.sum() <= hours))
    each = loosen(quiet, rules, lambda counts: counts <= hours / len(ALERTS))
    return dict(zip(SETTINGS, (rules, shift_rules(rules, together), shift_rules(rules, each)), strict=True))


def soundscapes_tables(told: Figures) -> str:
    """Markdown; one table a setting, ears beside each other in the cells."""
    names = list(told["ears"])
    blocks = [
        f"{told['events']} events, {told['hours']:g} h without and as much with them, "
        f"{told['events'] / len(ALERTS) / len(SNRS_DB):.0f} of each class at each ratio; cells: {' / '.join(names)}"
    ]
    for setting in SETTINGS:
        rows = [told["ears"][name][setting] for name in names]
        lines = [
            f"**{setting}**\n",
            "| class | false alarms/h | "
            + " | ".join(f"recall {snr_db:+g} dB" for snr_db in SNRS_DB)
            + f" | onset right {AT_DB:+g} dB | F1 | delay {AT_DB:+g} dB, s (p95; heard) |",
            "|" + "---|" * (len(SNRS_DB) + 5),
        ]
        for label in [*ALERTS, "all"]:
            found = [row[label] for row in rows]
            cells = [_join([one["false_alarms_per_hour"] for one in found], ".2g")]
            cells += [_join([one["recall"][index] for one in found], ".2f") for index in range(len(SNRS_DB))]
            cells += [_join([one["recall_in_collar"][SNRS_DB.index(AT_DB)] for one in found], ".2f")]
            cells += [_join([one["f1"] for one in found], ".2f"), " / ".join(_delay(one.get("delay")) for one in found)]
            lines.append(f"| {label} | " + " | ".join(cells) + " |")
        blocks.append("\n".join(lines))
    for name in names:
        raised = {label: told["ears"][name][SETTINGS[0]][label]["raised_by"] for label in ALERTS}
        causes = [
            f"{label} ({', '.join(f'{by} {count}' for by, count in by.items())})" for label, by in raised.items() if by
        ]
        blocks.append(f"Nearest when {name} raised false alarms at its own thresholds: {'; '.join(causes) or 'none'}")
    return "\n\n".join(blocks)


def _lengths(hours: float) -> Iterator[float]:
    """Seconds of each soundscape: whole ones, and what is left where that holds an event."""
    whole, rest_s = divmod(hours * 3600, SECONDS)
    yield from repeat(SECONDS, int(whole))
    if rest_s >= SLOT_S:
        yield rest_s


def _judge(quiet: Sequence[Scene], busy: Sequence[Scene], rules: Rules, hours: float) -> Figures:
    alarms = [(event, made) for trace, made in quiet for event in find_events(trace, rules)]
    events = [find_events(trace, rules) for trace, _ in busy]
    late = [delay for trace, made in busy for delay in onset_delays(trace, made.occurrences, rules)]
    told: Figures = {}
    for label in ALERTS:
        fared = (match(made.occurrences, found, label) for (_, made), found in zip(busy, events, strict=True))
        matches = reduce(add, fared)
        raised = Counter(made.sounding(event.start_s) for event, made in alarms if event.label == label)
        during, paired, count = (matches.heard[:, column] for column in range(3))
        told[label] = {
            "open": rules[label].open,
            "false_alarms_per_hour": raised.total() / hours,
            "raised_by": dict(raised.most_common()),
            "recall": _shares(during, count),
            "recall_in_collar": _shares(paired, count),
            "occurrences": count.tolist(),
            "false_with_events": matches.found - matches.paired,
            "f1": _figure(matches.f1),
        }
        if label in TRANSIENTS:
            told[label]["delay"] = _delays([s for one, s in late if one.label == label and one.snr_db == AT_DB])
    classes = [told[label] for label in ALERTS if sum(told[label]["occurrences"])]
    told["all"] = {
        "false_alarms_per_hour": len(alarms) / hours,
        "recall": _means([one["recall"] for one in classes]),
        "recall_in_collar": _means([one["recall_in_collar"] for one in classes]),
        "f1": float(np.mean([one["f1"] for one in classes])) if classes else None,
        "delay": _delays([s for one, s in late if one.snr_db == AT_DB]),
    }
    return told


def _delays(seconds: Sequence[float]) -> Figures:
    heard = [one for one in seconds if math.isfinite(one)]
    median, p95 = np.quantile(heard, [0.5, 0.95]).tolist() if heard else (None, None)
    return {"median_s": median, "p95_s": p95, "heard": len(heard), "of": len(seconds)}


def _shares(part: Any, whole: Any) -> list[float | None]:
    return [float(a) / float(b) if b else None for a, b in zip(part, whole, strict=True)]


def _means(rows: Sequence[Sequence[float | None]]) -> list[float | None]:
    """Of each column, over the classes that have it."""
    columns = [[value for value in column if value is not None] for column in zip(*rows, strict=True)]
    return [float(np.mean(column)) if column else None for column in columns] or [None] * len(SNRS_DB)


def _figure(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _join(values: Sequence[float | None], form: str) -> str:
    return " / ".join("-" if value is None else format(value, form) for value in values)


def _delay(told: Figures | None) -> str:
    if told is None:
        return ""
    count = f"{told['heard']} of {told['of']}"
    return f"- ({count})" if told["median_s"] is None else f"{told['median_s']:.2f} ({told['p95_s']:.2f}; {count})"
