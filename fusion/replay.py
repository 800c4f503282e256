"""A recording through one or several watches: what would have been flagged, and why.

Why several at once: `evaluate` sets the fusion beside each sense alone. They share what is dear (decoding, features)
and nothing else: each has its own detectors and engine, so each gives what a replay with only its senses would give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from fusion.assemble import Watch, build_sensors, build_watch, choose_tick_s, engine_settings, recorded_senses
from fusion.baseline.folder import Baseline
from fusion.config import Settings
from fusion.engine import Step
from fusion.events import Change, FusedScore, Incident, Missing, Reliability
from fusion.live.journal import read_arrivals
from fusion.live.retrace import retrace
from fusion.recording import Recording
from fusion.runner import merge
from fusion.runner import replay as run
from fusion.severity import SeverityModel
from fusion.sinks.jsonl import incident_line, verdict_line
from sensors.base import Sensor
from sensors.errors import BadInputError
from sensors.types import NS, Modality

FUSED = "fused"


@dataclass
class Account:
    """What one watch said of a recording.

    Attributes
    ----------
    incidents : dict of str to Incident
        Final state by id, in the order they opened.
    ticks, judged : int
        Verdicts given, and those that could say how rare the moment was.
    missing_ticks : dict of str to dict of str to int
        Ticks without a stream, by stream and reason.
    suspected_ticks : dict of str to dict of str to int
        Ticks in which a stream was suspected, by stream and reason.
    first_missing, last_missing : tuple of Missing
        Who took no part in the first and the last verdict.
    first_ns, last_ns : int
        Event time of the first and last verdict.
    late : int
        Scores that came after their tick was answered.
    """

    incidents: dict[str, Incident] = field(default_factory=dict)
    ticks: int = 0
    judged: int = 0
    missing_ticks: dict[str, dict[str, int]] = field(default_factory=dict)
    suspected_ticks: dict[str, dict[str, int]] = field(default_factory=dict)
    first_missing: tuple[Missing, ...] = ()
    last_missing: tuple[Missing, ...] = ()
    first_ns: int = 0
    last_ns: int = 0
    late: int = 0

    @property
    def tick_s(self) -> float:
        """Seconds between verdicts."""
        return (self.last_ns - self.first_ns) / max(1, self.ticks - 1) / NS

    @property
    def seconds(self) -> float:
        """How long it was watched."""
        return self.ticks * self.tick_s

    def add(self, verdict: FusedScore, changes: Sequence[tuple[Change, Incident]]) -> None:
        """Take one verdict, and what it changed."""
        self.first_ns = self.first_ns if self.ticks else verdict.at_ns
        self.first_missing = self.first_missing if self.ticks else verdict.missing
        self.last_ns, self.last_missing = verdict.at_ns, verdict.missing
        self.ticks += 1
        self.judged += verdict.per_day is not None
        for items, ticks in ((verdict.missing, self.missing_ticks), (verdict.suspected, self.suspected_ticks)):
            for item in items:
                reasons = ticks.setdefault(item.stream, {})
                reasons[item.reason] = reasons.get(item.reason, 0) + 1
        self.note(changes)

    def note(self, changes: Sequence[tuple[Change, Incident]]) -> None:
        """Take what became of incidents."""
        for _, incident in changes:
            self.incidents[incident.id] = incident


def replay_recording(
    recording: Recording,
    settings: Settings,
    baseline: Baseline | None = None,
    *,
    alone: bool = False,
    model: SeverityModel | None = None,
    reliability: tuple[Reliability, ...] = (),
    verdicts: Path | None = None,
    progress: Callable[[int], None] | None = None,
    hear: Callable[[str, FusedScore], None] | None = None,
) -> dict[str, Account]:
    """Replay a recording.

    Parameters
    ----------
    recording : Recording
        What to replay.
    settings : Settings
        Which senses, how many false alarms a day, and the rest.
    baseline : Baseline, optional
        What is normal here; without one the first minutes of the recording are learned from.
    alone : bool
        Watch also with each sense alone.
    model : SeverityModel, optional
        What labels have taught of severity.
    reliability : tuple of Reliability
        What they have taught of senses.
    verdicts : Path, optional
        File for the verdicts of the fusion, one JSON object a line.
    progress : callable (int) -> None, optional
        Told the event time reached, nanoseconds UTC.
    hear : callable (str, FusedScore) -> None, optional
        Told every verdict of every watch, with its name.

    Returns
    -------
    dict of str to Account
        "fused" first, then the senses alone.
    """
    watches = build_watches(recording, settings, baseline, alone, model, reliability)
    accounts = {watch.name: Account() for watch, _ in watches}
    sensors = watches[0][1]
    end_ns = end_of(recording)
    with _opened(verdicts) as write:

        def emit(watch: Watch, step: Step) -> None:
            accounts[watch.name].add(step.verdict, step.changes)
            if hear:
                hear(watch.name, step.verdict)
            if watch.name == FUSED:
                write(step.verdict)

        if recording.arrivals is None:
            closed = run(merge(sensors), [watch for watch, _ in watches], emit, end_ns, progress)
        else:
            engine = engine_settings(settings, tick_of(recording, settings, baseline, sensors))
            lines = read_arrivals(recording.arrivals)
            closed = retrace(lines, sensors, [watch for watch, _ in watches], engine, emit, progress)
    for watch, _ in watches:
        accounts[watch.name].note([(change, _closed_by(incident, end_ns)) for change, incident in closed[watch.name]])
        accounts[watch.name].late = watch.engine.late
    return accounts


def build_watches(
    recording: Recording,
    settings: Settings,
    baseline: Baseline | None,
    alone: bool,
    model: SeverityModel | None = None,
    reliability: tuple[Reliability, ...] = (),
) -> list[tuple[Watch, list[Sensor]]]:
    """The fusion and, if asked for, each sense alone; with the sensors that each looks at."""
    everything = build_sensors(recording, Modality, settings.audio.model, settings.video.zones, settings.video.channels)
    sensors = [sensor for sensor in everything if sensor.modality in settings.senses]
    if not sensors:
        raise BadInputError(
            f"no sensor of {', '.join(settings.senses)}", where=recording.name, mend="choose other senses"
        )
    if baseline and len(strangers(recording, baseline, settings.senses)) == len(sensors):
        there = ", ".join(sensor.stream for sensor in sensors)
        what = f"the baseline knows none of the sensors here ({there}), but {', '.join(baseline.manifest.sensors)}"
        raise BadInputError(what, where=recording.name, mend="give the baseline of this place, or name sensors alike")
    tick_s = tick_of(recording, settings, baseline, everything)
    utc_offset_s = recording.utc_offset_s if recording.start_known else None
    engine = engine_settings(settings, tick_s, utc_offset_s, model, reliability)
    if baseline and round(baseline.manifest.block_s * NS) != engine.block_ns:
        raise BadInputError(
            "the baseline was learned with other timing", where=recording.name, mend="learn it again with this version"
        )
    start_ns = recording.start_ns if recording.start_known else None
    groups = {FUSED: sensors}
    senses = sorted({sensor.modality for sensor in sensors})
    if alone and len(senses) > 1:
        groups |= {str(sense): [sensor for sensor in sensors if sensor.modality is sense] for sense in senses}
    return [(build_watch(name, some, engine, start_ns, baseline), some) for name, some in groups.items()]


def tick_of(recording: Recording, settings: Settings, baseline: Baseline | None, sensors: Sequence[Sensor]) -> float:
    """Seconds between verdicts: as the baseline was learned or the live run went, else as set or as sensors suggest."""
    if baseline:
        return baseline.manifest.tick_s
    return recording.tick_s or choose_tick_s(settings, sensors, recorded_senses(recording))


def write_incidents(path: Path, account: Account) -> None:
    """Incidents in the order they opened, one JSON object a line."""
    path.write_bytes(b"".join(incident_line(incident) for incident in account.incidents.values()))


def strangers(recording: Recording, baseline: Baseline, senses: Iterable[Modality]) -> list[str]:
    """Sensors of a recording that a baseline does not know."""
    streams = (sensor.stream for sensor in build_sensors(recording, senses))
    return [stream for stream in streams if stream not in baseline.manifest.sensors]


def end_of(recording: Recording) -> int | None:
    """Event time at which a recording ends, where it tells."""
    return recording.start_ns + round(recording.seconds * NS) if recording.seconds else None


def _closed_by(incident: Incident, end_ns: int | None) -> Incident:
    """An incident that the end closed: the tick at which the engine says so may lie behind it."""
    if end_ns is None or incident.closed_ns is None:
        return incident
    return replace(incident, closed_ns=min(incident.closed_ns, max(end_ns, incident.opened_ns)))


@contextmanager
def _opened(path: Path | None) -> Iterator[Callable[[FusedScore], None]]:
    if path is None:
        yield lambda verdict: None
        return
    with path.open("wb") as file:
        yield lambda verdict: (file.write(verdict_line(verdict)), None)[1]
