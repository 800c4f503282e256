"""The joint behaviour of the quantities that one sensor gives in one row, over the last rows and over longer.

Two windows of what the detector learns row by row (`joint`), because laws are broken at two speeds: `together.lately`
looks at the means of the last 6 rows, sees a break at once, and drowns in the noise of single rows; `together.long`
looks at 24, comes later and sees much less. Where much that is normal was learned as a whole, `together.law` says how
unlike all of it the means of the last 12 rows are, by a detector that was fitted to it (`sensors.fitted`).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sensors.environment.features import Measured
from sensors.environment.joint import Joint
from sensors.environment.normal import Found
from sensors.fitted import Fitted

Floats = NDArray[np.float64]

WINDOWS, LAW = ("lately", "long"), "law"
CHANNELS = (*WINDOWS, LAW)
"""The two windows, as fields of `Measured`, and what was fitted; `together.<one>` is the name of the channel."""

SETS = 4
"""Sets of quantities of one sensor that are known; what comes in further ones is not judged jointly."""

PREFIX = "together"
"""Before the names of the state's arrays, and the channels' name beside those of quantities."""


class Together:
    """What is usual of sets of quantities, each set on its own."""

    def __init__(self) -> None:
        self._joints: dict[str, tuple[Joint, ...]] = {}
        self._laws: dict[str, Fitted] = {}
        self.on_learned: Callable[[str, Sequence[float]], None] | None = None

    def learn(self, row: Sequence[Measured], believed: Sequence[bool], at_ns: int) -> None:
        """Take a row as usual, except for readings that are not believed."""
        if len(row) < 2:
            return
        key = _key(row)
        joints = self._joints.get(key)
        if joints is None:
            if len(self._joints) >= SETS:
                return
            joints = self._joints[key] = tuple(Joint(len(row)) for _ in WINDOWS)
        for joint, vector in zip(joints, _vectors(row, believed), strict=True):
            joint.learn(vector, at_ns)
        if self.on_learned is not None:
            self.on_learned(f"{PREFIX}.{LAW}.{key}", _meanwhile(row, believed))

    def adopt(self, name: str, arrays: Mapping[str, Floats]) -> None:
        """Judge rows of the set that a name stands for by what was fitted to it.

        Raises
        ------
        ValueError
            If the arrays are not those of a fitted detector.
        """
        self._laws[name.rpartition(".")[2]] = Fitted(arrays)

    def channels(self, row: Sequence[Measured]) -> int:
        """How many of `CHANNELS` speak of a row: the last only where something was fitted."""
        return len(CHANNELS) if self._laws and _key(row) in self._laws else len(WINDOWS)

    def look(self, row: Sequence[Measured], believed: Sequence[bool]) -> tuple[Found | None, ...]:
        """How strange the row is in each window, beside 1 that is usual, and to what was fitted, where that is known.

        None stands for what is not known yet, and for a law of which a quantity is missing.
        """
        key = _key(row)
        joints, law = self._joints.get(key), self._laws.get(key)
        found: tuple[Found | None, ...] = (None,) * len(WINDOWS)
        if joints is not None:
            away = (joint.distance(vector) for joint, vector in zip(joints, _vectors(row, believed), strict=True))
            found = tuple(None if distance is None else Found(distance, distance, 1.0) for distance in away)
        if law is None:
            return found
        strange = law.score(_meanwhile(row, believed))
        return (*found, None if strange is None else Found(strange, strange, law.usual))

    def state(self) -> dict[str, Floats]:
        """All of it, as arrays."""
        known = {
            f"{PREFIX}.{key}.{window}:{name}": array
            for key, joints in self._joints.items()
            for window, joint in zip(WINDOWS, joints, strict=True)
            for name, array in joint.state().items()
        }
        laws = {
            f"{PREFIX}.{key}.{LAW}:{name}": array
            for key, law in self._laws.items()
            for name, array in law.state().items()
        }
        return known | laws

    def restore(self, state: Mapping[str, Floats]) -> None:
        """Continue from `state()`; arrays of other names are left alone."""
        self._joints.clear()
        self._laws.clear()
        names = [name.partition(":")[0].split(".") for name in state if name.startswith(f"{PREFIX}.")]
        for key in dict.fromkeys(key for _, key, window in names if window != LAW):
            parts = []
            for window in WINDOWS:
                mine = _under(state, f"{PREFIX}.{key}.{window}:")
                parts.append(Joint(len(mine["covariance"])))
                parts[-1].restore(mine)
            self._joints[key] = tuple(parts)
        for key in dict.fromkeys(key for _, key, window in names if window == LAW):
            self._laws[key] = Fitted(_under(state, f"{PREFIX}.{key}.{LAW}:"))


def _under(state: Mapping[str, Floats], prefix: str) -> dict[str, Floats]:
    return {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}


def _key(row: Sequence[Measured]) -> str:
    """What a set of quantities is known by: their names may hold any character, an array's name may not."""
    return f"{zlib.crc32(chr(10).join(reading.name for reading in row).encode()):08x}"


def _vectors(row: Sequence[Measured], believed: Sequence[bool]) -> tuple[list[float], list[float]]:
    lately = [reading.lately if good else np.nan for reading, good in zip(row, believed, strict=True)]
    return lately, [reading.long if good else np.nan for reading, good in zip(row, believed, strict=True)]


def _meanwhile(row: Sequence[Measured], believed: Sequence[bool]) -> list[float]:
    return [reading.meanwhile if good else np.nan for reading, good in zip(row, believed, strict=True)]
