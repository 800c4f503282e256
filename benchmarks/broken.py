"""A table with one fault put into it: what is broken, where, and whether what is told is of that fault."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sensors.environment.habits import SMOOTH
from sensors.environment.quantities import quantity_of
from sensors.types import Chunk, Health, State

KINDS = ("stuck", "all stuck", "code", "all codes", "noise", "drift", "silent")
ROWS = {"stuck": 120, "all stuck": 60, "code": 20, "all codes": 20, "noise": 40, "drift": 600, "silent": 600}
"""How long each lasts; a drift goes on, and silence too."""

CODES = (85.0, -127.0, -200.0, -999.0, 32767.0, 65535.0)
LEAST_ROWS = 600
"""A shorter table has no past to tell a fault by."""

MOVED = 10
"""Rows before the fault of which most must have moved: what stands still already cannot be seen to stop."""


def lively(chunks: Sequence[Chunk], kind: str) -> list[str]:
    """Quantities of a table that a kind of fault can be put into; "" for all of them at once."""
    first = len(chunks) // 2
    names = chunks[first].names
    if len(chunks) < LEAST_ROWS or any(chunk.names != names for chunk in chunks):
        return []
    rows = values(chunks)
    moving = [n for i, n in enumerate(names) if (np.diff(rows[first - MOVED : first + 1, i]) != 0).sum() > MOVED // 2]
    moving = [name for name in moving if not (quantity_of(name)[0] and quantity_of(name)[0].binary)]  # type: ignore[union-attr]
    if kind.startswith("all"):
        return [""] if moving else []
    smooth = [name for name in moving if (quantity := quantity_of(name)[0]) and quantity.name in SMOOTH]
    if kind == "noise":
        return smooth
    if kind == "drift":
        alike = [name for name in smooth if sum(quantity_of(o)[0] == quantity_of(name)[0] for o in names) > 2]
        return alike if len(chunks) - first > ROWS["drift"] else []
    return moving if kind != "silent" or len(names) > 1 else []


def values(chunks: Sequence[Chunk]) -> NDArray[np.float64]:
    """All rows, (n, c)."""
    return np.concatenate([chunk.data for chunk in chunks]).astype(np.float64)


class Broken:
    """A table with a fault in its second half.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    name : str
        The quantity; "" for all.
    chunks : sequence of Chunk
        One row each, all with the same quantities.
    """

    def __init__(self, kind: str, name: str, chunks: Sequence[Chunk]) -> None:
        self._kind, self._name, self._chunks = kind, name, chunks
        self.first = len(chunks) // 2
        self._last = min(self.first + ROWS[kind], len(chunks)) - 1

    def chunks(self) -> Iterator[Chunk]:
        """The rows up to the end of the fault, and some after it."""
        names, rows = self._chunks[0].names, values(self._chunks)
        columns = [names.index(self._name)] if self._name else list(range(len(names)))
        span = slice(self.first, self._last + 1)
        for column in columns:
            rows[span, column] = self._break(rows[: self.first, column], rows[span, column], column)
        for chunk, row in zip(self._chunks[: self._last + 20], rows, strict=False):
            yield replace(chunk, data=row[None, :])

    def tells(self, row: int, told: Health) -> bool:
        """Whether something told at this row is of this fault."""
        named = not told.channels or self._name in told.channels or not self._name
        return told.state is not State.UP and named and self.first <= row <= self._last

    def _break(self, past: NDArray[np.float64], now: NDArray[np.float64], column: int) -> NDArray[np.float64]:
        count, seed = len(now), [column, len(past)]
        if self._kind in ("stuck", "all stuck"):
            return np.full(count, past[-1])
        if self._kind in ("code", "all codes"):
            return np.full(count, CODES[column % len(CODES)])
        if self._kind == "silent":
            return np.full(count, np.nan)
        width = float(np.nanquantile(past, 0.95) - np.nanquantile(past, 0.05))
        if self._kind == "noise":
            return np.asarray(now + np.random.default_rng(seed).normal(0, width / 2, count))
        return np.asarray(now + np.linspace(0, 4 * width, count))
