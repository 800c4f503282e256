"""Encoders with every setting fixed: FLAC, OGG Vorbis, H.264 in MP4. The same build writes the same bytes."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sample_streams.camera import Frame

SERIAL = 0x4B495A41
"""Serial number of every Ogg stream that is written."""


def write_sound(path: Path, pcm: NDArray[np.int16], rate_hz: int) -> str:
    """Write samples (n, channels) as FLAC or OGG Vorbis, by the suffix.

    Returns
    -------
    str
        SHA-256 of the samples, before the encoder.
    """
    soundfile: Any = import_module("soundfile")
    lossy = path.suffix == ".ogg"
    form = (
        {"format": "OGG", "subtype": "VORBIS", "compression_level": 0.9}
        if lossy
        else {"format": "FLAC", "subtype": "PCM_16"}
    )
    with soundfile.SoundFile(path, "w", rate_hz, pcm.shape[1], **form) as file:
        for start in range(0, len(pcm), rate_hz):
            file.write(pcm[start : start + rate_hz])
    if lossy:
        path.write_bytes(renumber(path.read_bytes(), SERIAL))
    return hashlib.sha256(np.ascontiguousarray(pcm, "<i2").tobytes()).hexdigest()


def renumber(data: bytes, serial: int) -> bytes:
    """Give all pages of an Ogg stream this serial number, since libsndfile draws one by the clock (RFC 3533)."""
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = ((value << 1) ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
        table.append(value)
    out, at = bytearray(data), 0
    while at < len(out):
        segments = out[at + 26]
        end = at + 27 + segments + sum(out[at + 27 : at + 27 + segments])
        struct.pack_into("<I", out, at + 14, serial)
        struct.pack_into("<I", out, at + 22, 0)
        check = 0
        for byte in out[at:end]:
            check = ((check << 8) & 0xFFFFFFFF) ^ table[(check >> 24) ^ byte]
        struct.pack_into("<I", out, at + 22, check)
        at = end
    return bytes(out)


def write_film(path: Path, frames: Iterator[Frame], fps: float, crf: int) -> str:
    """Write frames (3 h / 2, w), planar YUV 4:2:0, as H.264 in MP4 by one thread.

    Why without macroblock trees: with them x264 (core 165) wrote other bytes from run to run at 320 x 240;
    without them, or without its vector code, it did not in 24 runs.

    Returns
    -------
    str
        SHA-256 of the frames, before the encoder.
    """
    import av

    digest, video = hashlib.sha256(), None
    with av.open(str(path), "w", options={"fflags": "+bitexact", "movflags": "+faststart"}) as container:
        for frame in frames:
            if video is None:
                video = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
                video.width, video.height, video.pix_fmt = frame.shape[1], frame.shape[0] * 2 // 3, "yuv420p"
                video.codec_context.thread_count = 1
                video.options = {
                    "crf": str(crf),
                    "preset": "slow",
                    "g": "100",
                    "threads": "1",
                    "flags": "+bitexact",
                    "mbtree": "0",
                }
            digest.update(frame.tobytes())
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="yuv420p")))
        if video is not None:
            container.mux(video.encode())
    return digest.hexdigest()


def encoder_of(path: Path) -> str:
    """Which encoder wrote a media file, as it can be told; empty for text."""
    if path.suffix == ".mp4":
        found = re.search(rb"x264 - core (\d+(?: r\w+)?)", path.read_bytes())
        return f"libx264 {found[1].decode()}" if found else "libx264"
    if path.suffix in (".flac", ".ogg"):
        soundfile: Any = import_module("soundfile")
        found = re.search(rb"reference libFLAC [\d.]+|Xiph\.Org libVorbis I \d+", path.read_bytes()[:8192])
        return f"{found[0].decode() if found else path.suffix}, libsndfile {soundfile.__libsndfile_version__}"
    return ""
