"""Tremor tells noise from whatever goes somewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sensors.environment.tremor import ROWS, Tremor


def tremors(values: list[float]) -> list[float]:
    tremor = Tremor()
    return [tremor.take(value) for value in values]


def test_it_is_known_once_seven_jumps_were_seen() -> None:
    told = tremors([0.0] * 12)
    assert [math.isnan(one) for one in told] == [True] * (ROWS + 1) + [False] * (12 - ROWS - 1)


@pytest.mark.parametrize("shape", ["line", "step", "spike", "corner"])
def test_what_goes_somewhere_or_leaps_once_has_none(shape: str) -> None:
    time = np.arange(40.0)
    values = {
        "line": 3 * time,
        "step": np.where(time < 20, 0.0, 50.0),
        "spike": np.where(time == 20, 50.0, 0.0),
        "corner": 3 * (time - 20).clip(min=0),
    }[shape]
    assert max(tremors(values.tolist())[ROWS + 1 :]) == 0


def test_noise_has_that_of_its_size_and_on_a_steep_way_none() -> None:
    noise = np.random.default_rng(0).normal(0, 2, 2000)
    told = np.array(tremors(noise.tolist())[ROWS + 1 :])
    assert np.median(told) == pytest.approx(0.6745 * math.sqrt(6) * 2, rel=0.1)
    assert np.mean(told == 0) < 0.05
    steep = np.array(tremors((noise + 5 * np.arange(2000)).tolist())[ROWS + 1 :])
    assert np.mean(steep == 0) > 0.9


def test_another_segment_begins_anew() -> None:
    tremor = Tremor()
    for value in range(20):
        tremor.take(value)
    tremor.forget()
    assert math.isnan(tremor.take(5.0))
