"""A camera of this machine, by Video4Linux: `V4l2Source`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sensors.errors import BadInputError
from sensors.reader.faults import ReaderError
from sensors.video.live.source import LiveVideoSource

_MEND = "give one like /dev/video0, or the lasting name of one below /dev/v4l/by-id"


class V4l2Source(LiveVideoSource):
    """A camera that is plugged in; unplugged it is DOWN, plugged in again it goes on.

    The driver says when a picture was taken, by the clock of this machine.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    device : str
        Its file: "/dev/video0".
    size : tuple of (int, int), optional
        Width and height to ask it for, pixels; its own choice otherwise.
    options
        Those of `LiveVideoSource`.

    Raises
    ------
    BadInputError
        If this is no device's name.
    """

    reads, dated = "v4l2", True

    def __init__(self, stream: str, device: str, *, size: tuple[int, int] | None = None, **options: Any) -> None:
        super().__init__(stream, **options)
        if not device.startswith("/dev/") or ".." in device.split("/"):
            raise BadInputError("this is no camera's device", where=f"device of '{stream}'", mend=_MEND)
        self._device, self._size = device, size

    def _order(self) -> Mapping[str, Any]:
        return {**super()._order(), "device": self._device, "size": self._size}


def open_v4l2(order: Mapping[str, Any]) -> Any:
    """Open the camera, to be closed by the caller.

    Raises
    ------
    ReaderError
        If the device is none, or is not to be had.
    """
    import av

    size = order["size"]
    options = {"timestamps": "abs", **({"video_size": f"{size[0]}x{size[1]}"} if size else {})}
    try:
        return av.open(order["device"], format="v4l2", options=options)
    except av.FileNotFoundError as error:
        raise ReaderError("there is no such camera") from error
    except av.PermissionError as error:
        raise ReaderError("this user may not open the camera; add it to the group video") from error
    except av.FFmpegError as error:
        raise ReaderError(f"this device gives no pictures ({error.strerror})") from error
