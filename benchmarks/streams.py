"""Recall, false alarms and delay on composed streams: the fusion beside each sense alone, learned family by family.

    python -m benchmarks.streams STREAMS [--false-alarms-per-day 24] [--only FAMILY ...]

STREAMS holds <family>/quiet-* to learn from and <family>/test-* to judge, as composing tools write them. Every family
is a place of its own: a baseline is learned from its quiet recordings, then its tests are replayed with that baseline.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fusion.baseline.folder import load_baseline
from fusion.baseline.learn import learn_baseline
from fusion.commands.recordings import judge
from fusion.config import Settings
from fusion.recording import load_recording
from fusion.replay import replay_recording
from fusion.report.metrics import Outcome
from fusion.report.table import format_table

Outcomes = dict[str, Outcome]


def judge_family(folder: Path, settings: Settings) -> Outcomes:
    """Learn a family's quiet recordings, and judge its tests."""
    quiet = [load_recording(path) for path in sorted(folder.glob("quiet-*"))]
    outcomes: Outcomes = {}
    with tempfile.TemporaryDirectory() as place:
        learn_baseline(quiet, settings, Path(place))
        baseline = load_baseline(Path(place))
        for path in sorted(folder.glob("test-*")):
            recording = load_recording(path)
            for name, account in replay_recording(recording, settings, baseline, alone=True).items():
                outcomes[name] = outcomes.get(name, Outcome()) + judge(recording, account)
    return outcomes


def main(words: Sequence[str] | None = None) -> int:
    """Judge all families, print a table for each and one for all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("streams", type=Path)
    parser.add_argument("--false-alarms-per-day", type=float, default=24.0)
    parser.add_argument("--only", nargs="*", help="families; all by default")
    args = parser.parse_args(words)
    settings = Settings(false_alarms_per_day=args.false_alarms_per_day)
    total: Outcomes = {}
    for folder in sorted(path for path in args.streams.iterdir() if path.is_dir()):
        if args.only and folder.name not in args.only:
            continue
        outcomes = judge_family(folder, settings)
        print(f"{folder.name}\n{format_table(outcomes)}\n", flush=True)
        for name, outcome in outcomes.items():
            total[name] = total.get(name, Outcome()) + outcome
    print(f"all, set to {args.false_alarms_per_day:g} false alarms per day\n{format_table(total)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
