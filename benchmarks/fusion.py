"""The fusion beside each sense alone, beside other rules, and with senses missing or boasting: recall, delay, truth.

    python -m benchmarks.fusion STREAMS --cache CACHE [--only FAMILY ...] [--misses] [--plot FILE.png]

CACHE is what `benchmarks.testimony` made of STREAMS; several of both may be given, in the same order. Each family is a
place: learned from its quiet recordings, judged on its tests.

1. The engine judges every test with what it learned, and goes on learning: the row `fusion`.
2. The p-values that it gave each sense go through other rules, and through the same rule with senses left out. Each is
   ranked against its own past of the quiet recordings, so that all raise as many false alarms by their own account.
3. `at 1 an hour` is the best recall of any threshold with so many false alarms at most; `set` is what the operator gets
   who sets that rate. For false alarms the ratio of observed to set stands with its 95 % interval.
4. How soon the fusion tells of what sound or picture saw stands in a line of its own, see `fusion_delay`.
5. `--misses` says of every event that the fusion missed when set to 1 an hour where it was lost; `--plot` draws recall
   against false alarms for the fusion, each sense alone and every rule, as `kizashi evaluate --plot` does.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.fusion_delay import Delay, beginnings, delays, tell
from benchmarks.fusion_rules import RULES, Rule, fisher
from benchmarks.testimony import TICK_S, Testimony, judge, learn_from
from fusion.assemble import engine_settings
from fusion.calm import Disturbances
from fusion.config import Settings
from fusion.events import FusedScore, Incident
from fusion.rarity import DAY_NS, Rarity
from fusion.recording import Recording, load_recording
from fusion.report.metrics import Alarm, Outcome, alarm_between, hit_interval, match, poisson_interval
from fusion.report.tradeoff import FUSED, save_tradeoff
from fusion.triage import Triage
from sensors.types import NS, Modality

HOURLY, DAILY = 24.0, 1.0
THRESHOLDS = tuple(10 ** (step / 4 + 0.1) for step in range(-32, 14))
"""False alarms per day that are tried."""

SEEN = 1e-3
"""A channel or sense with a p-value below this has seen something."""

SENSES = tuple(sorted(Modality))
BOAST = 1.3

Said = tuple[int, Mapping[Modality, float]]
"""Event time of a tick, and the p-value of each sense that was there."""

Choose = Callable[[Mapping[Modality, float]], list[float]]


@dataclass
class Tally:
    """Outcomes of one way to judge, by what the operator sets."""

    outcomes: dict[float, Outcome] = field(default_factory=dict)

    def add(
        self,
        recording: Recording,
        verdicts: Sequence[FusedScore],
        rates: Sequence[float] = (*THRESHOLDS, HOURLY, DAILY),
    ) -> None:
        """Judge the same verdicts at every threshold."""
        for per_day in rates:
            outcome = match(recording.labels or (), alarms(recording, verdicts, per_day), recording.seconds or 0.0)
            self.outcomes[per_day] = self.outcomes.get(per_day, Outcome()) + outcome

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        rates = self.outcomes.keys() | other.outcomes.keys()
        return Tally({r: self.outcomes.get(r, Outcome()) + other.outcomes.get(r, Outcome()) for r in sorted(rates)})

    def best(self, per_hour: float) -> Outcome:
        """The outcome that finds most with so many false alarms at most."""
        allowed = [o for o in self.outcomes.values() if o.false_alarms * 3600 <= per_hour * o.quiet_s]
        return max(allowed, key=lambda outcome: (len(outcome.delays_s), -outcome.false_alarms), default=Outcome())


def alarms(recording: Recording, verdicts: Iterable[FusedScore], per_day: float) -> list[Alarm]:
    """What triage would have raised, had the operator set this rate."""
    settings = replace(engine_settings(Settings(), TICK_S).triage, false_alarms_per_day=per_day)
    triage = Triage(settings, SENSES, lambda fused, parts, sighting: ("", ""))
    found: dict[str, Incident] = {}
    at_ns = recording.start_ns
    for verdict in verdicts:
        at_ns = verdict.at_ns
        found |= {incident.id: incident for _, incident in triage.judge(verdict)}
    found |= {incident.id: incident for _, incident in triage.finish(at_ns)}
    ends = recording.seconds or 0.0
    return [alarm_between(i.opened_ns, i.closed_ns, recording.start_ns, ends) for i in found.values()]


def said_by(verdicts: Iterable[FusedScore]) -> list[Said]:
    """The senses' p-values of verdicts."""
    return [(v.at_ns, {part.sense: part.p_value for part in v.parts}) for v in verdicts]


def rejudge(
    quiet: Iterable[Said], test: Iterable[Said], rule: Rule, keep: frozenset[Modality], boast: Modality | None = None
) -> Iterator[FusedScore]:
    """Verdicts of another rule on senses that are kept, ranked against its own past; one may boast in the test."""
    timing = engine_settings(Settings(), TICK_S)
    rarity = Rarity(timing.block_ns, timing.tick_ns, timing.least_blocks, HOURLY)
    last_ns = 0
    for at_ns, p_values in quiet:
        rarity.observe(at_ns, {mask: -math.log10(rule(ps)) for mask, ps in subsets(p_values, keep)})
        last_ns = max(last_ns, at_ns + 2 * timing.block_ns)
    rarity.observe(last_ns, {})
    rarity.settle(last_ns, Disturbances(0, 0.0))
    for at_ns, p_values in test:
        told = {sense: p**BOAST if sense is boast else p for sense, p in p_values.items()}
        statistics = {mask: -math.log10(max(rule(ps), 1e-300)) for mask, ps in subsets(told, keep)}
        if not statistics:
            yield FusedScore(at_ns, None, None)
            continue
        mask = rarity.best_known(statistics)
        per_day, extrapolated = rarity.per_day(mask, statistics[mask])
        yield FusedScore(at_ns, 10 ** -statistics[mask], per_day, extrapolated=extrapolated)


def subsets(p_values: Mapping[Modality, float], keep: frozenset[Modality]) -> Iterator[tuple[int, list[float]]]:
    """Every set of the senses present, as a bit mask with its p-values."""
    there = [(SENSES.index(sense), p) for sense, p in p_values.items() if sense in keep]
    for chosen in range(1, 1 << len(there)):
        some = [item for number, item in enumerate(there) if chosen >> number & 1]
        yield sum(1 << index for index, _ in some), [p for _, p in some]


def judge_family(streams: Path, cache: Path) -> tuple[dict[str, Tally], list[str], list[Delay]]:
    """All ways to judge a family's tests, what became of the events that the fusion missed, delays of what it found."""
    settings = engine_settings(Settings(false_alarms_per_day=HOURLY), TICK_S)
    learned: list[FusedScore] = []
    quiet = [Testimony.load(path) for path in sorted(cache.glob("quiet-*.npz"))]
    memory = learn_from(quiet, settings, lambda step: learned.append(step.verdict))
    past, present = said_by(learned), {sense for one in quiet for sense in one.senses.values()}
    tallies: dict[str, Tally] = {}
    misses: list[str] = []
    found: list[Delay] = []
    for path in sorted(cache.glob("test-*.npz")):
        recording = load_recording(streams / path.stem)
        verdicts = [step.verdict for step in judge(Testimony.load(path), settings, memory)]
        test = said_by(verdicts)
        tallies.setdefault("fusion", Tally()).add(recording, verdicts)
        outcome = match(recording.labels or (), alarms(recording, verdicts, HOURLY), recording.seconds or 0.0)
        misses += missed(recording, outcome, verdicts)
        found += delays(recording, beginnings(streams / path.stem), outcome, verdicts, SEEN)
        for name, (rule, keep, boast) in ways(present).items():
            tallies.setdefault(name, Tally()).add(recording, list(rejudge(past, test, rule, keep, boast)))
    return tallies, misses, found


def ways(present: set[Modality]) -> dict[str, tuple[Rule, frozenset[Modality], Modality | None]]:
    """Name, rule, senses kept, and who boasts."""
    every = frozenset(SENSES)
    out: dict[str, tuple[Rule, frozenset[Modality], Modality | None]] = {
        f"{sense} alone": (min, frozenset({sense}), None) for sense in SENSES if sense in present
    }
    out |= {name: (rule, every, None) for name, rule in RULES.items()}
    out |= {f"without {sense}": (fisher, every - {sense}, None) for sense in SENSES}
    return out | {f"{sense} boasts": (fisher, every, sense) for sense in SENSES}


def missed(recording: Recording, outcome: Outcome, verdicts: Sequence[FusedScore]) -> list[str]:
    """Where each event was lost that is not found when one false alarm an hour is set."""
    seconds, lines = recording.seconds or 0.0, []
    for hit in outcome.hits:
        if hit.delay_s is not None:
            continue
        start_s, end_s = hit_interval(hit.label, seconds)
        about = [v for v in verdicts if start_s <= (v.at_ns - recording.start_ns) / NS <= end_s]
        parts = [part for verdict in about for part in verdict.parts]
        channels = [said for part in parts for said in part.channels]
        rate = min((v.per_day for v in about if v.per_day is not None), default=math.inf)
        strongest = min(channels, key=lambda said: said.p_value, default=None)
        sense = min(parts, key=lambda part: part.p_value, default=None)
        if strongest is None or sense is None or strongest.p_value > SEEN:
            why = "not seen"
        elif sense.p_value > SEEN:
            why = "lost in its sense"
        else:
            why = "lost in the fusion" if rate > HOURLY else "lost in triage"
        told = f"{strongest.score.channel} {strongest.p_value:.1e}" if strongest else "-"
        least = f"{sense.sense} {sense.p_value:.1e}" if sense else "-"
        lines.append(
            f"  {why:<19} {recording.name} {hit.label.start_s:.0f} s ({'+'.join(hit.label.modalities)}): "
            f"{told}, {least}, {rate:.3g} a day"
        )
    return lines


def row(name: str, tally: Tally) -> str:
    """One line of a table."""
    best, hourly, daily = tally.best(1.0), tally.outcomes[HOURLY], tally.outcomes[DAILY]
    return (
        f"{name:<20} {found(best)}  |  {found(hourly)} {false(hourly, HOURLY)} {hourly.delay_median_s:5.1f} s"
        f"  |  {found(daily)} {false(daily, DAILY)}"
    )


def found(outcome: Outcome) -> str:
    """Events found, of how many."""
    return f"{len(outcome.delays_s):3}/{len(outcome.hits):<3} {outcome.recall:4.0%}" if outcome.hits else f"{'-':>12}"


def false(outcome: Outcome, per_day: float) -> str:
    """False alarms, and how many times what was set that is."""
    low, high = poisson_interval(outcome.false_alarms)
    expected = outcome.quiet_s * NS / DAY_NS * per_day
    many = outcome.false_alarms
    return f"{many:2} ({many / expected:.1f} x [{low / expected:.1f}, {high / expected:.1f}])" if expected else "-"


def draw(path: Path, total: Mapping[str, Tally]) -> None:
    """Draw the fusion, each sense alone and every rule; dots where one false alarm an hour was set."""
    lines = {
        "fusion": FUSED,
        **{f"{sense} alone": f"{sense} alone" for sense in SENSES},
        **{name: name for name in RULES},
    }
    drawn = {label: total[name].outcomes for name, label in lines.items() if name in total}
    save_tradeoff(path, drawn, {label: outcomes[HOURLY] for label, outcomes in drawn.items()}, "1 false alarm an hour")


def arguments(about: str | None) -> argparse.ArgumentParser:
    """What all benchmarks of composed streams are given."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("streams", type=Path, nargs="+")
    parser.add_argument("--cache", type=Path, nargs="+", required=True)
    parser.add_argument("--only", nargs="*", help="families; all that are in the cache by default")
    return parser


def families(args: argparse.Namespace) -> Iterator[tuple[Path, Path]]:
    """Streams and cache of each family, told before its turn."""
    for streams, cache in zip(args.streams, args.cache, strict=True):
        for folder in sorted(path for path in cache.iterdir() if path.is_dir()):
            if not args.only or folder.name in args.only:
                print(f"{streams.name} {folder.name}", flush=True)
                yield streams / folder.name, folder


def main(words: Sequence[str] | None = None) -> int:
    """Judge all families, and print a line for each way."""
    parser = arguments(__doc__)
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args(words)
    total: dict[str, Tally] = {}
    misses: list[str] = []
    delayed: list[Delay] = []
    for streams, cache in families(args):
        tallies, lost, found_late = judge_family(streams, cache)
        misses += lost
        delayed += found_late
        for name in ("fusion", *(f"{sense} alone" for sense in SENSES)):
            if name in tallies:
                print(f"  {row(name, tallies[name])}", flush=True)
        for name, tally in tallies.items():
            total[name] = total.get(name, Tally()) + tally
    quiet_h = total["fusion"].outcomes[HOURLY].quiet_s / 3600
    print(f"\n{quiet_h:.2f} h outside events\n{'':<20} {'at 1 an hour':<12}  |  set to 1 an hour  |  set to 1 a day")
    print("\n".join(row(name, tally) for name, tally in total.items()))
    print(f"fusion, set to 1 an hour: {tell(delayed)}")
    print("\n".join(["missed when set to 1 an hour", *sorted(misses)] if args.misses else []))
    if args.plot:
        draw(args.plot, total)
    return 0


if __name__ == "__main__":
    sys.exit(main())
