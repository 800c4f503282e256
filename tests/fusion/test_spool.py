"""Features that wait on disk come back as they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fusion.baseline.spool import Item, Spool
from sensors.types import Features


def item(stream: str, at_ns: int, values: list[float]) -> Item:
    names = tuple(f"{stream}_{n}" for n in range(len(values)))
    return stream, Features(stream, at_ns, 5, names, np.array(values)), at_ns + 9


def same(one: Item, other: Item) -> bool:
    if one[1] is None or other[1] is None:
        return one == other
    about = [(i[0], i[2], i[1].end_ns, i[1].span_ns, i[1].names, i[1].values.tobytes()) for i in (one, other) if i[1]]
    return about[0] == about[1]


def test_what_was_spooled_is_read_back_to_the_last_bit_again_and_again(tmp_path: Path) -> None:
    items: list[Item] = [
        item("eye", 1, [0.5, float("nan"), 3.0]),
        item("air", 2, [0.1, 101_325.123456789]),
        item("eye", 3, [np.pi, 1e300, -0.0]),
        ("air", None, 4),
        item("eye", 5, []),
    ]
    spool = Spool(tmp_path / "spool", iter(items))
    for _ in range(2):
        assert all(same(one, other) for one, other in zip(spool, items, strict=True))


def test_values_that_fit_into_32_bits_take_half_the_room(tmp_path: Path) -> None:
    short = [item("eye", n, [0.25] * 1000) for n in range(10)]
    long = [item("eye", n, [0.1] * 1000) for n in range(10)]
    for name, items in (("short", short), ("long", long)):
        Spool(tmp_path / name, items)
    assert (tmp_path / "short").stat().st_size < 0.52 * (tmp_path / "long").stat().st_size
