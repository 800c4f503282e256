"""MATCH, ABSENT or WAIT, drawn: a column is a tenth of a second.

Said: s a usable score, S one that spans two columns, w warming, g a gap, D down, U up.
Answered: M the stream takes part, - it is absent.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.align import FOREVER, NEVER, UNUSABLE, Aligner, Presence, StreamJoin
from sensors.types import NS, Health, Modality, Quality, Score, State

LAW = settings(deadline=None, derandomize=True, database=None)

COLUMN = NS // 10
HOLD = 3 * COLUMN
QUALITIES = {"s": Quality.OK, "S": Quality.OK, "w": Quality.WARMING, "g": Quality.GAP}
STATES = {"D": State.DOWN, "U": State.UP, "T": State.TAMPERED}

Said = Score | Health


def say(sign: str, column: int, stream: str = "mic") -> list[Said]:
    at_ns = column * COLUMN
    if sign in STATES:
        return [Health(stream, at_ns, STATES[sign], "told so")]
    if sign not in QUALITIES:
        return []
    raw = 1.0 if QUALITIES[sign] is Quality.OK else None
    span_ns = 2 * COLUMN if sign == "S" else 0
    return [Score(stream, f"{stream}:level", Modality.AUDIO, at_ns, span_ns, raw, QUALITIES[sign])]


def aligner_of(*streams: str) -> Aligner:
    aligner = Aligner(HOLD)
    for stream in streams:
        aligner.add(stream, Modality.AUDIO)
    return aligner


def hear(said: str) -> list[StreamJoin]:
    aligner = aligner_of("mic")
    for column, sign in enumerate(said):
        for item in say(sign, column):
            assert aligner.push(item)
    return [aligner.join(column * COLUMN)["mic"] for column in range(len(said))]


def answer(said: str) -> str:
    return "".join("M" if join.presence is Presence.MATCH else "-" for join in hear(said))


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        pytest.param(
            "..s.......s.s....",
            "--MMM-----MMMMM--", id="a score speaks until its hold is over, and the next one extends it"),
        pytest.param(
            "..S.......S..s.......",
            "--MMMMMM--MMMMMM-----", id="a score speaks for three times its span, if that is longer"),
        pytest.param(
            "ww..wwwws....",
            "--------MMM--", id="warming is not speaking"),
        pytest.param(
            "s.g.g.g..s.g",
            "MMM------MMM", id="a gap prolongs nothing"),
        pytest.param(
            "s.D.s.U.s....",
            "MM----M-MMM--", id="health beats scores"),
        pytest.param(
            "s.DUsDTUs.",
            "MM--M---MM", id="the last state holds"),
    ],
)  # fmt: skip
def test_streams_are_heard_as_drawn(said: str, answered: str) -> None:
    assert answer(said) == answered


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("....", "nothing yet"),
        ("ww..", "warming up"),
        ("s.....", "silent"),
        ("s...g.", UNUSABLE),
        ("s...g....", "silent"),
        ("s.D", "told so"),
    ],
)
def test_who_is_absent_says_why(said: str, reason: str) -> None:
    assert hear(said)[-1] == StreamJoin(Presence.ABSENT, [], reason)


def test_the_answers_come_in_the_order_of_names_however_streams_were_added() -> None:
    assert list(aligner_of("c", "a", "b").join(0)) == ["a", "b", "c"] == list(aligner_of("a", "b", "c").streams)


def reread(items: Sequence[Said], tick_ns: int, before_ns: int) -> tuple[bool, list[Score]]:
    """The slow twin: everything is read again for every tick."""
    scores = [i for i in items if isinstance(i, Score) and i.end_ns <= tick_ns]
    states = [i.state for i in items if isinstance(i, Health) and i.at_ns <= tick_ns]
    up = not states or states[-1] is State.UP
    speaks = any(
        tick_ns < score.end_ns + max(HOLD, 3 * score.span_ns) for score in scores if score.quality is Quality.OK
    )
    fresh = [score for score in scores if score.end_ns > before_ns]
    return (True, fresh) if up and speaks else (False, [])


SENTENCES = st.text(alphabet="sSwgDUT....", min_size=1, max_size=40)


@LAW
@given(mic=SENTENCES, cam=SENTENCES, every=st.integers(1, 4), data=st.data())
def test_joins_depend_on_event_times_only(mic: str, cam: str, every: int, data: st.DataObject) -> None:
    said = {"mic": mic, "cam": cam}
    items = {
        name: [i for column, sign in enumerate(text) for i in say(sign, column, name)] for name, text in said.items()
    }
    arrivals = data.draw(st.permutations([name for name, some in items.items() for _ in some]))
    aligner, coming = aligner_of("mic", "cam"), {name: iter(some) for name, some in items.items()}
    for name in arrivals:
        assert aligner.push(next(coming[name]))
    before_ns = NEVER
    for tick_ns in range(0, 50 * COLUMN, every * COLUMN):
        for name, join in aligner.join(tick_ns).items():
            assert (join.presence is Presence.MATCH, join.fresh) == reread(items[name], tick_ns, before_ns)
        before_ns = tick_ns


@LAW
@given(said=SENTENCES, late=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=10))
def test_what_comes_late_is_counted_and_changes_nothing(said: str, late: list[tuple[int, int]]) -> None:
    """Each late score ends at its first column and comes after the tick of the larger one was answered."""
    aligner = aligner_of("mic")
    for column, sign in enumerate(said):
        for item in say(sign, column):
            aligner.push(item)
    answered = []
    for column in range(len(said)):
        answered.append(aligner.join(column * COLUMN)["mic"])
        for pair in late:
            if max(pair) == column:
                assert not aligner.push(say("S", min(pair))[0])
    assert answered == hear(said)
    assert aligner.late == sum(max(pair) < len(said) for pair in late)


@LAW
@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(-100, 100)), max_size=20))
def test_the_watermark_is_the_slowest_stream_and_never_goes_back(reached: list[tuple[str, int]]) -> None:
    aligner, furthest = aligner_of("a", "b"), {"a": NEVER, "b": NEVER}
    for stream, until_ns in reached:
        before_ns = aligner.watermark_ns
        aligner.reach(stream, until_ns)
        furthest[stream] = max(furthest[stream], until_ns)
        assert aligner.watermark_ns == min(furthest.values()) >= before_ns


def test_where_nobody_is_expected_nobody_is_waited_for() -> None:
    assert Aligner().watermark_ns == FOREVER


@LAW
@given(tick=st.integers(0, 99), reached=st.integers(0, 99), now=st.integers(0, 300), deadline=st.integers(0, 100))
def test_a_stream_is_waited_for_until_the_deadline_and_no_longer(
    tick: int, reached: int, now: int, deadline: int
) -> None:
    aligner = aligner_of("quick", "slow")
    aligner.reach("quick", FOREVER)
    aligner.reach("slow", reached)
    assert aligner.ready(tick, now, deadline) == (reached >= tick or now >= tick + deadline)
    assert aligner.ready(tick, NEVER, deadline) == (reached >= tick)


def test_nobody_has_been_silent_before_the_first_tick() -> None:
    assert not aligner_of("mic").silent_since(10**6 * COLUMN, COLUMN)


@LAW
@given(mic=SENTENCES, cam=SENTENCES, span=st.integers(0, 6))
def test_silence_is_when_nobody_speaks_nor_spoke_of_late(mic: str, cam: str, span: int) -> None:
    aligner, said = aligner_of("mic", "cam"), {"mic": mic, "cam": cam}
    items = [i for name, text in said.items() for column, sign in enumerate(text) for i in say(sign, column, name)]
    for item in items:
        aligner.push(item)
    spoken = {0}
    for column in range(60):
        if column:
            news = any((i.end_ns if isinstance(i, Score) else i.at_ns) == column * COLUMN for i in items)
            silent = all(column - other > span for other in spoken) and not news
            assert aligner.silent_since(column * COLUMN, span * COLUMN) == silent
        aligner.join(column * COLUMN)
        for item in items:
            if isinstance(item, Score) and item.end_ns == column * COLUMN:
                held = max(HOLD, 3 * item.span_ns) if item.quality is Quality.OK else 0
                spoken.add(column + held // COLUMN)


def test_a_stream_goes_on_while_single_quantities_are_at_fault_and_says_which() -> None:
    aligner = aligner_of("mic")
    said = [*say("s", 0), Health("mic", COLUMN, State.DEGRADED, "a stuck at 3", ("a",)), *say("s", 1), *say("s", 2)]
    for item in [*said, *say("U", 2)]:
        aligner.push(item)
    joins = [aligner.join(column * COLUMN)["mic"] for column in range(3)]
    assert [join.presence for join in joins] == [Presence.MATCH] * 3
    assert [(join.channels, join.reason) for join in joins] == [((), ""), (("a",), "a stuck at 3"), ((), "")]
