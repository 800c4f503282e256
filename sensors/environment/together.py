"""The joint behaviour of the quantities that one sensor gives in one row, over the last rows and over longer.

Two windows, because laws are broken at two speeds: `together.lately` looks at the means of the last 6 rows, sees a
break at once, and drowns in the noise of single rows; `together.long` looks at 24, comes later and sees much less.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sensors.environment.features import Measured
from sensors.environment.joint import Joint
from sensors.environment.normal import Found

Floats = NDArray[np.float64]

CHANNELS = ("lately", "long")
"""The two windows, as fields of `Measured`; `together.<window>` is the name of the channel."""

SETS = 4
"""Sets of quantities of one sensor that are known; what comes in further ones is not judged jointly."""

PREFIX = "together"
"""Before the names of the state's arrays, and the channels' name beside those of quantities."""


class Together:
    """Learned correlations of each set of at least two quantities that come in the same row."""

    def __init__(self) -> None:
        self._joints: dict[str, tuple[Joint, ...]] = {}

    def learn(self, row: Sequence[Measured], believed: Sequence[bool], at_ns: int) -> None:
        """Take a row as usual, except for readings that are not believed."""
        if len(row) < 2:
            return
        joints = self._joints.get(_key(row))
        if joints is None:
            if len(self._joints) >= SETS:
                return
            joints = self._joints[_key(row)] = tuple(Joint(len(row)) for _ in CHANNELS)
        for joint, vector in zip(joints, _vectors(row, believed), strict=True):
            joint.learn(vector, at_ns)

    def look(self, row: Sequence[Measured], believed: Sequence[bool]) -> tuple[Found | None, ...]:
        """How strange the row is in each window, beside 1 that is usual; None where that is not known yet."""
        joints = self._joints.get(_key(row))
        if joints is None:
            return (None,) * len(CHANNELS)
        away = (joint.distance(vector) for joint, vector in zip(joints, _vectors(row, believed), strict=True))
        return tuple(None if distance is None else Found(distance, distance, 1.0) for distance in away)

    def state(self) -> dict[str, Floats]:
        """All of it, as arrays."""
        return {
            f"{PREFIX}.{key}.{window}:{name}": array
            for key, joints in self._joints.items()
            for window, joint in zip(CHANNELS, joints, strict=True)
            for name, array in joint.state().items()
        }

    def restore(self, state: Mapping[str, Floats]) -> None:
        """Continue from `state()`; arrays of other names are left alone."""
        self._joints.clear()
        for key in dict.fromkeys(name.split(".")[1] for name in state if name.startswith(f"{PREFIX}.")):
            parts = []
            for window in CHANNELS:
                prefix = f"{PREFIX}.{key}.{window}:"
                mine = {name.removeprefix(prefix): a for name, a in state.items() if name.startswith(prefix)}
                parts.append(Joint(len(mine["covariance"])))
                parts[-1].restore(mine)
            self._joints[key] = tuple(parts)


def _key(row: Sequence[Measured]) -> str:
    """What a set of quantities is known by: their names may hold any character, an array's name may not."""
    return f"{zlib.crc32(chr(10).join(reading.name for reading in row).encode()):08x}"


def _vectors(row: Sequence[Measured], believed: Sequence[bool]) -> tuple[list[float], list[float]]:
    lately = [reading.lately if good else np.nan for reading, good in zip(row, believed, strict=True)]
    return lately, [reading.long if good else np.nan for reading, good in zip(row, believed, strict=True)]
