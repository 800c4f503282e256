from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from sensors.types import Chunk
from sensors.video.sources import VideoFileSource

Write = Callable[..., Path]


def read(path: Path, **options: Any) -> list[Chunk]:
    return list(VideoFileSource("a/camera", path, 0, **options).chunks())


def times_ms(path: Path, **options: Any) -> list[int]:
    return [round(chunk.start_ns / 1e6) for chunk in read(path, **options)]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_variable_frame_rate_keeps_its_times(name: str, write_video: Write) -> None:
    times = [0.0, 0.1, 0.25, 0.61, 0.75, 1.9, 2.0, 3.003]
    assert times_ms(write_video(name, times)) == [round(1000 * time) for time in times]


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.avi", "mjpeg"), ("a.webm", "libvpx")])
def test_any_codec(name: str, codec: str, write_video: Write) -> None:
    chunks = read(write_video(name, [n / 10 for n in range(12)], codec=codec, muxing={}))
    assert len(chunks) == 12
    assert all(chunk.data.shape == (1, 48, 64) for chunk in chunks)
    assert np.all(np.diff([chunk.data.mean() for chunk in chunks]) > -0.5)


def test_thirty_frames_a_second_become_every_third(write_video: Write) -> None:
    path = write_video("a.mkv", [n / 30 for n in range(90)])
    assert times_ms(path) == [round(100 * n) for n in range(30)]
    assert len(times_ms(path, max_rate_hz=1000)) == 90


def test_ten_frames_a_second_stay_whole_in_spite_of_rounding(write_video: Write) -> None:
    path = write_video("a.mkv", [n / 10 + (-1) ** n * 0.004 + 0.004 for n in range(40)])
    assert len(read(path)) == 40


def test_thinning_keeps_no_more_than_asked_after_a_gap(write_video: Write) -> None:
    path = write_video("a.mkv", [n / 25 for n in range(25)] + [5 + n / 25 for n in range(25)])
    times = np.array(times_ms(path))
    assert len(times) == 20
    assert all(((times >= t) & (times < t + 1000)).sum() <= 11 for t in range(0, 6000, 50))


@pytest.mark.parametrize(
    ("size", "shape"),
    [((640, 480), (240, 320)), ((640, 360), (180, 320)), ((180, 320), (240, 134)), ((64, 48), (48, 64))],
)
def test_pictures_fit_keep_their_shape_and_are_never_enlarged(
    size: tuple[int, int], shape: tuple[int, int], write_video: Write
) -> None:
    assert read(write_video("a.mp4", [0.0], size=size))[0].data.shape == (1, *shape)


def test_sound_beside_pictures_does_not_matter(write_video: Write) -> None:
    times = [n / 10 for n in range(10)]
    with_sound = write_video("a.mp4", times, sound=np.zeros(16_000, np.float32))
    assert [c.data.tobytes() for c in read(with_sound)] == [c.data.tobytes() for c in read(write_video("b.mp4", times))]


def test_a_damaged_packet_is_skipped_and_counted(write_video: Write) -> None:
    path = write_video("a.avi", [n / 1000 for n in range(60)], codec="mjpeg")
    with av.open(str(path)) as box:
        packet = list(box.demux(video=0))[30]
        place, size = packet.pos or 0, packet.size
    content = bytearray(path.read_bytes())
    content[place + 8 : place + size] = b"U" * (size - 8)
    path.write_bytes(content)
    source = VideoFileSource("a/camera", path, 0, max_rate_hz=1000)
    kept = len(list(source.chunks()))
    assert kept + source.skipped == 60
    assert source.skipped == 1


def test_colours_are_kept_where_they_are_wanted(write_video: Write) -> None:
    path = write_video("a.mkv", [n / 10 for n in range(4)], codec="libx264")
    grey, colour = read(path), read(path, colour=True)
    assert [chunk.data.shape for chunk in colour] == [(1, 48, 64, 3)] * 4
    assert [chunk.start_ns for chunk in colour] == [chunk.start_ns for chunk in grey]
    assert all(np.ptp(chunk.data, axis=3).max() <= 2 for chunk in colour)
