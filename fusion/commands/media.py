"""Pieces of a clip to files that anything plays: FLAC for sound, MP4 for pictures, each at its own time."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.commands.film import TICKS, picture_track
from fusion.vault.sealing import Piece
from sensors.types import NS

GAP_SAMPLES = 2
"""Runs that are so near to each other are one."""

LONGEST_S = 3600.0


def write_sound(path: Path, pieces: Sequence[Piece], rate_hz: float) -> list[tuple[int, int]]:
    """Write a stream of sound; where nothing was kept there is silence.

    Parameters
    ----------
    path : Path
        Of the FLAC file.
    pieces : sequence of Piece
        Of 16-bit samples, little-endian, in order of time; at least one.
    rate_hz : float
        Samples per second.

    Returns
    -------
    list of (int, int)
        From when to when nothing was kept, nanoseconds UTC.
    """
    import soundfile  # type: ignore[import-untyped]

    first_ns, gaps = pieces[0].start_ns, list[tuple[int, int]]()
    runs: list[NDArray[np.int16]] = []
    at = 0
    for piece in pieces:
        samples = np.frombuffer(piece.data, "<i2")
        begin = round((piece.start_ns - first_ns) * rate_hz / NS)
        # Why less than it seems: two clips of one incident may share a moment.
        samples = samples[max(0, at - begin) :] if at - begin > GAP_SAMPLES else samples
        if begin - at > GAP_SAMPLES:
            missing = min(begin - at, round(LONGEST_S * rate_hz))
            gaps.append((first_ns + round(at * NS / rate_hz), piece.start_ns))
            runs.append(np.zeros(missing, np.int16))
            at += missing
        runs.append(samples)
        at += len(samples)
    soundfile.write(path, np.concatenate(runs), round(rate_hz), format="FLAC", subtype="PCM_16")
    return gaps


def write_film(path: Path, pieces: Sequence[Piece]) -> int:
    """Write a stream of pictures as an MP4 file; how many.

    Parameters
    ----------
    path : Path
        Of the file.
    pieces : sequence of Piece
        JPEG files, in order of time; at least one.
    """
    import av
    import cv2

    first_ns, last, count = pieces[0].start_ns, -1, 0
    with av.open(str(path), "w", format="mp4") as box:
        track: Any = None
        for piece in pieces:
            picture = cv2.imdecode(np.frombuffer(piece.data, np.uint8), cv2.IMREAD_COLOR)
            if picture is None:
                continue
            track = track or picture_track(box, _even(picture.shape))
            fitted = cv2.resize(picture, (track.width, track.height)).astype(np.uint8, copy=False)
            frame: Any = av.VideoFrame.from_ndarray(fitted, format="bgr24")
            last = max(last + 1, round((piece.start_ns - first_ns) * TICKS / NS))
            frame.pts, frame.time_base = last, Fraction(1, TICKS)
            box.mux(track.encode(frame))
            count += 1
        if track is not None:
            box.mux(track.encode(None))
    return count


def _even(shape: tuple[int, ...]) -> tuple[int, int]:
    """Width and height, even, as films need them."""
    return max(2, shape[1] // 2 * 2), max(2, shape[0] // 2 * 2)
