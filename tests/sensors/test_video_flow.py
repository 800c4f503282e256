from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from sensors.types import NS
from sensors.video.cells import cell_motion, cell_shares, count_directions
from sensors.video.crowd import CrowdMeter
from sensors.video.flow import Flow, FlowMeter
from sensors.video.layout import COLUMNS, ROWS

Grey = NDArray[np.uint8]
HEIGHT, WIDTH = 120, 160


def wall(seed: int = 1, height: int = HEIGHT, width: int = WIDTH) -> Grey:
    """Soft random texture, a little larger than it is looked at."""
    rng = np.random.default_rng(seed)
    return cv2.GaussianBlur(rng.integers(0, 255, (height + 40, width + 40), np.uint8), (0, 0), 2.5).astype(np.uint8)


def view(across: int = 0, down: int = 0, zoom: float = 1.0) -> Grey:
    """The wall, seen from a camera that looks so many pixels to the left and up of the middle, and nearer."""
    whole = wall()
    seen = whole[20 - down : 20 - down + HEIGHT, 20 - across : 20 - across + WIDTH]
    if zoom == 1.0:
        return np.ascontiguousarray(seen)
    matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 0, zoom)
    return np.asarray(cv2.warpAffine(seen, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT), np.uint8)


def patched(frame: Grey, x: int, y: int = 50) -> Grey:
    """With a block of other texture at that place."""
    out = frame.copy()
    out[y : y + 40, x : x + 30] = wall(7)[:40, :30]
    return out


def streaming(vx: float, vy: float, size: int = 1) -> Flow:
    """A crowd that goes one way all over the picture."""
    return Flow(np.full((30 * size, 40 * size, 2), (vx, vy), np.float32), 0.0)


def test_what_the_camera_does_is_not_motion() -> None:
    meter = FlowMeter(cv2)
    for moved in (view(across=3), view(down=2), view(across=-2, down=2), view(zoom=1.01)):
        flow = meter.measure(view(), moved, 0.1)
        assert flow.shake > 0.02
        assert np.median(flow.speed) < 0.03


def test_a_still_camera_does_not_shake() -> None:
    flow = FlowMeter(cv2).measure(view(), view(), 0.1)
    assert flow.shake == 0
    assert flow.speed.max() < 0.01


def test_who_walks_is_seen_by_a_camera_that_shakes() -> None:
    flow = FlowMeter(cv2).measure(patched(view(), 60), patched(view(across=2), 60 + 2 + 4), 0.1)
    inside = flow.vectors[50 // 4 + 2 : 90 // 4 - 2, 64 // 4 + 2 : 90 // 4 - 2]
    assert np.median(inside[..., 0]) == pytest.approx(4 / 0.1 / HEIGHT, rel=0.35)
    assert np.median(flow.speed[:, :10]) < 0.03


def test_a_crowd_that_fills_less_than_half_is_not_taken_for_the_camera() -> None:
    frame = view()
    before, after = frame.copy(), frame.copy()
    before[70:, :], after[70:, :] = wall(5)[:50, :WIDTH], np.roll(wall(5), 4, axis=1)[:50, :WIDTH]
    flow = FlowMeter(cv2).measure(before, after, 0.1)
    assert np.median(flow.vectors[20:28, 4:-4, 0]) == pytest.approx(4 / 0.1 / HEIGHT, rel=0.35)


def test_speed_is_in_picture_heights_a_second() -> None:
    flow = FlowMeter(cv2).measure(patched(view(), 60), patched(view(), 64), 0.2)
    assert np.median(flow.vectors[15:20, 18:21, 0]) == pytest.approx(4 / 0.2 / HEIGHT, rel=0.3)


def test_cells_hold_the_motion_of_their_place() -> None:
    vectors = np.zeros((30, 40, 2), np.float32)
    vectors[:5, :5] = (0.3, -0.4)
    speed, dx, dy = cell_motion(cv2, Flow(vectors, 0.0))
    assert (speed[0, 0], dx[0, 0], dy[0, 0]) == pytest.approx((0.5, 0.3, -0.4))
    assert speed.sum() == pytest.approx(0.5)
    mask = np.zeros((120, 160), np.uint8)
    mask[100:, 140:] = 255
    shares = cell_shares(cv2, mask)
    assert shares.shape == (ROWS, COLUMNS)
    assert shares[-1, -1] == pytest.approx(1.0)
    assert shares[:-1].sum() == 0


@pytest.mark.parametrize(("vx", "vy", "towards"), [(1, 0, 0), (1, 1, 1), (0, 1, 2), (-1, 0, 4), (0, -1, 6), (1, -1, 7)])
def test_directions_are_counted_round_the_clock(vx: float, vy: float, towards: int) -> None:
    counted = count_directions(streaming(vx / 10, vy / 10))
    assert (counted.argmax(axis=-1) == towards).all()
    assert counted.sum(axis=-1) == pytest.approx(np.hypot(vx, vy) / 10, rel=1e-5)


def test_a_crowd_that_goes_one_way_is_in_order_and_one_that_mills_is_not() -> None:
    rng = np.random.default_rng(2)
    one_way = CrowdMeter().measure(0, streaming(0.2, 0.0), 0.3, None)
    milling = CrowdMeter().measure(0, Flow(rng.normal(0, 0.2, (30, 40, 2)).astype(np.float32), 0.0), 0.3, None)
    assert (one_way.entropy, one_way.coherence, one_way.counter_flow) == pytest.approx((0, 1, 0), abs=1e-6)
    assert milling.entropy > 0.9
    assert milling.coherence < 0.2
    assert milling.counter_flow > 0.3


def test_two_streams_against_each_other_are_counter_flow() -> None:
    vectors = np.zeros((30, 40, 2), np.float32)
    vectors[:20, :, 0], vectors[20:, :, 0] = 0.2, -0.2
    assert CrowdMeter().measure(0, Flow(vectors, 0.0), 0.3, None).counter_flow == pytest.approx(1 / 3, abs=0.01)


def test_who_runs_apart_diverges_whatever_the_grid() -> None:
    found = []
    for size in (1, 2):
        y, x = np.mgrid[-1 : 1 : 30 * size * 1j, -4 / 3 : 4 / 3 : 40 * size * 1j]
        vectors = np.stack([x, y], axis=-1).astype(np.float32) * np.float32(0.5)
        found.append(CrowdMeter().measure(0, Flow(vectors, 0.0), 0.3, None).divergence)
    assert found[0] > 0
    assert found[0] == pytest.approx(found[1], rel=0.1)


def test_running_is_measured_in_body_heights() -> None:
    meter = CrowdMeter()
    assert meter.measure(0, streaming(0.3, 0), 0.3, 0.4).running == 0
    assert meter.measure(1, streaming(0.3, 0), 0.3, 0.1).running == 1
    assert meter.measure(2, streaming(0.3, 0), 0.3, None).running == 0


def test_gathering_and_dispersing_have_signs_and_congestion_is_standing() -> None:
    meter = CrowdMeter()
    filling = [meter.measure(n * NS // 10, streaming(0, 0), 0.01 * n, None).gathering for n in range(21)]
    assert filling[-1] == pytest.approx(0.1, rel=0.01)
    emptying = [meter.measure((21 + n) * NS // 10, streaming(0, 0), 0.2 - 0.01 * n, None) for n in range(21)]
    assert emptying[-1].gathering == pytest.approx(-0.1, rel=0.1)
    assert CrowdMeter().measure(0, streaming(0.5, 0), 0.4, None).congestion < 0.1
    assert CrowdMeter().measure(0, streaming(0, 0), 0.4, None).congestion == pytest.approx(0.4)
