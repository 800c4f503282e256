"""What learning finds out: what is usual by the hour, who cries wolf, and how long until a rate can be counted."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from fusion.baseline.census import LEAST_DAYS, MOST_VALUES, Census, independent_moments
from fusion.baseline.findings import Conduct, Findings, read_findings, write_findings
from fusion.calibrate import Past
from fusion.engine import EngineSettings, Memory
from fusion.language.choice import BY_NAME
from fusion.language.english import ENGLISH
from fusion.language.texts import Texts
from fusion.rarity import DAY_NS
from fusion.report.learned import findings_text
from sensors.errors import BadInputError
from sensors.types import NS, Health, Modality, Quality, Score, State

SETTINGS = EngineSettings()
HOUR_NS = 3600 * NS
STREAMS = {"air": Modality.ENVIRONMENT}
LEVEL, LAMP = "air:temperature_c.level", "air:motion.level"
BLOCKS = {"environment": np.random.default_rng(3).exponential(size=500)}


def score(at_ns: int, value: float, channel: str = LEVEL, quality: Quality = Quality.OK, unit: str = "°C") -> Score:
    return Score("air", channel, Modality.ENVIRONMENT, at_ns, NS, None, quality, value=value, unit=unit)


def found(
    items: Iterable[Score | Health] = (), per_day: float = 1.0, utc_offset_s: int | None = 0, seconds: float = 5000.0
) -> Findings:
    census = Census(SETTINGS, per_day, utc_offset_s)
    for item in items:
        census.take(item)
    return census.findings(Memory({}, BLOCKS, {}), seconds, STREAMS)


def days(count: int) -> list[Score]:
    """As warm as the hour says, every ten minutes."""
    return [score(at_ns, at_ns // HOUR_NS % 24) for at_ns in range(0, count * DAY_NS, HOUR_NS // 6)]


def conduct(*segments: Iterable[float], per_day: float = 1.0) -> Conduct:
    """Of a channel with these windows, each segment a fold of its own."""
    census = Census(SETTINGS, per_day, None)
    census.take(score(0, 1.0))
    census.compare(range(len(segments)), [{LEVEL: list(segment)} for segment in segments])
    return census.findings(Memory({}, BLOCKS, {}), 1.0, STREAMS).conduct[0]


def steady(seed: int, count: int = 2000) -> list[float]:
    return list(map(float, np.random.default_rng(seed).exponential(size=count)))


def test_what_is_usual_is_told_for_every_hour_that_two_days_have_shown() -> None:
    usual = found(days(LEAST_DAYS)).usual[0]
    assert {hour: told.middle for hour, told in usual.hours.items()} == {hour: hour for hour in range(24)}
    assert (usual.unit, usual.whole.count) == ("°C", LEAST_DAYS * 24 * 6)
    assert found(days(LEAST_DAYS - 1)).usual[0].hours == {}


def test_hours_are_those_of_the_place_and_of_no_place_that_is_not_known() -> None:
    assert found(days(3), utc_offset_s=9 * 3600).usual[0].hours[9].middle == 0
    assert found(days(3), utc_offset_s=None).usual[0].hours == {}


def test_what_cannot_be_believed_is_not_usual() -> None:
    items = [score(n * NS, 20.0 if n % 2 else 900.0, quality=Quality.OK if n % 2 else Quality.GAP) for n in range(100)]
    told = found(items)
    assert (told.usual[0].whole.low, told.usual[0].whole.high) == (20, 20)
    assert told.sensors[0].usable == 0.5


def test_a_long_past_is_thinned_and_not_cut() -> None:
    count = 10 * MOST_VALUES
    whole = found(score(n * NS, n) for n in range(count)).usual[0].whole
    assert whole.count == count
    assert whole.middle == pytest.approx(count / 2, rel=0.01)
    assert whole.high == pytest.approx(0.95 * count, rel=0.01)


def test_who_was_unwell_is_told_with_the_reason() -> None:
    stuck = Health("air", NS, State.DEGRADED, "stuck: the same values again and again")
    told = found([score(0, 1.0), stuck, Health("air", 2 * NS, State.UP), stuck])
    assert told.sensors[0].troubles == {stuck.reason: 2}


def test_a_channel_that_is_like_itself_does_not_cry_wolf() -> None:
    told = conduct(steady(1), steady(2), steady(3))
    assert not told.noisy
    assert told.rare == pytest.approx(told.expected, rel=0.6)


def test_a_channel_that_is_often_unlike_itself_cries_wolf() -> None:
    wild = steady(3)
    for begin in range(0, len(wild), 40):
        wild[begin] += 50
    told = conduct(steady(1), steady(2), wild)
    assert told.noisy
    assert told.alarms > 10 > told.alarms_expected


@pytest.mark.parametrize(("places", "alarms"), [((), 0), ((900, 901, 902, 903), 1), ((900, 903), 1), ((900, 950), 2)])
def test_windows_that_overlap_are_one_alarm(places: tuple[int, ...], alarms: int) -> None:
    usual = np.random.default_rng(1).permutation(np.linspace(0, 1, 2000))
    loud = usual.copy()
    loud[list(places)] = 200.0
    assert conduct(usual, usual, loud).alarms == alarms


def test_nobody_is_compared_with_his_own_fold() -> None:
    census = Census(SETTINGS, 1.0, None)
    census.take(score(0, 1.0))
    census.compare([0, 0], [{LEVEL: steady(1)}, {LEVEL: steady(2)}])
    assert census.findings(Memory({}, BLOCKS, {}), 1.0, STREAMS).conduct == ()


@pytest.mark.parametrize("per_day", [24.0, 1.0, 1 / 7])
def test_a_rate_is_counted_when_the_past_ranks_it_without_its_tail(per_day: float) -> None:
    """As many moments as are said to be needed, and the rarest rank of that past is the rate."""
    needed = next(each.needed for each in found(per_day=per_day).prospects if each.per_day == per_day)
    past = Past(capacity=100_000).restore(np.arange(round(needed), dtype=np.float64))
    rarest = 1 / (len(past) + 1)
    assert past.rank(needed / 2)[0] > rarest
    assert rarest * DAY_NS / SETTINGS.block_ns == pytest.approx(per_day, rel=1e-9)


def test_what_is_still_to_come_comes_as_what_came_so_far() -> None:
    per_day, *_ = (each for each in found(seconds=5000.0).prospects if each.per_day == 1)
    assert per_day.had == independent_moments(BLOCKS["environment"])
    assert (5000.0 + per_day.wait_s) / 5000.0 == pytest.approx(per_day.needed / per_day.had)
    assert next(each for each in found(per_day=1000.0).prospects if each.per_day == 1000).wait_s == 0


def test_moments_that_come_in_clusters_count_once() -> None:
    alone = np.random.default_rng(0).exponential(size=2000)
    assert independent_moments(alone) == pytest.approx(2000, rel=0.25)
    assert independent_moments(np.repeat(alone, 5)) == pytest.approx(2000, rel=0.35)
    assert independent_moments(np.empty(0)) == 0


def test_the_report_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder, told = tmp_path_factory.mktemp("base"), found(days(2))
    write_findings(folder, told)
    assert read_findings(folder) == told
    (folder / "report.json").write_text("{}")
    with pytest.raises(BadInputError, match="no report"):
        read_findings(folder)


@pytest.mark.parametrize("texts", BY_NAME.values(), ids=lambda texts: texts.language)
def test_the_report_names_all_that_was_found(texts: Texts) -> None:
    census = Census(SETTINGS, 24.0, 0)
    wild = [value + 50 * (n % 40 == 0) for n, value in enumerate(steady(3))]
    items: list[Score | Health] = [*days(2), score(0, 1.0, LAMP, unit=""), Health("air", NS, State.DOWN, "silent")]
    for item in items:
        census.take(item)
    census.compare([0, 1], [{LEVEL: steady(1)}, {LEVEL: wild}])
    told = findings_text(census.findings(Memory({}, BLOCKS, {}), 5000.0, STREAMS), texts)
    middles = [str(hour) for hour in range(0, 24, 3)]
    row = next(line for line in told.splitlines() if "°C" in line)
    assert row.split()[-len(middles) :] == middles
    assert texts.learned.noisy in told
    assert texts.fault("silent") in told
    assert texts.learned.no_hours not in told
    assert len([line for line in told.splitlines() if texts.word("temperature") in line]) == 2


def test_a_place_without_trouble_is_told_so() -> None:
    told = findings_text(found([score(0, 1.0)]), ENGLISH)
    assert told.endswith(ENGLISH.learned.all_well)
    assert ENGLISH.learned.none_noisy in told
    assert ENGLISH.learned.no_hours in told
