"""What sensors say of hours of quiet, one sense at a time, kept so that the engine can watch them in minutes.

    python -m benchmarks.quiet_testimony STREAMS --cache CACHE [--only FAMILY ...] [--senses SENSE ...]

STREAMS holds <family>/quiet-1, quiet-2 ..., hours long. The first `--learn-minutes` of quiet-1 are learned from, in
halves that are strangers to each other, as `kizashi learn` does with a single recording; what follows, and the others,
is watched by detectors that learned all of that and learn on, since nothing happens there. Each sense has a folder of
its own in CACHE/<family>, so that one can be heard anew where its detectors have changed.
"""

from __future__ import annotations

import argparse
import heapq
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.testimony import TICK_S, Testimony
from fusion.assemble import build_sensors, engine_settings
from fusion.baseline.learn import Said, Segment, halves, learned, score_segment
from fusion.baseline.spool import Item, Spool
from fusion.config import Settings
from fusion.recording import load_recording
from fusion.replay import end_of
from fusion.runner import merge, until
from sensors.base import PatientDetector
from sensors.types import NS, Modality, Score

LEARNED = ("learned-1", "learned-2")
WATCHED = "watched-{number}"


def hear_sense(folder: Path, cache: Path, sense: Modality, learn_ns: int) -> bool:
    """What one sense says of a family; False where the family has not got it."""
    first, *others = (load_recording(path) for path in sorted(folder.glob("quiet-*")))
    sensors = {sensor.stream: sensor for sensor in build_sensors(first, [sense])}
    if not sensors:
        return False
    cache.mkdir(parents=True, exist_ok=True)
    after_ns = engine_settings(Settings(), TICK_S).learn_after_ns
    items = until(merge(sensors.values()), end_of(first))
    with tempfile.TemporaryDirectory() as place:
        early, rest = split(items, first.start_ns + learn_ns)
        segment = Segment("learned", 0, Spool(Path(place) / "learned", early))
        parts = halves(segment)
        for name, part in zip(LEARNED, parts, strict=True):
            said = list(score_segment(part, parts, sensors, after_ns))
            keep(cache / f"{name}.npz", name, sense, sensors, said)
        state = {stream: detector.state() for stream, detector in learned([segment], sensors).items()}
    for number, recording in enumerate((first, *others), 1):
        name = WATCHED.format(number=number)
        watched = {s.stream: s for s in build_sensors(recording, [sense])}
        detectors = {stream: PatientDetector(sensor.detector(), after_ns) for stream, sensor in watched.items()}
        for stream, patient in detectors.items():
            patient.detector.restore(state[stream])
        heard = rest if recording is first else until(merge(watched.values()), end_of(recording))
        said = [
            (stream, detectors[stream].score(item, always) if item else [], next_ns) for stream, item, next_ns in heard
        ]
        keep(cache / f"{name}.npz", name, sense, watched, said)
    return True


def split(items: Iterator[Item], at_ns: int) -> tuple[Iterator[Item], Iterator[Item]]:
    """What ends by a moment, and all after it; the first is to be read to its end before the second."""
    over: list[Item] = []

    def early() -> Iterator[Item]:
        for item in items:
            if item[1] is not None and item[1].end_ns > at_ns:
                over.append(item)
                return
            yield item

    return early(), (item for part in (over, items) for item in part)


def always(at_ns: int) -> bool:
    """Nothing ever happens in quiet recordings."""
    return True


def keep(path: Path, name: str, sense: Modality, sensors: Iterable[str], said: list[Said]) -> None:
    """Write what was said of a stretch."""
    ends = [item.end_ns for _, items, _ in said for item in items if isinstance(item, Score)]
    Testimony(name, dict.fromkeys(sensors, sense), (min(ends), max(ends)), said).save(path)


def recall(cache: Path, name: str, without: frozenset[Modality] = frozenset()) -> Testimony:
    """What all senses that were heard said of a stretch, in order of event time."""
    kept = [Testimony.load(path) for path in sorted(cache.glob(f"*/{name}.npz")) if path.parent.name not in without]
    senses = {stream: sense for one in kept for stream, sense in one.senses.items()}
    span = min(one.span_ns[0] for one in kept), min(one.span_ns[1] for one in kept)
    return Testimony(name, senses, span, list(heapq.merge(*(one.said for one in kept), key=lambda told: told[2])))


def main(words: Sequence[str] | None = None) -> int:
    """Hear all families and senses that are not in the cache yet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("streams", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--only", nargs="*", help="families; all by default")
    parser.add_argument("--senses", nargs="*", type=Modality, default=list(Modality))
    parser.add_argument("--learn-minutes", type=float, default=60.0)
    args = parser.parse_args(words)
    for folder in sorted(path for path in args.streams.iterdir() if path.is_dir()):
        for sense in args.senses:
            place = args.cache / folder.name / sense
            last = WATCHED.format(number=len(list(folder.glob("quiet-*"))))
            if (args.only and folder.name not in args.only) or (place / f"{last}.npz").exists():
                continue
            begun_s = time.process_time()
            if hear_sense(folder, place, sense, round(args.learn_minutes * 60 * NS)):
                print(f"{folder.name} {sense}: {time.process_time() - begun_s:.0f} s CPU", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
