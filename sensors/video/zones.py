"""Places in the picture that have rules: areas that are closed at times, and lines that are not to be crossed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sensors.video.layout import Thing

Point = tuple[float, float]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Rule(StrEnum):
    """What a zone forbids."""

    CLOSED = "closed"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class Hours:
    """Times of day at which a rule holds; where they end before they begin, over midnight.

    Attributes
    ----------
    begin, end : time
        Local wall time; equal ones mean always.
    place : ZoneInfo
        Whose wall time.
    """

    begin: time = time()
    end: time = time()
    place: ZoneInfo = ZoneInfo("UTC")

    def hold(self, at_ns: int) -> bool:
        """Whether the rule holds at an event time, nanoseconds UTC."""
        if self.begin == self.end:
            return True
        local = (_EPOCH + timedelta(microseconds=at_ns // 1000)).astimezone(self.place).time()
        if self.begin < self.end:
            return self.begin <= local < self.end
        return local >= self.begin or local < self.end


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the picture with a rule.

    Attributes
    ----------
    name : str
        What people call it.
    points : tuple of (float, float)
        Corners of a closed area, at least three; or the two ends of a line. Shares of the picture, x to the right, y
        down.
    rule : Rule
        What it forbids.
    hours : Hours
        When.
    """

    name: str
    points: tuple[Point, ...]
    rule: Rule = Rule.CLOSED
    hours: Hours = Hours()

    def entered_by(self, thing: Thing, at_ns: int, span_s: float, aspect: float) -> bool:
        """Whether a thing's foot stands in the closed area now, or crossed the line within the last `span_s` seconds.

        Parameters
        ----------
        thing : Thing
            What is seen.
        at_ns : int
            Event time, nanoseconds UTC.
        span_s : float
            Seconds since the frame before.
        aspect : float
            Width of the picture over its height.
        """
        if not self.hours.hold(at_ns):
            return False
        foot = (thing.x, thing.y)
        if self.rule is Rule.CLOSED:
            return inside(foot, self.points)
        before = (thing.x - thing.vx * span_s / aspect, thing.y - thing.vy * span_s)
        return cross(before, foot, self.points[0], self.points[1])


def inside(point: Point, corners: Sequence[Point]) -> bool:
    """Whether a point lies in a polygon: a ray to the right meets its border an odd number of times.

    References
    ----------
    Hormann, K. and Agathos, A. (2001). The point in polygon problem for arbitrary polygons. Computational Geometry
    20(3), 131-144. doi:10.1016/S0925-7721(01)00012-8
    """
    x, y = point
    odd = False
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            odd = not odd
    return odd


def cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the way from a to b crosses the line from c to d; touching is no crossing."""
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
