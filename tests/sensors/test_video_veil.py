"""What people are shown: no one can be made out, and the place can."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sensors.types import NS
from sensors.video.veil import BLOCKS, HOLD_S, SETTLED_S, Veil

Grey = NDArray[np.uint8]

HIGH, WIDE, RATE_HZ = 240, 320, 10
PLACE = np.kron(np.random.default_rng(3).integers(60, 180, (60, 80)), np.ones((4, 4))).astype(np.uint8)
FIGURE = np.random.default_rng(4).integers(0, 256, (64, 24)).astype(np.uint8)


def with_figure(left: int, top: int = 120) -> Grey:
    picture = PLACE.copy()
    picture[top : top + FIGURE.shape[0], left : left + FIGURE.shape[1]] = FIGURE
    return picture


def shown(pictures: list[Grey], veil: Veil | None = None, first: int = 0) -> list[Grey]:
    """What is shown of ten pictures a second."""
    veil = veil or Veil(cv2)
    return [veil.cover(one, (first + number) * NS // RATE_HZ) for number, one in enumerate(pictures)]


def empty(seconds: float) -> list[Grey]:
    return [PLACE] * round(seconds * RATE_HZ)


def walk(count: int) -> list[Grey]:
    return [with_figure(20 + 4 * number) for number in range(count)]


def readable(picture: Grey, left: int, top: int = 120) -> float:
    """Correlation of what is fine in the figure with what is fine where it is."""
    cut = picture[top : top + FIGURE.shape[0], left : left + FIGURE.shape[1]].astype(float)
    fine, known = (one - cv2.blur(one, (9, 9)) for one in (cut, FIGURE.astype(float)))
    return float((fine * known).sum() / np.sqrt((fine**2).sum() * (known**2).sum() + 1e-9))


def sharp(picture: Grey) -> float:
    """Share of the picture that is the place, pixel by pixel."""
    return float((picture == PLACE).mean())


def test_who_walks_cannot_be_made_out_and_the_place_stays_sharp() -> None:
    pictures = empty(4) + walk(60)
    for number, (before, after) in enumerate(zip(pictures[40:], shown(pictures)[40:], strict=True)):
        left = 20 + 4 * number
        assert readable(before, left) > 0.99
        assert abs(readable(after, left)) < 0.3
        assert np.array_equal(after[:60], PLACE[:60])
    assert sharp(shown(pictures)[-1]) > 0.4


def test_a_veiled_block_is_of_one_grey() -> None:
    after = shown(empty(4) + walk(10))[-1]
    block = HIGH // BLOCKS
    for top in range(120, 180, block):
        veiled = after[top : top + block, 56:80]
        assert np.array_equal(veiled, np.repeat(veiled[:1], block, axis=0))
        assert len(set(veiled[0].tolist())) <= 24 // block + 2


def test_an_empty_place_is_shown_as_it_is_once_it_is_known() -> None:
    told = shown(empty(SETTLED_S + 1))
    settled = round(SETTLED_S * RATE_HZ)
    assert all(sharp(one) < 0.1 for one in told[:settled])
    assert all(np.array_equal(one, PLACE) for one in told[settled:])


def test_who_stops_stays_veiled_and_the_place_behind_who_left_comes_back() -> None:
    standing = empty(4) + walk(30) + [with_figure(136)] * (120 * RATE_HZ)
    assert abs(readable(shown(standing)[-1], 136)) < 0.3
    gone = standing[:80] + empty(HOLD_S + 1)
    told = shown(gone)
    assert sharp(told[-2 * RATE_HZ]) < 1
    assert np.array_equal(told[-1], PLACE)


def test_who_never_moved_is_not_covered_which_the_module_says() -> None:
    told = shown([with_figure(100)] * (10 * RATE_HZ))
    assert readable(told[-1], 100) > 0.9
    assert abs(readable(told[0], 100)) < 0.3


def test_another_view_is_veiled_until_it_is_known() -> None:
    veil, other = Veil(cv2), np.ascontiguousarray(255 - PLACE[::-1])
    shown(empty(5), veil)
    told = shown([other] * (5 * RATE_HZ), veil, 5 * RATE_HZ)
    assert (told[0] == other).mean() < 0.1
    assert np.array_equal(told[-1], other)


@pytest.mark.parametrize("change", ["pause", "size", "back"])
def test_after_a_break_all_is_veiled_again(change: str) -> None:
    veil = Veil(cv2)
    shown(empty(5), veil)
    picture = PLACE if change != "size" else np.ascontiguousarray(PLACE[:120, :160])
    told = veil.cover(picture, {"pause": 60 * NS, "size": 5 * NS, "back": NS}[change])
    assert (told == picture).mean() < 0.1


def test_lamps_and_exposure_do_not_uncover_and_dim_light_does_not_cover() -> None:
    dimmer = [(PLACE * (1 - 0.3 * number / 50)).astype(np.uint8) for number in range(50)]
    told = shown(empty(5) + dimmer)
    assert np.array_equal(told[-1], dimmer[-1])


def test_colours_are_veiled_alike() -> None:
    grey = empty(4) + walk(20)
    coloured = [np.repeat(one[..., np.newaxis], 3, axis=2) for one in grey]
    for one, three in zip(shown(grey), shown(coloured), strict=True):
        assert np.array_equal(np.repeat(one[..., np.newaxis], 3, axis=2), three)


def test_the_same_film_is_veiled_the_same() -> None:
    film = empty(4) + walk(30)
    assert all(np.array_equal(a, b) for a, b in zip(shown(film), shown(film), strict=True))


def test_what_was_given_is_not_changed() -> None:
    picture = with_figure(50)
    before = picture.copy()
    Veil(cv2).cover(picture, NS)
    assert np.array_equal(picture, before)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, HIGH - 16), st.integers(0, WIDE - 16), st.integers(16, 60), st.integers(16, 60))
def test_nothing_that_came_is_shown(top: int, left: int, high: int, wide: int) -> None:
    came = PLACE.copy()
    region = np.s_[top : top + high, left : left + wide]
    came[region] = (came[region].astype(int) + 90) % 256
    veil = Veil(cv2)
    shown(empty(4), veil)
    told = veil.cover(came, 4 * NS)
    assert (told[region] == came[region]).mean() < 0.2
