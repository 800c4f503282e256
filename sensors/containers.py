"""Media containers, opened by PyAV: what may be opened, and the frames of one track of it, none missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sensors.errors import BadInputError
from sensors.files import require_file

_FORMATS = (
    "3g2,3gp,aac,ac3,aiff,amr,ape,asf,au,avi,caf,dv,flac,flv,h264,hevc,ivf,m4a,m4v,matroska,mj2,mjpeg,mov,mp3,mp4,mpeg,"
    "mpegts,mpegvideo,mxf,ogg,rm,tta,w64,wav,webm,wv,yuv4mpegpipe"
)

_MEND = "record or copy it again"


def open_container(path: Path) -> Any:
    """Open a media container with PyAV, to be closed by the caller.

    Why the lists: the bytes decide what a container is, and a playlist under the name of a video would make the
    library open other files and addresses.

    Raises
    ------
    BadInputError
        If it is none.
    """
    import av

    require_file(path)
    try:
        return av.open(f"file:{path}", options={"protocol_whitelist": "file", "format_whitelist": _FORMATS})
    except av.FFmpegError as error:
        what = f"this is no sound or video that can be read ({error.strerror})"
        raise BadInputError(what, where=path, mend=_MEND) from error


def container_promise_s(box: Any) -> float:
    """Length that an open media container states, seconds; 0 where it states none or only an estimate.

    Why the short list: other formats have no length of their own, and a guess from the bit rate must not make a
    sound file count as cut short.
    """
    kinds = set(box.format.name.split(","))
    tracks = [*box.streams.video, *box.streams.audio]
    if "avi" in kinds:
        return max((float(t.frames / t.average_rate) for t in box.streams.video if t.average_rate), default=0.0)
    if not kinds & {"mov", "matroska", "asf", "flv"}:
        return 0.0
    if any(track.duration is None for track in tracks):
        return (box.duration or 0) / 1e6
    ends = [float(((track.start_time or 0) + track.duration) * track.time_base) for track in tracks]
    return max(ends, default=0.0) - (box.start_time or 0) / 1e6


def track_frames(
    path: Path, box: Any, track: Any, what: str, on_lost: Callable[[], None]
) -> Iterator[tuple[float | None, Any]]:
    """Decode a track to its end.

    Parameters
    ----------
    path : Path
        The file, for what is said of it.
    box, track
        The open container, and one of its streams.
    what : str
        What a frame is: "picture".
    on_lost : callable ()
        Told of each packet that could not be decoded, before what comes after it.

    Yields
    ------
    time_s : float or None
        Media time, seconds; 0 where the container begins.
    frame
        As PyAV gives it.

    Raises
    ------
    BadInputError
        If there is none, or if less was there than the container promises.
    av.FFmpegError
        If nothing comes before the first error.
    """
    import av

    start_s, promise_s, end_s, none_yet = (box.start_time or 0) / 1e6, container_promise_s(box), 0.0, True
    # Whatever a container interleaves tells how far it reaches.
    mixed = box.streams.video and box.streams.audio
    for packet in box.demux(video=0, audio=0) if mixed else box.demux(track):
        if packet.pts is not None:
            end_s = max(end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base) - start_s)
        if packet.stream is not track:
            continue
        try:
            frames = packet.decode()
        except av.FFmpegError:
            if none_yet:
                raise
            on_lost()
            continue
        for frame in frames:
            none_yet = False
            yield None if frame.time is None else frame.time - start_s, frame
    if none_yet:
        raise BadInputError(f"no {what} could be decoded", where=path, mend=_MEND)
    if end_s < promise_s - max(1.0, 0.02 * promise_s):
        raise BadInputError(f"cut short: {end_s:.1f} of {promise_s:.1f} s are there", where=path, mend=_MEND)
