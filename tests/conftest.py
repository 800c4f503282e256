"""Writers of small recordings: real media, made where the test runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

# A machine that is busy is no reason to fail.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture
def write_text(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file in a fresh folder: (name, content)."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def write_sound(tmp_path: Path) -> Callable[..., Path]:
    """Write a sound file by soundfile: (name, samples, rate_hz, subtype=None)."""

    def write(name: str, samples: NDArray[Any], rate_hz: int = 16_000, subtype: str | None = None) -> Path:
        path = tmp_path / name
        soundfile.write(path, samples, rate_hz, subtype=subtype)
        return path

    return write


@pytest.fixture
def write_video(tmp_path: Path) -> Callable[..., Path]:
    """Write a video by PyAV: frame k has brightness k, at the given times."""

    def write(
        name: str, times_s: Sequence[float], *, size: tuple[int, int] = (64, 48), codec: str = "mpeg4",
        sound: NDArray[np.float32] | None = None, sound_at_s: float = 0.0, muxing: dict[str, str] | None = None,
    ) -> Path:  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w", options=muxing or {}) as box:
            pictures: Any = box.add_stream(codec, rate=1000)
            pictures.width, pictures.height, pictures.pix_fmt = *size, "yuvj420p" if codec == "mjpeg" else "yuv420p"
            pictures.codec_context.time_base = Fraction(1, 1000)
            track: Any = box.add_stream("aac", rate=16_000, layout="mono") if sound is not None else None
            if track is not None and sound is not None:
                _write_track(box, track, sound, sound_at_s)
            for number, time_s in enumerate(times_s):
                picture = np.full((size[1], size[0], 3), number % 256, np.uint8)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = round(time_s * 1000), Fraction(1, 1000)
                box.mux(pictures.encode(frame))
            box.mux(pictures.encode(None))
        return path

    return write


@pytest.fixture
def write_folder(tmp_path: Path) -> Callable[..., Path]:
    """Write a folder of pictures: (name, how many or their names, suffix); picture k has brightness 8 k."""

    def write(name: str, names: int | Sequence[str], suffix: str = ".png") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for number, stem in enumerate([str(n) for n in range(names)] if isinstance(names, int) else names):
            (folder / (stem + suffix)).write_bytes(picture_file(8 * number, suffix))
        return folder

    return write


def picture_file(brightness: int, suffix: str = ".png", size: tuple[int, int] = (64, 48)) -> bytes:
    """A grey picture, as a file."""
    codec, kind = ("png", "gray") if suffix == ".png" else ("mjpeg", "yuvj420p")
    coder: Any = av.CodecContext.create(codec, "w")
    coder.width, coder.height, coder.pix_fmt, coder.framerate = *size, kind, 1
    frame = av.VideoFrame.from_ndarray(np.full(size[::-1], brightness, np.uint8), format="gray")
    return b"".join(bytes(packet) for packet in [*coder.encode(frame.reformat(format=kind)), *coder.encode(None)])


@pytest.fixture
def write_track(tmp_path: Path) -> Callable[..., Path]:
    """Write sound by PyAV in pieces: (name, [(at_s, samples)], codec)."""

    def write(name: str, pieces: Sequence[tuple[float, NDArray[np.float32]]], codec: str = "aac") -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as box:
            track: Any = box.add_stream(codec, rate=16_000, layout="mono")
            for at_s, samples in pieces:
                _feed(box, track, samples, at_s)
            box.mux(track.encode(None))
        return path

    return write


def _write_track(box: Any, track: Any, samples: NDArray[np.float32], at_s: float) -> None:
    _feed(box, track, samples, at_s)
    box.mux(track.encode(None))


def _feed(box: Any, track: Any, samples: NDArray[np.float32], at_s: float) -> None:
    kind = "s16" if track.codec_context.name.startswith("pcm") else "fltp"
    for first in range(0, len(samples), 1024):
        piece = samples[np.newaxis, first : first + 1024]
        data: Any = (piece * 32_767).astype(np.int16) if kind == "s16" else piece
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(data), format=kind, layout="mono")
        frame.sample_rate, frame.time_base = 16_000, Fraction(1, 16_000)
        frame.pts = round(at_s * 16_000) + first
        box.mux(track.encode(frame))
