"""What the values of a frame's features are called, where they stand, and how to read them as things in the picture.

Places are shares of the picture: x from 0 (left) to 1 (right), y from 0 (top) to 1 (bottom). Lengths and speeds are in
picture heights, so that they mean the same at any resolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROWS, COLUMNS = 6, 8
"""Cells of the grid."""

PARTS = (2, 3)
"""Rows and columns of the coarser parts whose directions are counted."""

SQUARES = (12, 16)
"""Rows and columns of the squares whose gradients are kept: by them a camera knows its view."""

BINS = 8
"""Directions, counted from rightwards over downwards, 45 degrees each, the first centred on rightwards."""

SLOTS = 6
"""Things that are described at most, those longest in the picture first."""

MOTION = ("energy", "flow_mean_heights_s", "flow_p95_heights_s", "flow_p99_heights_s", "foreground_ratio")
"""`energy`: mean |difference| of pictures 0.1 s apart, both brought to a median of 100 grey levels. `flow_*`: speed of
what moves. `foreground_ratio`: share of pixels off the background. All are medians over 0.8 s, NaN where unknown."""

CROWD = (
    "kinetic_heights2_s2", "entropy", "coherence", "divergence_per_s", "counter_flow",
    "density", "gathering_per_s", "congestion", "running_ratio",
)  # fmt: skip
"""See `sensors.video.crowd`; NaN where there is no picture before."""

LOOKS = (
    "brightness", "contrast", "texture", "identical_s",
    "sharpness", "glare_ratio", "chroma", "interval_s", "aspect", "shake_heights_s", "lit_ratio",
)  # fmt: skip
"""See `sensors.video.looks`. `aspect`: width over height. `shake_heights_s`: fastest that the picture as a whole moved
within the last 0.8 s; `lit_ratio`: greatest change of its light within half a second, of the last 0.8 s."""

CELL = ("speed_heights_s", "dx_heights_s", "dy_heights_s", "acceleration_heights_s2", "foreground_ratio")
"""Of each cell: mean speed, mean velocity to the right and down, change of the mean speed, share off the background."""

STEADY = ("steady_speed_heights_s", "steady_dx_heights_s", "steady_dy_heights_s")
"""Of each cell: medians over 0.8 s, which no splice and no lamp moves."""

THING = (
    "id", "x", "y", "width", "height_heights", "vx_heights_s", "vy_heights_s", "age_s", "still_s", "drop",
    "walked_heights",
)  # fmt: skip
"""Of each thing: number, foot point, size, velocity, time since it came, time since it last moved, by how much of its
height it has shrunk and stayed so while going down, and how far it has come since it was first seen."""

_GRID = [f"{row}_{column}" for row in range(ROWS) for column in range(COLUMNS)]
_SQUARE = [f"{row}_{column}" for row in range(SQUARES[0]) for column in range(SQUARES[1])]
_PART = [f"{row}_{column}" for row in range(PARTS[0]) for column in range(PARTS[1])]

NAMES = (
    *MOTION,
    *CROWD,
    *LOOKS,
    *(f"cell_{place}_{what}" for what in CELL for place in _GRID),
    *(f"cell_{place}_{what}" for what in STEADY for place in _GRID),
    *(f"part_{place}_direction_{bin_}" for place in _PART for bin_ in range(BINS)),
    *(f"square_{place}_{along}" for place in _SQUARE for along in ("right", "down")),
    *(f"thing_{slot}_{what}" for slot in range(SLOTS) for what in THING),
)
"""Names of all values, in their order."""

_INDEX = {name: index for index, name in enumerate(NAMES)}
_CELLS = len(MOTION) + len(CROWD) + len(LOOKS)
_DIRECTIONS = _CELLS + (len(CELL) + len(STEADY)) * ROWS * COLUMNS
_GRADIENTS = _DIRECTIONS + PARTS[0] * PARTS[1] * BINS
_THINGS = _GRADIENTS + SQUARES[0] * SQUARES[1] * 2


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that moves, or has moved, against the background.

    Attributes
    ----------
    id : int
        Number, new for each thing; 0, 1, 2 ... since the camera was opened.
    x, y : float
        Middle of its lower edge, shares of the picture.
    width : float
        Share of the picture's width.
    height : float
        Picture heights.
    vx, vy : float
        Velocity to the right and down, picture heights a second.
    age_s : float
        Seconds since it came.
    still_s : float
        Seconds since it last moved.
    drop : float
        Share of its height that it has lost, and for 0.3 s not got back, while its middle went down, in [0, 1].
    walked : float
        Distance from where it was first seen, picture heights.
    """

    id: int
    x: float
    y: float
    width: float
    height: float
    vx: float
    vy: float
    age_s: float
    still_s: float
    drop: float
    walked: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom, shares of the picture."""
        return self.x - self.width / 2, self.y - self.height, self.x + self.width / 2, self.y


def place_of(names: tuple[str, ...]) -> list[int]:
    """Where these values stand."""
    return [_INDEX[name] for name in names]


def cells(values: Floats, what: str) -> Floats:
    """One measure of `CELL` or `STEADY` for all cells.

    Parameters
    ----------
    values : ndarray (len(NAMES),)
        Values of `VideoExtractor`.
    what : str
        Its name.

    Returns
    -------
    ndarray (ROWS, COLUMNS)
        NaN where unknown.
    """
    first = _CELLS + (*CELL, *STEADY).index(what) * ROWS * COLUMNS
    return values[first : first + ROWS * COLUMNS].reshape(ROWS, COLUMNS)


def directions(values: Floats) -> Floats:
    """Mean speed towards each direction in each part, picture heights a second, (rows, columns, BINS)."""
    return values[_DIRECTIONS:_GRADIENTS].reshape(*PARTS, BINS)


def gradients(values: Floats) -> Floats:
    """Slope of the coarse picture to the right and down in each square, (rows, columns, 2)."""
    return values[_GRADIENTS:_THINGS].reshape(*SQUARES, 2)


def things(values: Floats) -> tuple[Thing, ...]:
    """What is seen, longest in the picture first."""
    table = values[_THINGS:].reshape(SLOTS, len(THING))
    return tuple(Thing(int(row[0]), *(float(value) for value in row[1:])) for row in table if not np.isnan(row[0]))


def pack_things(seen: tuple[Thing, ...]) -> Floats:
    """The values of things, those longest in the picture; empty slots are NaN."""
    table = np.full((SLOTS, len(THING)), np.nan)
    for row, thing in zip(table, sorted(seen, key=lambda thing: (-thing.age_s, thing.id)), strict=False):
        row[:] = (
            thing.id, thing.x, thing.y, thing.width, thing.height, thing.vx, thing.vy,
            thing.age_s, thing.still_s, thing.drop, thing.walked,
        )  # fmt: skip
    return table.ravel()


def name_place(x: float, y: float) -> str:
    """A place in words: "upper left", "middle", "lower right"."""
    down = ("upper", "", "lower")[min(2, max(0, int(3 * y)))]
    across = ("left", "middle", "right")[min(2, max(0, int(3 * x)))]
    return f"{down} {across}".strip()
