"""What of a camera of this machine can be tested without one: everything up to the first picture."""

from __future__ import annotations

from typing import Any

import pytest

from sensors.backoff import Backoff
from sensors.errors import BadInputError
from sensors.video.live.v4l2 import V4l2Source
from tests.live.listening import Listening
from tests.live.servers import poll


def source(device: str, **options: Any) -> V4l2Source:
    return V4l2Source("hall/camera", device, backoff=Backoff(0.05, 0.2), **options)


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        ("/dev/video97", "there is no such camera"),
        ("/dev/null", "gives no pictures"),
        ("/dev/pts", "gives no pictures"),
    ],
)
def test_what_is_no_camera_is_told_and_tried_again(device: str, reason: str) -> None:
    camera = source(device, size=(640, 480))
    with Listening(camera) as eye:
        eye.until_down(reason)
        poll(lambda: camera.restarts >= 2, "another attempt")
    assert not eye.chunks
    assert len(eye.health) == 1


@pytest.mark.parametrize("device", ["", "video0", "/etc/passwd", "/dev/../etc/passwd", "rtsp://camera/1"])
def test_only_devices_are_opened(device: str) -> None:
    with pytest.raises(BadInputError, match="no camera's device"):
        source(device)
