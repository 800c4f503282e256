"""Hours of ordinary scenes through the engine: false alarms while light and exposure change or it shakes; tampering."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from benchmarks.video_scenes import changed, chunks, decoys, play, slow_down, tampers
from fusion.assemble import Watch, build_watch, engine_settings
from fusion.config import Settings
from fusion.engine import Step
from fusion.runner import merge, replay
from sensors.base import Sensor
from sensors.types import NS, Chunk, Health, Modality
from sensors.video.detectors import VideoDetector
from sensors.video.features import VideoExtractor

LEARNING_S = 600.0
"""Undisturbed time at the beginning; what comes then is counted."""

EVERY_S = 60.0
"""A disturbance begins this often after that."""

TAMPER_S = 90.0
"""Undisturbed time before a camera is tampered with."""

TAMPERED_S = 20.0


class PlayedSource:
    """Frames that are made as they are asked for."""

    modality = Modality.VIDEO

    def __init__(self, stream: str, made: Iterator[Chunk]) -> None:
        self.stream = stream
        self._made = made

    def chunks(self) -> Iterator[Chunk]:
        """What was made, once."""
        yield from self._made


@dataclass(frozen=True, slots=True)
class Ordinary:
    """What an ordinary scene brought.

    Attributes
    ----------
    hours : float
        Time counted.
    alarms_s : tuple of float
        When incidents opened, seconds from the beginning.
    judged : float
        Share of the counted moments that got a verdict.
    grown_mb : float
        Growth of the memory over the counted time.
    """

    hours: float
    alarms_s: tuple[float, ...]
    judged: float
    grown_mb: float


def watch_ordinary(path: Path, hours: float, settings: Settings) -> Ordinary:
    """Ten undisturbed minutes, then `hours` with a disturbance every minute, through detector and engine."""
    end_s = LEARNING_S + hours * 3600.0
    frames = play(path, end_s)
    begun = LEARNING_S
    for change, lasts_s in cycle(decoys().values()):
        if begun + EVERY_S > end_s:
            break
        frames = changed(frames, change, ((begun + 20.0, begun + 20.0 + lasts_s),))
        begun += EVERY_S
    source = PlayedSource("scene", chunks(frames))
    sensor = Sensor(source, VideoExtractor("scene"), lambda: VideoDetector("scene"))
    watch = build_watch("video", [sensor], engine_settings(settings, 0.1), 0, None)
    opened: dict[str, float] = {}
    judged = [0, 0]
    settled: list[float] = []

    def emit(_watch: Watch, step: Step) -> None:
        at_s = step.verdict.at_ns / NS
        if at_s < LEARNING_S:
            return
        if not settled:
            settled.append(_peak_mb())
        judged[0] += step.verdict.per_day is not None
        judged[1] += 1
        for _change, incident in step.changes:
            opened.setdefault(incident.id, incident.opened_ns / NS)

    replay(merge([sensor]), [watch], emit)
    return Ordinary(hours, tuple(opened.values()), judged[0] / max(1, judged[1]), _peak_mb() - settled[0])


def _peak_mb() -> float:
    """Most memory that this process ever held, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def find_tampering(path: Path) -> dict[str, float | None]:
    """Seconds until each kind of tampering was told, None where it was not; "untouched" for where nothing befell it."""
    out: dict[str, float | None] = {}
    span = ((TAMPER_S, TAMPER_S + TAMPERED_S),)
    for name, change in [*tampers().items(), ("slow", None), ("untouched", None)]:
        frames = play(path, TAMPER_S + TAMPERED_S + 10.0, colour=True)
        if name == "slow":
            frames = slow_down(frames, span, 5)
        elif change is not None:
            frames = changed(frames, change, span)
        out[name] = _first_fault(chunks(frames), TAMPER_S)
    return out


def _first_fault(made: Iterator[Chunk], since_s: float) -> float | None:
    extractor, detector = VideoExtractor("scene"), VideoDetector("scene")
    for chunk in made:
        for features in extractor.extract(chunk):
            for said in detector.score(features):
                if isinstance(said, Health) and said.reason:
                    return said.at_ns / NS - since_s
            if features.end_ns < (since_s - 5.0) * NS:
                detector.learn(features)
    return None
