"""The ring of the last seconds: bounded in time and bytes, and what is in it is what was heard and seen."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.live.ring import JPEG, PCM, Ring, ring_for
from sensors.types import NS, Chunk, Modality
from tests.fusion.incidents import AT_NS

RATE_HZ = 16_000
SENSES = {"hall/mic": Modality.AUDIO, "hall/eye": Modality.VIDEO, "hall/air": Modality.ENVIRONMENT}


def sound(start_ns: int = AT_NS, samples: int = 800, stream: str = "hall/mic") -> Chunk:
    data = np.random.default_rng(start_ns % 1000).uniform(-1, 1, samples).astype(np.float32)
    return Chunk(stream, 0, start_ns, RATE_HZ, data)


def picture(start_ns: int = AT_NS, grey: int = 100, colour: bool = False) -> Chunk:
    look = np.full((48, 64, 3) if colour else (48, 64), grey, np.uint8)
    look[10:30, 10:30] = (200, 30, 90) if colour else 255 - grey
    return Chunk("hall/eye", 0, start_ns, 0.0, look[np.newaxis])


def ring(most_bytes: int = 10_000_000, span_ns: int = 10 * NS, sound: bool = True) -> Ring:
    return ring_for(SENSES, sound, span_ns, 0, most_bytes)


def test_sound_is_kept_to_a_step_of_sixteen_bits() -> None:
    kept, chunk = ring(), sound()
    kept.keep(chunk)
    (one,) = kept.since(0, AT_NS, AT_NS + NS)
    assert (one.stream, one.codec, one.rate_hz, one.piece.start_ns) == ("hall/mic", PCM, RATE_HZ, AT_NS)
    assert one.end_ns == AT_NS + NS // 20
    samples = np.frombuffer(one.piece.data, "<i2") / 32767
    assert np.abs(samples - chunk.data).max() <= 0.51 / 32767


@pytest.mark.parametrize("colour", [False, True])
def test_pictures_are_kept_as_jpeg_of_the_same_colours(colour: bool) -> None:
    kept, chunk = ring(), picture(colour=colour)
    kept.keep(chunk)
    (one,) = kept.since(0, AT_NS, AT_NS + NS)
    assert one.codec == JPEG
    look = cv2.imdecode(np.frombuffer(one.piece.data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert look is not None
    seen = look[:, :, ::-1] if colour else look
    assert np.median(np.abs(seen.astype(int) - chunk.data[0].astype(int))) <= 3


def test_who_asks_for_no_sound_keeps_none_and_readings_are_never_kept() -> None:
    silent = ring(sound=False)
    for chunk in (sound(), picture(), Chunk("hall/air", 0, AT_NS, 0.0, np.ones((1, 1)), ("temperature_c",))):
        silent.keep(chunk)
    assert {one.stream for one in silent.since(0, 0, AT_NS + NS)} == {"hall/eye"}
    assert silent.streams == {"hall/eye"}


@given(
    chunks=st.lists(st.tuples(st.booleans(), st.integers(1, 3000)), max_size=60),
    most=st.integers(2000, 60_000),
    span_ns=st.integers(0, 3 * NS),
)
def test_it_never_holds_more_than_it_may_and_always_the_newest(
    chunks: list[tuple[bool, int]], most: int, span_ns: int
) -> None:
    kept, at_ns, told = ring(most, span_ns), AT_NS, []
    for heard, samples in chunks:
        at_ns += NS // 10
        kept.keep(sound(at_ns, samples) if heard else picture(at_ns))
        told.append((heard, at_ns))
        held = kept.since(0, 0, at_ns + 1)
        assert kept.size == sum(len(one.piece.data) for one in held) <= most
        for heard_too in {True, False}:
            own = [one.piece.start_ns for one in held if (one.codec == PCM) is heard_too]
            newest = [ns for heard_then, ns in told if heard_then is heard_too]
            assert own == newest[len(newest) - len(own) :]
            assert not own or own[0] >= own[-1] - span_ns


def test_what_gave_way_before_its_time_is_counted() -> None:
    kept = ring(most_bytes=3000)
    for number in range(4):
        kept.keep(sound(AT_NS + number, 500))
    assert (kept.dropped, kept.size) == (1, 3000)


def test_a_reader_gets_each_piece_once_in_the_order_of_coming() -> None:
    kept, number, got = ring(), 0, []
    for step in range(10):
        kept.keep(sound(AT_NS + step * NS // 20))
        kept.keep(picture(AT_NS + step * NS // 20))
        if step % 3 == 2:
            new = kept.since(number, AT_NS, AT_NS + NS)
            number = max(one.number for one in new)
            got += [one.number for one in new]
    assert got == list(range(1, 19))
