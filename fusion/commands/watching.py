"""`kizashi video`: how strange each frame of a video is for its place.

1. `video_files`  paths and folders -> files, in order.
2. `watch_file`   a file -> `Glance`s, one a frame: real source, extractor and detector; memory does not grow.
3. `watch_all`    prints a line a frame, or an `Account` a file; what cannot be read is told, the others still watched.

What is normal is what the first `learn_s` seconds show, or, without these, all that lies long enough back, as in a
replay. Nothing alarms here, so that all of it is learned. `raw` gathers the evidence of the motion over some seconds
(`sensors.video.evidence`); the channels tell single frames.

Why the first seconds are ranked by halves: whoever has seen the answers finds nothing strange. What the second half
looks like to a detector that knows only the first is what an ordinary moment looks like tomorrow.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from fusion.calibrate import Past
from fusion.commands.drawing import Sight
from fusion.commands.film import Film
from fusion.commands.inputs import Turn, figure, find_files, take_turns
from fusion.senses import new_past
from fusion.sinks.folder import finished_folder
from fusion.words import counted, duration, one_in
from sensors.errors import BadInputError
from sensors.registry import SUFFIXES
from sensors.types import NS, Features, Health, Quality, Score, State
from sensors.video.detectors import CHANNELS, VideoDetector
from sensors.video.evidence import Evidence
from sensors.video.features import VideoExtractor
from sensors.video.layout import things
from sensors.video.sources import VideoFileSource

EVERY_FRAME_HZ = 1000.0
"""No video is quicker: every frame is judged."""

AFTER_NS = 15 * NS
"""Distance between judging and learning where no first seconds are named."""

SETTLE_NS = NS // 3
"""Nothing of the first moments is learned where first seconds are named: the backgrounds are still being found."""

LEAST_FRAMES = 20
"""Frames that the named first seconds must hold."""

LEAST_SCORES = 20
"""Length of past below which no p-value is given."""

MOMENTS = 5
"""Strangest moments that a person is shown of a file."""

TOLD = tuple(name for name in CHANNELS if name not in ("intrusion", "scene"))
_SHOWN_FRAMES = 100


@dataclass(frozen=True, slots=True)
class Glance:
    """What one frame is like.

    Attributes
    ----------
    frame : int
        Its number, from 0.
    t_s : float
        Its time in the file, seconds.
    raw, p_value : float or None
        How strange, and how rare that is here; None while that is not known.
    channels : dict of str to float or None
        Raw scores of the channels.
    quality : Quality
        What the frame is good for.
    scores : tuple of Score
        What the detector said.
    health : tuple of Health
        What changed in the camera's condition.
    """

    frame: int
    t_s: float
    raw: float | None
    p_value: float | None
    channels: dict[str, float | None]
    quality: Quality
    scores: tuple[Score, ...]
    health: tuple[Health, ...]


@dataclass
class Account:
    """What a person is told of a file; moments closer than 5 s are one, the strangest of them."""

    frames: int = 0
    judged: int = 0
    seconds: float = 0.0
    health: list[Health] = field(default_factory=list)
    moments: list[Glance] = field(default_factory=list)

    def add(self, glance: Glance) -> None:
        """Take a frame."""
        self.frames += 1
        self.seconds = glance.t_s
        self.health += glance.health
        if glance.raw is None:
            return
        self.judged += 1
        if len(self.moments) == MOMENTS and glance.raw <= (self.moments[-1].raw or 0.0):
            return
        near = [one for one in self.moments if glance.t_s - one.t_s < 5.0]
        if any((one.raw or 0.0) >= glance.raw for one in near):
            return
        kept = [one for one in self.moments if one not in near]
        self.moments = sorted([*kept, glance], key=lambda one: (-(one.raw or 0.0), one.frame))[:MOMENTS]


def watch_all(paths: Sequence[Path], as_json: bool, learn_s: float | None = None, out: Path | None = None) -> bool:
    """Watch every file and print how strange its frames are; true where all could be read to their end.

    With `out` there is a film and a map of each file in that folder, or where there are several files in one for each.
    """
    found = video_files(paths)

    def judge(turn: Turn) -> str | None:
        account, named = Account(), turn.named
        for glance in _watched(turn.path, learn_s, out and (out / named_apart(found[0], turn.number - 1))):
            account.add(glance)
            if as_json:
                sys.stdout.buffer.write(msgspec.json.encode({**named, **facts(glance)}) + b"\n")
            if account.frames % _SHOWN_FRAMES == 0:
                turn.show(f"{glance.t_s:.0f} s")
        return None if as_json else account_table(turn.path, account)

    return take_turns(found, judge)


def video_files(paths: Sequence[Path]) -> tuple[list[Path], list[BadInputError]]:
    """Files as given, and videos in folders as given, sorted; and what is wrong with folders without any."""
    return find_files(
        paths, lambda file: SUFFIXES.get(file.suffix.lower()) == "video.file" and file.is_file(), "videos"
    )


def named_apart(files: Sequence[Path], number: int) -> str:
    """A folder's name for one of several files: its own, numbered where several are alike; none for a single one."""
    if len(files) == 1:
        return ""
    stem = files[number].stem
    same = sum(file.stem == stem for file in files[:number])
    return f"{stem}-{same + 1}" if same else stem


def _watched(path: Path, learn_s: float | None, out: Path | None) -> Iterator[Glance]:
    with ExitStack() as stack:
        film = stack.enter_context(Film(stack.enter_context(finished_folder(out)))) if out else None
        yield from watch_file(path, learn_s, film)


def watch_file(path: Path, learn_s: float | None = None, film: Film | None = None) -> Iterator[Glance]:
    """Judge every frame of a file, and show each to a film.

    Raises
    ------
    BadInputError
        If it cannot be read, or not to its end.
    """
    source = VideoFileSource(path.stem.replace(":", "_"), path, 0, max_rate_hz=EVERY_FRAME_HZ)
    extractor = VideoExtractor(source.stream)
    judge = _FirstSeconds(source.stream, learn_s) if learn_s is not None else _Following(source.stream)
    note = ""
    for number, chunk in enumerate(source.chunks()):
        (one,) = extractor.extract(chunk)
        glance = judge.judge(number, one)
        if film:
            note = _condition(glance, note)
            boxes = tuple(thing.box for thing in things(one.values))
            doubt = "" if glance.quality is Quality.OK else _DOUBTS[glance.quality]
            sight = Sight(one.end_ns, glance.raw, glance.p_value, note or doubt, judge.cells(one), boxes)
            film.add(chunk.data[0], sight)
        yield glance


def _condition(glance: Glance, before: str) -> str:
    """The camera's condition in words, as long as there is something to say."""
    for health in glance.health:
        before = "" if health.state is State.UP else f"camera {health.state}: {health.reason}"
    return before


_DOUBTS = {
    Quality.WARMING: "learning what is usual here",
    Quality.GAP: "nothing to compare with just now",
    Quality.DEGRADED: "not believed just now",
}


class _Judge:
    """A detector, the evidence that its motion gathers, and the past of that."""

    def __init__(self, detector: VideoDetector) -> None:
        self.detector, self.evidence, self.past = detector, Evidence(), new_past()

    def cells(self, features: Features) -> NDArray[np.float64] | None:
        return self.detector.strange_cells(features)

    def raw(self, features: Features) -> tuple[float | None, list[Score], list[Health]]:
        said = self.detector.score(features)
        scores = [one for one in said if isinstance(one, Score)]
        motion = next(one.raw for one in scores if one.channel.endswith(":motion"))
        raw = None if motion is None else self.evidence.add(features.end_ns, motion)
        return raw, scores, _healths(said)


def _healths(said: Sequence[Score | Health]) -> list[Health]:
    return [one for one in said if isinstance(one, Health)]


class _Following:
    """Learns what lies `AFTER_NS` back."""

    def __init__(self, stream: str) -> None:
        self._judge = _Judge(VideoDetector(stream, channels=TOLD, keen=True))
        self._pending: deque[tuple[Features, float | None]] = deque()

    def cells(self, features: Features) -> NDArray[np.float64] | None:
        return self._judge.cells(features)

    def judge(self, number: int, features: Features) -> Glance:
        while self._pending and self._pending[0][0].end_ns <= features.end_ns - AFTER_NS:
            old, raw = self._pending.popleft()
            self._judge.detector.learn(old)
            if raw is not None:
                self._judge.past.learn(raw)
        raw, scores, health = self._judge.raw(features)
        self._pending.append((features, raw))
        return _glance(number, features, raw, scores, health, self._judge.past)


class _FirstSeconds:
    """Learns the first seconds, and nothing after them. No evidence comes of what was declared normal."""

    def __init__(self, stream: str, seconds: float) -> None:
        self._half_ns, self._end_ns = round(seconds * NS / 2), round(seconds * NS)
        self._whole, self._first = (_Judge(_quick_detector(stream, seconds)) for _ in range(2))

    def cells(self, features: Features) -> NDArray[np.float64] | None:
        return self._whole.cells(features)

    def judge(self, number: int, features: Features) -> Glance:
        at_ns = features.end_ns
        if at_ns >= self._end_ns:
            raw, scores, health = self._whole.raw(features)
            return _glance(number, features, raw, scores, health, self._whole.past)
        settled = at_ns >= min(SETTLE_NS, self._half_ns // 2)
        if settled and at_ns >= self._half_ns:
            stranger = self._first.raw(features)[0]
            if stranger is not None:
                self._whole.past.learn(stranger)
        elif settled:
            self._first.detector.learn(features)
        health = _healths(self._whole.detector.score(features))
        if settled:
            self._whole.detector.learn(features)
        unknown: dict[str, float | None] = dict.fromkeys(TOLD)
        return Glance(number, at_ns / NS, None, None, unknown, Quality.WARMING, (), tuple(health))


def _quick_detector(stream: str, seconds: float) -> VideoDetector:
    """One that knows a place after some seconds: it keeps every frame, or as many as it has room for."""
    spacing_ns = round(max(0.0, seconds / _KEPT - 0.03) * NS)
    return VideoDetector(
        stream, channels=TOLD, keen=True, capacity=_KEPT, spacing_ns=spacing_ns, minimum=LEAST_FRAMES
    )  # fmt: skip


_KEPT = 2400


def _glance(
    number: int, features: Features, raw: float | None, scores: Sequence[Score], health: Sequence[Health], past: Past
) -> Glance:
    p_value = past.rank(raw)[0] if raw is not None and len(past) >= LEAST_SCORES else None
    channels = {one.channel.rpartition(":")[2]: one.raw for one in scores}
    about = (channels, scores[0].quality, tuple(scores), tuple(health))
    return Glance(number, features.end_ns / NS, raw, p_value, *about)


def facts(glance: Glance) -> dict[str, object]:
    """A frame as one JSON object; what changed in the camera's condition only where something did."""
    told: dict[str, object] = {
        "frame": glance.frame,
        "t_s": round(glance.t_s, 6),
        "raw": None if glance.raw is None else figure(glance.raw),
        "p_value": None if glance.p_value is None else figure(glance.p_value),
        "channels": {name: None if raw is None else figure(raw) for name, raw in glance.channels.items()},
        "quality": str(glance.quality),
    }
    if glance.health:
        told["health"] = [{"state": str(one.state), "reason": one.reason} for one in glance.health]
    return told


def account_table(path: Path, account: Account) -> str:
    """Frames, the camera's faults and the strangest moments, as a person reads them."""
    lines = [f"{path}: {counted(account.frames, 'frame')} in {duration(account.seconds)}, {account.judged:,} judged"]
    lines += [f"  {one.at_ns / NS:>8.2f} s  camera {one.state} {one.reason}".rstrip() for one in account.health]
    for glance in sorted(account.moments, key=lambda one: one.frame):
        motion = next(one for one in glance.scores if one.channel.endswith(":motion"))
        where = f", {' and '.join(name for name, _ in motion.top[:2])}" if motion.top else ""
        rare = f", {one_in(glance.p_value)}" if glance.p_value is not None else ""
        seen = f"{motion.value or 0.0:.2g} heights/s, usually up to {motion.usual or 0.0:.2g}{where}{rare}"
        lines.append(f"  {glance.t_s:>8.2f} s  {glance.raw:>8.3g}  {seen}")
    if not account.judged:
        lines.append("  too short a past to say what is strange")
    return "\n".join(lines)
