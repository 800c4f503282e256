"""One channel lately: its strongest moment of the last seconds, and its average.

Why the strongest of a window, ranked against windows: strange moments last, so single scores are not separate chances
to be wrong, and senses notice the same thing some seconds apart (glass breaks, then somebody walks in). The strongest
score of the last W seconds, ranked against the strongest of other stretches of W seconds, is one honest p-value that
stands for W seconds, and loses nothing to the quiet moments beside it. The average over 2 W sees what is a little
strange for long, which no single moment shows.

Why no average over 8 W as well: it saw 7 instead of 3 of 12 failing machines where one false alarm an hour was set, but
what is slow differs between quiet recordings too, so that all that was fused had to be rarer: 66 instead of 69 of 116
events were found altogether, with as many false alarms.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

from fusion.align import NEVER, speaks_ns
from sensors.types import Score

OVERLAP = 4
"""Windows that are learned begin so many times as often as they would if they did not overlap."""

AVERAGED = 2
"""Windows that are averaged."""


class Lately:
    """The strongest score of a window, and the average of two.

    The average is made of pieces: sums of the scores of a quarter window. Why: no score is added more than once, and
    nothing is taken away again from a sum, so it does not drift from what it would be if it were begun anew.

    Parameters
    ----------
    window_ns : int
        Length of the window, nanoseconds > 0.
    piece_ns : int
        Least length of a piece, nanoseconds > 0.
    """

    def __init__(self, window_ns: int, piece_ns: int) -> None:
        self._window_ns, self._piece_ns = window_ns, piece_ns
        self._strongest: deque[tuple[int, float, Score]] = deque()
        self._begins_ns: deque[int] = deque()
        self._sums: deque[float] = deque()
        self._counts: deque[int] = deque()
        self._begun_ns = self._since_ns = NEVER
        self._sum, self._count = 0.0, 0
        self._sum_before, self._count_before = 0.0, 0
        self._full = False

    def clear(self) -> None:
        """Forget the windows: what comes next comes after a gap."""
        self._strongest.clear()
        for part in (self._begins_ns, self._sums, self._counts):
            part.clear()
        self._begun_ns, self._count = NEVER, 0

    def take(self, score: Score, raw: float) -> tuple[float, Score, float | None, bool]:
        """Take a score; they come in the order of event time.

        Parameters
        ----------
        score : Score
            The newest.
        raw : float
            Its finite raw score.

        Returns
        -------
        peak : float
            The largest raw score of the window.
        strongest : Score
            Whose that is.
        mean : float or None
            Average of the raw scores of two windows, to within a piece; None while these are not full.
        begins : bool
            Whether a piece begins with this score: time to learn.
        """
        at_ns, strongest = score.end_ns, self._strongest
        while strongest and strongest[-1][1] <= raw:
            strongest.pop()
        strongest.append((at_ns, raw, score))
        begin_ns = at_ns - self._window_ns
        while strongest[0][0] <= begin_ns:
            strongest.popleft()
        begins = at_ns - self._begun_ns >= self._piece_ns
        if begins:
            self._begin(at_ns, score.span_ns, raw)
        else:
            self._sum += raw
            self._count += 1
        _, peak, whose = strongest[0]
        mean = (self._sum_before + self._sum) / (self._count_before + self._count) if self._full else None
        return peak, whose, mean, begins

    def _begin(self, at_ns: int, span_ns: int, raw: float) -> None:
        begins_ns, begin_ns = self._begins_ns, at_ns - AVERAGED * self._window_ns
        if self._count:
            begins_ns.append(self._begun_ns)
            self._sums.append(self._sum)
            self._counts.append(self._count)
            while begins_ns and begins_ns[0] <= begin_ns:
                begins_ns.popleft()
                self._sums.popleft()
                self._counts.popleft()
        else:
            self._since_ns = at_ns - span_ns
        self._begun_ns, self._sum, self._count = at_ns, raw, 1
        self._full = begin_ns >= self._since_ns
        self._sum_before, self._count_before = sum(self._sums), sum(self._counts)


def spacing_ns(window_ns: int, least_ns: int) -> int:
    """How far apart windows end that are learned, so that they overlap; `least_ns` at least."""
    return max(window_ns // OVERLAP, least_ns)


def trace(scores: Iterable[Score], window_ns: int, every_ns: int, hold_ns: int) -> tuple[list[float], list[float]]:
    """Peaks and averages of a channel, each at most one every `every_ns`: as the engine learns them.

    Parameters
    ----------
    scores : iterable of Score
        Of one channel, in the order of event time; one without a finite raw score ends the windows.
    window_ns : int
        As in `Lately`.
    every_ns : int
        Windows that end closer than this are not told.
    hold_ns : int
        A pause longer than this, and than three spans of a score, ends the windows too.
    """
    lately = Lately(window_ns, every_ns)
    told: tuple[list[float], list[float]] = [], []
    until_ns, told_ns = NEVER, [NEVER, NEVER]
    for score in scores:
        if score.raw is None or not math.isfinite(score.raw):
            until_ns = NEVER
            continue
        if score.end_ns > until_ns:
            lately.clear()
        until_ns = score.end_ns + speaks_ns(score.span_ns, hold_ns)
        peak, _, mean, begins = lately.take(score, score.raw)
        for kind, value in enumerate((peak, mean)) if begins else ():
            if value is not None and score.end_ns - told_ns[kind] >= every_ns:
                told_ns[kind] = score.end_ns
                told[kind].append(value)
    return told


PARTS = (Lately,)
"""Classes that hold something, see `freezing`."""
