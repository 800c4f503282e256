"""Addresses of streams, and how they are pulled with PyAV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sensors.errors import BadInputError

SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "rtp", "udp", "tcp", "srt")

_MEND = "give one like rtsp://camera.local/stream"
_OPTIONS = {
    # Why no file: a playlist from outside must not make the library open what lies on this machine.
    "protocol_whitelist": "rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy,hls,crypto,rtmp,rtmps,rtmpt,srt",
    "fflags": "nobuffer", "probesize": "65536", "analyzeduration": "1000000",
}  # fmt: skip


def require_address(url: str, stream: str) -> str:
    """The address, if it is one of a stream; it is repeated nowhere, since it may hold a password.

    Raises
    ------
    BadInputError
        If it is none.
    """
    try:
        parts = urlsplit(url)
        known = parts.scheme in SCHEMES and parts.hostname is not None and (parts.port or 1) > 0
    except ValueError:
        known = False
    if not known:
        raise BadInputError("this is no address of a stream", where=f"url of '{stream}'", mend=_MEND)
    return url


def pull(url: str, options: Mapping[str, str]) -> Any:
    """Open an address, to be closed by the caller; `options` are those of FFmpeg.

    Raises
    ------
    av.FFmpegError
        If it cannot be opened.
    """
    import av

    return av.open(url, options={**_OPTIONS, **options})
