"""What single things do that calls for a look: stay, fall, lie about, go where nobody may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sensors.video.layout import Thing, name_place
from sensors.video.zones import Zone

WALKED = 0.15
"""Who came from less far, in picture heights, has always been there: a leaf, a shadow, a lamp."""

STANDING = 0.08
"""Smaller things do not fall, picture heights."""

UPRIGHT = 1.1
"""What falls was at least so many times as high as what is left is wide."""

LEFT_S = 5.0
"""What has not moved for so long was left there, seconds."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """The most remarkable of one kind of conduct in a frame.

    Attributes
    ----------
    value : float
        Seconds, or a share in [0, 1]; 0 where nothing of the kind is seen.
    where : str
        In words, or the name of a zone; empty where nothing is.
    """

    value: float = 0.0
    where: str = ""


def longest_stay(things: Sequence[Thing]) -> Conduct:
    """For how long somebody has been here who still moves now and then, seconds."""
    staying = [thing for thing in things if thing.still_s < LEFT_S]
    thing = max(staying, key=lambda thing: (thing.age_s, -thing.id), default=None)
    return Conduct() if thing is None else Conduct(thing.age_s, name_place(thing.x, thing.y - thing.height / 2))


def longest_left(things: Sequence[Thing]) -> Conduct:
    """For how long something has lain still that was not there before, seconds beyond `LEFT_S`."""
    lying = [thing for thing in things if thing.still_s >= LEFT_S]
    thing = max(lying, key=lambda thing: (thing.still_s, -thing.id), default=None)
    if thing is None:
        return Conduct()
    return Conduct(thing.still_s - LEFT_S, name_place(thing.x, thing.y - thing.height / 2))


def deepest_fall(things: Sequence[Thing], aspect: float) -> Conduct:
    """Greatest share of its height that something lost for a while as it went down.

    Parameters
    ----------
    things : sequence of Thing
        What is seen.
    aspect : float
        Width of the picture over its height.
    """
    falling = [
        thing
        for thing in things
        if thing.drop > 0
        and thing.walked > WALKED
        and (before := thing.height / max(1 - thing.drop, 0.1)) > STANDING
        and before > UPRIGHT * thing.width * aspect * (1 - thing.drop)
    ]
    thing = max(falling, key=lambda thing: (thing.drop, -thing.id), default=None)
    return Conduct() if thing is None else Conduct(thing.drop, name_place(thing.x, thing.y - thing.height / 2))


def intrusion(things: Sequence[Thing], zones: Sequence[Zone], at_ns: int, span_s: float, aspect: float) -> Conduct:
    """How many things are where nobody may be, and the zone of the first of them."""
    entered = [
        zone.name
        for thing in things
        if thing.walked > WALKED / 2
        for zone in zones
        if zone.entered_by(thing, at_ns, span_s, aspect)
    ]
    return Conduct(float(len(entered)), entered[0]) if entered else Conduct()
