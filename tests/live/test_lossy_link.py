"""A camera behind a link that loses packets for half a minute."""

from __future__ import annotations

import time

import numpy as np
import pytest

from sensors.backoff import Backoff
from sensors.types import State
from sensors.video.live.url import UrlSource
from tests.live.listening import Listening
from tests.live.lossy_link import LossyLink
from tests.live.seeing import assert_pictures, lateness_s

LOSSY_S = 30.0


@pytest.mark.parametrize(("transport", "percent"), [("tcp", 80), ("udp", 30)])
def test_a_link_that_loses_packets_is_told_and_lived_through(transport: str, percent: int) -> None:
    with LossyLink() as link:
        server, url = link.server()
        ways = {"open_s": 3.0, "stall_s": 1.5, "backoff": Backoff(0.1, 0.5)}
        source = UrlSource("yard/camera", f"{url}/clock", transport=transport, **ways)  # type: ignore[arg-type]
        with server, Listening(source) as eye:
            eye.until_up(10)
            link.lose(percent)
            time.sleep(LOSSY_S)
            told = eye.states()
            link.lose(0)
            eye.until_up(30)
    assert told[0] is State.UP
    assert set(told[1:]) & {State.DOWN, State.DEGRADED}
    assert_pictures(eye.chunks)
    # A picture that is put together from what is left tells any time at all.
    assert np.abs(lateness_s(eye.chunks)).max() < 3
    assert np.median(np.abs(lateness_s(eye.chunks))) < 0.05
