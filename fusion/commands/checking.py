"""`kizashi check`: whether settings are valid, sensors can be read, the rate honoured, and whether rules can fire."""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import disk_usage
from typing import cast

import msgspec

from fusion.assemble import build_live_sensors, build_sensors, choose_tick_s, engine_settings, recorded_senses
from fusion.baseline.folder import Baseline, load_baseline
from fusion.commands.trying import Trial, try_live
from fusion.config import Settings, ZoneRule, read_rules
from fusion.feasible import Reported, misspelt, never, never_here
from fusion.recording import Recording
from fusion.vault.custody import custody
from fusion.vault.segments import open_clip, read_clips
from fusion.vault.users import MAY, Act, Users
from fusion.words import counted, duration, once_in
from sensors.base import Sensor
from sensors.clock import SystemClock
from sensors.errors import BadInputError
from sensors.types import NS, Features, Modality


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one check."""

    what: str
    fine: bool
    detail: str


def check_all(
    recordings: Sequence[Recording], settings: Settings, baseline: Path | None, as_json: bool, thorough: bool = False
) -> bool:
    """Check settings, baseline and sensors; print a table; true where all is fine."""
    known = load_baseline(baseline) if baseline else None
    findings = [Finding("settings", True, f"{settings.false_alarms_per_day:g} false alarms per day")]
    findings.append(check_rate(settings, known))
    watched: set[str] = set()
    for recording in recordings:
        sensors = build_sensors(
            recording, settings.senses, settings.audio.model, settings.video.zones, settings.video.channels
        )
        findings += [check_sensor(sensor, known, thorough) for sensor in sensors]
        watched |= {sensor.stream for sensor in sensors if sensor.modality is Modality.VIDEO}
        if known and not any(sensor.stream in known.manifest.sensors for sensor in sensors):
            there = ", ".join(known.manifest.sensors)
            findings.append(Finding("baseline", False, f"knows none of the sensors of {recording.name}, but {there}"))
    if settings.sensors:
        live = build_live_sensors(settings, SystemClock())
        findings += [check_live(trial) for trial in try_live(live)]
        watched |= {sensor.stream for sensor in live if sensor.modality is Modality.VIDEO}
    findings += check_rules(recordings, settings)
    if settings.sensors and settings.evidence.enabled:
        findings.append(check_evidence(settings))
    if recordings or settings.sensors:
        findings += [check_zone(rule, watched) for rule in settings.video.zones]
    for finding in findings:
        if as_json:
            print(msgspec.json.encode(asdict(finding)).decode())
        else:
            print(f"{'ok  ' if finding.fine else 'FAIL'}  {finding.what:<24} {finding.detail}")
    return all(finding.fine for finding in findings)


def check_live(trial: Trial) -> Finding:
    """Whether a live sensor gave something."""
    return Finding(trial.stream, not trial.reason, trial.reason or f"gave something after {trial.after_s:.1f} s")


def check_rate(settings: Settings, baseline: Baseline | None) -> Finding:
    """Whether the rate that the operator set can be counted in what was learned, and whether it can be reached."""
    wanted = f"an alarm {once_in(settings.false_alarms_per_day)}"
    if baseline is None:
        return Finding("alarm rate", True, f"no baseline: the first minutes are learned from; {wanted} is extrapolated")
    seconds = max(baseline.manifest.blocks.values(), default=0) * baseline.manifest.block_s
    if seconds * settings.false_alarms_per_day >= 86_400:
        return Finding("alarm rate", True, f"{wanted} is counted in {duration(seconds)} of quiet past")
    return Finding("alarm rate", True, f"{wanted} is extrapolated from {duration(seconds)} of quiet past")


def check_rules(recordings: Sequence[Recording], settings: Settings) -> list[Finding]:
    """Whether each of the user's rules can ever fire; with recordings, whether their sensors could make it."""
    findings = []
    rules = read_rules(settings)
    reported = [reported_by(recording, settings) for recording in recordings] if rules else []
    for number, rule in enumerate(rules, 1):
        reasons = [never_here(rule, one) for one in reported] or [never(rule) or misspelt(rule)]
        why = "" if "" in reasons else reasons[0]
        well = "can fire" if reported else "could fire; give recordings to see whether a sensor reports this"
        findings.append(Finding(f"rule {number}", not why, f"{rule.text}: {why or well}"))
    return findings


def reported_by(recording: Recording, settings: Settings) -> Reported:
    """What the environmental sensors of a recording report, as far as they can be read."""
    sensors = [s for s in build_sensors(recording, Modality) if s.modality is Modality.ENVIRONMENT]
    wanted = [sensor for sensor in sensors if sensor.modality in settings.senses]
    reported = Reported(engine_settings(settings, choose_tick_s(settings, sensors, recorded_senses(recording))).hold_ns)
    for sensor in wanted:
        # What cannot be read is told of the sensor itself.
        with suppress(BadInputError), closing(cast("Generator[Features]", sensor.features())) as read:
            for features in read:
                reported.add(features)
    return reported


def check_evidence(settings: Settings) -> Finding:
    """Whether clips can be kept and opened again: keys, room on the disk; and whether anybody could export one."""
    told = settings.evidence
    try:
        place = custody(settings)
        kept = read_clips(place.clips)
        if kept:
            next(open_clip(place.clips, place.roots(there=True), kept[-1].clip), None)
        able = [user.name for user in Users(place.store).all().values() if Act.EXPORT in MAY[user.role]]
    except BadInputError as error:
        return Finding("evidence", False, str(error))
    stored_mb = sum(clip.size for clip in kept) / 1e6
    standing = next(folder for folder in (place.store, *place.store.parents) if folder.exists())
    free_mb = disk_usage(standing).free / 1e6
    if free_mb < told.most_mb - stored_mb:
        what = f"{free_mb:.0f} MB free are less than [evidence] most_mb lets clips grow to ({told.most_mb:g})"
        return Finding("evidence", False, what)
    what = f"pictures{' and sound' if told.sound else ', no sound'}, keys in {place.keys}"
    room = f"{counted(len(kept), 'clip')}, {stored_mb:.0f} of {told.most_mb:g} MB"
    return Finding("evidence", True, f"{what}; {room}; can be exported by {', '.join(able) or 'nobody yet'}")


def check_zone(rule: ZoneRule, watched: Collection[str]) -> Finding:
    """Whether a zone lies in the picture of a camera that there is: a rule without a camera can never fire."""
    if rule.sensor in watched:
        return Finding(f"zone {rule.name}", True, f"{rule.rule}, {rule.sensor}")
    there = ", ".join(sorted(watched)) or "none"
    return Finding(f"zone {rule.name}", False, f"no camera '{rule.sensor}'; there is {there}")


def check_sensor(sensor: Sensor, baseline: Baseline | None, thorough: bool = False) -> Finding:
    """Whether a sensor gives anything, judged by its first features, or by all of them."""
    first_ns = last_ns = None
    try:
        with closing(cast("Generator[Features]", sensor.features())) as read:
            for features in read:
                first_ns, last_ns = (
                    features.end_ns - features.span_ns if first_ns is None else first_ns,
                    features.end_ns,
                )
                if not thorough:
                    break
    except BadInputError as error:
        return Finding(sensor.stream, False, str(error))
    if first_ns is None or last_ns is None:
        return Finding(sensor.stream, False, "gives nothing")
    details = [str(sensor.modality)]
    if thorough:
        details.append(f"read to its end, {duration(max(0, last_ns - first_ns) / NS)}")
    if baseline is not None and sensor.stream not in baseline.manifest.sensors:
        details.append("not in the baseline: warms up first")
    return Finding(sensor.stream, True, ", ".join(details))
