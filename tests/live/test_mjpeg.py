"""JPEG after JPEG over HTTP, from a real server: a stream that tells no times."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from sensors.backoff import Backoff
from sensors.types import State
from sensors.video.live.url import UrlSource
from tests.live.listening import Listening
from tests.live.mjpeg_server import WebCamera
from tests.live.seeing import assert_pictures, lateness_s, sizes


@pytest.fixture
def camera() -> Iterator[WebCamera]:
    with WebCamera() as running:
        yield running


def source(camera: WebCamera) -> UrlSource:
    return UrlSource("yard/camera", camera.url, open_s=15.0, stall_s=10.0, backoff=Backoff(0.1, 0.5))


def test_pictures_bear_the_time_of_their_arrival(camera: WebCamera) -> None:
    with Listening(source(camera)) as eye:
        eye.until_up(40)
    assert eye.states() == [State.UP]
    assert sizes(eye.chunks) == [(240, 320)]
    assert_pictures(eye.chunks)
    late_s = lateness_s(eye.chunks)
    assert late_s.min() > -0.01
    assert np.median(late_s) < 0.5


def test_a_camera_that_goes_away_is_told_and_found_again(camera: WebCamera) -> None:
    with Listening(source(camera)) as eye:
        eye.until_up()
        camera.end()
        eye.until_down("Connection refused")
        camera.start()
        eye.until_up()
    assert_pictures(eye.chunks)
    assert [state for state in eye.states() if state is State.UP] == [State.UP] * 2
