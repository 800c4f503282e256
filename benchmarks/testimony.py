"""What sensors say of composed streams, said once and kept, so that the engine can be run over it in seconds.

    python -m benchmarks.testimony STREAMS --cache CACHE [--only FAMILY ...]

STREAMS holds <family>/quiet-* to learn from and <family>/test-* to judge. Every quiet recording is scored by detectors
that learned the others, as `fusion.baseline.learn` does; tests by detectors that learned all of them and go on
learning what the engine of the day finds quiet. What is kept is what decides: scores, conditions, and how far each
stream was read; not the words for explanations.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from fusion.assemble import build_sensors, engine_settings
from fusion.baseline.learn import FOLDS, NEVER_ALARMS, Said, Segment, Told, learned, rank_folds, score_segment
from fusion.baseline.spool import Spool
from fusion.config import Settings
from fusion.engine import Engine, EngineSettings, Memory, Step
from fusion.recording import Recording, load_recording
from fusion.replay import end_of
from fusion.runner import merge, until
from fusion.triage import TriageSettings
from sensors.base import Detector, PatientDetector, Sensor
from sensors.types import Health, Modality, Quality, Score, State

QUALITIES = tuple(Quality)
TICK_S = 0.1


@dataclass
class Testimony:
    """All that the sensors of one recording said, in the order they said it.

    Attributes
    ----------
    name : str
        Of the recording.
    senses : dict of str to Modality
        Its streams.
    span_ns : (int, int)
        Event time of the first and last words.
    said : list of Said
        Stream, scores and conditions, and until when nothing more of it will come.
    """

    name: str
    senses: dict[str, Modality]
    span_ns: tuple[int, int]
    said: list[Said] = field(default_factory=list)

    def __iter__(self) -> Iterator[Said]:
        return iter(self.said)

    def save(self, path: Path) -> None:
        """Write everything as plain arrays."""
        streams, channels = list(self.senses), sorted({item.channel for item in self._scores()})
        places = {name: number for number, name in enumerate(streams)}
        known = {name: number for number, name in enumerate(channels)}
        health = [
            (number, item.stream, item.at_ns, item.state, item.reason, item.channels)
            for number, (_, items, _) in enumerate(self.said)
            for item in items
            if isinstance(item, Health)
        ]
        head = {
            "name": self.name,
            "senses": self.senses,
            "span_ns": self.span_ns,
            "channels": channels,
            "log_odds": sorted({score.channel for score in self._scores() if score.log_odds}),
            "health": health,
        }
        counts = [sum(isinstance(item, Score) for item in items) for _, items, _ in self.said]
        times = [(places[stream], next_ns, n) for (stream, _, next_ns), n in zip(self.said, counts, strict=True)]
        scores = [(known[s.channel], s.end_ns, s.span_ns, QUALITIES.index(s.quality)) for s in self._scores()]
        raw = [np.nan if s.raw is None else s.raw for s in self._scores()]
        np.savez_compressed(
            path,
            head=np.frombuffer(json.dumps(head).encode(), np.uint8),
            times=np.array(times, np.int64).reshape(-1, 3),
            scores=np.array(scores, np.int64).reshape(-1, 4),
            raw=np.array(raw, np.float64),
        )

    @classmethod
    def load(cls, path: Path) -> Testimony:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            head = json.loads(arrays["head"].tobytes())
            times, scores, raw = arrays["times"].tolist(), arrays["scores"].tolist(), arrays["raw"].tolist()
        senses = {stream: Modality(sense) for stream, sense in head["senses"].items()}
        streams, channels = list(senses), head["channels"]
        health: dict[int, list[Health]] = {}
        for number, stream, at_ns, state, reason, of in head["health"]:
            health.setdefault(number, []).append(Health(stream, at_ns, State(state), reason, tuple(of)))
        odds = [name in head["log_odds"] for name in channels]
        out, at = cls(head["name"], senses, tuple(head["span_ns"])), 0
        for number, (place, next_ns, count) in enumerate(times):
            stream = streams[place]
            items: list[Score | Health] = [
                Score(
                    *(stream, channels[c], senses[stream], end, span, None if value != value else value, QUALITIES[q]),
                    log_odds=odds[c],
                )
                for (c, end, span, q), value in zip(scores[at : at + count], raw[at : at + count], strict=True)
            ]
            out.said.append((stream, [*items, *health.get(number, ())], next_ns))
            at += count
        return out

    def _scores(self) -> Iterator[Score]:
        return (item for _, items, _ in self.said for item in items if isinstance(item, Score))


def judge(
    testimony: Testimony, settings: EngineSettings, memory: Memory, make: type[Engine] = Engine
) -> Iterator[Step]:
    """What the engine says of a recording."""
    engine = make(settings, testimony.senses, None, memory)
    end_ns = testimony.span_ns[1]
    for stream, items, next_ns in testimony:
        for item in items:
            engine.push(item)
        engine.reach(stream, min(next_ns, end_ns))
        yield from engine.advance(end_ns)


def learn_from(
    quiet: Sequence[Testimony],
    settings: EngineSettings,
    tell: Callable[[Step], None] = lambda step: None,
    make: type[Engine] = Engine,
) -> Memory:
    """What `kizashi learn` would keep of quiet recordings; `tell` is told every verdict."""
    told = [Told(n % FOLDS, frozenset(one.senses), one.span_ns, one.__iter__) for n, one in enumerate(quiet)]
    streams = {stream: sense for one in quiet for stream, sense in one.senses.items()}
    never = replace(settings, triage=TriageSettings(false_alarms_per_day=NEVER_ALARMS), rules=())
    return rank_folds(told, streams, never, tell, make)


def hear_quiet(folder: Path, place: Path, cache: Path) -> tuple[list[Testimony], list[Segment], dict[str, Sensor]]:
    """Let strangers to each quiet recording of a family score it, and keep what they say."""
    sensors: dict[str, Sensor] = {}
    segments = []
    for number, path in enumerate(sorted(folder.glob("quiet-*"))):
        recording = load_recording(path)
        found = build_sensors(recording, Modality)
        sensors |= {sensor.stream: sensor for sensor in found}
        segments.append(
            Segment(path.name, number % FOLDS, Spool(place / path.name, until(merge(found), end_of(recording))))
        )
    senses = {stream: sensor.modality for stream, sensor in sensors.items()}
    after_ns = engine_settings(Settings(), TICK_S).learn_after_ns
    heard = []
    for segment in segments:
        said = list(score_segment(segment, segments, sensors, after_ns))
        heard.append(Testimony(segment.name, {s: senses[s] for s in sorted(segment.streams)}, segment.span_ns, said))
        heard[-1].save(cache / f"{segment.name}.npz")
    return heard, segments, sensors


def hear_test(recording: Recording, detectors: dict[str, Detector], engine: Engine, after_ns: int) -> Testimony:
    """Let detectors score a test while the engine tells them what was quiet."""
    sensors = build_sensors(recording, Modality)
    patient = {stream: PatientDetector(detector, after_ns) for stream, detector in detectors.items()}
    said: list[Said] = []
    for stream, features, next_ns in until(merge(sensors), end_of(recording)):
        items = patient[stream].score(features, engine.quiet) if features else []
        said.append((stream, items, next_ns))
        for item in items:
            engine.push(item)
        engine.reach(stream, next_ns)
        if features:
            deque(engine.advance(features.end_ns), maxlen=0)
    ends = [item.end_ns for _, items, _ in said for item in items if isinstance(item, Score)]
    return Testimony(recording.name, {s.stream: s.modality for s in sensors}, (min(ends), max(ends)), said)


def hear_family(folder: Path, cache: Path) -> None:
    """All recordings of a family, into a folder of files."""
    cache.mkdir(parents=True, exist_ok=True)
    settings = engine_settings(Settings(), TICK_S)
    with tempfile.TemporaryDirectory() as place:
        quiet, segments, sensors = hear_quiet(folder, Path(place), cache)
        state = {stream: detector.state() for stream, detector in learned(segments, sensors).items()}
    memory = learn_from(quiet, settings)
    for path in sorted(folder.glob("test-*")):
        recording = load_recording(path)
        detectors = {stream: sensors[stream].detector() for stream in state}
        for stream, detector in detectors.items():
            detector.restore(state[stream])
        streams = {stream: sensor.modality for stream, sensor in sensors.items()}
        engine = Engine(settings, streams, recording.start_ns, memory)
        hear_test(recording, detectors, engine, settings.learn_after_ns).save(cache / f"{path.name}.npz")


def main(words: Sequence[str] | None = None) -> int:
    """Hear all families that are not in the cache yet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("streams", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--only", nargs="*", help="families; all by default")
    args = parser.parse_args(words)
    for folder in sorted(path for path in args.streams.iterdir() if path.is_dir()):
        if args.only and folder.name not in args.only:
            continue
        hear_family(folder, args.cache / folder.name)
        print(folder.name, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
