"""How people move together: measures of the whole picture.

Speeds are in picture heights a second, so that a measure means the same at any size. No person is told from another.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.types import NS
from sensors.video.flow import Flow

Floats = NDArray[np.float64]

MOVING_HEIGHTS_S = 0.04
"""Slower than this nothing counts as moving."""

BINS = 16
"""Directions told apart by the entropy."""

GATHERING_NS = 2 * NS
"""Time over which a crowd's growth is measured."""

RUNNING = 1.5
"""Faster than so many of one's own heights a second is running; walking is about 0.8."""

FREE_HEIGHTS_S = 0.1
"""Speed at which a dense crowd still flows: congestion is density without it."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """One moment of a crowd.

    Attributes
    ----------
    kinetic : float
        Mean squared speed, squared picture heights a squared second, >= 0.
    entropy : float
        Disorder of the directions, weighted by speed: 0 all one way, 1 all ways alike.
    coherence : float
        Length of the mean direction of what moves: 1 all one way, 0 to and fro.
    divergence : float
        Mean outward expansion of what moves, a second: positive where people run apart.
    counter_flow : float
        Share of the motion that goes against the main direction, in [0, 0.5].
    density : float
        Share of the picture that is off the background, in [0, 1].
    gathering : float
        Growth of the density, a second: positive gathers, negative disperses.
    congestion : float
        Density of what hardly moves, in [0, 1].
    running : float
        Share of the moving area that is faster than `RUNNING` body heights a second; 0 where no body was measured.
    """

    kinetic: float
    entropy: float
    coherence: float
    divergence: float
    counter_flow: float
    density: float
    gathering: float
    congestion: float
    running: float

    @property
    def values(self) -> tuple[float, ...]:
        """In the order of `layout.CROWD`."""
        return (
            self.kinetic, self.entropy, self.coherence, self.divergence, self.counter_flow,
            self.density, self.gathering, self.congestion, self.running,
        )  # fmt: skip


class CrowdMeter:
    """Measures crowds, with a memory of the last seconds' density."""

    def __init__(self) -> None:
        self._densities: deque[tuple[int, float]] = deque()

    def forget(self) -> None:
        """Begin anew."""
        self._densities.clear()

    def measure(self, at_ns: int, flow: Flow, density: float, body_heights: float | None) -> Crowd:
        """Describe the crowd of this moment.

        Parameters
        ----------
        at_ns : int
            Event time, nanoseconds UTC; grows.
        flow : Flow
            What moves.
        density : float
            Share of the picture that is off the background, in [0, 1].
        body_heights : float or None
            Usual height of what is seen, picture heights > 0; None where nothing is.

        References
        ----------
        Mehran, R., Oyama, A. and Shah, M. (2009). Abnormal crowd behavior detection using social force model.
        CVPR 2009, 935-942. doi:10.1109/CVPR.2009.5206641
        """
        speed = flow.speed.astype(np.float64)
        moving = speed > MOVING_HEIGHTS_S
        entropy, coherence, counter = _order(flow, moving)
        running = 0.0
        if body_heights is not None and moving.any():
            running = float((speed[moving] > RUNNING * body_heights).mean())
        return Crowd(
            float(np.square(speed).mean()),
            entropy,
            coherence,
            _divergence(flow, moving),
            counter,
            density,
            self._growth(at_ns, density),
            density * FREE_HEIGHTS_S / (FREE_HEIGHTS_S + (float(speed[moving].mean()) if moving.any() else 0.0)),
            running,
        )

    def _growth(self, at_ns: int, density: float) -> float:
        self._densities.append((at_ns, density))
        while at_ns - self._densities[0][0] > GATHERING_NS:
            self._densities.popleft()
        first_ns, first = self._densities[0]
        return (density - first) / ((at_ns - first_ns) / NS) if at_ns - first_ns >= GATHERING_NS // 4 else 0.0


def _order(flow: Flow, moving: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Entropy, coherence and counter-flow of what moves; 0 where nothing does."""
    vectors = flow.vectors[moving].astype(np.float64)
    if not len(vectors):
        return 0.0, 0.0, 0.0
    speed = np.hypot(vectors[:, 0], vectors[:, 1])
    angle = np.arctan2(vectors[:, 1], vectors[:, 0])
    bins = np.rint(angle * (BINS / (2 * np.pi))).astype(np.intp) % BINS
    shares = np.bincount(bins, weights=speed, minlength=BINS) / speed.sum()
    entropy = float(-(shares * np.log(shares, out=np.zeros(BINS), where=shares > 0)).sum()) / math.log(BINS)
    total = vectors.sum(axis=0)
    coherence = float(np.hypot(*total) / speed.sum())
    against = vectors @ total < 0
    return entropy, coherence, float(speed[against].sum() / speed.sum())


def _divergence(flow: Flow, moving: NDArray[np.bool_]) -> float:
    """Mean of d vx / dx + d vy / dy where something moves, a second."""
    inner = moving[1:-1, 1:-1]
    if not inner.any():
        return 0.0
    across = flow.vectors[1:-1, 2:, 0] - flow.vectors[1:-1, :-2, 0]
    down = flow.vectors[2:, 1:-1, 1] - flow.vectors[:-2, 1:-1, 1]
    expansion = float(np.mean((across + down)[inner]))
    return expansion * float(flow.vectors.shape[0]) / 2
