"""How well the eye tells what is strange: frames, events, ordinary hours, tampering, and what it costs.

    python -m benchmarks.video VIDEOS [--only frames fights ordinary tamper cost] [--hours 1]

VIDEOS is a folder with `manifest.csv`, `labels.csv` and their clips: `umn_panic/`, `fall_room/`, `fight_av/`,
`pedestrians/`, `traffic/`. Frames are judged as `kizashi video --learn-seconds` judges them, beside three simple ways
in the same run: mean flow, 99 % flow, nearest neighbours of cell histograms, each averaged over ten frames.

How constants were chosen: mostly on the indoor clips and the falls 1, 2 and 4, but the averages over all clips were
looked at as well, and a fall's conduct was formed on all seven of them. The figures of the other clips stand apart in
brackets; they flatter less, and are not held out.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.video_clips import Alarms, Clip, Flags, Floats, count_alarms, frame_auc, read_clips, smooth
from benchmarks.video_fights import show_fights
from benchmarks.video_floor import floor_scores
from benchmarks.video_ordinary import find_tampering, watch_ordinary
from fusion.commands.watching import TOLD, watch_file
from fusion.config import Settings
from sensors.video.features import VideoExtractor
from sensors.video.sources import VideoFileSource

SETS = {"umn_panic": 10.0, "fall_room": 3.0}
"""Folders of clips with frame labels, and how many seconds of each are normal."""

CHOSEN_ON = ("umn_03", "umn_04", "umn_05", "umn_06", "fall_01", "fall_02", "fall_04")

ALARM = 0.6
"""Evidence from which the eye alarms, seconds: on the clips of `CHOSEN_ON` .5 to .7 found all and nothing else. The
simple ways alarm above all that was learned, by the factor that fits them best."""

AVERAGED = 10
"""Frames over which the simple ways are averaged."""

OURS = "kizashi"


@dataclass(frozen=True, slots=True)
class Judged:
    """A clip with the scores of each way, and of each channel of ours, only the frames after what was learned."""

    clip: Clip
    first: int
    scores: Mapping[str, Floats]
    learned: Mapping[str, float]
    channels: Mapping[str, Floats]

    def after(self, flags: Flags) -> Flags:
        """The part of a clip's flags that is judged."""
        return flags[self.first :]


def judge_clip(clip: Clip, learn_s: float) -> Judged:
    """Score a clip by all ways."""
    first = math.ceil(learn_s * clip.fps - 1e-6)
    ways = {name: smooth(scores, AVERAGED) for name, scores in floor_scores(clip.path, first).items()}
    learned = {name: float(scores[AVERAGED:first].max()) for name, scores in ways.items()}
    seen = list(watch_file(clip.path, learn_s))[first:]
    scores = {name: scores[first:] for name, scores in ways.items()}
    scores |= {OURS: np.array([glance.raw or 0.0 for glance in seen])}
    channels = {name: np.array([glance.channels[name] or 0.0 for glance in seen]) for name in TOLD}
    return Judged(clip, first, scores, {**learned, OURS: 1.0}, channels)


def show_frames(folder: Path) -> None:
    """Frame AUC, and events at one threshold, beside the simple ways."""
    judged = {kind: [judge_clip(clip, s) for clip in read_clips(folder, kind)] for kind, s in SETS.items()}
    labels = {
        "panic, motion labels": ("umn_panic", "panic_running", "motion"),
        "panic, overlay labels": ("umn_panic", "panic_running", "overlay"),
        "falls": ("fall_room", "fall", ""),
    }
    print("frame AUC: mean over clips (all frames of all clips together) [clips that constants were not chosen on]")
    for title, (kind, what, by) in labels.items():
        print(f"  {title}, {len(judged[kind])} clips")
        for way in [*judged[kind][0].scores, *TOLD]:
            every, rest = (_auc(some, way, what, by) for some in (judged[kind], _rest(judged[kind])))
            name = f"{way} alone" if way in TOLD else way
            print(f"    {name:<17} {every[1]:.4f} ({every[0]:.4f}) [{rest[1]:.4f}]")
    print("events by motion labels: found, median delay, false alarms in normal time")
    everything = judged["umn_panic"] + judged["fall_room"]
    for way in everything[0].scores:
        factors = [ALARM] if way == OURS else [1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0]
        factor, told = min(((f, _events(everything, way, f)) for f in factors), key=lambda item: _worth(item[1]))
        delay = float(np.median(told.delays_s)) if told.delays_s else math.nan
        print(
            f"    {way:<10} {told.hits} of {told.events}, {delay:.2f} s, {told.false_alarms} in {told.normal_s:.0f} s"
            f" (threshold {factor:g})"
        )


def _rest(judged: Sequence[Judged]) -> list[Judged]:
    return [one for one in judged if not one.clip.path.stem.startswith(CHOSEN_ON)]


def _auc(judged: Sequence[Judged], way: str, what: str, by: str) -> tuple[float, float]:
    """Frames that follow from an event without being it (somebody lies there) are left out."""
    marks, scores = [], []
    for one in judged:
        mark = one.clip.marked(what, by)
        kept = one.after(mark | ~one.clip.marked("lying"))
        marks.append(one.after(mark)[kept])
        scores.append((one.channels if way in TOLD else one.scores)[way][kept])
    return frame_auc(marks, scores)


def _events(judged: Sequence[Judged], way: str, factor: float) -> Alarms:
    total = Alarms()
    for one in judged:
        labelled = one.clip.marked("panic_running", "motion") | one.clip.marked("fall")
        also = one.clip.marked("panic_running", "overlay") | one.clip.marked("lying")
        above = one.scores[way] > factor * one.learned[way]
        total += count_alarms(above, one.after(labelled), one.after(also), one.clip.fps)
    return total


def _worth(told: Alarms) -> tuple[int, int]:
    """Missed events and false alarms together; then false alarms."""
    return told.events - told.hits + told.false_alarms, told.false_alarms


def show_ordinary(folder: Path, hours: float) -> None:
    """False alarms of ordinary scenes at the default setting."""
    rate = Settings().false_alarms_per_day
    print(f"ordinary scenes with lights, shakes and exposure, one a minute; set to {rate:g} false alarms per day")
    for path in _ordinary(folder):
        told = watch_ordinary(path, hours, Settings())
        when = f" at {', '.join(f'{at_s:.0f} s' for at_s in told.alarms_s)}" if told.alarms_s else ""
        print(
            f"    {path.stem:<12} {len(told.alarms_s)} in {told.hours:g} h{when}; {told.judged:.0%} of it judged;"
            f" memory +{told.grown_mb:.0f} MB",
            flush=True,
        )


def show_tampering(folder: Path) -> None:
    """Seconds until each kind of tampering is told, and what else is told."""
    print("tampering: seconds until it is told")
    for path in _ordinary(folder):
        told_s, others = find_tampering(path)
        cells = (f"{name} {'never' if after is None else f'{after:.1f}'}" for name, after in told_s.items())
        print(f"    {path.stem:<12} {', '.join(cells)}; untouched: {others or 'nothing'}", flush=True)


def show_untouched(folder: Path) -> None:
    """Clips on which any fault is told, of all that nobody touched."""
    told = {}
    clips = [clip for kind in SETS for clip in read_clips(folder, kind)]
    for clip in clips:
        reasons = [one.reason for glance in watch_file(clip.path, SETS[clip.path.parent.name]) for one in glance.health]
        told.update({clip.path.stem: reasons} if reasons else {})
    print(f"    {len(told)} of {len(clips)} untouched clips with a fault {told or ''}")


def _ordinary(folder: Path) -> list[Path]:
    return [folder / name for name in ("pedestrians/one_by_one.mp4", "pedestrians/vtest.mp4", "traffic/highway_02.mp4")]


def show_cost(folder: Path) -> None:
    """Milliseconds a frame, one thread: the least of three rounds each of decoding and of all features."""
    for name in ("pedestrians/one_by_one.mp4", "umn_panic/umn_04_indoor.mp4"):
        path = folder / name
        decoding = min(_timed(_frames, path) for _ in range(3))
        frames = list(_frames(path))
        both = [_each(path) for _ in range(3)]
        shape = "x".join(str(side) for side in frames[0].shape[:0:-1])
        least = min(float(np.median(each)) for each in both)
        calm = min(float(np.quantile(each, 0.1)) for each in both)
        print(
            f"cost at {shape}: decoding {1e3 * decoding / len(frames):.2f} ms, features {1e3 * least:.2f} ms a frame"
            f" (quickest tenth {1e3 * calm:.2f} ms)"
        )


def _frames(path: Path) -> Iterator[np.ndarray]:
    for chunk in VideoFileSource("cost", path, 0, max_rate_hz=1000.0).chunks():
        yield chunk.data


def _timed(make: Callable[[Path], Iterator[object]], path: Path) -> float:
    begun = time.perf_counter()
    for _ in make(path):
        pass
    return time.perf_counter() - begun


def _each(path: Path) -> list[float]:
    """Seconds that each frame's features took."""
    extractor, out = VideoExtractor("cost"), []
    for chunk in VideoFileSource("cost", path, 0, max_rate_hz=1000.0).chunks():
        begun = time.perf_counter()
        for _ in extractor.extract(chunk):
            pass
        out.append(time.perf_counter() - begun)
    return out[10:]


def main(words: Sequence[str] | None = None) -> int:
    """Measure what was asked for."""
    parts = {"frames", "fights", "ordinary", "tamper", "cost"}
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("videos", type=Path)
    parser.add_argument("--only", nargs="*", choices=sorted(parts), default=sorted(parts))
    parser.add_argument("--hours", type=float, default=1.0, help="of each ordinary scene")
    args = parser.parse_args(words)
    if "cost" in args.only:
        show_cost(args.videos)
    if "frames" in args.only:
        show_frames(args.videos)
    if "fights" in args.only:
        show_fights(args.videos)
    if "tamper" in args.only:
        show_tampering(args.videos)
        show_untouched(args.videos)
    if "ordinary" in args.only:
        show_ordinary(args.videos, args.hours)
    return 0


if __name__ == "__main__":
    sys.exit(main())
