"""For every frame, what moves, where and how; and whether the camera sees at all.

1. `looks`   the picture itself: light, sharpness, edges, pace.
2. `flow`    motion over the last tenth of a second, less the camera's own.
3. `cells`   that motion, and what is off the background, on a grid.
4. `blobs`, `tracks`   patches that stand out from a slow background, followed as things.
5. `crowd`   measures of all of it together.

Why motion over a tenth of a second, whatever the frame rate: between neighbours at 30 frames a second most of it is
less than a pixel; and a camera that is read at 10 frames a second gives the same features.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.types import NS, Chunk, Features
from sensors.video.blobs import SlowBackground
from sensors.video.cells import cell_motion, cell_shares, count_directions
from sensors.video.crowd import CrowdMeter
from sensors.video.flow import Flow, FlowMeter
from sensors.video.layout import COLUMNS, CROWD, LOOKS, MOTION, NAMES, ROWS, Thing, pack_things
from sensors.video.looks import DARKEST, LooksMeter
from sensors.video.tracks import Tracker

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]

WIDTH = 320
"""Pictures are made at most this wide, pixels."""

GAP_NS = NS
"""A longer pause between frames, or a longer still picture, ends the memory of the picture before, nanoseconds."""

LAG_NS = NS // 10
"""Motion is measured against the frame that is about this old, nanoseconds; or else against the last one."""

MIDDLE = 100.0
"""Grey to which the median of every picture is brought, so that lamps and automatic exposure do not count as motion."""

MEMORY_S = 30.0
"""Time in which the background takes in what has come to stay, seconds."""

RELIT = 0.25
"""Change of the logarithm of the light from which the background is learned anew at once."""

SMOOTH_NS = 800_000_000
"""Steady motion is the median over this time, nanoseconds.

Why: a splice, a blip or a lamp lasts one frame. On composed recordings of five families (27 events) the median over
a second found .96 of the events by mean flow at 5 false alarms an hour, single frames .78; its price is half the span.
"""


class VideoExtractor:
    """Features of a camera, named by `sensors.video.layout`.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    """

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self._eye: _Eye | None = None

    def extract(self, chunk: Chunk) -> Iterator[Features]:
        """Features of every frame; `span_ns` is how far back its motion reaches, 0 after the start or a gap."""
        if self._eye is None:
            import cv2

            self._eye = _Eye(cv2)
        for index, frame in enumerate(chunk.data):
            at_ns = chunk.time_ns(index)
            span_ns, values = self._eye.see(frame, at_ns)
            yield Features(self.stream, at_ns, span_ns, NAMES, values)


class _Eye:
    """What remembers pictures; `cv` is OpenCV, which is loaded when the first one comes."""

    def __init__(self, cv: Any) -> None:
        cv.setNumThreads(1)
        self._cv = cv
        self._looks, self._flow = LooksMeter(cv), FlowMeter(cv)
        self._slow, self._tracker, self._crowd = SlowBackground(cv), Tracker(), CrowdMeter()
        self._background: Any = cv.createBackgroundSubtractorMOG2(history=500, varThreshold=16, detectShadows=False)
        self._raw: NDArray[np.uint8] | None = None
        self._levels: deque[tuple[int, Grey]] = deque()
        self._speeds: deque[tuple[int, Floats]] = deque()
        self._recent: deque[tuple[int, int, Floats]] = deque()
        self._upsets: deque[tuple[int, float, float]] = deque()
        self._last_ns = self._identical_ns = 0

    def see(self, frame: NDArray[np.uint8], at_ns: int) -> tuple[int, Floats]:
        """How far back the motion reaches, nanoseconds, and all values."""
        span_ns = at_ns - self._last_ns
        if self._raw is None or not 0 < span_ns <= GAP_NS or self._raw.shape != frame.shape:
            self._forget()
            span_ns = 0
        same = self._raw is not None and np.array_equal(self._raw, frame)
        if self._identical_ns > GAP_NS and not same:
            self._levels.clear()
        self._identical_ns = self._identical_ns + span_ns if same else 0
        self._raw, self._last_ns = np.array(frame), at_ns
        grey = self._grey(frame)
        looks, gradients = self._looks.measure(frame, grey)
        lit = self._looks.light(at_ns, grey)
        level = self._normalise(grey)
        before = self._before(at_ns)
        shares = self._foreground(level, span_ns, lit)
        flow = self._flow.measure(before[1], level, (at_ns - before[0]) / NS) if before else None
        energy = self._cv.mean(self._cv.absdiff(level, before[1]))[0] if before else np.nan
        moved, cells, parts = self._places(at_ns, flow, shares)
        seen = self._things(at_ns, level, flow)
        looks |= {
            "identical_s": self._identical_ns / NS,
            "interval_s": self._looks.pace(at_ns, span_ns),
            "aspect": grey.shape[1] / grey.shape[0],
        } | self._upset(at_ns, flow.shake if flow else 0.0, lit)
        whole = (energy, *_speeds(flow), float(shares.mean()) if flow else np.nan)
        reach_ns, steady = self._smooth(at_ns, span_ns, np.array([*whole, *moved.ravel()]) if flow else None)
        self._levels.append((at_ns, level))
        values = np.concatenate([
            steady[: len(MOTION)],
            self._crowded(at_ns, flow, shares, seen),
            [looks[name] for name in LOOKS],
            cells.ravel(),
            steady[len(MOTION) :],
            parts.ravel(),
            gradients.ravel(),
            pack_things(seen),
        ])  # fmt: skip
        return reach_ns, values.astype(np.float32).astype(np.float64)

    def _forget(self) -> None:
        self._raw, self._identical_ns = None, 0
        self._levels.clear()
        self._speeds.clear()
        self._looks.forget_light()
        self._upsets.clear()
        self._looks.pace(0, 0)
        self._crowd.forget()
        self._slow.forget()
        self._tracker.forget()

    def _upset(self, at_ns: int, shake: float, lit: float) -> dict[str, float]:
        """The greatest shake and change of light of the last `SMOOTH_NS`: so long they trouble what is smoothed."""
        self._upsets.append((at_ns, shake, 0.0 if np.isnan(lit) else float(np.log(lit))))
        while at_ns - self._upsets[0][0] >= SMOOTH_NS:
            self._upsets.popleft()
        relit = max((change for _, _, change in self._upsets), key=abs)
        return {"shake_heights_s": max(size for _, size, _ in self._upsets), "lit_ratio": float(np.exp(relit))}

    def _grey(self, frame: NDArray[np.uint8]) -> Grey:
        grey = self._cv.cvtColor(frame, self._cv.COLOR_RGB2GRAY) if frame.ndim == 3 else frame
        if grey.shape[1] > WIDTH:
            size = (WIDTH, max(1, round(grey.shape[0] * WIDTH / grey.shape[1])))
            grey = self._cv.resize(grey, size, interpolation=self._cv.INTER_AREA)
        return np.ascontiguousarray(grey)

    def _normalise(self, grey: Grey) -> Grey:
        counts = np.cumsum(self._cv.calcHist([grey], [0], None, [256], [0, 256]))
        median = float(np.searchsorted(counts, grey.size / 2))
        return np.asarray(self._cv.convertScaleAbs(grey, alpha=(MIDDLE + DARKEST) / (median + DARKEST)), np.uint8)

    def _before(self, at_ns: int) -> tuple[int, Grey] | None:
        """The newest frame that is at least nine tenths of `LAG_NS` old, else the oldest known."""
        while len(self._levels) > 1 and at_ns - self._levels[1][0] >= 9 * LAG_NS // 10:
            self._levels.popleft()
        return self._levels[0] if self._levels else None

    def _foreground(self, level: Grey, span_ns: int, lit: float) -> Floats:
        rate = 1.0 - np.exp(-(span_ns or GAP_NS / 10) / NS / MEMORY_S)
        if abs(np.log(lit)) > RELIT:
            rate = 0.5
        return cell_shares(self._cv, self._background.apply(level, learningRate=float(rate)))

    def _places(self, at_ns: int, flow: Flow | None, shares: Floats) -> tuple[Floats, Floats, Floats]:
        """Speed and velocity of each cell; all measures of each cell; directions of each part."""
        if flow is None:
            self._speeds.clear()
            moved = np.full((3, ROWS, COLUMNS), np.nan)
            return moved, np.concatenate([moved, moved[:1], shares[None]]), _NO_DIRECTIONS
        moved = cell_motion(self._cv, flow)
        self._speeds.append((at_ns, moved[0]))
        while len(self._speeds) > 1 and at_ns - self._speeds[1][0] >= LAG_NS:
            self._speeds.popleft()
        then_ns, then = self._speeds[0]
        growth = (moved[0] - then) / ((at_ns - then_ns) / NS) if at_ns > then_ns else np.zeros_like(then)
        return moved, np.concatenate([moved, growth[None], shares[None]]), count_directions(flow)

    def _things(self, at_ns: int, level: Grey, flow: Flow | None) -> tuple[Thing, ...]:
        off = self._slow.compare(level, at_ns)
        return self._tracker.follow(at_ns, self._slow.find(off), flow, level.shape[1] / level.shape[0])

    def _crowded(self, at_ns: int, flow: Flow | None, shares: Floats, seen: tuple[Thing, ...]) -> list[float]:
        if flow is None:
            self._crowd.forget()
            return [np.nan] * len(CROWD)
        body = float(np.median([thing.height for thing in seen])) if seen else None
        return list(self._crowd.measure(at_ns, flow, float(shares.mean()), body).values)

    def _smooth(self, at_ns: int, span_ns: int, motion: Floats | None) -> tuple[int, Floats]:
        """How far back the smoothed motion reaches, nanoseconds, and its values."""
        if motion is None:
            self._recent.clear()
            return 0, np.full(len(MOTION) + 3 * ROWS * COLUMNS, np.nan)
        self._recent.append((at_ns, span_ns, motion))
        while at_ns - self._recent[0][0] >= SMOOTH_NS:
            self._recent.popleft()
        began_ns = self._recent[0][0] - self._recent[0][1]
        return at_ns - began_ns, np.median([values for _, _, values in self._recent], axis=0)


_NO_DIRECTIONS = np.full_like(count_directions(Flow(np.zeros((2, 3, 2), np.float32), 0.0)), np.nan)


def _speeds(flow: Flow | None) -> tuple[float, float, float]:
    """Mean, 95 % and 99 % of the speeds."""
    if flow is None:
        return np.nan, np.nan, np.nan
    speed = flow.speed.ravel()
    low, high = int(0.95 * (speed.size - 1)), int(0.99 * (speed.size - 1))
    ranked = np.partition(speed, (low, high))
    return float(speed.mean()), float(ranked[low]), float(ranked[high])
