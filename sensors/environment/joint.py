"""How strange the quantities of a place are together: a pump runs and nothing flows, it warms up and dries out.

Each row gives a vector of means, one a quantity, over its last rows. The quantities are put on one scale by what is
usual of each, z = (x - m) / s, and `distance` = sqrt((z - c)' (C + r I)^-1 (z - c) / d) is the Mahalanobis distance
under their learned correlations C: about 1 in ordinary life, and large also where every quantity alone is within its
range but the law between them is broken.

Why robust and yet streaming: m and s are medians and spreads, C and c are taken from scores clipped at `CLIP`, so that
half an hour of nonsense neither moves the centre nor blows up a variance. All are computed anew from the newest
`CAPACITY` rows when a tenth more were learned, at latest every hundred, never while a row is scored; once those rows
are not all that was seen, what is new moves the old by its share of `MEMORY` rows.

References
----------
Rousseeuw, P. J. and Van Zomeren, B. C. (1990). Unmasking multivariate outliers and leverage points. J. Am. Stat.
Assoc. 85(411), 633-639. doi:10.1080/01621459.1990.10474920
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sensors.past import RobustPast

Floats = NDArray[np.float64]

CAPACITY = 500
"""Vectors whose medians and spreads put quantities on one scale."""

MEMORY = 10_000
"""Rows after which what was learned of correlations fades."""

CLIP, FAR = 10.0, 30.0
"""Scales at which a value is clipped when it is learned, and when it is scored."""

RIDGE = 0.01
"""Share of the mean variance added to every variance; at least d / n for d quantities and n rows."""

LEAST_ROWS, ROWS_EACH = 40, 2
"""Learned rows from which something is told, and how many more for each quantity."""

TAIL = 0.25
"""Least scale as a share of what the outer quantiles suggest."""


class Joint:
    """The learned correlations of some quantities; 2 kB a quantity and 24 bytes a pair.

    Parameters
    ----------
    width : int
        Number of quantities, at least 2.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._past = RobustPast(width, CAPACITY, minimum=LEAST_ROWS + ROWS_EACH * width, floor=1e-9, tail=TAIL)
        self._rows = 0
        self._seen = 0.0
        self._middle, self._scale, self._centre = np.zeros(width), np.ones(width), np.zeros(width)
        self._covariance: Floats = np.eye(width)
        self._precision: Floats = np.eye(width)

    def learn(self, vector: Sequence[float], at_ns: int) -> None:
        """Take a vector as usual.

        Parameters
        ----------
        vector : sequence of `width` float
            NaN where a quantity has no value: it counts as usual.
        at_ns : int
            Event time, nanoseconds UTC.
        """
        values = np.array(vector, np.float64)
        if self._past.count:
            values = np.where(np.isfinite(values), values, self._past.median)
        if not np.isfinite(values).all():
            return
        self._rows += 1
        if self._past.learn(values, at_ns):
            self._renew()

    def distance(self, vector: Sequence[float]) -> float | None:
        """How far a vector is from what is usual, >= 0; None while too little is known.

        Parameters
        ----------
        vector : sequence of `width` float
            NaN where a quantity has no value: it counts as usual, unless that is so for more than half of them.
        """
        if not self._past.ready:
            return None
        z = np.clip((np.array(vector, np.float64) - self._middle) / self._scale, -FAR, FAR) - self._centre
        known = np.isfinite(z)
        count = int(known.sum())
        if count < self.width:
            if 2 * count < self.width or count < 2:
                return None
            z = np.where(known, z, 0.0)
        return math.sqrt(max(float(z @ self._precision @ z), 0.0) / count)

    def state(self) -> dict[str, Floats]:
        """All of it, as arrays."""
        past = {f"past.{key}": array for key, array in self._past.state().items()}
        return past | {
            "columns": np.stack([self._middle, self._scale, self._centre]),
            "covariance": self._covariance.copy(),
            "precision": self._precision.copy(),
            "counts": np.array([self._rows, self._seen], np.float64),
        }

    def restore(self, state: Mapping[str, Floats]) -> None:
        """Continue from `state()` of as many quantities."""
        prefix = "past."
        self._past.restore({key.removeprefix(prefix): a for key, a in state.items() if key.startswith(prefix)})
        self._middle, self._scale, self._centre = (column.copy() for column in state["columns"])
        self._covariance, self._precision = np.array(state["covariance"]), np.array(state["precision"])
        self._rows, self._seen = int(state["counts"][0]), float(state["counts"][1])

    def _renew(self) -> None:
        """Take what is usual from the rows that are kept, and the inverse from it."""
        rows = self._past.vectors.T.astype(np.float64)
        share = 1.0 if self._rows <= CAPACITY else (self._rows - self._seen) / min(self._rows, MEMORY)
        self._seen = self._rows
        self._middle = self._middle + share * (self._past.median - self._middle)
        self._scale = self._scale + share * (self._past.scale - self._scale)
        z = np.clip((rows - self._middle) / self._scale, -CLIP, CLIP)
        centre = z.mean(axis=0)
        self._centre = self._centre + share * (centre - self._centre)
        z -= centre
        products: Floats = np.asarray(z.T @ z / len(z), np.float64)
        self._covariance = self._covariance + share * (products - self._covariance)
        size = max(float(np.trace(self._covariance)) / self.width, 1e-9)
        ridge = max(RIDGE, self.width / self._rows) * size
        self._precision = np.asarray(np.linalg.inv(self._covariance + ridge * np.eye(self.width)), np.float64)
