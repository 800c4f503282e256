"""Senses that break while the fusion watches, and the fusion without its parts: recall, delay, false alarms.

    python -m benchmarks.fusion_faults STREAMS --cache CACHE [--only FAMILY ...] [--rows ROW ...]

STREAMS and CACHE are those of `benchmarks.fusion`; several of both may be given, in the same order.

1. Composed tests hold faults of their own (muted, frozen, black, covered, stuck, codes, gaps), put into the streams:
   how much time they fill, and what is raised meanwhile, is told first.
2. `broken`: in every test a sense breaks, in what it says to the engine, from the middle on and for good. A row says
   what is found then; what is found where it was never there stands beside it.
3. Ablations: the engine with a part set so that it does nothing, learned anew where that counts.

The law that these rows show: who dies, is stuck or covered neither floods nor hides what others see.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.fusion import DAILY, HOURLY, SENSES, Tally, alarms, arguments, false, families, found
from benchmarks.testimony import TICK_S, Testimony, judge, learn_from
from fusion.assemble import engine_settings
from fusion.config import Settings
from fusion.engine import EngineSettings
from fusion.events import FusedScore
from fusion.rarity import DAY_NS
from fusion.recording import Recording, load_recording
from fusion.report.metrics import hit_interval
from sensors.types import NS, Health, Modality, Quality, Score, State

Item = Score | Health
Break = Callable[[int, list[Item], dict[str, Score]], list[Item]]
"""From nanoseconds since it broke, what a stream would have said, and the last score of each channel before that:
what it says instead."""

COVERED_NS = 5 * NS
"""A sensor that is covered says so after this long; until then it tells what it last told."""

LOOSE_NS = 10 * NS
"""A loose contact holds for so long, and for so long not."""

RATES = (HOURLY, DAILY)

LATE_S = 10.0
"""What is raised so soon after a fault has ended is still the fault's."""


def die(since_ns: int, items: list[Item], last: dict[str, Score]) -> list[Item]:
    """Nothing more comes."""
    return []


def stick(since_ns: int, items: list[Item], last: dict[str, Score]) -> list[Item]:
    """It tells what it last told, for ever, and nobody notices."""
    return [replace(last[s.channel], end_ns=s.end_ns) for s in items if isinstance(s, Score) and s.channel in last]


def cover(since_ns: int, items: list[Item], last: dict[str, Score]) -> list[Item]:
    """It tells what it last told until it says that it cannot see."""
    if since_ns < COVERED_NS:
        return stick(since_ns, items, last)
    scores = [replace(item, raw=None, quality=Quality.DEGRADED) for item in items if isinstance(item, Score)]
    return [*(Health(s.stream, s.end_ns, State.DEGRADED, "covered") for s in scores[:1]), *scores]


def spoil(since_ns: int, items: list[Item], last: dict[str, Score]) -> list[Item]:
    """It tells what is no number, as if all were well."""
    return [replace(item, raw=float("nan")) if isinstance(item, Score) else item for item in items]


def loosen(since_ns: int, items: list[Item], last: dict[str, Score]) -> list[Item]:
    """It comes and goes."""
    return [] if since_ns // LOOSE_NS % 2 == 0 else items


BREAKS: dict[str, Break] = {
    "dead": die,
    "stuck": stick,
    "covered": cover,
    "NaN": spoil,
    "loose": loosen,
}
GONE = "absent"


def broken(testimony: Testimony, sense: Modality, kind: str) -> Testimony:
    """The same recording with a sense that breaks in its middle; where it is `GONE`, from the beginning."""
    start_ns, end_ns = testimony.span_ns
    at_ns = start_ns if kind == GONE else (start_ns + end_ns) // 2
    change = BREAKS.get(kind, die)
    last: dict[str, Score] = {}
    said = []
    for stream, items, next_ns in testimony:
        if testimony.senses[stream] is sense and next_ns > at_ns:
            items = change(next_ns - at_ns, items, last)
        elif testimony.senses[stream] is sense:
            last |= {item.channel: item for item in items if isinstance(item, Score) and item.raw is not None}
        said.append((stream, items, next_ns))
    return replace(testimony, said=said)


def without_windows(settings: EngineSettings) -> EngineSettings:
    """No corroboration in time: a score stands for itself, not for the seconds after it."""
    return replace(settings, windows_ns=dict.fromkeys(settings.windows_ns, settings.hold_ns))


def without_learning(settings: EngineSettings) -> EngineSettings:
    """Nothing is learned after `learn`, which itself learns as ever."""
    return replace(settings, learning=False)


ABLATIONS: dict[str, Callable[[EngineSettings], EngineSettings]] = {
    "without windows": without_windows,
    "without learning on": without_learning,
}
THEORY = "without its own past"


def by_theory(verdicts: Iterable[FusedScore], block_ns: int) -> list[FusedScore]:
    """As if the combined p-value were true, and every block of the past's length one chance."""
    return [v if v.p_value is None else replace(v, per_day=v.p_value * DAY_NS / block_ns) for v in verdicts]


@dataclass
class Spell:
    """Time of the tests that faults of one kind fill, and the alarms outside events that began then."""

    many: int = 0
    seconds: float = 0.0
    raised: dict[float, int] = field(default_factory=lambda: {HOURLY: 0, DAILY: 0})

    def __add__(self, other: Spell) -> Spell:
        """Both together."""
        raised = {rate: many + other.raised[rate] for rate, many in self.raised.items()}
        return Spell(self.many + other.many, self.seconds + other.seconds, raised)


def read_faults(path: Path) -> list[tuple[str, float, float]]:
    """Kind, start and end in seconds of the faults of a composed test, but wrong clocks, which nobody can see."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [(r["kind"], float(r["start_s"]), float(r["end_s"])) for r in rows if r["kind"] != "clock_offset"]


def spells(
    recording: Recording, verdicts: Sequence[FusedScore], faults: Sequence[tuple[str, float, float]]
) -> dict[str, Spell]:
    """What was raised outside events, by the kind of fault that lasted; "none" where none did."""
    seconds = recording.seconds or 0.0
    events = [hit_interval(label, seconds) for label in recording.labels or ()]
    out: dict[str, Spell] = {}
    for kind, start_s, end_s in faults:
        out[kind] = out.get(kind, Spell()) + Spell(1, end_s - start_s)
    for rate in RATES:
        for alarm in alarms(recording, verdicts, rate):
            if any(alarm.start_s <= end_s and start_s <= alarm.end_s for start_s, end_s in events):
                continue
            during = {kind for kind, start_s, end_s in faults if start_s <= alarm.start_s <= end_s + LATE_S}
            for kind in during or {"none"}:
                out.setdefault(kind, Spell()).raised[rate] += 1
    return out


def judge_family(streams: Path, cache: Path, rows: Sequence[str]) -> tuple[dict[str, Tally], dict[str, Spell]]:
    """All rows of a family, and what its own faults did."""
    settings = engine_settings(Settings(false_alarms_per_day=HOURLY), TICK_S)
    quiet = [Testimony.load(path) for path in sorted(cache.glob("quiet-*.npz"))]
    memory = learn_from(quiet, settings)
    changed = {name: change(settings) for name, change in ABLATIONS.items() if name in rows}
    memories = {name: learn_from(quiet, replace(one, learning=True)) for name, one in changed.items()}
    tallies: dict[str, Tally] = {}
    own: dict[str, Spell] = {}
    for path in sorted(cache.glob("test-*.npz")):
        recording, testimony = load_recording(streams / path.stem), Testimony.load(path)
        verdicts = [step.verdict for step in judge(testimony, settings, memory)]
        tallies.setdefault("fusion", Tally()).add(recording, verdicts, RATES)
        for kind, spell in spells(recording, verdicts, read_faults(streams / path.stem / "faults.csv")).items():
            own[kind] = own.get(kind, Spell()) + spell
        if THEORY in rows:
            tallies.setdefault(THEORY, Tally()).add(recording, by_theory(verdicts, settings.block_ns), RATES)
        for name, one in changed.items():
            judged = [step.verdict for step in judge(testimony, one, memories[name])]
            tallies.setdefault(name, Tally()).add(recording, judged, RATES)
        for name, told in break_all(testimony, rows):
            judged = [step.verdict for step in judge(told, settings, memory)] if told else verdicts
            tallies.setdefault(name, Tally()).add(recording, judged, RATES)
    return tallies, own


def break_all(testimony: Testimony, rows: Sequence[str]) -> Iterator[tuple[str, Testimony | None]]:
    """The recording with each sense in each way broken; None where the place has not got that sense."""
    for sense in SENSES:
        for kind in (GONE, *BREAKS):
            if f"{sense} {kind}" in rows:
                there = sense in testimony.senses.values()
                yield f"{sense} {kind}", broken(testimony, sense, kind) if there else None


ROWS = (*(f"{sense} {kind}" for sense in SENSES for kind in (GONE, *BREAKS)), *ABLATIONS, THEORY)


def tell_own(own: Mapping[str, Spell], seconds: float) -> str:
    """What faults that the streams hold fill, and what was raised meanwhile."""
    what = "raised outside events when set to 1 an hour, 1 a day"
    lines = [f"faults of the streams themselves, in {seconds / 3600:.2f} h; {what}"]
    for kind, spell in sorted(own.items()):
        share = f"{spell.many:3} of them, {spell.seconds / seconds:5.1%} of the time" if spell.many else ""
        lines.append(f"  {kind:<24} {share:<32} {spell.raised[HOURLY]:3} {spell.raised[DAILY]:3}")
    return "\n".join(lines)


def row(name: str, tally: Tally) -> str:
    """What was found, and false, when set to each rate, and the delay."""
    hourly, daily = tally.outcomes[HOURLY], tally.outcomes[DAILY]
    return (
        f"{name:<20} {found(hourly)} {hourly.delay_median_s:5.1f} s {false(hourly, HOURLY)}"
        f"  |  {found(daily)} {false(daily, DAILY)}"
    )


def main(words: Sequence[str] | None = None) -> int:
    """Judge all families, and print a line for each row."""
    parser = arguments(__doc__)
    parser.add_argument("--rows", nargs="*", default=list(ROWS), choices=ROWS)
    args = parser.parse_args(words)
    total: dict[str, Tally] = {}
    own: dict[str, Spell] = {}
    seconds = 0.0
    for streams, cache in families(args):
        tallies, faults = judge_family(streams, cache, args.rows)
        for name, tally in tallies.items():
            total[name] = total.get(name, Tally()) + tally
        for kind, spell in faults.items():
            own[kind] = own.get(kind, Spell()) + spell
        tests = [load_recording(streams / path.stem) for path in cache.glob("test-*.npz")]
        seconds += sum(recording.seconds or 0.0 for recording in tests)
    print(tell_own(own, seconds))
    print(f"\n{'':<20} set to 1 an hour  |  set to 1 a day")
    print("\n".join(row(name, tally) for name, tally in total.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
