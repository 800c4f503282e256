"""Files that cannot be used: one line, what, where and how to mend; never a traceback of a library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from fusion.recording import build_source, load_recording
from sensors.audio.sources import AudioFileSource
from sensors.errors import BadInputError
from sensors.video.sources import VideoFileSource

Write = Callable[..., Path]
NOISE = np.random.default_rng(3).uniform(-0.5, 0.5, 48_000)
TIMES = [n / 10 for n in range(50)]


def refuse(path: Path) -> str:
    """Read everything in a file as a user would; the error's one line."""
    with pytest.raises(BadInputError) as caught:
        read(path)
    line = str(caught.value)
    assert caught.value.exit_code == 3
    assert "\n" not in line
    assert str(path) in line
    assert caught.value.mend
    return line


def read(path: Path) -> None:
    recording = load_recording(path)
    for entry in recording.sensors:
        for _ in build_source(entry, recording).chunks():
            pass


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


SUFFIXES = [".wav", ".flac", ".ogg", ".mp3", ".mp4", ".mkv", ".avi", ".csv", ".jsonl", ".parquet"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_missing_empty_folder(suffix: str, tmp_path: Path, write_text: Write) -> None:
    assert "No such file" in refuse(tmp_path / f"none{suffix}")
    assert "empty" in refuse(write_text(f"empty{suffix}", ""))
    (tmp_path / f"folder{suffix}").mkdir()
    assert "no scenario.toml in this folder" in refuse(tmp_path / f"folder{suffix}")


@pytest.mark.parametrize("suffix", [s for s in SUFFIXES if s != ".csv"])
def test_text_under_another_name(suffix: str, write_text: Write) -> None:
    refuse(write_text(f"a{suffix}", "hello, this is only text\n" * 50))


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_noise_under_the_name_of_a_table(suffix: str, write_text: Write) -> None:
    refuse(write_text(f"a{suffix}", np.random.default_rng(1).bytes(5000)))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.aiff"])
def test_sound_cut_short(name: str, share: float, write_sound: Write) -> None:
    path = write_sound(name, NOISE)
    read(path)
    refuse(cut(path, share))


def test_a_wav_of_a_writer_that_could_not_go_back_is_fine(write_sound: Write) -> None:
    path = write_sound("a.wav", NOISE)
    content = path.read_bytes()
    place = content.index(b"data") + 4
    path.write_bytes(content[:place] + b"\xff\xff\xff\xff" + content[place + 4 :])
    read(path)


def test_a_flac_damaged_in_the_middle(write_sound: Write) -> None:
    path = write_sound("a.flac", NOISE)
    content = bytearray(path.read_bytes())
    content[30_000:40_000] = bytes(10_000)
    path.write_bytes(content)
    refuse(path)


@pytest.mark.parametrize("share", [0.25, 0.4])
@pytest.mark.parametrize(
    ("name", "muxing"), [("a.mp4", {}), ("b.mp4", {"movflags": "faststart"}), ("a.mkv", {}), ("a.avi", {})]
)
def test_pictures_cut_short(name: str, muxing: dict[str, str], share: float, write_video: Write) -> None:
    codec = "mjpeg" if name.endswith("avi") else "libx264"
    path = write_video(name, TIMES, codec=codec, muxing=muxing)
    read(path)
    refuse(cut(path, share))


def test_a_playlist_under_the_name_of_a_video_opens_nothing_else(write_video: Write, write_text: Write) -> None:
    other = write_video("other.mp4", TIMES)
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:5,\n{other}\n#EXT-X-ENDLIST\n"
    assert "no sound or video" in refuse(write_text("a.mp4", playlist))
    assert "no sound or video" in refuse(write_text("b.mp4", f"ffconcat version 1.0\nfile {other.name}\n"))


def test_wanted_track_is_not_there(write_video: Write, write_track: Write) -> None:
    video = write_video("a.mp4", TIMES)
    with pytest.raises(BadInputError, match="no sound in this file"):
        list(AudioFileSource("a/mic", video, 0).chunks())
    sound = write_track("a.m4a", [(0.0, NOISE.astype(np.float32))])
    with pytest.raises(BadInputError, match="no pictures in this file"):
        list(VideoFileSource("a/camera", sound, 0).chunks())


def test_sound_without_a_sample(write_sound: Write) -> None:
    assert "no sound" in refuse(write_sound("a.wav", np.zeros(0)))


def test_tables(write_text: Write, tmp_path: Path) -> None:
    assert "no time column" in refuse(write_text("a.csv", "temperature,humidity\n1,2\n"))
    assert "backwards" in refuse(write_text("b.csv", "t_s,co2\n1,2\n0,3\n"))
    assert "line 2" in refuse(write_text("c.jsonl", '{"t_s": 1, "co2": 2}\n{"t_s": 2,\n'))
    pq.write_table(pa.table({"t_s": list(range(5000)), "co2": [1.0] * 5000}), tmp_path / "d.parquet")
    refuse(cut(tmp_path / "d.parquet", 0.5))


def test_a_file_that_nothing_reads(write_text: Write) -> None:
    assert "no reader for '.docx' files" in refuse(write_text("a.docx", "x"))
    assert "no reader for 'README' files" in refuse(write_text("README", "x"))
