"""Blocks as they arrive -> pieces of one length, mono, at one rate, each with the moment its last sample arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sensors.audio.decoding import Block
from sensors.audio.mono import Mono, Samples
from sensors.types import NS


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive samples of one run.

    Attributes
    ----------
    run, position : int
        Number of the run without a gap, and of the first sample in it.
    captured_ns : int
        When the last sample arrived, nanoseconds of the monotonic clock.
    samples : ndarray (n,) float32
        In [-1, 1].
    skipped : int
        Packets that could not be decoded so far.
    """

    run: int
    position: int
    captured_ns: int
    samples: Samples
    skipped: int


def pieces(
    blocks: Iterator[Block], mono: Mono, rate_hz: int, length: int, now_ns: Callable[[], int]
) -> Iterator[Piece]:
    """Cut arriving blocks into pieces of `length` samples; what is left of a run that ends is given up.

    Parameters
    ----------
    blocks : iterator of Block
        A block with a `start_s`, or of another rate, begins a new run.
    mono : Mono
        Mixes and resamples to `rate_hz`.
    now_ns : callable () -> int
        Nanoseconds of the monotonic clock, asked once for each block.
    """
    run, sent, heard_s, skipped, block_rate_hz = -1, 0, 0.0, 0, 0
    rest = np.zeros(0, np.float32)
    for block in blocks:
        arrived_ns = now_ns()
        if run < 0 or block.start_s is not None or block.rate_hz != block_rate_hz:
            mono.begin(block.rate_hz)
            run, sent, heard_s, rest, block_rate_hz = run + 1, 0, 0.0, rest[:0], block.rate_hz
        heard_s += len(block.samples) / block.rate_hz
        skipped += block.lost
        rest = np.concatenate([rest, mono.feed(block.samples)])
        while len(rest) >= length:
            # What came later in the same block, or waits in the resampler, arrived after this piece was complete.
            behind_s = heard_s - (sent + length) / rate_hz
            yield Piece(run, sent, arrived_ns - round(behind_s * NS), rest[:length], skipped)
            rest, sent = rest[length:], sent + length
