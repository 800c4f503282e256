"""Sensor faults: which are told and how soon, what is told of recordings that nobody touched, and whether any alarms.

    python -m benchmarks.faults tables TABLE...        real tables as they are, then with faults put into them
    python -m benchmarks.faults streams STREAMS        composed streams: faults.csv beside verdicts and incidents

A table is learned as it goes, each row after its score, as a recording without a baseline is. Into its second half each
kind of fault is put once a quantity that moves there; a fault is found if it is told of that quantity, or of the whole
sensor, while it lasts. Where a logger writes -200 for nothing, what is told there is true: `true` counts it.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from statistics import median

from benchmarks.broken import KINDS, Broken, lively
from fusion.baseline.folder import load_baseline
from fusion.baseline.learn import learn_baseline
from fusion.commands.readings import Table, open_table
from fusion.config import Settings
from fusion.recording import Recording, load_recording
from fusion.records import VerdictLine, read_lines
from fusion.replay import FUSED, replay_recording
from fusion.report.timeline import LEARNING
from sensors.errors import BadInputError
from sensors.types import NS, Chunk, Features, Health, Modality, State

LATE_S = 10.0
"""An incident that opens so soon after a fault has ended is still the fault's."""


@dataclass
class Tally:
    """Faults of one kind: how many there were, and after how much of what each was told."""

    many: int = 0
    delays: list[float] = field(default_factory=list)

    def line(self, name: str, unit: str) -> str:
        """One row of a table."""
        told = f"{median(self.delays):.0f} {unit} (most {max(self.delays):.0f})" if self.delays else "-"
        return f"  {name:<24} told {len(self.delays):>3} of {self.many:<3}  after {told}"


def told_of(table: Table, chunks: Iterator[Chunk]) -> list[tuple[int, Health]]:
    """What is told, with the number of the row."""
    detector, extractor = table.sensor.detector(), type(table.sensor.extractor)(table.sensor.stream)  # type: ignore[call-arg]
    pending: deque[Features] = deque()
    told: list[tuple[int, Health]] = []
    row = 0
    for features in (one for chunk in chunks for one in extractor.extract(chunk)):
        while pending and pending[0].end_ns <= features.end_ns - table.settings.learn_after_ns:
            detector.learn(pending.popleft())
        told += [(row, one) for one in detector.score(features) if isinstance(one, Health)]
        pending.append(features)
        row += 1
    return told


def judge_tables(paths: Sequence[Path], kinds: Sequence[str]) -> int:
    """Real tables, untouched and broken."""
    tallies = {kind: Tally() for kind in kinds}
    days = true = false = 0.0
    for path in paths:
        try:
            table = open_table(path)
            chunks = list(table.sensor.source.chunks())
        except BadInputError as error:
            print(f"  left out: {error}")
            continue
        told = [(row, one) for row, one in told_of(table, iter(chunks)) if one.state is not State.UP]
        names = set(chain.from_iterable(chunk.names for chunk in chunks))
        own_days = (chunks[-1].start_ns - chunks[0].start_ns) / NS / 86_400 * len(names)
        right = sum(is_true(chunks[row]) for row, _ in told)
        days, true, false = days + own_days, true + right, false + len(told) - right
        print(
            f"{path.name}: {len(chunks)} rows, {own_days:.1f} channel-days, told {len(told)}, true {right}", flush=True
        )
        for row, one in [(row, one) for row, one in told if not is_true(chunks[row])][:5]:
            print(f"    row {row}: {one.reason}")
        for kind, tally in tallies.items():
            for name in lively(chunks, kind):
                broken = Broken(kind, name, chunks)
                tally.many += 1
                found = [row for row, one in told_of(table, iter(broken.chunks())) if broken.tells(row, one)]
                tally.delays += [found[0] - broken.first] if found else []
    print(f"untouched: {days:.0f} channel-days, told {true + false:.0f}, of them true {true:.0f}")
    print("\n".join(tally.line(kind, "rows") for kind, tally in tallies.items()))
    return int(false > 0)


def is_true(chunk: Chunk) -> bool:
    """Whether a row holds what loggers write for nothing."""
    return bool((chunk.data == -200).any())


def judge_streams(folder: Path, senses: frozenset[Modality]) -> int:
    """Composed streams: their own faults, and what was told and flagged meanwhile."""
    settings = Settings(false_alarms_per_day=24.0, senses=tuple(sorted(senses)))
    tallies: dict[str, Tally] = {}
    quiet_told: list[str] = []
    raised: list[str] = []
    seconds, blind_s, elsewhere = 0.0, 0.0, 0
    for family in sorted(path for path in folder.iterdir() if path.is_dir()):
        quiet = [load_recording(path) for path in sorted(family.glob("quiet-*"))]
        if not any(sensor.kind.startswith("environment") for one in quiet for sensor in one.sensors):
            continue
        with tempfile.TemporaryDirectory() as place:
            learn_baseline(quiet, settings, Path(place))
            baseline = load_baseline(Path(place))
        for path in sorted(family.glob("*-*")):
            recording = load_recording(path)
            with tempfile.TemporaryDirectory() as place:
                lines = Path(place) / "verdicts.jsonl"
                account = replay_recording(recording, settings, baseline, verdicts=lines)[FUSED]
                missed = environment_missing(lines, recording)
            if path.name.startswith("quiet"):
                quiet_told += [f"{family.name}/{path.name} at {at:.0f} s: {missed[at]}" for at in spells(list(missed))]
                continue
            spans = read_spans(path / "faults.csv")
            seconds += recording.seconds or 0.0
            blind_s += sum(end - start for _, start, end in spans)
            for kind, start, end in spans:
                tally = tallies.setdefault(kind, Tally())
                tally.many += 1
                seen = [at - start for at in missed if start <= at <= end + LATE_S]
                tally.delays += seen[:1]
            labels = [(label.start_s - 5, label.end_s + 5) for label in recording.labels or ()]
            for incident in account.incidents.values():
                at = (incident.opened_ns - recording.start_ns) / NS
                if any(start <= at <= end for start, end in labels):
                    continue
                during = [kind for kind, start, end in spans if start <= at <= end + LATE_S]
                elsewhere += not during
                raised += [f"{family.name}/{path.name} at {at:.0f} s during {kind}: {incident.why}" for kind in during]
    print("\n".join(tally.line(kind, "s") for kind, tally in sorted(tallies.items())))
    print(f"quiet recordings: {len(quiet_told)} spells without the environment, or a quantity of it")
    print("\n".join(f"  {line}" for line in quiet_told))
    rate = elsewhere / max(1.0, seconds - blind_s)
    print(
        f"incidents outside labels: {len(raised)} in {blind_s:.0f} s of faults, where {rate * blind_s:.1f} are chance's"
    )
    print("\n".join(f"  {line}" for line in raised))
    return 0


def environment_missing(lines: Path, recording: Recording) -> dict[float, str]:
    """Moments, seconds, at which the environment or a quantity of it was missing and not only warming up; and why."""
    streams = {sensor.id for sensor in recording.sensors if sensor.kind.startswith("environment")}
    found = {}
    for line in read_lines(lines, VerdictLine):
        for name, why in line.missing.items():
            if name.partition(":")[0] in streams and not why.startswith(LEARNING):
                found[(line.at_ns - recording.start_ns) / NS] = why
    return found


def spells(moments: Sequence[float]) -> list[float]:
    """Beginnings of stretches of moments less than two seconds apart."""
    return [at for before, at in zip([-9.0, *moments], moments, strict=False) if at - before > 2]


def read_spans(path: Path) -> list[tuple[str, float, float]]:
    """Kind, start and end in seconds of the faults of the environment, but those of its clock, which nobody can see."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["modalities"] == "environment"]
    return [(r["kind"], float(r["start_s"]), float(r["end_s"])) for r in rows if r["kind"] != "clock_offset"]


def main(words: Sequence[str] | None = None) -> int:
    """Judge, print; 1 where a fault was told that is none."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("tables", "streams"))
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--senses", default="environment", help="for streams: comma-separated; environment by default")
    parser.add_argument("--untouched", action="store_true", help="for tables: only as they are")
    told = parser.parse_args(words)
    if told.what == "tables":
        return judge_tables(told.paths, () if told.untouched else KINDS)
    return judge_streams(told.paths[0], frozenset(map(Modality, told.senses.split(","))))


if __name__ == "__main__":
    sys.exit(main())
