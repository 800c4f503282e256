"""Whether a camera sees: frozen, black, dark or covered, told apart from lights that are switched."""

from __future__ import annotations

from dataclasses import dataclass

from sensors.condition import Fault
from sensors.types import State

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


@dataclass(frozen=True, slots=True)
class Usual:
    """How a camera looks when all is well.

    Attributes
    ----------
    brightness : float
        Mean grey level, 0-255.
    texture : float
        Coarse edges as a share of brightness, >= 0.
    still_s : float
        For how long frames are the same at most, seconds.
    """

    brightness: float
    texture: float
    still_s: float


def find_fault(
    brightness: float,
    contrast: float,
    texture: float,
    identical_s: float,
    *,
    usual: Usual | None,
) -> Fault | None:
    """What keeps a camera from seeing.

    Texture is relative to brightness, so that lights switched off or on leave it as it is; a hand or a cloth takes it.

    Parameters
    ----------
    brightness, contrast : float
        Mean and standard deviation of the picture, grey levels 0-255.
    texture : float
        Coarse edges as a share of brightness, >= 0.
    identical_s : float
        For how long the frames are the same, seconds.
    usual : Usual or None
        How this camera looks; None before that is known.

    Returns
    -------
    Fault or None
        None where the camera sees, or where too little was learned to tell.
    """
    if brightness < BLACK_BRIGHTNESS and contrast < BLACK_CONTRAST:
        return Fault(State.DEGRADED, "black picture: no light, or lens covered?")
    if usual is None:
        return None
    if identical_s > max(FROZEN_S, FROZEN_RUNS * usual.still_s):
        return Fault(State.DEGRADED, "frozen: the same picture again and again")
    if texture >= COVERED * usual.texture:
        return None
    if brightness < DARK * usual.brightness:
        return Fault(State.DEGRADED, "too dark to see, or lens covered?")
    return Fault(State.TAMPERED, "covered: nothing of the usual picture is left")
