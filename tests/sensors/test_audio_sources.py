from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from sensors.audio.sources import AudioFileSource
from sensors.errors import BadInputError

RATE = 16_000
Write = Callable[..., Path]


def tone(seconds: float, rate_hz: int, hz: float = 440.0) -> NDArray[np.float32]:
    return np.asarray(0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz), np.float32)


def whole(path: Path, **options: Any) -> NDArray[np.float32]:
    return np.concatenate([chunk.data for chunk in AudioFileSource("a/mic", path, 0, **options).chunks()])


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
def test_length_of_chunks_changes_no_sample(rate_hz: int, write_sound: Write) -> None:
    noise = np.random.default_rng(1).uniform(-0.9, 0.9, (rate_hz * 2 + 17, 2))
    path = write_sound("a.wav", noise, rate_hz)
    usual = whole(path)
    for chunk_s in (0.01, 0.333, 100.0):
        assert np.array_equal(usual, whole(path, chunk_s=chunk_s))
    assert abs(len(usual) - len(noise) * RATE / rate_hz) <= 1


def test_times_count_samples_and_do_not_drift(write_sound: Write) -> None:
    path = write_sound("a.wav", tone(3, 44_100), 44_100)
    chunks = list(AudioFileSource("a/mic", path, 5, chunk_s=0.0301).chunks())
    counts = np.cumsum([0, *(len(chunk.data) for chunk in chunks[:-1])])
    assert [chunk.start_ns for chunk in chunks] == [5 + round(int(n) * 1e9 / RATE) for n in counts]


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 48_000])
def test_resampling_leaves_no_click_at_seams(rate_hz: int, write_sound: Write) -> None:
    out = whole(write_sound("a.wav", tone(3, rate_hz), rate_hz, "FLOAT"), chunk_s=0.05)
    error = out[800:-800] - tone(3, RATE)[: len(out)][800:-800]
    assert np.abs(error).max() < 1e-3


@pytest.mark.parametrize(
    ("name", "subtype"), [("a.wav", "PCM_24"), ("a.flac", None), ("a.ogg", None), ("a.aiff", None)]
)
def test_soundfile_formats_give_the_same_sound(name: str, subtype: str | None, write_sound: Write) -> None:
    out = whole(write_sound(name, tone(1, RATE), RATE, subtype))
    assert len(out) == RATE
    assert np.sqrt(np.mean((out - tone(1, RATE)) ** 2)) < 0.02


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp3", "libmp3lame"), ("a.m4a", "aac"), ("a.mkv", "aac"), ("a.aac", "aac")]
)
def test_compressed_formats_give_the_same_sound(name: str, codec: str, write_track: Write) -> None:
    out = whole(write_track(name, [(0.0, tone(2, RATE))], codec))
    assert abs(len(out) - 2 * RATE) < 0.15 * RATE
    spectrum = np.abs(np.fft.rfft(out[4_000:20_000]))
    assert abs(int(spectrum.argmax()) - 440) <= 1
    assert np.array_equal(out, whole(tmp := write_track(name, [(0.0, tone(2, RATE))], codec), chunk_s=0.013)), tmp


def test_channels_are_averaged_or_chosen(write_sound: Write) -> None:
    left, right = tone(0.5, RATE), tone(0.5, RATE, 1_000)
    path = write_sound("a.wav", np.stack([left, right], 1), RATE, "FLOAT")
    assert np.allclose(whole(path), (left + right) / 2, atol=1e-7)
    assert np.array_equal(whole(path, channel=1), right)
    with pytest.raises(BadInputError, match="no channel 2"):
        whole(path, channel=2)


def test_samples_that_are_no_numbers_are_silence_and_counted(write_sound: Write) -> None:
    sound = tone(1, 48_000)
    sound[[100, 20_000]] = np.nan, np.inf
    source = AudioFileSource("a/mic", write_sound("a.wav", sound, 48_000, "FLOAT"), 0)
    for _ in range(2):
        assert all(np.isfinite(chunk.data).all() for chunk in source.chunks())
        assert source.repaired == 2


def test_sound_never_leaves_full_scale(write_sound: Write) -> None:
    out = whole(write_sound("a.wav", 3 * tone(1, 44_100), 44_100, "FLOAT"))
    assert np.abs(out).max() == 1


def test_a_track_that_starts_late_starts_late(write_video: Write) -> None:
    path = write_video("a.mkv", [n / 10 for n in range(20)], sound=tone(1, RATE), sound_at_s=0.5)
    first = next(iter(AudioFileSource("a/mic", path, 0).chunks()))
    assert abs(first.start_ns - 0.5e9) < 0.1e9


def test_a_jump_of_the_times_is_a_gap(write_track: Write) -> None:
    path = write_track("a.mkv", [(0.0, tone(1.024, RATE)), (3.0, tone(1.024, RATE))], "pcm_s16le")
    chunks = list(AudioFileSource("a/mic", path, 0).chunks())
    jumps = [
        b.start_ns - a.time_ns(len(a.data)) for a, b in pairwise(chunks) if b.start_ns > a.time_ns(len(a.data)) + 1000
    ]
    assert len(jumps) == 1
    assert abs(jumps[0] - 1.976e9) < 2e6
    assert sum(len(chunk.data) for chunk in chunks) == 2 * 1.024 * RATE


def test_a_damaged_packet_is_skipped_and_counted(write_track: Write) -> None:
    path = write_track("a.m4a", [(0.0, tone(3, RATE))])
    with av.open(str(path)) as box:
        packet = list(box.demux(audio=0))[20]
        place, size = packet.pos or 0, packet.size
    content = bytearray(path.read_bytes())
    content[place : place + size] = b"\xff" * size
    path.write_bytes(content)
    source = AudioFileSource("a/mic", path, 0)
    last = list(source.chunks())[-1]
    assert source.skipped == 1
    assert abs(last.time_ns(len(last.data)) - 3e9) < 0.2e9


def test_memory_does_not_grow_with_length(write_sound: Write) -> None:
    peaks = []
    for seconds in (5, 40):
        path = write_sound(f"{seconds}.wav", tone(seconds, 44_100), 44_100)
        list(AudioFileSource("a/mic", path, 0).chunks())
        tracemalloc.start()
        for _ in AudioFileSource("a/mic", path, 0).chunks():
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 50_000
