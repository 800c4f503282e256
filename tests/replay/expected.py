"""What the samples are expected to give. Rewritten on purpose only: `python -m tests.replay.expected`."""

from __future__ import annotations

import sys
from pathlib import Path

from fusion.config import Settings
from fusion.recording import load_recording
from fusion.replay import FUSED, replay_recording, write_incidents

HOME = Path(__file__).resolve().parents[2]
SAMPLES = ("break_in_at_night", "crowd_panic", "ordinary_hour")
STORED = Path(__file__).parent / "expected"
EVERY = 50
"""Every so many verdicts one is kept: five seconds of event time."""


def write_sample(name: str, folder: Path) -> None:
    """Replay a sample as it is, and keep its incidents and some of its verdicts."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / "whole.jsonl"
    account = replay_recording(load_recording(HOME / "sample_streams" / name), Settings(), verdicts=whole)[FUSED]
    write_incidents(folder / "incidents.jsonl", account)
    kept = whole.read_bytes().splitlines(keepends=True)[::EVERY]
    (folder / "verdicts.jsonl").write_bytes(b"".join(kept))
    whole.unlink()


if __name__ == "__main__":
    for sample in SAMPLES:
        write_sample(sample, STORED / sample)
        print(sample, file=sys.stderr)
