"""What the next value should be, after the last three: an adaptive linear prediction.

The step from one row to the next is predicted from the two steps before it, by weights that every learned row moves a
little towards what would have been right (normalised least mean squares). Errors are clipped while learning: a spike
teaches no more than an ordinary surprise. No weight grows beyond `MOST`: of steps that are small beside the errors the
rule would learn to foretell a leap that nothing foretold, with weights of a score or more. Why so plain a rule: its
memory is two numbers, and on series that were not used for any figure it was no worse than recursive least squares.

References
----------
Widrow, B. and Hoff, M. E. (1960). Adaptive switching circuits. IRE WESCON Convention Record 4, 96-104.
Nagumo, J. and Noda, A. (1967). A learning method for system identification. IEEE Trans. Autom. Control 12(3), 282-287.
doi:10.1109/TAC.1967.1098599
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RATE = 0.05
"""How far a row moves the weights, in (0, 2); small: hundreds of rows decide."""

MOST = 2.0
"""Largest weight: beyond it a prediction of the second order is not stable whatever the other weight is."""

CLIP = 5.0
"""Scales of the usual error beyond which an error counts as this."""


class Prediction:
    """Weights of the two differences that a step is predicted from."""

    def __init__(self) -> None:
        self._weights = (0.0, 0.0)

    def error(self, value: float, before: Sequence[float]) -> float:
        """Value less what was to be expected, in the quantity's unit.

        Parameters
        ----------
        value : float
            The newest.
        before : sequence of 3 float
            The three before it, newest first.
        """
        last, second, third = before
        first, other = self._weights
        return value - last - first * (second - last) - other * (third - last)

    def learn(self, value: float, before: Sequence[float], scale: float) -> None:
        """Take a row as usual.

        Parameters
        ----------
        value, before
            As in `error`.
        scale : float
            Usual size of an error, > 0; NaN where nobody knows, then nothing is clipped.
        """
        error = self.error(value, before)
        if scale == scale:  # noqa: PLR0124
            error = min(max(error, -CLIP * scale), CLIP * scale)
        last, second, third = before
        a, b = second - last, third - last
        pull = RATE * error / (a * a + b * b + 1e-9)
        first, other = self._weights[0] + pull * a, self._weights[1] + pull * b
        self._weights = min(max(first, -MOST), MOST), min(max(other, -MOST), MOST)

    def state(self) -> NDArray[np.float64]:
        """The weights, (2,)."""
        return np.array(self._weights, np.float64)

    def restore(self, state: NDArray[np.float64]) -> None:
        """Continue from `state()`."""
        self._weights = float(state[0]), float(state[1])
