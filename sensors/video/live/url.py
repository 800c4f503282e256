"""The pictures of any address that FFmpeg can pull, RTSP first: `UrlSource`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sensors.errors import BadInputError
from sensors.reader.address import pull, require_address
from sensors.video.live.source import LiveVideoSource

TRANSPORTS = ("tcp", "udp")


class UrlSource(LiveVideoSource):
    """A camera in the net, or whatever streams; of RTSP only the pictures are asked for.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    url : str
        Its address; user and password in it are told to nobody but the other end.
    transport : "tcp" or "udp"
        How RTSP sends. Over UDP what is lost is lost: pictures are damaged, where over TCP they are late.
    options
        Those of `LiveVideoSource`; a stream in segments (HLS) wants a `stall_s` and a `queue_s` longer than those.

    Raises
    ------
    BadInputError
        If this is no address of a stream, or no transport.
    """

    reads = "url"

    def __init__(self, stream: str, url: str, *, transport: Literal["tcp", "udp"] = "tcp", **options: Any) -> None:
        super().__init__(stream, **options)
        self._url = require_address(url, stream)
        if transport not in TRANSPORTS:
            where = f"transport of '{stream}'"
            raise BadInputError(f"'{transport}' is no transport", where=where, mend="give tcp or udp")
        self._transport = transport

    def _order(self) -> Mapping[str, Any]:
        return {**super()._order(), "url": self._url, "transport": self._transport}


def open_url(order: Mapping[str, Any]) -> Any:
    """Open the stream, to be closed by the caller."""
    return pull(order["url"], {"rtsp_transport": order["transport"], "allowed_media_types": "video"})
