"""`kizashi check`: whether settings are valid, every sensor can be read, and the alarm rate can be honoured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from fusion.assemble import build_sensors
from fusion.baseline.folder import Baseline, load_baseline
from fusion.config import Settings
from fusion.recording import Recording
from fusion.words import duration, once_in
from sensors.base import Sensor
from sensors.errors import BadInputError


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one check."""

    what: str
    fine: bool
    detail: str


def check_all(recordings: Sequence[Recording], settings: Settings, baseline: Path | None, as_json: bool) -> bool:
    """Check settings, baseline and sensors; print a table; true where all is fine."""
    known = load_baseline(baseline) if baseline else None
    findings = [Finding("settings", True, f"{settings.false_alarms_per_day:g} false alarms per day")]
    findings.append(check_rate(settings, known))
    for recording in recordings:
        findings += [check_sensor(sensor, known) for sensor in build_sensors(recording, settings.senses)]
    for finding in findings:
        if as_json:
            print(msgspec.json.encode(asdict(finding)).decode())
        else:
            print(f"{'ok  ' if finding.fine else 'FAIL'}  {finding.what:<24} {finding.detail}")
    return all(finding.fine for finding in findings)


def check_rate(settings: Settings, baseline: Baseline | None) -> Finding:
    """Whether the rate that the operator set can be counted in what was learned, and whether it can be reached."""
    wanted = f"an alarm {once_in(settings.false_alarms_per_day)}"
    if baseline is None:
        return Finding("alarm rate", True, f"no baseline: the first minutes are learned from; {wanted} is extrapolated")
    seconds = max(baseline.manifest.blocks.values(), default=0) * baseline.manifest.block_s
    if seconds * settings.false_alarms_per_day >= 86_400:
        return Finding("alarm rate", True, f"{wanted} is counted in {duration(seconds)} of quiet past")
    return Finding("alarm rate", True, f"{wanted} is extrapolated from {duration(seconds)} of quiet past")


def check_sensor(sensor: Sensor, baseline: Baseline | None) -> Finding:
    """Whether a sensor gives anything, judged by its first features."""
    try:
        features = next(sensor.features(), None)
    except BadInputError as error:
        return Finding(sensor.stream, False, str(error))
    if features is None:
        return Finding(sensor.stream, False, "gives nothing")
    unknown = baseline is not None and sensor.stream not in baseline.manifest.sensors
    return Finding(
        sensor.stream, True, f"{sensor.modality}{', not in the baseline: warms up first' if unknown else ''}"
    )
