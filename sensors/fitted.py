"""Detectors that were fitted as a whole, elsewhere, as plain arrays that score a row in microseconds.

What learning makes with PyOD (`fusion.baseline.fitting`) comes here as arrays: nothing in them can be executed, and no
learner has to be imported where they are used. Every kind gives what PyOD's `decision_function` gives for the same row,
larger is stranger. A row is first brought to the scales of what was learned, z = (x - middle) / scale, held within
`FAR`:

- `mahalanobis`  (z - m)' P (z - m), with a centre and precision of the least scattered rows (MCD).
- `mixture`      -ln of a mixture of normal densities, with Cholesky factors of their precisions.
- `neighbours`   mean distance to the k nearest of the rows that were learned.
- `components`   distances to the principal axes, each divided by its share of the variance.
- `histograms`   -log2 of the density of each value for itself (HBOS).
- `projections`  -ln of the share of rows near this one in random directions (LODA).

Why so many for one to be used: which is best depends on the place, and the eye has other rows than the skin.

References
----------
Rousseeuw, P. J. and Van Driessen, K. (1999). A fast algorithm for the minimum covariance determinant estimator.
Technometrics 41(3), 212-223. doi:10.1080/00401706.1999.10485670
Ramaswamy, S., Rastogi, R. and Shim, K. (2000). Efficient algorithms for mining outliers. doi:10.1145/335191.335437
Shyu, M.-L. et al. (2003). A novel anomaly detection scheme based on principal component classifier. IEEE ICDM.
Goldstein, M. and Dengel, A. (2012). Histogram-based outlier score (HBOS). KI 2012, 59-63.
Pevny, T. (2016). Loda: lightweight on-line detector of anomalies. Machine Learning 102, 275-304.
doi:10.1007/s10994-015-5521-0
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Arrays = Mapping[str, Floats]
Kernel = Callable[[Floats], float]

FAR = 30.0
"""Scales at which a value is held."""

SCALES = {"middle": "d", "scale": "d", "usual": "u"}
"""Parts that every kind has, with the letters of their shapes."""

GROUPS, ROUGH = 5, 1e-9
"""Groups of rows for each neighbour, and how rough a square is, as a share of the largest."""

SEPARATOR = "."
"""Between the kind and the name in the names of arrays."""


class Fitted:
    """A detector of one kind.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Named "<kind>.<part>": `middle` and `scale` (d,), `usual` (1,), and the parts of that kind.

    Attributes
    ----------
    kind : str
        Which of `KINDS`.
    width : int
        d, values in a row.
    usual : float
        Median score of what was learned.

    Raises
    ------
    ValueError
        If a part is missing, has another shape than the kind wants, or is not finite.
    """

    def __init__(self, arrays: Arrays) -> None:
        kinds = {name.partition(SEPARATOR)[0] for name in arrays}
        if len(kinds) != 1 or not kinds <= KINDS.keys():
            raise ValueError(f"fitted is one of {', '.join(KINDS)}, not {', '.join(sorted(kinds)) or 'nothing'}")
        self.kind = kinds.pop()
        self._arrays = {name: np.ascontiguousarray(array, np.float64) for name, array in arrays.items()}
        parts = {name.partition(SEPARATOR)[2]: array for name, array in self._arrays.items()}
        shapes, make = KINDS[self.kind]
        self.width = _check(self.kind, parts, {**SCALES, **shapes})
        if not (parts["scale"] > 0).all():
            raise ValueError(f"the scales of '{self.kind}' must be above 0")
        self.usual = float(parts["usual"][0])
        self._middle, self._over = parts["middle"], 1 / parts["scale"]
        self._kernel = make(parts)

    def score(self, row: Sequence[float] | Floats) -> float | None:
        """How strange a row is, as PyOD would say; None where a value is not known.

        Parameters
        ----------
        row : sequence or ndarray (d,)
            In the unit that was learned.
        """
        z = (np.asarray(row, np.float64) - self._middle) * self._over
        if not math.isfinite(z.dot(z)):
            return None
        np.minimum(z, FAR, out=z)
        np.maximum(z, -FAR, out=z)
        return self._kernel(z)

    def state(self) -> dict[str, Floats]:
        """The arrays that it was made of."""
        return {name: array.copy() for name, array in self._arrays.items()}


def _check(kind: str, parts: Arrays, shapes: Mapping[str, str]) -> int:
    """The width d, when every part has its shape: a letter a side, the same size wherever it stands."""
    if parts.keys() != shapes.keys():
        raise ValueError(f"'{kind}' has the parts {', '.join(shapes)}, not {', '.join(parts)}")
    sizes: dict[str, int] = {}
    for name, sides in shapes.items():
        shape = parts[name].shape
        fits = len(shape) == len(sides) and all(
            size >= 1 and sizes.setdefault(side, size) == size for side, size in zip(sides, shape, strict=True)
        )
        if not fits or not np.isfinite(parts[name]).all():
            raise ValueError(f"'{name}' of '{kind}' is no finite array ({', '.join(sides)})")
    return sizes["d"]


def _mahalanobis(parts: Arrays) -> Kernel:
    centre, precision = parts["centre"], parts["precision"]

    def score(z: Floats) -> float:
        away = z - centre
        return float(away @ precision @ away)

    return score


def _mixture(parts: Arrays) -> Kernel:
    """With L the Cholesky factor of a precision, its density is exp(b - |z L - m L|^2 / 2)."""
    factors, count = parts["factors"], len(parts["centres"])
    side = np.ascontiguousarray(np.concatenate(list(factors), axis=1))
    offset = np.concatenate([centre @ factor for centre, factor in zip(parts["centres"], factors, strict=True)])
    biases: list[float] = parts["biases"].tolist()

    def score(z: Floats) -> float:
        away = (z @ side - offset).reshape(count, -1)
        squares: list[float] = np.einsum("kd,kd->k", away, away).tolist()
        near = [bias - 0.5 * square for bias, square in zip(biases, squares, strict=True)]
        most = max(near)
        return -most - math.log(sum([math.exp(one - most) for one in near]))

    return score


def _neighbours(parts: Arrays) -> Kernel:
    """The least distance in each of some groups bounds the k-th least of all: only rows within it are looked at.

    Squares of distances are first taken as |r|^2 - 2 r z, which is quick and rough, then exactly for the few.
    """
    known, count = parts["rows"], int(parts["count"][0])
    if not 1 <= count <= len(known):
        raise ValueError(f"{count} neighbours of {len(known)} rows")
    groups = min(GROUPS * count, len(known))
    missing = -len(known) % groups
    rows = np.concatenate([known, np.zeros((missing, known.shape[1]))])
    squares = np.concatenate([np.einsum("nd,nd->n", known, known), np.full(missing, np.inf)])
    twice, rough = 2 * rows, ROUGH * (1 + float(squares[: len(known)].max()))

    def score(z: Floats) -> float:
        near = squares - twice @ z
        least = near.reshape(groups, -1).min(axis=1)
        least.partition(count - 1)
        away = rows[np.flatnonzero(near <= least[count - 1] + rough)] - z
        exact = np.sort(np.einsum("nd,nd->n", away, away))[:count]
        return float(np.add.reduce(np.sqrt(exact))) / count

    return score


def _components(parts: Arrays) -> Kernel:
    mean, over, axes, weights = parts["mean"], 1 / parts["deviation"], parts["axes"], 1 / parts["weights"]

    def score(z: Floats) -> float:
        away = axes - (z - mean) * over
        return float(np.sqrt(np.einsum("kd,kd->k", away, away)) @ weights)

    return score


def _histograms(parts: Arrays) -> Kernel:
    return _binned(parts["edges"], parts["levels"])


def _projections(parts: Arrays) -> Kernel:
    directions, look = parts["directions"], _binned(parts["edges"], parts["levels"])
    return lambda z: look(directions @ z)


def _binned(edges: Floats, levels: Floats) -> Kernel:
    """The sum of levels (n + 1, c) between edges (n, c), each value in its own column; an edge belongs below."""
    if len(levels) != len(edges) + 1:
        raise ValueError(f"{len(levels)} levels between {len(edges)} edges")
    flat, width = levels.ravel(), levels.shape[1]
    columns = np.arange(width)

    def score(values: Floats) -> float:
        place = np.add.reduce((edges < values).view(np.int8), 0)
        place *= width
        place += columns
        return float(np.add.reduce(flat.take(place)))

    return score


KINDS: Mapping[str, tuple[Mapping[str, str], Callable[[Arrays], Kernel]]] = {
    "mahalanobis": ({"centre": "d", "precision": "dd"}, _mahalanobis),
    "mixture": ({"centres": "kd", "factors": "kdd", "biases": "k"}, _mixture),
    "neighbours": ({"rows": "nd", "count": "i"}, _neighbours),
    "components": ({"mean": "d", "deviation": "d", "axes": "kd", "weights": "k"}, _components),
    "histograms": ({"edges": "ed", "levels": "ld"}, _histograms),
    "projections": ({"directions": "cd", "edges": "ec", "levels": "lc"}, _projections),
}
"""Each kind: its parts with the letters of their shapes, and what makes its kernel."""
