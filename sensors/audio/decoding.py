"""Opens whatever has sound: soundfile for WAV, FLAC, OGG and AIFF, PyAV for all else."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.audio.wave_header import missing_bytes
from sensors.containers import open_container, track_frames
from sensors.errors import BadInputError
from sensors.files import require_file

_BLOCK = 8192
_GAP_S = 0.05
_MEND = "record or copy it again"
_BY_SOUNDFILE = (b"RIFF", b"RF64", b"riff", b"fLaC", b"OggS", b"FORM")


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive samples as the file holds them.

    Attributes
    ----------
    start_s : float or None
        Media time of the first sample, seconds, where a new run begins; None where the block follows the last one.
    rate_hz : int
        Samples per second.
    samples : ndarray (n, channels) float32
        As decoded, full scale is 1; may hold NaN.
    lost : int
        Packets before this block that could not be decoded.
    """

    start_s: float | None
    rate_hz: int
    samples: NDArray[np.float32]
    lost: int = 0


Blocks = Generator[Block, None, None]


def blocks(path: Path) -> Blocks:
    """Samples of a file, in blocks whose size depends on nothing but the file.

    Raises
    ------
    BadInputError
        If there is no sound, or less than the file promises.
    """
    require_file(path)
    with path.open("rb") as file:
        mark = file.read(4)
    return _sndfile_blocks(path, mark) if mark in _BY_SOUNDFILE else _container_blocks(path)


def has_sound(path: Path) -> bool:
    """Whether a media container has a sound track; nothing is decoded.

    Raises
    ------
    BadInputError
        If it is no media container.
    """
    with open_container(path) as box:
        return bool(box.streams.audio)


def _sndfile_blocks(path: Path, mark: bytes) -> Blocks:
    import soundfile  # type: ignore[import-untyped]

    try:
        file = soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        if mark in (b"RIFF", b"OggS"):
            yield from _container_blocks(path)
            return
        raise BadInputError(f"the sound cannot be read ({error.error_string})", where=path, mend=_MEND) from error
    with file:
        if lost := missing_bytes(path):
            raise BadInputError(f"cut short: {lost} bytes of sound are missing", where=path, mend=_MEND)
        try:
            read = 0
            while len(samples := file.read(_BLOCK, dtype="float32", always_2d=True)):
                yield Block(None if read else 0.0, file.samplerate, samples)
                read += len(samples)
        except soundfile.LibsndfileError as error:
            what = f"damaged after {read / file.samplerate:.1f} s ({error.error_string})"
            raise BadInputError(what, where=path, mend=_MEND) from error
        if read < file.frames < 2**62:
            what = f"cut short: {read / file.samplerate:.1f} of {file.frames / file.samplerate:.1f} s are there"
            raise BadInputError(what, where=path, mend=_MEND)


def _container_blocks(path: Path) -> Blocks:
    import av

    try:
        with open_container(path) as box:
            if not box.streams.audio:
                raise BadInputError("no sound in this file", where=path, mend="give a file with a sound track")
            yield from _decoded(path, box)
    except av.FFmpegError as error:
        what = f"the sound cannot be read ({error.strerror})"
        raise BadInputError(what, where=path, mend=_MEND) from error


def _decoded(path: Path, box: Any) -> Blocks:
    """Decode the first sound track; a jump of the times of more than 50 ms begins a new run."""
    due_s, lost = None, 0

    def count() -> None:
        nonlocal lost
        lost += 1

    for time_s, frame in track_frames(path, box, box.streams.audio[0], "sound", count):
        samples = frame_samples(frame)
        at_s = time_s if time_s is not None else due_s or 0.0
        if due_s is not None and at_s < due_s - _GAP_S:
            continue
        fresh = due_s is None or at_s > due_s + _GAP_S
        due_s = (at_s if fresh or due_s is None else due_s) + len(samples) / frame.sample_rate
        yield Block(max(0.0, at_s) if fresh else None, frame.sample_rate, samples, lost)
        lost = 0


def frame_samples(frame: Any) -> NDArray[np.float32]:
    """Samples (n, channels) float32 of a decoded frame, whatever its format."""
    data: NDArray[Any] = frame.to_ndarray()
    data = data.T if frame.format.is_planar else data.reshape(-1, frame.layout.nb_channels)
    if data.dtype.kind == "f":
        return np.asarray(data, np.float32)
    scale = np.float32(2.0 ** (8 * data.dtype.itemsize - 1))
    middle = scale if data.dtype.kind == "u" else np.float32(0)
    return (np.asarray(data, np.float32) - middle) / scale
