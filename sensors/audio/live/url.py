"""The sound of any address that FFmpeg can pull, RTSP first: `UrlSource`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

from sensors.audio.decoding import Block, frame_samples
from sensors.audio.live.source import LiveAudioSource
from sensors.reader.address import pull, require_address
from sensors.reader.faults import ReaderError

JUMP_S = 0.1
_SOUND_ALONE = {"rtsp_transport": "tcp", "allowed_media_types": "audio"}


class UrlSource(LiveAudioSource):
    """A camera's sound, a web radio, whatever streams; of RTSP only the sound is asked for, over TCP.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    url : str
        Its address; user and password in it are told to nobody but the other end.
    options
        Those of `LiveAudioSource`; a stream in segments (HLS) wants a `stall_s` and a `queue_s` longer than those.

    Raises
    ------
    BadInputError
        If this is no address of a stream.
    """

    reads = "url"

    def __init__(self, stream: str, url: str, **options: Any) -> None:
        super().__init__(stream, **options)
        self._url = require_address(url, stream)

    def _order(self) -> Mapping[str, Any]:
        return {**super()._order(), "url": self._url}


def url_blocks(order: Mapping[str, Any], ready: Callable[[], None]) -> Generator[Block, None, None]:
    """Samples as they are decoded; a jump of the stream's own times begins a new run.

    Raises
    ------
    ReaderError
        If it cannot be opened or has no sound.
    """
    import av

    ready()
    try:
        with pull(order["url"], _SOUND_ALONE) as box:
            if not box.streams.audio:
                raise ReaderError("there is no sound in this stream")
            yield from _decoded(box)
    except av.FFmpegError as error:
        raise ReaderError(f"it cannot be read ({error.strerror})") from error


def _decoded(box: Any) -> Generator[Block, None, None]:
    import av

    due_s, lost = None, 0
    for packet in box.demux(box.streams.audio[0]):
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            lost += 1
            continue
        for frame in frames:
            samples = frame_samples(frame)
            at_s = due_s if frame.time is None else frame.time
            fresh = lost or due_s is None or at_s is None or abs(at_s - due_s) > JUMP_S
            start_s = at_s or 0.0
            due_s = (start_s if fresh or due_s is None else due_s) + len(samples) / frame.sample_rate
            yield Block(start_s if fresh else None, frame.sample_rate, samples, lost)
            lost = 0
