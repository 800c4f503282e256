"""Settings and a recording to sensors and engines: the only place that knows them all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from zoneinfo import ZoneInfo

from fusion.baseline.folder import AGAIN, Baseline
from fusion.config import Settings, ZoneRule, read_rules
from fusion.engine import Engine, EngineSettings
from fusion.recording import SCENARIO, Recording, build_source, load_recording
from fusion.strict_toml import read_toml
from fusion.triage import TriageSettings
from sensors.base import Detector, PatientDetector, Sensor, Source
from sensors.errors import BadInputError
from sensors.registry import detector_class, extractor_class
from sensors.types import NS, Modality
from sensors.video.zones import Hours, Rule, Zone

BUILTIN = "builtin"
"""The classifier of sounds that comes with Kizashi."""

FAST = frozenset({Modality.AUDIO, Modality.VIDEO})


@dataclass(frozen=True)
class Watch:
    """One engine with its detectors: what a set of senses says of a place.

    Attributes
    ----------
    name : str
        "fused", or the sense that stands alone.
    detectors : mapping of str to PatientDetector
        By stream.
    engine : Engine
        Its own.
    """

    name: str
    detectors: dict[str, PatientDetector]
    engine: Engine


@dataclass(frozen=True, slots=True)
class Excerpt(Recording):
    """A recording of which only some senses were looked at; `senses` are those of the whole."""

    senses: frozenset[Modality] = frozenset()


def load_senses(path: Path, start_ns: int | None, senses: Iterable[Modality]) -> Recording:
    """Describe a recording as `load_recording` does, without looking at the files of other senses."""
    wanted = frozenset(senses)
    if wanted == frozenset(Modality):
        return load_recording(path, start_ns)
    recording = load_recording(path, start_ns, wanted)
    folder = path.parent if path.name == SCENARIO else path
    told = read_toml(folder / SCENARIO)["sensors"] if folder.is_dir() else []
    whole = frozenset(Modality(entry["kind"].partition(".")[0]) for entry in told)
    return Excerpt(**{item.name: getattr(recording, item.name) for item in fields(Recording)}, senses=whole)


def recorded_senses(recording: Recording) -> frozenset[Modality]:
    """Senses of the whole recording, where only some of them were looked at."""
    return recording.senses if isinstance(recording, Excerpt) else frozenset()


def build_sensors(
    recording: Recording, senses: Iterable[Modality], model: str = BUILTIN, zones: Sequence[ZoneRule] = ()
) -> list[Sensor]:
    """The sensors of a recording that belong to `senses`, in the order of their names.

    `model` is the ear's; `zones` are the eyes' rules, of which each takes its own.
    """
    wanted = frozenset(senses)
    sensors = []
    for entry in sorted(recording.sensors, key=lambda entry: entry.id):
        source = build_source(entry, recording)
        if source.modality in wanted:
            sensors.append(build_sensor(source, model, zones))
    return sensors


def build_sensor(source: Source, model: str = BUILTIN, zones: Sequence[ZoneRule] = ()) -> Sensor:
    """A source with the extractor and detector of its sense, told of the classifier of sounds or of its zones."""
    chosen = {"model": model} if source.modality is Modality.AUDIO else {}
    extractor = extractor_class(source.modality)(source.stream, **chosen)
    make = detector_class(source.modality)
    own = tuple(_zone(rule) for rule in zones if rule.sensor == source.stream)
    told = {**chosen, "zones": own} if own and source.modality is Modality.VIDEO else chosen
    return Sensor(source, extractor, lambda: make(source.stream, **told))


def _zone(rule: ZoneRule) -> Zone:
    hours = Hours(rule.begin, rule.end, ZoneInfo(rule.timezone))
    return Zone(rule.name, rule.points, Rule(rule.rule), hours)


def engine_settings(settings: Settings, tick_s: float) -> EngineSettings:
    """Settings in the engine's own units; where ticks are far apart, all other times are at least some ticks."""
    rules, windows = settings.triage, settings.windows

    def span(seconds: float, ticks: float) -> int:
        return round(max(seconds, ticks * tick_s) * NS)

    return EngineSettings(
        tick_ns=round(tick_s * NS),
        budget_ns=round(settings.timing.budget_s * NS),
        windows_ns={
            Modality.AUDIO: span(windows.audio_s, 1),
            Modality.VIDEO: span(windows.video_s, 1),
            Modality.ENVIRONMENT: span(windows.environment_s, 1),
        },
        hold_ns=span(1.0, 2.5),
        block_ns=round(span(10.0, 12) / (tick_s * NS)) * round(tick_s * NS),
        learn_every_ns=span(0.5, 1),
        learn_after_ns=span(settings.learning.after_s, 6),
        lead_ns=span(10.0, 3),
        blackout_ns=round(span(60.0, 10) / (tick_s * NS)) * round(tick_s * NS),
        accept_after_ns=span(900.0, 30),
        learning=settings.learning.enabled,
        triage=TriageSettings(
            false_alarms_per_day=settings.false_alarms_per_day,
            patience_ns=round(rules.patience_s * NS),
            release_factor=rules.release_factor,
            close_after_ns=span(rules.close_after_s, 2),
            regroup_ns=span(rules.regroup_s, 4),
            longest_ns=span(rules.longest_s, 12),
        ),
        rules=read_rules(settings),
    )


def choose_tick_s(settings: Settings, sensors: Iterable[Sensor], others: frozenset[Modality] = frozenset()) -> float:
    """Seconds between verdicts: as set, 0.1 where there is sound or picture, else the step of the quickest readings.

    `others` are senses that were recorded and not looked at: a sense alone keeps the tick of the whole.
    """
    if settings.timing.tick_s:
        return settings.timing.tick_s
    sensors = list(sensors)
    if FAST & others.union(sensor.modality for sensor in sensors):
        return 0.1
    steps = [step for sensor in sensors if (step := typical_step_s(sensor.source))]
    return min(max(round(min(steps, default=0.1), 1), 0.1), 3600.0)


def typical_step_s(source: Source) -> float | None:
    """Seconds between a source's readings, where it can tell."""
    tell = getattr(source, "typical_step_s", None)
    return tell() if tell else None


def build_watch(
    name: str, sensors: Iterable[Sensor], settings: EngineSettings, start_ns: int | None, baseline: Baseline | None
) -> Watch:
    """An engine and fresh detectors for `sensors`; with what a baseline knows of them, if there is one."""
    sensors = list(sensors)
    detectors = {sensor.stream: build_detector(sensor, baseline) for sensor in sensors}
    patient = {stream: PatientDetector(d, settings.learn_after_ns) for stream, d in detectors.items()}
    streams = {sensor.stream: sensor.modality for sensor in sensors}
    memory = baseline.memory if baseline else None
    return Watch(name, patient, Engine(settings, streams, start_ns, memory))


def build_detector(sensor: Sensor, baseline: Baseline | None) -> Detector:
    """A detector, with what the baseline learned for its stream."""
    detector = sensor.detector()
    if baseline is None or sensor.stream not in baseline.detectors:
        return detector
    known = baseline.manifest.sensors.get(sensor.stream)
    if known != sensor.modality:
        what = f"the baseline knows another sense under this name ({known})"
        raise BadInputError(what, where=sensor.stream, mend="rename the sensor, or learn a baseline of its own")
    try:
        detector.restore(baseline.detectors[sensor.stream])
    except (KeyError, ValueError) as error:
        what = f"what the baseline holds of it cannot be used ({error})"
        raise BadInputError(what, where=sensor.stream, mend=AGAIN) from error
    return detector
