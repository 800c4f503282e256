"""A live watch answers every tick in time, with whatever has come, and its recording replays to the same."""

from __future__ import annotations

import weakref
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.engine import Step
from fusion.events import Change, Incident
from fusion.live.inbox import Heard
from fusion.live.intake import Intake
from fusion.live.journal import Line
from fusion.live.retrace import retrace
from fusion.live.vigil import Patience, Vigil
from fusion.sinks.jsonl import verdict_line
from sensors.types import NS, Features, Health, State
from tests.fusion.streams import QUICK, SENSES, START_NS, TICK_NS, features, sensor, watch

MS = 1_000_000
WAIT = Patience()


class Watching:
    """A vigil, and all that it said."""

    def __init__(self, start_ns: int = START_NS) -> None:
        self.steps: list[Step] = []
        self.closed: list[tuple[Change, Incident]] = []
        self.lines: list[bytes] = []
        self.intake = Intake(watch(start_ns=start_ns), QUICK)
        self.vigil = Vigil(self.intake, QUICK, start_ns, self.steps.append, self.closed.extend, self.lines.append)

    def ticks(self) -> list[int]:
        return [step.verdict.at_ns for step in self.steps]

    def missing(self) -> dict[str, str]:
        return {item.stream: item.reason for item in self.steps[-1].verdict.missing}


def heard(stream: str, at_ns: int, value: float = 1.0, number: int = 0) -> Heard:
    return Heard(stream, number, features(stream, at_ns, value))


def test_a_verdict_comes_though_no_sensor_ever_spoke() -> None:
    live = Watching()
    live.vigil.answer(START_NS + WAIT.idle_ns, (), {})
    assert live.ticks() == [START_NS]
    assert live.missing() == dict.fromkeys(SENSES, "nothing yet")


def test_a_verdict_comes_as_soon_as_all_are_read_to_it() -> None:
    live = Watching()
    live.vigil.answer(START_NS, (), dict.fromkeys(SENSES, START_NS - 1))
    assert not live.steps
    live.vigil.answer(START_NS, (), dict.fromkeys(SENSES, START_NS))
    assert live.ticks() == [START_NS]


def test_whoever_is_at_work_is_waited_for_until_the_bound_and_no_longer() -> None:
    live = Watching()
    bound_ns = START_NS + QUICK.budget_ns - WAIT.headroom_ns
    assert live.vigil.due_ns({"mic"}) == bound_ns
    live.vigil.answer(bound_ns - 1, {"mic"}, {})
    assert not live.steps
    live.vigil.answer(bound_ns, {"mic"}, {})
    assert live.ticks() == [START_NS]


def test_who_began_late_begins_earlier_until_he_is_in_time_again() -> None:
    live = Watching()
    usual_ns = QUICK.budget_ns - WAIT.headroom_ns
    assert live.vigil.due_ns({"mic"}) == START_NS + usual_ns
    live.vigil.answer(START_NS + usual_ns + 20 * MS, {"mic"}, {})
    assert live.ticks() == [START_NS]
    assert live.vigil.due_ns({"mic"}) == START_NS + TICK_NS + usual_ns - 40 * MS
    for _ in range(1000):
        live.vigil.answer(live.vigil.due_ns({"mic"}), {"mic"}, {})
    assert 0 <= usual_ns - (live.vigil.due_ns({"mic"}) - START_NS - 1001 * TICK_NS) < MS


def test_however_late_it_was_somebody_is_waited_for() -> None:
    live = Watching()
    live.vigil.answer(START_NS + 50 * NS, {"mic"}, {})
    waits_ns = live.vigil.due_ns({"mic"}) - live.ticks()[-1] - TICK_NS
    assert waits_ns == QUICK.budget_ns - WAIT.most_headroom_ns > 0


def test_no_verdict_is_given_on_the_future() -> None:
    live = Watching()
    live.vigil.answer(START_NS, (), dict.fromkeys(SENSES, START_NS + NS))
    assert live.ticks() == [START_NS]


def test_each_tick_has_one_verdict_though_the_loop_was_away() -> None:
    live = Watching()
    live.vigil.answer(START_NS + WAIT.idle_ns, (), {})
    live.vigil.answer(START_NS + 5 * NS, (), {})
    assert live.ticks() == list(range(START_NS, START_NS + 5 * NS - WAIT.idle_ns, TICK_NS))


def test_what_is_late_but_speaks_still_takes_part_in_the_next_verdict() -> None:
    live = Watching()
    for number in range(20):
        live.vigil.take(heard("eye", START_NS + number * TICK_NS, number=number))
        live.vigil.answer(START_NS + number * TICK_NS + WAIT.idle_ns, (), {})
    assert live.intake.late == 0
    live.vigil.take(heard("mic", START_NS + 19 * TICK_NS))
    live.vigil.answer(START_NS + 20 * TICK_NS + WAIT.idle_ns, (), {})
    assert live.intake.late == 1
    assert live.missing()["mic"] == "learning what is usual"


def test_what_is_too_late_to_speak_is_counted_and_left_out() -> None:
    live = Watching()
    live.vigil.answer(START_NS + 10 * NS, (), {})
    live.vigil.take(heard("mic", START_NS))
    live.vigil.answer(START_NS + 11 * NS, (), {})
    assert live.intake.late == live.intake.engine.late == 1
    assert live.missing()["mic"] == "nothing yet"


def test_a_clock_that_leaps_is_followed_without_a_verdict_for_each_tick_between() -> None:
    live = Watching()
    live.vigil.answer(START_NS + NS, (), {})
    count = len(live.steps)
    live.vigil.answer(START_NS + 3600 * NS, (), {})
    assert live.vigil.account.leaps == 1
    assert len(live.steps) == count + 1
    assert START_NS + 3600 * NS - NS < live.ticks()[-1] <= START_NS + 3600 * NS


def test_where_time_is_left_out_what_was_learned_is_kept_once() -> None:
    live = Watching()
    for number in range(600):
        for stream in SENSES:
            live.vigil.take(heard(stream, START_NS + number * TICK_NS, number % 7, number))
        live.vigil.answer(START_NS + number * TICK_NS + WAIT.idle_ns, (), {})
    before, old = live.intake.engine.snapshot(), weakref.ref(live.intake.engine)
    live.vigil.answer(START_NS + 3600 * NS, (), {})
    after = live.intake.engine.snapshot()
    assert old() is None
    assert before.channels
    assert {name: array.tobytes() for name, array in after.channels.items()} == {
        name: array.tobytes() for name, array in before.channels.items()
    }


def test_a_sensor_that_its_source_calls_down_is_missing_though_its_detector_is_content() -> None:
    live = Watching()
    down = Health("eye", START_NS, State.DOWN, "no picture for 3 s")
    live.vigil.take(Heard("eye", 0, down))
    live.vigil.answer(START_NS + NS, (), {})
    assert live.missing()["eye"] == "no picture for 3 s"
    live.vigil.take(Heard("eye", 0, Health("eye", START_NS + NS, State.UP)))
    live.vigil.answer(START_NS + 2 * NS, (), {})
    assert live.missing()["eye"] == "nothing yet"


def test_a_detector_that_fails_takes_only_its_own_sensor_out() -> None:
    live = Watching()
    live.vigil.take(heard("eye", START_NS, float("nan")))
    live.vigil.take(heard("mic", START_NS))
    live.vigil.answer(START_NS + NS, (), {})
    assert live.intake.failed == {"eye": 1}
    assert live.missing()["eye"] == "its detector failed (ValueError)"
    assert live.missing()["mic"] != live.missing()["eye"]


def test_what_is_shed_is_named_in_every_verdict_until_it_is_not() -> None:
    live = Watching()
    live.vigil.take(heard("eye", START_NS))
    live.vigil.shed({"eye": "too much to do"})
    live.vigil.answer(START_NS + 10 * NS, (), {})
    assert live.missing()["eye"] == "too much to do"
    assert all(step.verdict.degraded for step in live.steps)
    live.vigil.shed({})
    live.vigil.answer(START_NS + 11 * NS, (), {})
    assert live.missing()["eye"] == "silent"


def test_a_verdict_that_did_not_wait_for_all_is_counted() -> None:
    live = Watching()
    live.vigil.answer(START_NS + WAIT.idle_ns, (), {})
    assert live.vigil.account.hurried == 0
    live.vigil.answer(START_NS + TICK_NS + QUICK.budget_ns, {"mic"}, {})
    assert live.vigil.account.hurried == 1


Moment = tuple[str, int, float | None]
moments = st.lists(
    st.tuples(
        st.sampled_from(sorted(SENSES)),
        st.integers(0, 1500),
        st.one_of(st.none(), st.floats(0, 100)),
    ),
    max_size=60,
)


@settings(max_examples=60)
@given(moments, st.lists(st.integers(1, 400), min_size=60, max_size=60), st.booleans())
def test_a_recorded_live_run_replays_to_the_same_bytes(told: list[Moment], steps_ms: list[int], leap: bool) -> None:
    """Whatever came, however late, with sensors that go down, work that is shed, and a clock that leaps."""
    live = Watching()
    given_: dict[str, list[Features]] = {stream: [] for stream in SENSES}
    now_ns = START_NS
    for number, ((stream, delay_ms, value), step_ms) in enumerate(zip(told, steps_ms, strict=False)):
        now_ns += step_ms * MS + (3600 * NS if leap and number == 30 else 0)
        if value is None:
            state = State.DOWN if delay_ms % 2 else State.UP
            live.vigil.take(Heard(stream, 0, Health(stream, now_ns, state, "gone" * (state is State.DOWN))))
        else:
            mine = given_[stream]
            at_ns = max(now_ns - delay_ms * MS, mine[-1].end_ns + 1 if mine else 0)
            mine.append(features(stream, at_ns, value))
            live.vigil.take(Heard(stream, len(mine) - 1, mine[-1]))
        if number % 13 == 5:
            live.vigil.shed({"eye": "too much to do"} if number % 2 else {})
        live.vigil.answer(now_ns, (), {})
    live.vigil.finish()
    replayed: list[Step] = []
    lines = [msgspec.json.decode(line, type=Line) for line in live.lines]
    sensors = [sensor(stream, items) for stream, items in given_.items()]
    closed = retrace(lines, sensors, [watch()], QUICK, lambda _, step: replayed.append(step))
    assert [verdict_line(step.verdict) for step in replayed] == [verdict_line(step.verdict) for step in live.steps]
    assert [step.changes for step in replayed] == [step.changes for step in live.steps]
    assert closed["live"] == live.closed
    assert all(b - a >= TICK_NS for a, b in pairwise(live.ticks()))
