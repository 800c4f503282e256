"""False alarms of hours of quiet beside what was set: with all senses, with any one missing, with one that boasts.

    python -m benchmarks.quiet --cache CACHE [--only FAMILY ...] [--ways WAY ...] [--ranks]

CACHE is what `benchmarks.quiet_testimony` made. Each family is a place of its own: learned from its first hour, watched
in the hours that follow, and it goes on learning. A way is `all`, `without audio`, `audio boasts` and so on: a sense
that boasts gives p to the power of 1.3 for p, from the first hour on, as a detector does that is too sure of itself.

The engine runs as set to one false alarm a day. What it had raised at other rates is told of the same verdicts, and
`all, set hourly` of an engine that was set to one an hour. Where a place has neither sound nor picture, there is a
verdict a second. `--ranks` adds how often p-values lie below levels, beside how often they should.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.exceedances import Exceedances, count, table
from benchmarks.fusion import BOAST, DAILY, HOURLY, SENSES
from benchmarks.quiet_testimony import LEARNED, recall
from benchmarks.testimony import TICK_S, Testimony, judge, learn_from
from fusion.assemble import FAST, engine_settings
from fusion.config import Settings
from fusion.engine import Engine
from fusion.events import FusedScore, Incident, Missing
from fusion.rarity import DAY_NS
from fusion.report.metrics import Outcome, alarm_between, match, poisson_interval
from fusion.triage import Triage, TriageSettings
from sensors.types import NS, Modality

HOURLY_TOO = "all, set hourly"
WAYS = ("all", HOURLY_TOO, *(f"without {s}" for s in SENSES), *(f"{s} boasts" for s in SENSES))
SLOW_TICK_S = 1.0


def boastful(sense: Modality) -> type[Engine]:
    """Engines that are told smaller p-values by one sense than it has."""

    class Boastful(Engine):
        def _listen(self, tick_ns: int) -> tuple[dict[int, float], list[Missing]]:
            said, missing = super()._listen(tick_ns)
            return {i: p**BOAST if self.order[i] is sense else p for i, p in said.items()}, missing

    return Boastful


@dataclass(frozen=True)
class Way:
    """How a place is watched: without whom, by what kind of engine, set to how many false alarms a day."""

    without: frozenset[Modality]
    make: type[Engine]
    per_day: float = DAILY


def way_of(name: str) -> Way:
    """What a name of `WAYS` means."""
    without = frozenset({Modality(name.removeprefix("without "))}) if name.startswith("without ") else frozenset()
    make = boastful(Modality(name.removesuffix(" boasts"))) if name.endswith(" boasts") else Engine
    return Way(without, make, HOURLY if name == HOURLY_TOO else DAILY)


@dataclass
class Watched:
    """What was raised, by rate, and what p-values there were."""

    raised: dict[float, Outcome] = field(default_factory=dict)
    ranks: dict[str, Exceedances] = field(default_factory=dict)

    def __add__(self, other: Watched) -> Watched:
        """Both together."""
        raised = {r: self.raised.get(r, Outcome()) + o for r, o in other.raised.items()}
        ranks = {n: self.ranks.get(n, Exceedances()) + e for n, e in other.ranks.items()}
        return Watched({**self.raised, **raised}, {**self.ranks, **ranks})


def watch(cache: Path, way: Way, ranks: bool = False) -> Watched:
    """What is raised in a family's hours of quiet; empty where nothing is there without whom it is watched."""
    kept = [path.parent for path in sorted(cache.glob(f"*/{LEARNED[0]}.npz")) if path.parent.name not in way.without]
    if not kept:
        return Watched()
    fast = FAST & {Modality(path.name) for path in cache.iterdir()}
    settings = engine_settings(Settings(false_alarms_per_day=way.per_day), TICK_S if fast else SLOW_TICK_S)
    memory = learn_from([recall(cache, name, way.without) for name in LEARNED], settings, make=way.make)
    total = Watched()
    for path in sorted(kept[0].glob("watched-*.npz")):
        testimony = recall(cache, path.stem, way.without)
        verdicts = [step.verdict for step in judge(testimony, settings, memory, way.make)]
        raised = {rate: outcome(testimony, raise_at(rate, settings.triage, verdicts)) for rate in RATES}
        total += Watched(raised, count(verdicts, settings.block_ns) if ranks else {})
    return total


RATES = (DAILY, 6.0, 12.0, HOURLY)
"""False alarms a day that are told of the same verdicts."""


def raise_at(per_day: float, settings: TriageSettings, verdicts: Iterable[FusedScore]) -> list[Incident]:
    """Incidents of these verdicts, had the operator set this rate."""
    triage = Triage(replace(settings, false_alarms_per_day=per_day), SENSES, unsaid)
    found: dict[str, Incident] = {}
    for verdict in verdicts:
        found |= {incident.id: incident for _, incident in triage.judge(verdict)}
    return list(found.values())


def unsaid(fused: FusedScore, parts: object, sighting: object) -> tuple[str, str]:
    """No words: nobody reads them."""
    return "", ""


def outcome(testimony: Testimony, incidents: Sequence[Incident]) -> Outcome:
    """All of them are false."""
    start_ns, end_ns = testimony.span_ns
    seconds = (end_ns - start_ns) / NS
    return match((), [alarm_between(i.opened_ns, i.closed_ns, start_ns, seconds) for i in incidents], seconds)


def told(result: Outcome, per_day: float) -> str:
    """How many there were, how many were set, and the ratio with its 95 % interval."""
    expected = result.quiet_s * NS / DAY_NS * per_day
    low, high = poisson_interval(result.false_alarms)
    many = result.false_alarms
    return f"{many:3} of {expected:5.2f}: {many / expected:5.2f} x [{low / expected:.2f}, {high / expected:.2f}]"


def main(words: Sequence[str] | None = None) -> int:
    """Watch all families in all ways, and print what was raised at each rate."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--only", nargs="*", help="families; all that are in the cache by default")
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=WAYS)
    parser.add_argument("--ranks", action="store_true", help="how often p-values lie below levels")
    args = parser.parse_args(words)
    folders = [path for path in sorted(args.cache.iterdir()) if path.is_dir()]
    for name in args.ways:
        total, way, begun_s = Watched(), way_of(name), time.process_time()
        for folder in folders:
            if args.only and folder.name not in args.only:
                continue
            if name.endswith(" boasts") and not (folder / name.removesuffix(" boasts")).exists():
                continue
            if way.without and not (folder / min(way.without)).exists():
                continue
            found = watch(folder, way, args.ranks)
            if found.raised:
                hours = found.raised[DAILY].quiet_s / 3600
                rates = ", ".join(f"{found.raised[rate].false_alarms} at {rate:g}" for rate in RATES)
                print(f"  {name}, {folder.name}, {hours:.2f} h: {rates} a day", flush=True)
                total += found
        if total.raised:
            spent_s = time.process_time() - begun_s
            print(f"{name}, {total.raised[DAILY].quiet_s / 3600:.2f} h, {spent_s:.0f} s CPU")
            print("\n".join(f"  set {rate:2g} a day: {told(total.raised[rate], rate)}" for rate in RATES), flush=True)
            print(table(total.ranks) if args.ranks else "", end="\n" if args.ranks else "", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
