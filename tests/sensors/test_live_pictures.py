"""Pictures on their way: what is decoded, what is left out, and when it was taken."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.reader.wire import Decoder, Kind, Message
from sensors.types import NS
from sensors.video.live.decoding import KEYS_ONLY, RATES, Camera
from sensors.video.live.losses import Losses
from sensors.video.live.source import AHEAD_NS, LATEST_NS, PROMPT_NS, PicturePlacing
from sensors.video.live.wire import Shot
from sensors.video.pictures import Pace, Shrinker

EPOCH_NS = 1_700_000_000 * NS
STEP_NS = NS // 10
ONE_NS = 1
"""How long a picture takes, in a timeline."""
GREY = np.full((6, 8), 7, np.uint8)


def shot(number: int, *, late_ns: int = 0, taken_ns: int = 0, run: int = 0) -> Message:
    """Picture `number` of ten a second, the first at monotonic time 0."""
    return Shot(run, number * STEP_NS, number * STEP_NS + late_ns, taken_ns, 0, GREY).message()


def times_ns(placing: PicturePlacing, messages: list[Message], epoch_ns: int = EPOCH_NS) -> list[int]:
    placed = (placing.place(message, epoch_ns) for message in messages)
    return [told[0] for told in placed if told]


@given(
    st.integers(0, 2**32 - 1), st.integers(0, 2**63), st.integers(0, 2**62), st.integers(0, 2**62),
    st.integers(1, 40), st.integers(1, 40), st.booleans(),
)  # fmt: skip
def test_a_picture_survives_its_message(
    run: int, at_ns: int, came_ns: int, taken_ns: int, high: int, wide: int, colour: bool
) -> None:
    shape = (high, wide, 3) if colour else (high, wide)
    picture = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    sent = Shot(run, at_ns, came_ns, taken_ns, 3, picture)
    (message,) = Decoder().feed(sent.message().encode())
    heard = Shot.of(message)
    assert np.array_equal(heard.picture, picture)
    assert not heard.picture.flags.writeable
    assert (heard.run, heard.position_ns, heard.captured_ns, heard.taken_ns) == (run, at_ns, came_ns, taken_ns)
    assert (heard.skipped, message.count) == (3, 1)


@pytest.mark.parametrize("body", [b"", b"picture", bytes(11), bytes(8) + b"\x05\x00\x05\x00" + bytes(24)])
def test_what_holds_no_picture_is_said_to_hold_none(body: bytes) -> None:
    with pytest.raises(ValueError, match="no picture|reshape"):
        Shot.of(Message(Kind.DATA, body=body))


def test_a_camera_that_knows_the_time_is_believed() -> None:
    delay_ns = 300_000_000
    messages = [shot(n, late_ns=delay_ns + n % 3 * 50_000_000, taken_ns=EPOCH_NS + n * STEP_NS) for n in range(1, 30)]
    assert times_ns(PicturePlacing(), messages) == [EPOCH_NS + n * STEP_NS for n in range(1, 30)]


@pytest.mark.parametrize("wrong_ns", [-3600 * NS, -PROMPT_NS - NS, 2 * AHEAD_NS, 9 * 3600 * NS, -1_700_000_000 * NS])
def test_a_camera_whose_clock_is_wrong_is_not(wrong_ns: int) -> None:
    messages = [shot(n, taken_ns=EPOCH_NS + n * STEP_NS + wrong_ns) for n in range(1, 30)]
    told = times_ns(PicturePlacing(), messages)
    assert told == [EPOCH_NS + n * STEP_NS - ONE_NS for n in range(1, 30)]


def test_what_a_network_keeps_back_was_not_taken_later() -> None:
    placing = PicturePlacing()
    prompt = [shot(n, taken_ns=EPOCH_NS + n * STEP_NS) for n in range(1, 10)]
    held = [shot(n, late_ns=20 * NS, taken_ns=EPOCH_NS + n * STEP_NS) for n in range(10, 20)]
    assert times_ns(placing, prompt + held) == [EPOCH_NS + n * STEP_NS for n in range(1, 20)]
    assert placing.late_ns == 20 * NS
    placing.begin()
    more = [shot(n, late_ns=20 * NS, taken_ns=EPOCH_NS + n * STEP_NS) for n in range(20, 30)]
    assert times_ns(placing, more) == [EPOCH_NS + n * STEP_NS for n in range(20, 30)]


def test_a_clock_that_is_set_is_noticed_and_believed_again_when_it_proves_right() -> None:
    placing = PicturePlacing()
    right = [shot(n, taken_ns=EPOCH_NS + n * STEP_NS) for n in range(1, 10)]
    wrong = [shot(n, taken_ns=EPOCH_NS + n * STEP_NS - LATEST_NS - NS) for n in range(10, 20)]
    again = [shot(n, late_ns=NS // 5, taken_ns=EPOCH_NS + n * STEP_NS) for n in range(20, 30)]
    told = times_ns(placing, right + wrong)
    assert told == pytest.approx([EPOCH_NS + n * STEP_NS for n in range(1, 20)], abs=ONE_NS)
    placing.begin()
    assert times_ns(placing, again) == [EPOCH_NS + n * STEP_NS for n in range(20, 30)]


def test_what_comes_late_now_and_then_was_not_taken_late() -> None:
    messages = [shot(n, late_ns=n % 4 * 30_000_000) for n in range(40)]
    assert times_ns(PicturePlacing(), messages) == [EPOCH_NS + n * STEP_NS - ONE_NS for n in range(40)]


steps = st.tuples(
    st.integers(-5, 60), st.integers(-NS, 3 * NS), st.sampled_from([0, 0, 1, -3 * NS, NS // 2, 3600 * NS]),
    st.sampled_from([0, 0, 0, -3600 * NS, 3600 * NS]), st.booleans(),
)  # fmt: skip


@given(st.lists(steps, max_size=60))
def test_time_never_goes_back_whatever_clocks_and_networks_do(script: list[tuple[int, int, int, int, bool]]) -> None:
    placing, position_ns, now_ns, epoch_ns, told = PicturePlacing(), 0, 100 * NS, EPOCH_NS, []
    for forward, passed_ns, wrong_ns, set_ns, restart in script:
        if restart:
            placing.begin()
            position_ns = 0
        position_ns = max(0, position_ns + forward * STEP_NS)
        now_ns, epoch_ns = now_ns + max(0, passed_ns), epoch_ns + set_ns
        taken_ns = now_ns + epoch_ns + wrong_ns if wrong_ns else 0
        placed = placing.place(Shot(0, position_ns, now_ns, taken_ns, 0, GREY).message(), epoch_ns)
        told += [placed[0]] if placed else []
    assert all(b > a for a, b in pairwise(told))


@given(st.floats(1, 60), st.floats(0.5, 30), st.integers(1, 200))
def test_no_more_pictures_pass_than_are_wanted_and_none_is_kept_back_needlessly(
    camera_hz: float, wanted_hz: float, count: int
) -> None:
    pace = Pace(wanted_hz)
    passed = sum(pace.admits(n / camera_hz) for n in range(count))
    assert passed <= (count - 1) / camera_hz * wanted_hz + 1.2
    assert passed >= min(count, (count - 1) / camera_hz * min(wanted_hz, camera_hz) * 0.5)


def test_a_turn_of_the_pace_begins_at_once() -> None:
    pace = Pace(10)
    assert [pace.admits(n / 10) for n in range(3)] == [True] * 3
    pace.turn(2)
    assert [pace.admits(0.3 + n / 10) for n in range(7)] == [True, *[False] * 4, True, False]
    assert pace.admits(0.0)


@contextmanager
def filmed(
    path: Path, *, level: Callable[[], int] = lambda: 0, lost: bool = False, tick_ns: int = STEP_NS
) -> Iterator[Iterator[Shot | None]]:
    """What a camera makes of a film; its monotonic clock ticks whenever it is asked."""
    ticks = iter(range(0, 10_000 * NS, tick_ns))
    with Losses() as losses, av.open(str(path)) as box:
        if lost:
            say_lost()
        shrinker = Shrinker(32, 24)
        yield Camera(box, box.streams.video[0], shrinker, 10.0, level, lambda: next(ticks), losses).shots()


def say_lost() -> None:
    av.logging.log(av.logging.WARNING, "rtsp", "RTP: missed 2 packets")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Six seconds, a key frame a second: picture k has brightness 4 k, and noise."""
    path, chance = tmp_path / "film.mkv", np.random.default_rng(5)
    with av.open(str(path), "w") as box:
        options = {"g": "10", "keyint_min": "10", "bf": "0", "sc_threshold": "0"}
        track: Any = box.add_stream("libx264", rate=10, options=options)
        track.width, track.height, track.pix_fmt = 64, 48, "yuv420p"
        for number in range(60):
            noisy = np.clip(4 * number + chance.normal(0, 3, (48, 64)), 0, 255).astype(np.uint8)
            picture = av.VideoFrame.from_ndarray(noisy, format="gray")
            box.mux(track.encode(picture.reformat(format="yuv420p")))
        box.mux(track.encode(None))
    return path


def numbers(shots: Iterator[Shot | None]) -> list[int]:
    return [round(float(shot.picture.mean()) / 4) for shot in shots if shot]


def test_all_pictures_come_small_and_in_order(film: Path) -> None:
    with filmed(film) as shots:
        told = [shot for shot in shots if shot]
    assert numbers(iter(told)) == list(range(60))
    assert {shot.picture.shape for shot in told} == {(24, 32)}
    assert {shot.run for shot in told} == {0}
    assert [shot.position_ns for shot in told] == pytest.approx([n * STEP_NS for n in range(60)], abs=NS // 500)


def test_each_level_sheds_more(film: Path) -> None:
    kept = []
    for level in range(len(RATES)):
        with filmed(film, level=partial(int, level)) as shots:
            kept.append(numbers(shots))
    assert [len(told) for told in kept] == [60, 30, 15, 6]
    assert kept[KEYS_ONLY] == [0, 10, 20, 30, 40, 50]


def test_after_shedding_pictures_begin_with_a_key_frame_and_nothing_counts_as_damaged(film: Path) -> None:
    levels = iter([0] * 5 + [KEYS_ONLY] * 20 + [0] * 100)
    with filmed(film, level=lambda: next(levels)) as shots:
        told = [shot for shot in shots if shot]
    assert numbers(iter(told)) == [0, 1, 2, 3, 4, 10, 20, *range(30, 60)]
    assert told[-1].skipped == 0


def test_what_builds_on_a_damaged_picture_is_left_out_and_counted(film: Path) -> None:
    data = bytearray(film.read_bytes())
    with av.open(str(film)) as box:
        hurt = bytes([packet for packet in box.demux(video=0) if packet.pts is not None][23])
    begins, half = data.find(hurt), len(hurt) // 2
    data[begins + half : begins + len(hurt)] = bytes(len(hurt) - half)
    film.write_bytes(bytes(data))
    with filmed(film) as shots:
        told = [shot for shot in shots if shot]
    assert numbers(iter(told)) == [*range(23), *range(30, 60)]
    assert told[-1].skipped == 7


def test_a_loss_on_the_way_is_as_good_as_damage(film: Path) -> None:
    heard = 0

    def level() -> int:
        nonlocal heard
        heard += 1
        if heard == 23:
            say_lost()
        return 0

    with filmed(film, level=level) as shots:
        told = [shot for shot in shots if shot]
    assert numbers(iter(told)) == [*range(23), *range(30, 60)]
    assert told[-1].skipped == 7
    assert not logging.getLogger("libav").handlers


@pytest.mark.parametrize(("tick_ns", "step"), [(STEP_NS, 1), (NS // 1000, 10)])
def test_what_was_lost_while_it_was_opened_lies_in_what_comes_at_once(film: Path, tick_ns: int, step: int) -> None:
    with filmed(film, lost=True, tick_ns=tick_ns) as shots:
        assert numbers(shots) == list(range(0, 60, step))


def test_where_nothing_can_be_made_of_it_there_is_a_sign_of_life(film: Path) -> None:
    with filmed(film, level=lambda: KEYS_ONLY) as shots:
        told = [shot is None for shot in shots]
    assert told.count(False) == 6
    assert told.count(True) >= 5
