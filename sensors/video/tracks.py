"""Things followed from frame to frame: how long they are here, whether they move, fall, or were left.

Why so simple: on a small box, and without telling one person from another, a patch that overlaps the place where a
thing was expected is that thing. Two that meet become one for a while; nothing here counts people.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sensors.types import NS
from sensors.video.blobs import Blob
from sensors.video.flow import Flow
from sensors.video.layout import Thing

LOST_NS = NS
"""A thing that was not seen for longer is gone, nanoseconds."""

CONFIRMED_NS = 3 * NS // 10
"""A thing is told of once it has been seen for so long."""

FALLING_NS = 3 * NS // 2
"""Time within which a fall happens and is held."""

HELD_NS = 3 * NS // 10
"""Who fell lies for at least so long; a patch that tears for a moment is whole again."""

SINKS = 0.1
"""A fall takes the middle of a body down by at least this share of its height."""

NARROWED = 0.9
"""Who falls gets no narrower than this share of his width: a patch does where one of two who met walks away."""

MOVES_HEIGHTS_S = 0.03
"""Something moves where its patch does so on average."""

SHIFTED = 0.2
"""... or where it is off its resting place by this share of its size."""

NEAR = 0.5
"""Patches farther from where a thing was expected than this share of its size are not it."""

SMOOTHING = 0.3
"""Weight of the newest velocity."""


@dataclass(slots=True)
class _Track:
    """One thing's memory."""

    id: int
    blob: Blob
    first: tuple[float, float]
    rest: tuple[float, float]
    first_ns: int
    seen_ns: int
    moved_ns: int
    velocity: tuple[float, float] = (0.0, 0.0)
    shapes: deque[tuple[int, float, float, float]] = field(default_factory=deque)
    drops: deque[tuple[int, float]] = field(default_factory=deque)


class Tracker:
    """Follows patches. Lengths inside are picture heights; `aspect` is width over height of the picture."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._next = 0

    def forget(self) -> None:
        """Let go of everything; numbers go on."""
        self._tracks.clear()

    def follow(self, at_ns: int, blobs: Sequence[Blob], flow: Flow | None, aspect: float) -> tuple[Thing, ...]:
        """Match the patches of this frame to things.

        Parameters
        ----------
        at_ns : int
            Event time, nanoseconds UTC; grows.
        blobs : sequence of Blob
            What stands out, the largest first.
        flow : Flow or None
            What moves, where that is known.
        aspect : float
            Width of the picture over its height, > 0.

        Returns
        -------
        tuple of Thing
            What is seen now and has been for `CONFIRMED_NS`.
        """
        free = list(blobs)
        for track in sorted(self._tracks, key=lambda track: (track.first_ns, track.id)):
            best = self._match(track, free, at_ns, aspect)
            if best is not None:
                free.remove(best)
                _update(track, best, at_ns, flow, aspect)
        self._tracks = [track for track in self._tracks if at_ns - track.seen_ns <= LOST_NS]
        for blob in free:
            self._tracks.append(_Track(self._next, blob, blob.middle, blob.middle, at_ns, at_ns, at_ns))
            self._next += 1
        return tuple(
            _describe(track, at_ns, aspect)
            for track in self._tracks
            if track.seen_ns == at_ns and at_ns - track.first_ns >= CONFIRMED_NS
        )

    def _match(self, track: _Track, free: Sequence[Blob], at_ns: int, aspect: float) -> Blob | None:
        span_s = (at_ns - track.seen_ns) / NS
        expected = _shift(track.blob, track.velocity[0] * span_s / aspect, track.velocity[1] * span_s)
        size = max((track.blob.right - track.blob.left) * aspect, track.blob.bottom - track.blob.top)
        best, least = None, NEAR
        for blob in free:
            apart = _distance(blob.middle, expected.middle, aspect) / size - 0.5 * blob.overlap(expected)
            if apart < least:
                best, least = blob, apart
        return best


def _update(track: _Track, blob: Blob, at_ns: int, flow: Flow | None, aspect: float) -> None:
    span_s = max((at_ns - track.seen_ns) / NS, 1e-3)
    old, new = track.blob.middle, blob.middle
    measured = ((new[0] - old[0]) * aspect / span_s, (new[1] - old[1]) / span_s)
    vx, vy = ((1 - SMOOTHING) * v + SMOOTHING * m for v, m in zip(track.velocity, measured, strict=True))
    track.velocity, track.blob, track.seen_ns = (vx, vy), blob, at_ns
    size = max((blob.right - blob.left) * aspect, blob.bottom - blob.top)
    if _distance(new, track.rest, aspect) > SHIFTED * size or _speed_inside(blob, flow) > MOVES_HEIGHTS_S:
        track.rest, track.moved_ns = new, at_ns
    track.shapes.append((at_ns, blob.bottom - blob.top, blob.right - blob.left, new[1]))
    while at_ns - track.shapes[0][0] > FALLING_NS:
        track.shapes.popleft()
    track.drops.append((at_ns, _drop(track)))
    while len(track.drops) > 1 and at_ns - track.drops[1][0] >= HELD_NS:
        track.drops.popleft()


def _describe(track: _Track, at_ns: int, aspect: float) -> Thing:
    blob = track.blob
    return Thing(
        track.id,
        blob.middle[0],
        blob.bottom,
        blob.right - blob.left,
        blob.bottom - blob.top,
        *track.velocity,
        (at_ns - track.first_ns) / NS,
        (at_ns - track.moved_ns) / NS,
        _held(track),
        _distance(blob.middle, track.first, aspect),
    )


def _drop(track: _Track) -> float:
    """Share of its greatest height of `FALLING_NS` that is lost, where its middle went down and it grew no narrower."""
    _, height, width, middle = track.shapes[-1]
    _, tallest, wide, before = max(track.shapes, key=lambda shape: shape[1])
    if middle - before < SINKS * tallest or width < NARROWED * wide:
        return 0.0
    return (tallest - height) / tallest


def _held(track: _Track) -> float:
    """The least that was lost throughout the last `HELD_NS`; 0 before so much is known."""
    if not track.drops or track.seen_ns - track.drops[0][0] < HELD_NS:
        return 0.0
    return min(drop for _, drop in track.drops)


def _speed_inside(blob: Blob, flow: Flow | None) -> float:
    if flow is None:
        return 0.0
    height, width = flow.vectors.shape[:2]
    rows = slice(int(blob.top * height), max(int(blob.top * height) + 1, int(np.ceil(blob.bottom * height))))
    columns = slice(int(blob.left * width), max(int(blob.left * width) + 1, int(np.ceil(blob.right * width))))
    inside = flow.vectors[rows, columns]
    return float(np.hypot(inside[..., 0], inside[..., 1]).mean()) if inside.size else 0.0


def _shift(blob: Blob, x: float, y: float) -> Blob:
    return Blob(blob.left + x, blob.top + y, blob.right + x, blob.bottom + y, blob.area)


def _distance(one: tuple[float, float], other: tuple[float, float], aspect: float) -> float:
    """Picture heights."""
    return float(np.hypot((one[0] - other[0]) * aspect, one[1] - other[1]))
