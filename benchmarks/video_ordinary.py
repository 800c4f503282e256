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

LOOKED_S = 90.0
"""Undisturbed time before a camera is tampered with; only this is learned."""

TAMPERED_S, RESTING_S = 12.0, 25.0
"""How long each kind of tampering lasts, and how long nothing is done after it."""


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


def find_tampering(path: Path) -> tuple[dict[str, float | None], list[str]]:
    """Tamper with one camera in every way, one after the other.

    Returns
    -------
    told_s : dict of str to float or None
        Seconds until each kind was told, None where it was not.
    others : list of str
        What was told while nobody had touched it for `RESTING_S` / 2.
    """
    kinds = [*tampers(), "slow"]
    begun_s = {name: LOOKED_S + number * (TAMPERED_S + RESTING_S) for number, name in enumerate(kinds)}
    frames = play(path, max(begun_s.values()) + TAMPERED_S + RESTING_S, colour=True)
    for name, change in tampers().items():
        frames = changed(frames, change, ((begun_s[name], begun_s[name] + TAMPERED_S),))
    frames = slow_down(frames, ((begun_s["slow"], begun_s["slow"] + TAMPERED_S),), 5)
    told_s: dict[str, float | None] = dict.fromkeys(kinds)
    others = []
    for at_s, reason in _faults(chunks(frames)):
        last = max((name for name in kinds if begun_s[name] <= at_s), key=begun_s.__getitem__, default=None)
        if last is None or at_s > begun_s[last] + TAMPERED_S + RESTING_S / 2:
            others.append(f"{at_s:.0f} s: {reason}")
        elif told_s[last] is None and at_s <= begun_s[last] + TAMPERED_S:
            told_s[last] = at_s - begun_s[last]
    return told_s, others


def _faults(made: Iterator[Chunk]) -> Iterator[tuple[float, str]]:
    """Times, seconds, and reasons of all that is told of the camera's condition but that it is well."""
    extractor, detector = VideoExtractor("scene"), VideoDetector("scene")
    for chunk in made:
        for features in extractor.extract(chunk):
            for said in detector.score(features):
                if isinstance(said, Health) and said.reason:
                    yield said.at_ns / NS, said.reason
            if features.end_ns < (LOOKED_S - 5.0) * NS:
                detector.learn(features)
