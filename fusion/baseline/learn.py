"""Learn what is normal at a site from quiet recordings.

1. Features of every recording are taken once, and kept on disk.
2. The recordings are divided into folds (a single one into halves). Each fold is scored by detectors that learned the
   other folds, and ranked against the others' scores: as a stranger, the way tomorrow will be.
3. What the fusion then says of each fold is its past: how strange chance alone gets here.
4. The baseline holds the scores of all folds, that past, and detectors that learned everything; what of them is a model
   of the place as a whole was fitted with PyOD and is kept as plain arrays (`fusion.baseline.fitting`).
5. What people want to know of all that stands in a report beside it (`fusion.baseline.census`).

Why not simply learn and score the same recordings: whoever has seen the answers finds nothing strange, and the first
day at work would be full of alarms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from fusion.assemble import build_sensors, choose_tick_s, engine_settings
from fusion.baseline.census import Census
from fusion.baseline.findings import write_findings
from fusion.baseline.fitting import Sample, fit_detector
from fusion.baseline.folder import VERSION, LearnedFrom, Manifest, write_baseline
from fusion.baseline.spool import Item, Spool
from fusion.config import Settings
from fusion.engine import Engine, EngineSettings, Memory, Step
from fusion.lately import spacing_ns, trace
from fusion.recording import Recording
from fusion.runner import merge, until
from fusion.senses import MEAN
from fusion.triage import TriageSettings
from fusion.words import duration
from sensors.base import Detector, Fittable, PatientDetector, Sensor
from sensors.errors import BadInputError
from sensors.types import NS, Health, Modality, Score

NEVER_ALARMS = 1e-300
"""False alarms per day while learning: all of it is declared quiet."""

FOLDS = 5
"""More recordings than this share folds."""

Scores = Mapping[str, NDArray[np.float64]]

Said = tuple[str, list[Score | Health], int]
"""A stream, what its sensor said at once, and until when nothing more of it will come."""


@dataclass(frozen=True)
class Segment:
    """A stretch of a quiet recording: a name, its fold, and items that can be iterated again and again."""

    name: str
    fold: int
    items: Iterable[Item]

    @cached_property
    def streams(self) -> frozenset[str]:
        """Sensors that it has."""
        return frozenset(stream for stream, _, _ in self.items)

    @cached_property
    def span_ns(self) -> tuple[int, int]:
        """Event time of its first and last features."""
        ends = [features.end_ns for _, features, _ in self.items if features is not None]
        return (ends[0], ends[-1]) if ends else (0, 0)


@dataclass(frozen=True)
class Told:
    """What detectors that learned the other folds said of a segment: `said` gives it again and again."""

    fold: int
    streams: frozenset[str]
    span_ns: tuple[int, int]
    said: Callable[[], Iterator[Said]]


@dataclass(frozen=True)
class Half:
    """The items up to a moment, or those after it."""

    items: Iterable[Item]
    middle_ns: int
    second: bool

    def __iter__(self) -> Iterator[Item]:
        for item in self.items:
            if (item[1] is None or item[1].end_ns > self.middle_ns) == self.second:
                yield item


def learn_baseline(
    recordings: Sequence[Recording],
    settings: Settings,
    out: Path,
    progress: Callable[[str], None] = lambda text: None,
    warn: Callable[[str], None] = lambda text: None,
) -> Manifest:
    """Learn from quiet recordings and write the baseline into an empty folder.

    Parameters
    ----------
    recordings : sequence of Recording
        At least one; sensors are known by their ids, and not all need be in each.
    settings : Settings
        Timing and senses.
    out : Path
        Where `manifest.json` and the arrays go.
    progress : callable (str) -> None
        Told what is being done.
    warn : callable (str) -> None
        Told of each sensor that could not be learned, and why.

    Raises
    ------
    BadInputError
        If the recordings are too short to learn from, or no sensor gave anything usable.
    """
    with TemporaryDirectory(dir=out) as place:
        segments, sensors, tick_s = _read(recordings, settings, Path(place), progress)
        triage = TriageSettings(false_alarms_per_day=NEVER_ALARMS)
        engine = replace(engine_settings(settings, tick_s), triage=triage, rules=())
        progress("ranking each part as a stranger to the others")
        parts = segments if len(segments) > 1 else halves(segments[0])
        census = Census(engine, settings.false_alarms_per_day, _utc_offset_s(recordings))
        memory = cross_fit(parts, sensors, engine, census)
        unlearned = _unlearned(memory, parts, sensors, engine)
        _require_enough(memory, unlearned, sensors, engine, _names(recordings))
        for stream, why in unlearned.items():
            warn(f"{stream} is not learned: {why}")
        sensors = {stream: sensor for stream, sensor in sensors.items() if stream not in unlearned}
        channels = {k: v for k, v in memory.channels.items() if k.rpartition(":")[0] not in unlearned}
        memory = replace(memory, channels=channels)
        kept = learned(segments, sensors)
        detectors = {stream: detector.state() for stream, detector in kept.items()}
        spans = [(segment.name, *segment.span_ns) for segment in segments]
    manifest = Manifest(
        version=VERSION,
        kizashi=version("kizashi"),
        tick_s=engine.tick_ns / NS,
        block_s=engine.block_ns / NS,
        learned_from=tuple(LearnedFrom(name, start, (end - start) / NS) for name, start, end in spans),
        sensors={stream: str(sensor.modality) for stream, sensor in sorted(sensors.items())},
        scores={name: len(values) for name, values in memory.channels.items()},
        blocks={name: len(values) for name, values in memory.blocks.items()},
        files={},
    )
    write_baseline(out, manifest, memory, detectors)
    seconds = sum(one.seconds for one in manifest.learned_from)
    write_findings(out, census.findings(memory, seconds, {s: sensor.modality for s, sensor in sensors.items()}))
    return manifest


def _utc_offset_s(recordings: Sequence[Recording]) -> int | None:
    """Offset of local time, of the first recording; None where any does not know its time of day."""
    return recordings[0].utc_offset_s if all(recording.start_known for recording in recordings) else None


def _unlearned(
    memory: Memory, segments: Sequence[Segment], sensors: Mapping[str, Sensor], settings: EngineSettings
) -> dict[str, str]:
    """Sensors without one channel of which enough was heard, with the reason that they gave last."""
    enough = {
        name.rpartition(":")[0] for name, values in memory.channels.items() if len(values) >= settings.least_scores
    }
    why = {stream: "too little of it was usable" for stream in sorted(sensors.keys() - enough)}
    for segment in segments if why else ():
        for stream, items, _ in score_segment(segment, segments, sensors, settings.learn_after_ns):
            for item in items:
                if stream in why and isinstance(item, Health) and item.reason:
                    why[stream] = item.reason
    return why


def _require_enough(
    memory: Memory, unlearned: Mapping[str, str], sensors: Mapping[str, Sensor], settings: EngineSettings, where: str
) -> None:
    if any(len(values) >= settings.least_blocks for values in memory.blocks.values()):
        return
    told = "".join(f", and {stream} gave nothing usable ({why})" for stream, why in unlearned.items())
    least = duration(2 * settings.least_blocks * settings.block_ns / NS + 120)
    mend = f"give at least {least} of quiet" + (", with sensors that work" if told else "")
    raise BadInputError(f"too short to learn from{told}", where=where, mend=mend)


def _read(
    recordings: Sequence[Recording], settings: Settings, place: Path, progress: Callable[[str], None]
) -> tuple[list[Segment], dict[str, Sensor], float]:
    """Features of all recordings, spooled; the sensors by stream; the tick that suits the quickest of them."""
    sensors: dict[str, Sensor] = {}
    segments, steps = [], []
    for number, recording in enumerate(recordings):
        progress(f"reading {recording.name}")
        found = build_sensors(
            recording, settings.senses, settings.audio.model, settings.video.zones, settings.video.channels
        )
        steps.append(choose_tick_s(settings, found))
        end_ns = recording.start_ns + round(recording.seconds * NS) if recording.seconds else None
        sensors |= {sensor.stream: sensor for sensor in found}
        segments.append(
            Segment(recording.name, number % FOLDS, Spool(place / str(number), until(merge(found), end_ns)))
        )
    if not sensors:
        what = f"no sensor of {', '.join(settings.senses)}"
        raise BadInputError(what, where=_names(recordings), mend="choose other senses")
    return segments, sensors, min(steps)


def _names(recordings: Sequence[Recording]) -> str:
    return ", ".join(recording.name for recording in recordings)


def halves(segment: Segment) -> list[Segment]:
    """A segment cut in the middle of its time, as two folds."""
    middle = sum(segment.span_ns) // 2
    return [Segment(segment.name, fold, Half(segment.items, middle, bool(fold))) for fold in (0, 1)]


def cross_fit(
    segments: Sequence[Segment], sensors: Mapping[str, Sensor], settings: EngineSettings, census: Census | None = None
) -> Memory:
    """Score every segment as a stranger, and gather what the fusion says of it; a census is told what was said.

    Returns
    -------
    Memory
        Scores of all segments, and the past of the fused statistic over all of them.
    """
    told = [
        Told(s.fold, s.streams, s.span_ns, partial(score_segment, s, segments, sensors, settings.learn_after_ns))
        for s in segments
    ]
    streams = {stream: sensor.modality for stream, sensor in sensors.items()}
    return rank_folds(told, streams, settings, census=census)


def rank_folds(
    told: Sequence[Told],
    streams: Mapping[str, Modality],
    settings: EngineSettings,
    tell: Callable[[Step], None] = lambda step: None,
    make: type[Engine] = Engine,
    census: Census | None = None,
) -> Memory:
    """Rank what was said of each segment against what was said of the other folds, and gather what the fusion says.

    `tell` is told every verdict, in order; `make` is the kind of engine; a census is told what was said.
    """
    windows = [window_scores(_items(one, census), settings) for one in told]
    if census is not None:
        census.compare([one.fold for one in told], windows)
    memory = Memory({}, {}, {})
    for one in told:
        others = gather(w for of, w in zip(told, windows, strict=True) if of.fold != one.fold)
        engine = make(settings, streams, None, replace(memory, channels=others))
        for stream in streams.keys() - one.streams:
            engine.reach(stream, one.span_ns[1])
        for stream, items, next_ns in one.said():
            for item in items:
                engine.push(item)
            engine.reach(stream, min(next_ns, one.span_ns[1]))
            for step in engine.advance(one.span_ns[1]):
                tell(step)
        memory = engine.snapshot()
    return replace(memory, channels=gather(windows))


def _items(told: Told, census: Census | None) -> Iterator[Score | Health]:
    for _, items, _ in told.said():
        for item in items:
            if census is not None:
                census.take(item)
            yield item


def score_segment(
    segment: Segment, segments: Iterable[Segment], sensors: Mapping[str, Sensor], delay_ns: int
) -> Iterator[Said]:
    """What detectors that learned the other folds say of a segment."""
    strangers = learned([other for other in segments if other.fold != segment.fold], sensors)
    patient = {stream: PatientDetector(detector, delay_ns) for stream, detector in strangers.items()}
    for stream, features, next_ns in segment.items:
        yield stream, patient[stream].score(features, lambda at_ns: True) if features else [], next_ns


def learned(segments: Iterable[Segment], sensors: Mapping[str, Sensor]) -> dict[str, Detector]:
    """Fresh detectors that learned these segments, in the order of time, and what can be fitted to all of that."""
    fresh = {stream: sensor.detector() for stream, sensor in sensors.items()}
    samples = {stream: Sample() for stream in fresh}
    for stream, detector in fresh.items():
        if isinstance(detector, Fittable):
            detector.on_learned = samples[stream].take
    for segment in sorted(segments, key=lambda segment: segment.span_ns):
        for stream, features, _ in segment.items:
            if features is not None and stream in fresh:
                fresh[stream].learn(features)
    for stream, detector in fresh.items():
        if isinstance(detector, Fittable):
            fit_detector(detector, samples[stream])
    detectors = {stream: sensor.detector() for stream, sensor in sensors.items()}
    for stream, detector in detectors.items():
        detector.restore(fresh[stream].state())
    return detectors


def window_scores(items: Iterable[Score | Health], settings: EngineSettings) -> dict[str, list[float]]:
    """Peaks and averages of the windows of every channel: as the engine learns them."""
    said: dict[str, list[Score]] = {}
    for item in items:
        if isinstance(item, Score):
            said.setdefault(item.channel, []).append(item)
    out: dict[str, list[float]] = {}
    for channel, scores in said.items():
        window_ns = settings.windows_ns[scores[0].modality]
        every_ns = spacing_ns(window_ns, settings.learn_every_ns)
        out[channel], out[channel + MEAN] = trace(scores, window_ns, every_ns, settings.hold_ns)
    return out


def gather(parts: Iterable[Mapping[str, Sequence[float]]]) -> Scores:
    """Scores of several segments in a row, by channel."""
    out: dict[str, list[float]] = {}
    for part in parts:
        for channel, values in part.items():
            out.setdefault(channel, []).extend(values)
    return {channel: np.array(values) for channel, values in sorted(out.items()) if values}
