"""One sense at a time: a score a second, windows of five; pasts are exponential, so a peak of -ln p has p."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from fusion.align import UNUSABLE, Presence, StreamJoin
from fusion.calm import Calm
from fusion.events import Missing
from fusion.lately import AVERAGED, OVERLAP
from fusion.senses import DEPTH, MEAN, NO_MORE, Senses, new_past
from sensors.types import NS, Modality, Quality, Score

WINDOW, LEAST, PAST = 5, 30, 5999
STREAMS = {"air": Modality.ENVIRONMENT, "cam": Modality.VIDEO, "mic": Modality.AUDIO}
AUDIO, ENVIRONMENT, VIDEO = range(3)
SILENT = StreamJoin(Presence.ABSENT, [], "silent")


def quantiles(count: int) -> NDArray[np.float64]:
    """A past in which the value -ln p has the p-value p, in an order without rhyme."""
    ranks = np.random.default_rng(0).permutation(count) + 1
    return -np.log(ranks / (count + 1))


def senses_of(
    *known: str, streams: Mapping[str, Modality] = STREAMS, every_ns: int = NS, window_s: int = WINDOW
) -> Senses:
    windows_ns = dict.fromkeys(Modality, window_s * NS)
    senses = Senses(streams, windows_ns, LEAST, every_ns, lambda score: score.end_ns + NS)
    senses.restore({name: quantiles(PAST) for name in known})
    return senses


def said(second: int, p_value: float, channel: str = "mic:level") -> StreamJoin:
    stream = channel.partition(":")[0]
    score = Score(stream, channel, STREAMS.get(stream, Modality.AUDIO), second * NS, NS, -math.log(p_value))
    return StreamJoin(Presence.MATCH, [score])


def together(*joins: StreamJoin) -> StreamJoin:
    return StreamJoin(Presence.MATCH, [score for join in joins for score in join.fresh])


def listen(senses: Senses, *p_values: float) -> list[float]:
    """What the ear says after each of these scores, a second apart."""
    return [
        senses.listen(second * NS, {"mic": said(second, p_value)})[0][AUDIO] for second, p_value in enumerate(p_values)
    ]


def test_a_channel_without_a_past_says_nothing_and_is_named() -> None:
    assert senses_of().listen(0, {"mic": said(0, 1e-6)}) == ({}, [Missing("mic", "learning what is usual")])


def test_a_channel_whose_past_is_just_long_enough_is_still_learning_until_it_speaks() -> None:
    senses, told = senses_of(window_s=20), list[str]()
    for second in range(5 * LEAST + 10):
        missing = senses.listen(second * NS, {"mic": said(second, 0.3)})[1]
        told.append(missing[0].reason if missing else "")
        senses.learn(second * NS, lambda at_ns: Calm.QUIET)
    assert set(told) == {"learning what is usual", ""}
    assert told == sorted(told, reverse=True)


def test_a_channel_speaks_as_soon_as_its_past_is_long_enough() -> None:
    senses, told = senses_of(window_s=1), list[bool]()
    for second in range(LEAST + 1):
        told.append(bool(senses.listen(second * NS, {"mic": said(second, 0.3)})[0]))
        senses.learn(second * NS, lambda at_ns: Calm.QUIET)
    assert told == [False] * LEAST + [True]


@pytest.mark.parametrize("p_value", [0.4, 0.1, 0.02])
def test_a_steady_p_value_is_taken_at_its_word(p_value: float) -> None:
    assert listen(senses_of("mic:level"), *[p_value] * 9)[-1] == pytest.approx(p_value, rel=0.1)


def test_a_strange_moment_speaks_undiminished_for_the_window_and_no_longer() -> None:
    answers = listen(senses_of("mic:level"), *[0.5] * 6, 0.011, *[0.5] * 6)
    assert [answer < 0.1 for answer in answers] == [False] * 6 + [True] * WINDOW + [False] * 2
    assert answers[6 : 6 + WINDOW] == pytest.approx([0.011] * WINDOW, rel=0.1)


def test_many_looks_at_one_sense_do_not_add_up() -> None:
    once, often = senses_of("mic:level"), senses_of("mic:level")
    joined = together(*[said(0, 0.05)] * 10)
    assert often.listen(0, {"mic": joined})[0] == pytest.approx(once.listen(0, {"mic": said(0, 0.05)})[0])


def test_of_looks_within_a_tick_the_strangest_counts_and_is_the_reason() -> None:
    senses = senses_of("mic:level")
    looks = together(said(0, 0.5), said(0, 0.01), said(0, 0.5))
    assert senses.listen(0, {"mic": looks})[0][AUDIO] == pytest.approx(0.01, rel=0.15)
    (reason,) = senses.reasons(Modality.AUDIO)
    assert reason.p_value == pytest.approx(0.01, rel=0.15)
    assert reason.score.raw == -math.log(0.01)


def test_far_beyond_the_past_is_stranger_than_a_little_beyond() -> None:
    answers = [listen(senses_of("mic:level"), 10**-exponent)[0] for exponent in (4, 6, 8, 10)]
    assert answers == sorted(answers, reverse=True)
    assert len(set(answers)) == 4


def test_no_channel_is_surer_than_its_past_allows() -> None:
    assert listen(senses_of("mic:level"), 1e-290)[0] == pytest.approx((PAST / OVERLAP + 1) ** -DEPTH)


def odds(senses: Senses, log_odds: bool) -> float:
    """What the ear says of odds beyond all that a past of exponential values shows."""
    score = Score("mic", "mic:glass", Modality.AUDIO, 0, NS, -math.log(1e-8), log_odds=log_odds)
    return senses.listen(0, {"mic": StreamJoin(Presence.MATCH, [score])})[0][AUDIO]


def test_log_odds_have_no_heavy_tail_and_other_scores_do() -> None:
    heavy, light = odds(senses_of("mic:glass"), False), odds(senses_of("mic:glass"), True)
    assert 1e-8 < light < 1e-7
    assert heavy > 20 * light


def test_what_is_learned_of_log_odds_from_the_start_ranks_as_what_was_restored_by_its_name() -> None:
    learned = senses_of(window_s=1)
    for second, value in enumerate(quantiles(400)):
        score = Score("mic", "mic:glass", Modality.AUDIO, second * NS, NS, value, log_odds=True)
        learned.listen(second * NS, {"mic": StreamJoin(Presence.MATCH, [score])})
        learned.learn(second * NS, lambda at_ns: Calm.QUIET)
    restored = senses_of(window_s=1)
    restored.restore(learned.pasts())
    late = Score("mic", "mic:glass", Modality.AUDIO, 500 * NS, NS, 20.0, log_odds=True)
    join = {"mic": StreamJoin(Presence.MATCH, [late])}
    answers = [senses.listen(500 * NS, join)[0][AUDIO] for senses in (learned, restored)]
    assert answers[0] == pytest.approx(answers[1], rel=0.2)


def test_one_strange_channel_is_enough_for_its_sense() -> None:
    senses = senses_of("mic:level", "mic:timbre")
    answer = senses.listen(0, {"mic": together(said(0, 0.9), said(0, 0.011, "mic:timbre"))})[0][AUDIO]
    assert answer == pytest.approx(2 * 0.011, rel=0.1)


def test_sensors_of_one_sense_answer_together_and_senses_apart() -> None:
    streams = {**STREAMS, "door": Modality.AUDIO}
    senses = senses_of("mic:level", "door:level", "cam:motion", streams=streams)
    said_now = {"cam": said(0, 0.1, "cam:motion"), "door": said(0, 0.9, "door:level"), "mic": said(0, 0.011)}
    answers, missing = senses.listen(0, said_now)
    assert answers == pytest.approx({AUDIO: 2 * 0.011, VIDEO: 0.1}, rel=0.1)
    assert missing == []


def test_who_is_absent_has_no_p_value_and_is_named() -> None:
    senses = senses_of("mic:level", "cam:motion")
    answers, missing = senses.listen(0, {"cam": SILENT, "mic": said(0, 0.1)})
    assert answers == pytest.approx({AUDIO: 0.1}, rel=0.1)
    assert missing == [Missing("cam", "silent")]


def test_an_absence_ends_what_was_remembered() -> None:
    senses = senses_of("mic:level")
    assert listen(senses, 1e-3)[0] < 0.01
    senses.listen(NS, {"mic": SILENT})
    assert senses.listen(2 * NS, {"mic": said(2, 0.4)})[0][AUDIO] == pytest.approx(0.4, rel=0.1)


def test_a_channel_that_fell_silent_no_longer_speaks_for_its_stream() -> None:
    senses = senses_of("mic:level", "mic:timbre")
    senses.listen(0, {"mic": together(said(0, 0.9), said(0, 0.9, "mic:timbre"))})
    silent = StreamJoin(Presence.MATCH, [])
    assert senses.listen(NS // 2, {"mic": silent})[1] == []
    assert senses.listen(NS, {"mic": silent}) == ({}, [Missing("mic", UNUSABLE)])


def test_a_channel_that_cannot_be_believed_stops_at_once_and_another_speaks_on() -> None:
    senses = senses_of("mic:level", "mic:timbre")
    senses.listen(0, {"mic": together(said(0, 0.002), said(0, 0.9, "mic:timbre"))})
    gap = Score("mic", "mic:level", Modality.AUDIO, NS // 2, 0, None, Quality.GAP)
    answers, missing = senses.listen(NS // 2, {"mic": StreamJoin(Presence.MATCH, [gap])})
    assert missing == []
    assert answers == {AUDIO: 0.5}
    gaps = StreamJoin(Presence.MATCH, [replace(gap, channel="mic:timbre")])
    assert senses.listen(NS * 3 // 4, {"mic": gaps}) == ({}, [Missing("mic", UNUSABLE)])


def test_reasons_are_the_strangest_channels_of_the_window() -> None:
    names = [f"mic:{name}" for name in "abcde"]
    senses = senses_of(*names)
    for second, p_values in enumerate([(0.9, 0.01, 0.9, 0.9, 0.9), (0.004, 0.03, 0.2, 0.04, 0.02)]):
        joined = together(*[said(second, p, name) for p, name in zip(p_values, names, strict=True)])
        senses.listen(second * NS, {"mic": joined})
    reasons = senses.reasons(Modality.AUDIO)
    assert [(reason.score.channel, reason.score.end_ns) for reason in reasons] == [
        ("mic:a", NS), ("mic:b", 0), ("mic:e", NS)]  # fmt: skip


def test_what_is_ordinary_is_no_reason() -> None:
    senses = senses_of("mic:level")
    listen(senses, 0.9, 0.3, 0.06)
    assert senses.reasons(Modality.AUDIO) == ()


def learned(calm: Callable[[int], Calm], *p_values: float, known: bool = True) -> list[float]:
    senses = senses_of(*(["mic:level"] if known else []), window_s=1)
    before = len(senses.pasts().get("mic:level", ()))
    listen_any = [senses.listen(s * NS, {"mic": said(s, p)}) for s, p in enumerate(p_values)]
    senses.learn(len(listen_any) * NS, calm)
    values: list[float] = senses.pasts().get("mic:level", np.zeros(0))[before:].tolist()
    return values


def test_listening_never_learns() -> None:
    senses = senses_of("mic:level")
    listen(senses, *[0.01] * 20)
    assert len(senses.pasts()["mic:level"]) == PAST


def test_quiet_is_learned_as_it_was() -> None:
    assert learned(lambda at_ns: Calm.QUIET, 0.5, 0.2, 1e-5) == pytest.approx([-math.log(p) for p in (0.5, 0.2, 1e-5)])


def test_of_an_alarm_that_may_be_chance_no_more_is_learned_than_that_it_was_strange() -> None:
    ordinary, strange = learned(lambda at_ns: Calm.CENSORED, 0.5, 1e-9)
    assert ordinary == pytest.approx(-math.log(0.5))
    assert -math.log(NO_MORE) < strange < 12
    assert learned(lambda at_ns: Calm.CENSORED, 0.5, 1e-9, known=False) == []


def test_an_alarm_teaches_nothing() -> None:
    assert learned(lambda at_ns: Calm.EXCLUDED, 0.5, 1e-9) == []
    mixed = learned(lambda at_ns: Calm.EXCLUDED if at_ns == NS else Calm.QUIET, 0.5, 1e-9, 0.4)
    assert mixed == pytest.approx([-math.log(0.5), -math.log(0.4)])


def test_only_what_is_old_enough_is_learned() -> None:
    senses = senses_of("mic:level", window_s=1)
    listen(senses, 0.5, 0.4, 0.3)
    senses.learn(1 * NS, lambda at_ns: Calm.QUIET)
    assert len(senses.pasts()["mic:level"]) == PAST + 2


def test_neighbours_say_the_same_and_are_learned_once() -> None:
    senses = senses_of("mic:level", every_ns=3 * NS)
    listen(senses, *[0.5] * 10)
    senses.learn(99 * NS, lambda at_ns: Calm.QUIET)
    assert len(senses.pasts()["mic:level"]) == PAST + 4


def test_windows_are_learned_every_quarter() -> None:
    senses = senses_of("mic:level", window_s=8)
    listen(senses, *[0.5] * 12)
    senses.learn(99 * NS, lambda at_ns: Calm.QUIET)
    assert len(senses.pasts()["mic:level"]) == PAST + 6


def test_what_is_a_little_strange_for_long_is_stranger_than_for_a_moment() -> None:
    senses, chance = senses_of(), np.random.default_rng(0)
    ordinary = (1 - chance.random(1200)).tolist()
    for second, p_value in enumerate(ordinary):
        senses.listen(second * NS, {"mic": said(second, p_value)})
        senses.learn(second * NS, lambda at_ns: Calm.QUIET)
    assert len(senses.pasts()[f"mic:level{MEAN}"]) >= LEAST
    start = len(ordinary)
    lasting = [senses.listen(s * NS, {"mic": said(s, 0.06)})[0][AUDIO] for s in range(start, start + 3 * WINDOW)]
    assert lasting[-1] < 0.02 < lasting[0]


def test_an_average_waits_until_its_windows_are_full() -> None:
    senses = senses_of()
    for second in range(30):
        senses.listen(second * NS, {"mic": said(second, 0.5)})
        senses.learn(second * NS, lambda at_ns: Calm.QUIET)
        assert len(senses.pasts().get(f"mic:level{MEAN}", ())) == len(range(AVERAGED * WINDOW, second + 1, 2))


def test_a_moment_that_speaks_on_is_ranked_against_what_was_learned_meanwhile() -> None:
    senses, past = senses_of(), new_past().restore(quantiles(40))
    senses.restore({"mic:level": quantiles(40)})
    first = listen(senses, 0.3)[0]
    senses.learn(0, lambda at_ns: Calm.QUIET)
    second = senses.listen(NS, {"mic": said(1, 0.9)})[0][AUDIO]
    assert first == pytest.approx(past.rank(-math.log(0.3))[0])
    past.learn(-math.log(0.3))
    assert second == pytest.approx(past.rank(-math.log(0.3))[0])
    assert second > first


def test_pasts_are_restored_by_name_and_those_of_strangers_left_aside() -> None:
    senses = senses_of()
    mean = f"mic:level{MEAN}"
    senses.restore({"mic:level": quantiles(40), "barn:level": quantiles(50), mean: quantiles(60)})
    assert {name: len(past) for name, past in senses.pasts().items()} == {"mic:level": 40, mean: 60}
