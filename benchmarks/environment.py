"""What `kizashi env` is worth on tables with labels, beside rules that know nothing and two detectors of River.

    python -m benchmarks.environment DATA [--only nab skab occupancy batadal cost] [--no-rivals] [--json]

DATA holds `nab`, `skab`, `occupancy` and `batadal` as published. Kizashi is run as `kizashi env` runs it: `onset` is
scored where an alarm should come once, `overall` where rows are, `shift` where levels change. NAB: its own rule, one
threshold for all files. SKAB: the first 400 rows of a file are known to be normal; area under the curve a file, false
alarms where a tenth of the strange rows are missed, and changepoints found within 30 rows, by alarms at a threshold set
beforehand (p < 1e-3), beside a clock of the step that is best for it. Halves are those that something was chosen on.
Occupancy: normal is the empty room. BATADAL: normal is the year before. Times are processor time of one core.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.changepoints import best_clock, changepoint_score
from benchmarks.environment_cost import cost_lines, measure_cost
from benchmarks.numenta import PROFILES, Judged, best_score
from benchmarks.ranking import auroc
from benchmarks.rivals import RIVALS, Rival
from benchmarks.tables import SKAB_ROWS, Labelled, read_batadal, read_nab, read_occupancy, read_skab
from fusion.commands.readings import Teaching, judge_table, open_table
from fusion.rows import ONSET, OVERALL, SHIFT
from sensors.environment.detectors import EVERY
from sensors.errors import BadInputError

Floats = NDArray[np.float64]
Figures = dict[str, Any]

WHOLES = (OVERALL, ONSET, SHIFT)
"""What `kizashi env` tells last of every row, in this order."""

ALONE = frozenset({"level", "rate"})
"""Aspects without which there is no onset."""

HELD = "realKnownCause"
"""The folder of NAB that nothing was chosen on."""

SECTIONS = ("nab", "skab", "occupancy", "batadal", "cost")

POINT_ROWS = 30
"""Rows after a changepoint in which an alarm finds it."""

ALARM = 3.0
"""Decades of rarity at which a shift is an alarm, where the threshold is set beforehand."""

MISSED = 0.1
"""Share of strange rows that may be missed where false alarms are counted."""


def judge(table: Labelled, aspects: Collection[str] = EVERY) -> dict[str, Any]:
    """`overall`, `onset` and `shift` of each row, 0 while warming up, by name; under `us` the microseconds a row."""
    begun = time.process_time()
    normal = open_table(table.normal, aspects=aspects) if table.normal else None
    told: dict[str, list[float]] = {name: [] for name in WHOLES}
    for row in judge_table(open_table(table.path, aspects=aspects), Teaching(normal, table.normal_rows)):
        for name, judged in zip(WHOLES, row[-len(WHOLES) :], strict=True):
            told[name].append(judged.score.raw or 0.0)
    rows = len(told[OVERALL]) + (len(table.taught) if table.taught is not None else 0)
    whole: dict[str, Any] = {name: np.array(raws) for name, raws in told.items()}
    return whole | {"us": (time.process_time() - begun) / rows * 1e6}


def run_nab(tables: Sequence[Labelled], rivals: bool) -> Figures:
    """Scores of the three profiles: Kizashi's whole, by folder, and the rivals'."""
    ours = [judge(table) for table in tables]
    figures: Figures = {"us": round(float(np.mean([one["us"] for one in ours])), 1)}
    figures["kizashi"] = _profiles(tables, [one[ONSET] for one in ours])
    least = [judge(table, ALONE) for table in tables]
    us = {"us": round(float(np.mean([one["us"] for one in least])), 1)}
    figures["kizashi, told of levels only"] = us | _profiles(tables, [one[ONSET] for one in least])
    folders = {table.name.partition("/")[0] for table in tables}
    parts = {folder: {folder} for folder in sorted({t.name.partition("/")[0] for t in tables if t.windows})}
    for name, members in {"chosen on": folders - {HELD}, "not chosen on": {HELD}, **parts}.items():
        mine = [n for n, table in enumerate(tables) if table.name.partition("/")[0] in members]
        if any(tables[n].windows for n in mine):
            figures[f"kizashi, {name}"] = _profiles([tables[n] for n in mine], [ours[n][ONSET] for n in mine])
    for rival in RIVALS if rivals else ():
        figures[rival.name] = _profiles(tables, [rival.scores(table) for table in tables])
    return figures


def _profiles(tables: Sequence[Labelled], scores: Iterable[Floats]) -> Figures:
    judged = [Judged(score, table.windows) for score, table in zip(scores, tables, strict=True)]
    return {name: round(best_score(judged, profile)[0], 1) for name, profile in PROFILES.items()}


def run_areas(tables: Sequence[Labelled], rivals: bool) -> Figures:
    """Mean area under the curve over tables, false alarms at a share of misses, and changepoints where known."""
    figures: Figures = {"kizashi": _areas(tables, judge)}
    for rival in RIVALS if rivals else ():
        figures[rival.name] = _areas(tables, partial(_beside, rival))
    return figures


def _beside(rival: Rival, table: Labelled) -> dict[str, Any]:
    return {OVERALL: rival.scores(table), "us": 0.0}


def _areas(tables: Sequence[Labelled], scored: Callable[[Labelled], dict[str, Any]]) -> Figures:
    areas, alarms, costs, points = [], [], [], []
    for table in tables:
        found = scored(table)
        seen = slice(table.normal_rows, None)
        strange, told = table.strange[seen], found[OVERALL][seen]
        areas.append(float(auroc(strange, told, np.ones((1, len(told))))[0]))
        alarms.append(float((told[~strange] >= np.quantile(told[strange], MISSED)).mean()))
        costs.append(found["us"])
        if SHIFT in found and table.points:
            points.append((found[SHIFT] >= ALARM, table.points))
    figures: Figures = {"auc": round(float(np.mean(areas)), 3), "false alarms": round(float(np.mean(alarms)), 3)}
    if len(tables) > 1:
        figures["chosen on, not"] = [round(float(np.mean(areas[half::2])), 3) for half in (0, 1)]
        figures["by folder"] = {
            folder: round(
                float(np.mean([a for a, t in zip(areas, tables, strict=True) if t.name.startswith(folder)])), 3
            )
            for folder in sorted({table.name.partition("/")[0] for table in tables})
        }
    if points:
        halves = (points, points[::2], points[1::2])
        figures["changepoints, chosen on, not"] = [round(changepoint_score(part, POINT_ROWS), 1) for part in halves]
        figures["a clock's"] = round(best_clock(points, SKAB_ROWS, POINT_ROWS), 1)
    if any(costs):
        figures["us"] = round(float(np.mean(costs)), 1)
    return figures


def main(words: Sequence[str] | None = None) -> int:
    """Run the sections that were asked for and print them; 3 where the data cannot be used."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="*", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--no-rivals", action="store_true", help="Kizashi alone")
    parser.add_argument("--json", action="store_true", dest="as_json")
    told = parser.parse_args(words)
    rivals = not told.no_rivals
    figures: Figures = {}
    try:
        with tempfile.TemporaryDirectory() as place:
            for section in told.only:
                figures[section] = _section(section, told.data, Path(place), rivals)
                if not told.as_json:
                    print("\n".join(_lines(section, figures[section])), flush=True)
    except BadInputError as error:
        print(f"benchmarks.environment: {error}", file=sys.stderr)
        return error.exit_code
    if told.as_json:
        print(json.dumps(figures))
    return 0


def _section(section: str, data: Path, place: Path, rivals: bool) -> Figures:
    if section == "nab":
        return run_nab(read_nab(data), rivals)
    if section == "skab":
        return run_areas(read_skab(data), rivals)
    if section == "occupancy":
        return run_areas(read_occupancy(data, place), rivals)
    if section == "batadal":
        return run_areas(read_batadal(data, place), rivals)
    return measure_cost()


def _lines(section: str, figures: Figures) -> list[str]:
    if section == "cost":
        return cost_lines(figures)
    lines = [section]
    for name, own in figures.items():
        told = own if isinstance(own, dict) else {"": own}
        lines.append(f"  {name:30}  " + "  ".join(f"{key} {value}" for key, value in told.items()))
    return lines


if __name__ == "__main__":
    sys.exit(main())
