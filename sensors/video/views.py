"""How a camera usually looks, learned from what it showed while it saw."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sensors.past import RobustPast, join_time, split_time
from sensors.types import NS
from sensors.video.condition import INFRARED, OTHER_VIEW, Usual, agreement, find_fault
from sensors.video.layout import LOOKS, SQUARES, gradients, place_of

Floats = NDArray[np.float64]

LOOKS_AT = place_of(LOOKS)
VIEWS = 240
"""Views whose medians are taken: two minutes."""

ACCEPT_NS = 600 * NS
"""A camera that shows another view, or infrared, for longer was meant to."""

_STILL = LOOKS.index("identical_s")


class UsualView:
    """Medians of looks and slopes.

    Parameters
    ----------
    capacity, spacing_ns, minimum
        As of `RobustPast`; slopes are kept of `VIEWS` only.
    """

    def __init__(self, *, capacity: int, spacing_ns: int, minimum: int) -> None:
        self._capacity, self._spacing_ns, self._minimum = capacity, spacing_ns, minimum
        self._other_since_ns: int | None = None
        self._begin()

    @property
    def usual(self) -> Usual | None:
        """How it looks; None before that is known."""
        if not (self._looks.ready and self._slopes.ready):
            return None
        median = self._looks.median
        still_s = float(median[_STILL] + 3 * self._looks.scale[_STILL])
        return Usual(median[:-1], still_s, self._slopes.median.reshape(*SQUARES, 2), float(median[-1]))

    def learn(self, values: Floats, at_ns: int) -> bool:
        """Take this frame as usual, unless the camera was blind; whether it was taken.

        What shows another view or infrared for `ACCEPT_NS` is the new usual: all before is forgotten.
        """
        fault = find_fault(values[LOOKS_AT], gradients(values), self.usual)
        if fault is None:
            self._other_since_ns = None
        elif fault not in (OTHER_VIEW, INFRARED):
            return False
        else:
            self._other_since_ns = at_ns if self._other_since_ns is None else self._other_since_ns
            if at_ns - self._other_since_ns < ACCEPT_NS:
                return False
            self._other_since_ns = None
            self._begin()
        seen = gradients(values)
        known = self.usual
        agreed = agreement(seen, known.gradients) if known else 1.0
        self._looks.learn(np.append(np.nan_to_num(values[LOOKS_AT]), agreed), at_ns)
        self._slopes.learn(seen.ravel(), at_ns)
        return True

    def state(self) -> dict[str, Floats]:
        """All of it, as arrays."""
        pasts = {"looks": self._looks.state(), "slopes": self._slopes.state()}
        told = {f"{name}_{key}": array for name, state in pasts.items() for key, array in state.items()}
        return {**told, "other_since": split_time(self._other_since_ns)}

    def restore(self, state: Mapping[str, Floats]) -> None:
        """Continue from `state()` of an equal one."""
        for name, past in (("looks_", self._looks), ("slopes_", self._slopes)):
            past.restore({key.removeprefix(name): array for key, array in state.items() if key.startswith(name)})
        self._other_since_ns = join_time(state["other_since"])

    def _begin(self) -> None:
        told = {"spacing_ns": self._spacing_ns, "minimum": self._minimum}
        self._looks = RobustPast(len(LOOKS) + 1, self._capacity, **told, floor=1e-3)
        self._slopes = RobustPast(SQUARES[0] * SQUARES[1] * 2, VIEWS, **told)
