"""What the eye's benchmark counts: areas, alarms, and disturbances that are what they are called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.video_clips import Alarms, Clip, count_alarms, frame_auc, read_clips, smooth
from benchmarks.video_fights import choose_by_halves
from benchmarks.video_floor import floor_scores
from benchmarks.video_ordinary import PlayedSource
from benchmarks.video_scenes import changed, chunks, decoys, gain, play, shake, slow_down, tampers
from fusion.runner import merge
from sensors.base import Sensor
from sensors.types import NS
from sensors.video.detectors import VideoDetector
from sensors.video.features import VideoExtractor

Write = Callable[..., Path]


def flags(*spans: tuple[int, int]) -> np.ndarray:
    out = np.zeros(100, bool)
    for first, last in spans:
        out[first:last] = True
    return out


def test_labels_are_read_by_clip_and_opinion(write_text: Write) -> None:
    folder = write_text("manifest.csv", "path,group,fps,frames\na/x.mp4,hall,30,10\nb/y.mp4,yard,25,8\n").parent
    write_text(
        "labels.csv", "path,start_frame,end_frame,event,labelled_by\na/x.mp4,3,5,run,eye\na/x.mp4,4,6,run,authors\n"
    )
    (clip,) = read_clips(folder, "a")
    assert (clip.path, clip.group, clip.fps) == (folder / "a/x.mp4", "hall", 30.0)
    assert np.flatnonzero(clip.marked("run", "eye")).tolist() == [3, 4, 5]
    assert np.flatnonzero(clip.marked("run")).tolist() == [3, 4, 5, 6]
    assert not clip.marked("fall").any()


def test_means_look_back_only() -> None:
    assert smooth(np.array([0.0, 3.0, 0.0, 3.0]), 2).tolist() == [0.0, 1.5, 1.5, 1.5]


def test_area_over_all_frames_and_over_clips_differ_where_clips_do() -> None:
    marks = [np.array([False, True]), np.array([False, True]), np.array([False, False])]
    scores = [np.array([0.0, 1.0]), np.array([5.0, 6.0]), np.array([0.0, 0.0])]
    together, mean = frame_auc(marks, scores)
    assert mean == 1.0
    assert together == pytest.approx(7 / 8)


@pytest.mark.parametrize(
    ("above", "hits", "delay_s", "false"),
    [
        ([(50, 60)], 1, 1.0, 0),
        ([(38, 60)], 1, 0.0, 0),
        ([(20, 60)], 1, 0.0, 1),
        ([(5, 8), (12, 14), (50, 60)], 1, 1.0, 1),
        ([(5, 8), (30, 32)], 0, None, 2),
        ([(72, 78)], 0, None, 0),
        ([(45, 48), (55, 58)], 1, 0.5, 0),
    ],
)
def test_alarms_are_counted_once_and_only_outside_labels(
    above: Sequence[tuple[int, int]], hits: int, delay_s: float | None, false: int
) -> None:
    told = count_alarms(flags(*above), flags((40, 70)), flags((70, 80)), 10.0)
    assert (told.events, told.hits, told.false_alarms) == (1, hits, false)
    assert told.delays_s == (() if delay_s is None else (delay_s,))
    assert told.normal_s == pytest.approx(6.0)
    assert (told + Alarms(1, 0)).events == 2


def test_a_scene_is_played_to_and_fro_without_a_cut(write_video: Write) -> None:
    path = write_video("a.mkv", [n / 10 for n in range(5)], codec="libx264")
    played = [round(float(frame.mean())) for _, frame in play(path, 1.6)]
    assert played == sorted(played[:5]) + sorted(played[1:5])[2::-1] + sorted(played[:5]) + sorted(played[1:5])[2::-1]
    assert [round(at_s, 3) for at_s, _ in play(path, 0.3)] == [0.0, 0.1, 0.2]


def test_changes_hold_from_begin_to_end_and_leave_the_rest() -> None:
    frames = [(n / 10, np.full((24, 32), 100, np.uint8)) for n in range(10)]
    seen = [int(frame.mean()) for _, frame in changed(iter(frames), gain(0.5), ((0.2, 0.4), (0.8, 0.9)))]
    assert seen == [100, 100, 50, 50, 100, 100, 100, 100, 50, 100]
    assert [round(at_s, 1) for at_s, _ in slow_down(iter(frames), ((0.2, 0.8),), 3)] == [0.0, 0.1, 0.3, 0.6, 0.8, 0.9]


def test_every_disturbance_changes_the_picture_and_keeps_its_shape() -> None:
    rng = np.random.default_rng(1)
    frame = cv2.GaussianBlur(rng.integers(0, 255, (240, 320, 3), np.uint8), (0, 0), 2).astype(np.uint8)
    for name, (change, _) in decoys().items():
        assert change(frame, 3.1).shape == frame.shape, name
        assert np.abs(change(frame, 3.1).astype(int) - frame).mean() > 0.5, name
    other = np.ascontiguousarray(frame[:, ::-1])
    for name, change in tampers().items():
        change(frame, 0.0)
        assert np.abs(change(other, 2.0).astype(int) - other).mean() > 2, name
    assert shake(0.0)(frame, 0.0).tolist() == frame.tolist()


def test_played_frames_go_the_way_of_a_camera() -> None:
    frames = [(n / 10, np.full((24, 32), 100, np.uint8)) for n in range(3)]
    source = PlayedSource("scene", chunks(iter(frames)))
    sensor = Sensor(source, VideoExtractor("scene"), lambda: VideoDetector("scene"))
    ends = [features.end_ns for _, features, _ in merge([sensor]) if features is not None]
    assert ends == [0, NS // 10, 2 * NS // 10]


def test_the_floor_finds_what_moves_fast(write_video: Write) -> None:
    path = write_video("a.mkv", [n / 10 for n in range(30)])
    scores = floor_scores(path, 10)
    assert {len(each) for each in scores.values()} == {30}
    assert all(np.isfinite(each).all() for each in scores.values())


def test_a_measure_of_fights_is_chosen_on_other_sources_than_it_is_told_of() -> None:
    clips = [Clip(Path(f"{name}{n}.mp4"), name, 25.0, 50, ()) for name in "abcd" for n in range(4)]
    fights = np.array([n % 2 == 0 for _ in "abcd" for n in range(4)])
    in_first = np.array([clip.group in "ac" for clip in clips])
    measures = {
        "tells in the first half": np.where(in_first, fights, ~fights).astype(float),
        "tells in the second half": np.where(in_first, ~fights, fights).astype(float),
    }
    first, second = choose_by_halves(clips, fights, measures)
    assert (first.chosen, first.clips, first.auc) == ("tells in the first half", 8, 0.0)
    assert (second.chosen, second.clips, second.auc) == ("tells in the second half", 8, 0.0)
