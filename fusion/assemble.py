"""Settings and a recording to sensors and engines: the only place that knows them all."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fusion.baseline.folder import AGAIN, Baseline
from fusion.config import Settings, ZoneRule, read_rules
from fusion.engine import Engine, EngineSettings
from fusion.events import Reliability
from fusion.language.choice import texts_of
from fusion.recording import SCENARIO, Recording, build_source, load_recording, require_id
from fusion.severity import SeverityModel
from fusion.strict_toml import read_toml, require_known, text
from fusion.triage import TriageSettings
from sensors.base import Detector, LiveSource, PatientDetector, Sensor, Source
from sensors.clock import Clock
from sensors.errors import BadInputError
from sensors.registry import detector_class, extractor_class, live_class
from sensors.types import NS, Modality
from sensors.video.detectors import FUSED
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
    streams : mapping of str to Modality
        The sensors that it expects.
    """

    name: str
    detectors: dict[str, PatientDetector]
    engine: Engine
    streams: Mapping[str, Modality] = field(default_factory=dict)


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
    recording: Recording,
    senses: Iterable[Modality],
    model: str = BUILTIN,
    zones: Sequence[ZoneRule] = (),
    channels: Collection[str] = FUSED,
) -> list[Sensor]:
    """The sensors of a recording that belong to `senses`, in the order of their names.

    `model` is the ear's; `zones` are the eyes' rules, of which each takes its own; `channels` is what eyes tell.
    """
    wanted = frozenset(senses)
    sensors = []
    for entry in sorted(recording.sensors, key=lambda entry: entry.id):
        source = build_source(entry, recording)
        if source.modality in wanted:
            sensors.append(build_sensor(source, model, zones, channels))
    return sensors


def build_sensor(
    source: Source, model: str = BUILTIN, zones: Sequence[ZoneRule] = (), channels: Collection[str] = FUSED
) -> Sensor:
    """A source with the extractor and detector of its sense, told of the classifier of sounds or of its zones."""
    chosen = {"model": model} if source.modality is Modality.AUDIO else {}
    extractor = extractor_class(source.modality)(source.stream, **chosen)
    make = detector_class(source.modality)
    own = tuple(_zone(rule) for rule in zones if rule.sensor == source.stream)
    told = {"zones": own, "channels": channels} if source.modality is Modality.VIDEO else chosen
    return Sensor(source, extractor, lambda: make(source.stream, **told))


def build_live_sensors(settings: Settings, clock: Clock, where: object = "settings") -> list[Sensor]:
    """The live sensors of the settings, of the senses that are watched with, in the order of their names.

    Raises
    ------
    BadInputError
        If there is none, or one has no kind, an unknown key, or a value that its source cannot use.
    """
    sensors: dict[str, Sensor] = {}
    for number, told in enumerate(settings.sensors, 1):
        place = f"{where}, sensor {number}"
        name = require_id(told, place)
        if name in sensors:
            raise BadInputError(f"id '{name}' twice", where=place, mend="give each its own")
        source = build_live_source(name, told, clock, f"{place} '{name}'")
        if source.modality in settings.senses:
            sensors[name] = build_sensor(source, settings.audio.model, settings.video.zones, settings.video.channels)
    if not sensors:
        raise BadInputError("there are no sensors", where=where, mend="add one with [[sensors]], id and kind")
    return [sensors[name] for name in sorted(sensors)]


def build_live_source(name: str, told: Mapping[str, Any], clock: Clock, where: str) -> LiveSource:
    """A live source; a key that ends in `_file`, where the source knows only what is before, is read from that file.

    Raises
    ------
    BadInputError
        If it has no kind, an unknown key, or a value that it cannot use.
    """
    made = live_class(text(told, "kind", where), where)
    known = live_options(made)
    options = {key: value for key, value in told.items() if key not in ("id", "kind")}
    for key in [key for key in options if key not in known and key.removesuffix("_file") in known]:
        options[key.removesuffix("_file")] = read_secret(Path(str(options.pop(key))))
    require_known(options, known, where)
    for key, value in LIVE.items():
        if key in known:
            options.setdefault(key, value)
    try:
        return made(name, **options, clock=clock)
    except (TypeError, ValueError, AttributeError) as error:
        # Its text might hold an address with a password.
        what = f"its source cannot be made of this ({type(error).__name__})"
        mend = f"give what a {told['kind']} needs, of the right type: {', '.join(sorted(known))}"
        raise BadInputError(what, where=where, mend=mend) from error


def live_options(made: Callable[..., LiveSource]) -> set[str]:
    """What a live source can be told, its bases included."""
    classes = inspect.getmro(made) if inspect.isclass(made) else (made,)
    known = {name for one in classes for name, told in inspect.signature(one).parameters.items() if told.kind != 2}
    return {name for name in known if name not in NOT_TOLD}


LIVE = {"chunk_s": 0.05, "queue_s": 0.5}
"""Sound comes in fifths of the 250 ms that are described at once, so that none waits for the chunk that it ends in; and
what waits longer than half a second says nothing of the present any more."""

NOT_TOLD = frozenset({"stream", "on_health", "clock", "backoff", "reader", "options", "args", "kwargs", "self"})


def read_secret(path: Path) -> str:
    """A secret from a file: where it says, or by that name among the credentials that systemd hands over.

    Raises
    ------
    BadInputError
        If it cannot be read.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder and not path.is_absolute():
        path = Path(folder) / path
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        mend = "check the path and its permissions"
        raise BadInputError("this secret cannot be read", where=path, mend=mend) from error


def _zone(rule: ZoneRule) -> Zone:
    hours = Hours(rule.begin, rule.end, ZoneInfo(rule.timezone))
    return Zone(rule.name, rule.points, Rule(rule.rule), hours)


def engine_settings(
    settings: Settings, tick_s: float, utc_offset_s: float | None = None, model: SeverityModel | None = None,
    reliability: tuple[Reliability, ...] = (),
) -> EngineSettings:  # fmt: skip
    """Settings in the engine's own units; where ticks are far apart, all other times are at least some ticks.

    `utc_offset_s` is that of the place, where its time of day is known; `model` what labels have taught of severity.
    """
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
            lead_ns=span(10.0, 3),
            utc_offset_s=utc_offset_s,
            model=model or SeverityModel(),
        ),
        rules=read_rules(settings),
        reliability=reliability,
        texts=texts_of(settings.language),
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
    return Watch(name, patient, Engine(settings, streams, start_ns, memory), streams)


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
