"""How far a sound is from all that this site has sounded like, in the network's own terms."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sensors.base import Arrays
from sensors.past import join_time, split_time

Floats = NDArray[np.float32]

NEIGHBOURS = 5
"""Nearest of the past that count."""

PROTOTYPES = 512
"""Most of the past that a new sound is compared with."""

USUAL_FLOOR = 0.05
"""Least usual distance, of 2 at most: where a place always sounds the same, small changes must not look large."""

VALUES = 200_000
"""Numbers kept: 400 kB; with 256 dimensions 781 sounds."""

WIDEST = 256
"""Longer embeddings are projected onto so many fixed random directions, which keeps distances."""


class NeighbourPast:
    """Directions of past embeddings, thinned in time, and the usual distance between neighbours among them.

    Why directions: the length of an embedding follows the loudness, of which another channel speaks.

    Parameters
    ----------
    spacing_ns : int
        Least event time between two that are kept, nanoseconds.
    minimum : int
        Kept ones from which distances are given, > `NEIGHBOURS`.

    References
    ----------
    Ramaswamy, S., Rastogi, R. and Shim, K. (2000). Efficient algorithms for mining outliers from large data sets.
    ACM SIGMOD Record 29(2), 427-438. doi:10.1145/335191.335437
    """

    def __init__(self, *, spacing_ns: int, minimum: int) -> None:
        self.minimum = minimum
        self._spacing_ns = spacing_ns
        self._kept: NDArray[np.float16] = np.zeros((0, 0), np.float16)
        self._last_ns: int | None = None
        self._due = minimum
        self._prototypes: Floats = np.zeros((0, 0), np.float32)
        self.count = 0
        self.usual = USUAL_FLOOR

    @property
    def ready(self) -> bool:
        """Enough was learned to say what is far."""
        return len(self._prototypes) > NEIGHBOURS

    def learn(self, embedding: NDArray[np.float64], at_ns: int) -> None:
        """Take an embedding as usual, unless the last one taken is too near in time or it has no direction.

        Parameters
        ----------
        embedding : ndarray (D,)
            D is that of the first one.
        at_ns : int
            Its event time, nanoseconds UTC.
        """
        if self._last_ns is not None and 0 <= at_ns - self._last_ns < self._spacing_ns:
            return
        place = direction(embedding)
        if place is None:
            return
        if not self.count:
            self._kept = np.full((VALUES // len(place), len(place)), np.nan, np.float16)
        self._kept[self.count % len(self._kept)] = place
        self._last_ns = at_ns
        self.count += 1
        if self.count >= self._due:
            self._due = self.count + min(1 + self.count // 10, 100)
            self._choose()

    def distance(self, embedding: NDArray[np.float64]) -> float | None:
        """Mean distance to the nearest of the past, in usual distances; about 1 is usual.

        Parameters
        ----------
        embedding : ndarray (D,)
            In the network's terms.

        Returns
        -------
        float or None
            >= 0; None before the past is ready, and for an embedding without direction.
        """
        place = direction(embedding)
        if place is None or not self.ready:
            return None
        squares = np.sort(np.maximum(2.0 - 2.0 * (self._prototypes @ place), 0.0))[:NEIGHBOURS]
        return float(np.sqrt(squares.astype(np.float64)).mean()) / self.usual

    def state(self) -> dict[str, NDArray[np.float64]]:
        """All of it, as arrays."""
        kept = self._kept[: min(self.count, len(self._kept))]
        return {
            "places": kept.astype(np.float64),
            "chosen": self._prototypes.astype(np.float64),
            "numbers": np.array([self.count, self._due, self.usual]),
            "heard": split_time(self._last_ns),
        }

    def restore(self, state: Arrays) -> None:
        """Continue from `state()`.

        Raises
        ------
        ValueError
            If the arrays are not those of such a past.
        """
        places = state["places"]
        if places.ndim != 2:
            raise ValueError(f"places must be (n, D), are {places.shape}")
        self._kept = np.full((VALUES // max(places.shape[1], 1), places.shape[1]), np.nan, np.float16)
        self._kept[: len(places)] = places
        # Sums depend on memory order in the last bit: a restored past must have the same.
        self._prototypes = np.ascontiguousarray(state["chosen"], np.float32)
        count, due, self.usual = state["numbers"].tolist()
        self.count, self._due = int(count), int(due)
        self._last_ns = join_time(state["heard"])

    def _choose(self) -> None:
        kept = self._kept[: min(self.count, len(self._kept))]
        self._prototypes = np.ascontiguousarray(kept[:: -(-len(kept) // PROTOTYPES)], np.float32)
        squares = np.maximum(2.0 - 2.0 * (self._prototypes @ self._prototypes.T), 0.0)
        np.fill_diagonal(squares, np.inf)
        count = min(NEIGHBOURS, len(squares) - 1)
        nearest = np.sort(squares, axis=1)[:, :count]
        self.usual = max(float(np.median(np.sqrt(nearest.astype(np.float64)).mean(axis=1))), USUAL_FLOOR)


def direction(embedding: NDArray[np.float64]) -> Floats | None:
    """An embedding at length 1.

    Parameters
    ----------
    embedding : ndarray (D,)
        D >= 1.

    Returns
    -------
    ndarray (min(D, WIDEST),) float32, or None
        None where it has no length or is not finite.

    References
    ----------
    Achlioptas, D. (2003). Database-friendly random projections. Journal of Computer and System Sciences 66(4),
    671-687. doi:10.1016/S0022-0000(03)00025-4
    """
    short = embedding if len(embedding) <= WIDEST else _projection(len(embedding)) @ embedding
    length = float(np.linalg.norm(short))
    return (short / length).astype(np.float32) if 0 < length < np.inf else None


@lru_cache(maxsize=4)
def _projection(width: int) -> NDArray[np.float64]:
    return np.random.Generator(np.random.Philox(key=width)).choice([-1.0, 1.0], (WIDEST, width))
