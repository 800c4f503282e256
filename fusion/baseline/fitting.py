"""Detectors fitted with PyOD to all that was quiet, and compiled to the arrays of `sensors.fitted`.

1. `Sample`        takes the vectors that a detector learns, thinned evenly over all of them.
2. `fit`           scales rows, fits PyOD's detector of a kind to them, and takes its arrays out.
3. `fit_detector`  does so for every part of a detector, which then has one channel more.

Why a mixture of normal densities (`CHOSEN`): of six kinds over windows of 1 to 48 rows it had the largest mean area
under the curve on every other file of SKAB (.838; next the same with one component .807, nearest neighbours .778, MCD
.716) and, beside one component, in the first half of BATADAL's months (.988; nearest neighbours .938, MCD .838).
Isolation forests and kernels take milliseconds a row, ECOD and COPOD judge a row by the batch that it comes in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.base import Fittable
from sensors.fitted import FAR, SEPARATOR, Fitted
from sensors.past import MAD_TO_SIGMA, TAILS_TO_SIGMA

Floats = NDArray[np.float64]

CHOSEN = "mixture"
"""The kind that is fitted unless another is asked for."""

MOST_ROWS = 10_000
"""Rows that are fitted to, at most."""

LEAST_ROWS, ROWS_EACH = 60, 20
"""Fewest rows that are fitted to, and how many at least for each value of a row."""

COMPONENTS, COMPONENT_ROWS = 3, 10
"""Densities of a mixture, and rows for each value of each of them; fewer densities where there are fewer rows."""

FOLDS = 4
"""Parts of a sample, each of which is a stranger to what was fitted to the others."""

RIDGE = 1e-3
"""Variance, in squared scales, that a density has at least."""

NEIGHBOURS, NEIGHBOUR_ROWS = 10, 1000
"""Nearest rows that count, and rows that are kept to be compared with."""

TAIL, LEAST_SHARE = 0.25, 1e-4
"""Least scale as a share of what the outer quantiles suggest, and of the middle."""


class Sample:
    """Vectors by name: every one at first, every second, every fourth ... once there are more than `most`."""

    def __init__(self, most: int = MOST_ROWS) -> None:
        self._most = most
        self._rows: dict[str, list[Sequence[float]]] = {}
        self._every: dict[str, int] = {}
        self._seen: dict[str, int] = {}

    def take(self, name: str, vector: Sequence[float]) -> None:
        """Take a vector of something; what is not finite is left out."""
        seen = self._seen[name] = self._seen.get(name, -1) + 1
        every = self._every.setdefault(name, 1)
        if seen % every:
            return
        rows = self._rows.setdefault(name, [])
        rows.append(vector)
        if len(rows) > self._most:
            self._rows[name] = rows[::2]
            self._every[name] = 2 * every

    def rows(self) -> dict[str, Floats]:
        """Rows (n, d) by name, in the order in which they came, where there are enough to fit something to."""
        whole = {name: np.array(rows, np.float64) for name, rows in self._rows.items()}
        known = {name: rows[np.isfinite(rows).all(axis=1)] for name, rows in whole.items()}
        return {n: rows for n, rows in known.items() if len(rows) >= max(LEAST_ROWS, ROWS_EACH * rows.shape[1])}


def fit_detector(detector: Fittable, sample: Sample, kind: str = CHOSEN) -> None:
    """Give a detector what can be fitted to a sample of what it learned."""
    for name, rows in sample.rows().items():
        detector.adopt(name, fit(kind, rows))


def stranger_scores(rows: Floats, kind: str = CHOSEN) -> list[float]:
    """Scores of rows (n, d) in their order, each by a detector that was fitted to other parts of them.

    Why parts and not single rows: rows are means over some time, so that neighbours know each other.
    """
    scores: list[float] = []
    for part in np.array_split(np.arange(len(rows)), FOLDS):
        others = np.delete(rows, part, axis=0)
        detector = Fitted(fit(kind, others))
        scores += [said for row in rows[part] if (said := detector.score(row)) is not None]
    return scores


def fit(kind: str, rows: Floats) -> dict[str, Floats]:
    """Fit one kind of detector to rows.

    Parameters
    ----------
    kind : str
        One of `sensors.fitted.KINDS`.
    rows : ndarray (n, d)
        Finite, in any units; n > d.

    Returns
    -------
    dict of str to ndarray
        What `sensors.fitted.Fitted` is made of, checked by it.
    """
    middle = np.median(rows, axis=0)
    low, high = np.quantile(rows, (0.05, 0.95), axis=0)
    scale = np.maximum(MAD_TO_SIGMA * np.median(np.abs(rows - middle), axis=0), TAIL * (high - low) / TAILS_TO_SIGMA)
    scale = np.maximum(scale, LEAST_SHARE * np.abs(middle) + 1e-9)
    z = np.clip((rows - middle) / scale, -FAR, FAR)
    model = fitted(kind, z)
    usual = np.median(model.decision_scores_, keepdims=True)
    return named(kind, {"middle": middle, "scale": scale, "usual": usual, **compiled(kind, model)})


def unscaled(kind: str, model: Any, width: int) -> dict[str, Floats]:
    """What `sensors.fitted.Fitted` is made of, for rows (d = `width`) that are already in scales."""
    scales = {"middle": np.zeros(width), "scale": np.ones(width), "usual": np.zeros(1)}
    return named(kind, scales | compiled(kind, model))


def named(kind: str, parts: Mapping[str, Floats]) -> dict[str, Floats]:
    """The parts under the names of that kind, checked."""
    return Fitted({f"{kind}{SEPARATOR}{name}": part for name, part in parts.items()}).state()


def fitted(kind: str, rows: Floats) -> Any:
    """PyOD's detector of a kind, fitted to rows (n, d) that are already in scales.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if kind == "mahalanobis":
        from pyod.models.mcd import MCD  # type: ignore[import-untyped]

        return MCD(random_state=0).fit(rows)
    if kind == "mixture":
        from pyod.models.gmm import GMM  # type: ignore[import-untyped]

        count = min(COMPONENTS, max(1, len(rows) // (COMPONENT_ROWS * rows.shape[1])))
        return GMM(n_components=count, reg_covar=RIDGE, random_state=0).fit(rows)
    if kind == "neighbours":
        from pyod.models.knn import KNN  # type: ignore[import-untyped]

        kept = rows[:: -(-len(rows) // NEIGHBOUR_ROWS)]
        return KNN(n_neighbors=min(NEIGHBOURS, len(kept) - 1), method="mean", algorithm="ball_tree").fit(kept)
    if kind == "components":
        from pyod.models.pca import PCA  # type: ignore[import-untyped]

        return PCA(random_state=0).fit(rows)
    if kind == "histograms":
        from pyod.models.hbos import HBOS  # type: ignore[import-untyped]

        return HBOS().fit(rows)
    if kind == "projections":
        from pyod.models.loda import LODA  # type: ignore[import-untyped]

        return LODA(random_state=0).fit(rows)
    raise ValueError(f"no kind '{kind}'")


def compiled(kind: str, model: Any) -> dict[str, Floats]:
    """The parts of a fitted detector, as `sensors.fitted` wants them."""
    inner: Any = getattr(model, "detector_", None)
    if kind == "mahalanobis":
        return {"centre": inner.location_, "precision": inner.get_precision()}
    if kind == "mixture":
        factors = inner.precisions_cholesky_
        width = factors.shape[1]
        logs = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1) - 0.5 * width * np.log(2 * np.pi)
        return {"centres": inner.means_, "factors": factors, "biases": np.log(inner.weights_) + logs}
    if kind == "neighbours":
        return {"rows": np.asarray(model.tree_.data), "count": np.array([model.n_neighbors], np.float64)}
    if kind == "components":
        scaler = model.scaler_
        chosen = {"axes": model.selected_components_, "weights": model.selected_w_components_}
        return {"mean": scaler.mean_, "deviation": scaler.scale_, **chosen}
    if kind == "histograms":
        return _histograms(model)
    edges = np.ascontiguousarray(model.limits_[:, : model.n_bins - 1].T)
    levels = -np.log(model.histograms_[:, : model.n_bins].T) * model.weights / model.n_random_cuts
    return {"directions": model.projections_, "edges": edges, "levels": levels}


def _histograms(model: Any) -> dict[str, Floats]:
    """Bins of each column; just outside, within a share of a bin, counts as the bin, further as the rarest of all."""
    edges, told = np.asarray(model.bin_edges_, np.float64), -np.log2(model.hist_ + model.alpha)
    below = edges[:1] - model.tol * (edges[1:2] - edges[:1])
    above = edges[-1:] + model.tol * (edges[-1:] - edges[-2:-1])
    rare = told.max(axis=0, keepdims=True)
    # What lies on the outer edge still counts as the bin, hence the next smaller number.
    outer = np.concatenate([np.nextafter(below, -np.inf), edges[:1], edges[1:-1], edges[-1:], above])
    return {"edges": outer, "levels": np.concatenate([rare, told[:1], told, told[-1:], rare])}
