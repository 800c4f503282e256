from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from sensors.types import NS
from sensors.video.blobs import FLOODED, SlowBackground
from sensors.video.conduct import deepest_fall, intrusion, longest_left, longest_stay
from sensors.video.layout import SLOTS, Thing, pack_things, things
from sensors.video.tracks import Tracker
from sensors.video.zones import Zone

Grey = NDArray[np.uint8]
HEIGHT, WIDTH, RATE_HZ = 120, 160, 10
Place = Callable[[int], tuple[int, int, int, int] | None]
"""Of a frame: left, top, width and height of a figure, pixels; None while it is not there."""


def floor() -> Grey:
    rng = np.random.default_rng(3)
    return cv2.GaussianBlur(rng.integers(60, 140, (HEIGHT, WIDTH), np.uint8), (0, 0), 3).astype(np.uint8)


def watch(places: list[Place], frames: int) -> list[tuple[Thing, ...]]:
    """What is followed of figures that are at these places."""
    background, tracker, empty = SlowBackground(cv2), Tracker(), floor()
    seen = []
    for number in range(frames):
        picture = empty.copy()
        for shade, place in zip((250, 10, 230), places, strict=False):
            if (box := place(number)) is not None:
                x, y, width, height = box
                picture[y : y + height, x : x + width] = shade
        off = background.compare(picture, number * NS // RATE_HZ)
        found = background.find(off)
        seen.append(tracker.follow(number * NS // RATE_HZ, found, None, WIDTH / HEIGHT))
    return seen


def walker(begin: int, x: int, step: int, top: int = 40) -> Place:
    return lambda n: (x + step * (n - begin), top, 16, 44) if n >= begin else None


def test_who_walks_through_is_one_thing() -> None:
    seen = watch([walker(110, 8, 2)], 160)
    assert not any(seen[:110])
    assert {thing.id for each in seen for thing in each} == {0}
    (last,) = seen[-1]
    assert 4 < last.age_s <= 5
    assert last.vx > 0.1
    assert abs(last.vy) < 0.02
    assert last.walked > 0.6
    assert last.still_s < 0.5


def test_two_who_pass_far_from_each_other_are_two() -> None:
    seen = watch([walker(110, 8, 2, top=4), walker(110, 140, -2, top=70)], 150)
    assert {thing.id for each in seen for thing in each} == {0, 1}


def test_a_thing_that_was_left_lies_still_and_the_background_keeps_off_it() -> None:
    def bag(n: int) -> tuple[int, int, int, int] | None:
        return (min(8 + 2 * (n - 110), 80), 80, 16, 16) if n >= 110 else None

    (thing,) = watch([bag], 110 + 36 + 300)[-1]
    assert 28 < thing.still_s < 31
    assert longest_left([thing]).value > 23
    assert longest_left([thing]).where == "lower middle"
    assert longest_stay([thing]).value == 0


def test_who_waits_about_stays_but_is_not_left() -> None:
    seen = watch([lambda n: (60 + 12 * ((n // 15) % 2), 40, 16, 44) if n >= 110 else None], 300)
    stays = [longest_stay(each).value for each in seen]
    assert stays[-1] > 15
    assert longest_left(seen[-1]).value == 0


def test_a_body_that_goes_down_is_a_fall_and_one_that_bows_out_is_not() -> None:
    def falling(n: int) -> tuple[int, int, int, int] | None:
        if n < 110:
            return None
        if n < 140:
            return 8 + 2 * (n - 110), 30, 16, 60
        sunk = min(n - 140, 6)
        return 68, 30 + 7 * sunk, 16 + 6 * sunk, 60 - 7 * sunk

    drops = [deepest_fall(each, WIDTH / HEIGHT).value for each in watch([falling], 170)]
    assert max(drops[:140]) < 0.1
    assert max(drops[140:160]) > 0.5
    walking = [deepest_fall(each, WIDTH / HEIGHT).value for each in watch([walker(110, 8, 2)], 175)]
    assert max(walking) < 0.3


def test_who_ducks_for_a_moment_did_not_fall() -> None:
    def ducking(n: int) -> tuple[int, int, int, int] | None:
        if n < 110:
            return None
        low = 36 if n in (140, 141) else 0
        return 8 + 2 * (n - 110), 30 + low, 16 + low // 2, 60 - low

    assert max(deepest_fall(each, WIDTH / HEIGHT).value for each in watch([ducking], 165)) == 0


def test_two_who_met_and_part_again_did_not_fall() -> None:
    upper, lower = walker(110, 8, 2, top=20), walker(110, 8, 2, top=62)

    def parting(n: int) -> tuple[int, int, int, int] | None:
        x, y, width, height = upper(n) or (0, 0, 0, 0)
        return (x + 8 * (n - 140), y, width, height) if n > 140 else upper(n)

    seen = watch([parting, lambda n: (box[0] + 6, *box[1:]) if (box := lower(n)) else None], 150)
    tallest = max(thing.height for each in seen[:140] for thing in each)
    assert tallest > 0.65
    assert max(deepest_fall(each, WIDTH / HEIGHT).value for each in seen) == 0


def test_nobody_left_is_nobody_followed() -> None:
    seen = watch([lambda n: (20 + 2 * (n - 110), 40, 16, 44) if 110 <= n < 130 else None], 150)
    assert seen[129]
    assert not seen[135]


def test_another_picture_is_not_a_crowd() -> None:
    background = SlowBackground(cv2)
    for number in range(20):
        background.compare(floor(), number * NS // 10)
    assert background.compare((255 - floor()).astype(np.uint8), 2 * NS).mean() <= FLOODED
    assert not background.compare((255 - floor()).astype(np.uint8), 21 * NS // 10).any()


def test_things_survive_the_way_through_features() -> None:
    many = tuple(Thing(n, 0.1 * n, 0.5, 0.1, 0.2, 0.3, -0.1, float(n), 0.5, 0.0, 0.4) for n in range(9))
    values = np.concatenate([np.zeros(_before_things()), pack_things(many)])
    assert things(values) == many[: 9 - SLOTS - 1 : -1]
    assert many[0].box[0] < many[0].box[2]


def _before_things() -> int:
    from sensors.video.layout import NAMES

    return NAMES.index("thing_0_id")


def test_who_enters_a_closed_zone_intrudes_and_who_was_always_there_does_not() -> None:
    zone = Zone("vault", ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
    walked = Thing(1, 0.7, 0.8, 0.1, 0.3, 0.0, 0.0, 4.0, 0.0, 0.0, 0.5)
    leaf = Thing(2, 0.7, 0.8, 0.1, 0.3, 0.0, 0.0, 40.0, 0.0, 0.0, 0.01)
    outside = Thing(3, 0.2, 0.8, 0.1, 0.3, 0.0, 0.0, 4.0, 0.0, 0.0, 0.5)
    assert intrusion([leaf, walked, outside], [zone], 0, 0.1, 4 / 3) == intrusion([walked], [zone], 0, 0.1, 4 / 3)
    assert intrusion([walked], [zone], 0, 0.1, 4 / 3).where == "vault"
    assert intrusion([leaf, outside], [zone], 0, 0.1, 4 / 3).value == 0
