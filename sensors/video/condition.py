"""Whether a camera sees: frozen, black, dark, covered, blinded, out of focus, moved, in the infrared, slow.

Told apart from lights that are switched: texture and sharpness are measured against light and contrast, and of the view
only which way it slopes, so that a lamp leaves them as they are; a hand, a turn or a film of grease does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.condition import Fault
from sensors.types import State
from sensors.video.layout import LOOKS

Floats = NDArray[np.float64]

FROZEN_S = 2.0
"""Identical frames for longer are a frozen picture, seconds."""

FROZEN_RUNS = 3.0
"""... and longer than so many times what is usual: a still source repeats frames by nature."""

BLACK_BRIGHTNESS, BLACK_CONTRAST = 6.0, 3.0
"""Below both, grey levels, a picture holds nothing."""

COVERED = 0.25
"""Share of the usual texture below which nothing of the place is seen any more."""

DARK = 0.25
"""Share of the usual brightness below which a picture without texture is called dark, not covered."""

BLURRED = 0.5
"""Share of the usual sharpness below which a picture is out of focus."""

HAZY = 0.5
"""Share of the usual contrast above which a picture without texture is out of focus: light and dark are still there."""

GLARING = 0.5
"""Share of the picture that may be more white than usual."""

MOVED = 0.6
"""Share of the squares, of those that usually agree, that still slope as usual below which this is another view."""

STEEP = 0.5
"""Share of the squares, the steepest, that are looked at."""

SAME_WAY = 0.7
"""Cosine from which two slopes point the same way."""

COLOURED, COLOURLESS = 4.0, 1.0
"""Usual and present distance of colours between which a camera has switched to infrared, grey levels."""

SLOW = 2.5
"""Frames come this many times as rarely as usual: too slow."""

COVER = Fault(State.TAMPERED, "covered: nothing of the usual picture is left")
UNFOCUSED = Fault(State.TAMPERED, "out of focus: fine edges are gone")
OTHER_VIEW = Fault(State.TAMPERED, "moved: this is another view")
INFRARED = Fault(State.DEGRADED, "switched to infrared: the colours are gone")
RARE = Fault(State.DEGRADED, "slow: frames come far more rarely than usual")

_FRAME_S = 1 / 30
"""Intervals shorter than this count as this: nobody misses the difference."""


@dataclass(frozen=True, slots=True)
class Usual:
    """How a camera looks when all is well.

    Attributes
    ----------
    looks : ndarray (len(LOOKS),)
        Medians of `layout.LOOKS`; NaN where unknown.
    still_s : float
        For how long frames are the same at most, seconds.
    gradients : ndarray (rows, columns, 2)
        Median slopes of the squares: the view without what passes through it.
    agreement : float
        Median `agreement` of frames with these, in (0, 1].
    """

    looks: Floats
    still_s: float
    gradients: Floats
    agreement: float


def find_fault(looks: Floats, gradients: Floats, usual: Usual | None) -> Fault | None:
    """What keeps a camera from seeing.

    Parameters
    ----------
    looks : ndarray (len(LOOKS),)
        Of this frame.
    gradients : ndarray (rows, columns, 2)
        Of this frame, as `layout.gradients`.
    usual : Usual or None
        How this camera looks; None before that is known.

    Returns
    -------
    Fault or None
        None where the camera sees, or where too little was learned to tell.
    """
    now = dict(zip(LOOKS, looks.tolist(), strict=True))
    if now["brightness"] < BLACK_BRIGHTNESS and now["contrast"] < BLACK_CONTRAST:
        return Fault(State.DEGRADED, "black picture: no light, or lens covered?")
    if usual is None:
        return None
    before = dict(zip(LOOKS, usual.looks.tolist(), strict=True))
    if now["identical_s"] > max(FROZEN_S, FROZEN_RUNS * usual.still_s):
        return Fault(State.DEGRADED, "frozen: the same picture again and again")
    if now["glare_ratio"] > before["glare_ratio"] + GLARING:
        return Fault(State.DEGRADED, "overexposed: most of the picture is white")
    if now["texture"] < COVERED * before["texture"]:
        if now["brightness"] < DARK * before["brightness"]:
            return Fault(State.DEGRADED, "too dark to see, or lens covered?")
        return UNFOCUSED if _contrast(now) > HAZY * _contrast(before) else COVER
    if now["sharpness"] < BLURRED * before["sharpness"]:
        return UNFOCUSED
    if agreement(gradients, usual.gradients) < MOVED * usual.agreement:
        return OTHER_VIEW
    if before["chroma"] > COLOURED and now["chroma"] < COLOURLESS:
        return INFRARED
    if now["interval_s"] > SLOW * max(before["interval_s"], _FRAME_S):
        return RARE
    return None


def _contrast(looks: Mapping[str, float]) -> float:
    """Contrast as a share of brightness: what light does not change."""
    return looks["contrast"] / (looks["brightness"] + 1.0)


def agreement(gradients: Floats, usual: Floats) -> float:
    """Share of the steep squares of a view that slope as usual.

    Why slopes: light that is switched, dims or comes from a headlamp makes them steeper or flatter, but hardly turns
    them round; another view turns them at random.

    Parameters
    ----------
    gradients, usual : ndarray (rows, columns, 2)
        Slopes to the right and down.

    Returns
    -------
    float
        In [0, 1]; about 0.25 for two views that have nothing in common.
    """
    steepness = np.hypot(usual[..., 0], usual[..., 1])
    steep = steepness >= np.quantile(steepness, 1 - STEEP)
    size = steepness * np.hypot(gradients[..., 0], gradients[..., 1])
    return float(((gradients * usual).sum(axis=-1) > SAME_WAY * size + 1e-6)[steep].mean())
