from __future__ import annotations

import numpy as np
import pytest

from sensors.environment.features import EnvironmentExtractor, is_physical
from sensors.environment.quantities import quantity_of
from sensors.types import NS, Chunk, Features


def extract(extractor: EnvironmentExtractor, rows: list[tuple[float, float]], name: str = "co2_ppm") -> list[Features]:
    """Rows of (time in seconds, value), one chunk each."""
    return [
        features
        for seq, (at_s, value) in enumerate(rows)
        for features in extractor.extract(Chunk("e", seq, round(at_s * NS), 0.0, np.array([[value]]), (name,)))
    ]


def value(features: Features, name: str) -> float:
    return float(features.values[features.names.index(name)])


def test_nothing_absurd_is_physical() -> None:
    assert not any(is_physical(value, None) for value in (1e300, -1e31, np.inf, np.nan))
    assert is_physical(-1e29, None)


def test_rows_pass_as_they_are() -> None:
    rows = np.array([[20.0, 500.0], [np.nan, 510.0]])
    features = list(EnvironmentExtractor("e").extract(Chunk("e", 0, 0, 1.0, rows, ("temperature_c", "co2_ppm"))))
    assert features[0].values[:2].tolist() == [20.0, 500.0]
    assert np.isnan(features[1].values[0])
    assert features[1].end_ns == NS


def test_change_is_from_the_median_of_the_rows_before() -> None:
    told = extract(EnvironmentExtractor("e"), [(at, v) for at, v in enumerate([500.0, 510.0, 505.0, 900.0, 506.0])])
    assert np.isnan(value(told[0], "co2_ppm.change"))
    assert [value(one, "co2_ppm.change") for one in told[1:]] == [10.0, 0.0, 395.0, -1.5]


@pytest.mark.parametrize("broken", [np.nan, np.inf, -200.0])
def test_a_broken_reading_leaves_no_trace_in_the_next(broken: float) -> None:
    told = extract(EnvironmentExtractor("e"), [(0, 500.0), (1, 502.0), (2, broken), (3, 503.0)])
    assert np.isnan(value(told[2], "co2_ppm.change"))
    assert value(told[3], "co2_ppm.change") == 2.0


@pytest.mark.parametrize("code", [-200.0, -999.0, -9999.0, -99999.0])
@pytest.mark.parametrize("usual", [[5.0, 6.0, 5.5, 7.0, 6.5, 5.0], [-1.0, 1.0, 0.5, -0.5, 1.5, -1.0], []])
def test_what_loggers_write_for_nothing_is_no_value(code: float, usual: list[float]) -> None:
    told = extract(EnvironmentExtractor("e"), list(enumerate([*usual, code, code, 5.0])), "foo")
    assert np.isnan([value(one, "foo") for one in told[-3:-1]]).all()
    assert value(told[-1], "foo") == 5.0
    assert abs(value(told[-1], "foo.change")) < 10 or not usual


@pytest.mark.parametrize("usual", [[-190.0, -205.0, -210.0, -195.0, -199.0, -201.0], [-1.0, 0.0, 9.0]])
def test_such_a_number_is_a_value_where_it_is_usual_or_nobody_knows(usual: list[float]) -> None:
    told = extract(EnvironmentExtractor("e"), list(enumerate([*usual, -200.0])), "foo")
    assert value(told[-1], "foo") == -200.0


def test_repeats_count_equal_values() -> None:
    told = extract(EnvironmentExtractor("e"), [(at, v) for at, v in enumerate([5.0, 5.0, 5.0, 6.0, 6.0])])
    assert [value(one, "co2_ppm.repeats") for one in told] == [0, 1, 2, 0, 1]


def test_span_is_the_distance_of_rows_but_a_gap_is_not() -> None:
    told = extract(EnvironmentExtractor("e"), [(at, 1.0) for at in (0, 2, 4, 6, 106, 108)])
    assert [one.span_ns // NS for one in told] == [0, 2, 2, 2, 6, 2]


def test_each_quantity_of_a_long_table_has_its_own_rhythm() -> None:
    extractor = EnvironmentExtractor("e")
    spans = []
    for at_s in range(4):
        spans += [one.span_ns for one in extract(extractor, [(at_s, 20.0)], "temperature_c")]
        spans += [one.span_ns for one in extract(extractor, [(at_s, 50.0)], "humidity_percent")]
    assert spans == [0, 0] + [NS] * 6


def test_a_long_gap_begins_a_new_segment() -> None:
    told = extract(EnvironmentExtractor("e"), [(0, 500.0), (10, 500.0), (5000, 900.0), (5010, 900.0)])
    assert [value(one, "segment_s") for one in told] == [0, 10, 0, 10]
    assert np.isnan(value(told[2], "co2_ppm.change"))


def test_physics_has_limits() -> None:
    temperature = quantity_of("temperature_c")[0]
    assert is_physical(21.0, temperature)
    assert not is_physical(-200.0, temperature)
    assert not is_physical(float("nan"), None)
    assert is_physical(-1e9, None)


def test_after_a_pause_nothing_is_compared_with_what_came_before() -> None:
    told = extract(EnvironmentExtractor("e"), [*((at, 500.0) for at in range(10)), (30, 560.0), (31, 561.0)])
    assert np.isnan(value(told[10], "co2_ppm.change"))
    assert value(told[11], "co2_ppm.change") == 1.0
    assert value(told[11], "segment_s") == 31


def uneven_life() -> list[Chunk]:
    """Two sets of quantities in turn, with gaps, broken readings and a pause of an hour."""
    rng = np.random.default_rng(9)
    chunks, at_s = [], 1_700_000_000.25
    for seq in range(160):
        at_s += 3600 if seq == 90 else rng.choice([10.0, 10.0, 11.0, 45.0])
        names = ("temperature_c", "co2_ppm") if seq % 3 else ("odd: name",)
        values = np.round(rng.normal(20, 2, (1, len(names))), 1)
        if seq % 17 == 0:
            values[0, 0] = np.nan
        chunks.append(Chunk("e", seq, round(at_s * NS), 0.0, values, names))
    return chunks


def told(extractor: EnvironmentExtractor, chunks: list[Chunk]) -> list[tuple[int, int, tuple[str, ...], bytes]]:
    found = [one for chunk in chunks for one in extractor.extract(chunk)]
    return [(one.end_ns, one.span_ns, one.names, one.values.tobytes()) for one in found]


@pytest.mark.parametrize("stop", [0, 1, 2, 40, 91, 130])
def test_resumed_goes_on_as_if_it_had_never_stopped(stop: int) -> None:
    chunks = uneven_life()
    whole, begun, resumed = EnvironmentExtractor("e"), EnvironmentExtractor("e"), EnvironmentExtractor("e")
    uninterrupted = told(whole, chunks)
    first = told(begun, chunks[:stop])
    resumed.restore({name: array.copy() for name, array in begun.state().items()})
    assert first + told(resumed, chunks[stop:]) == uninterrupted
    ours, theirs = resumed.state(), whole.state()
    assert {name: array.tobytes() for name, array in ours.items()} == {
        name: array.tobytes() for name, array in theirs.items()
    }
    assert {array.dtype for array in ours.values()} == {np.dtype(np.float64)}
