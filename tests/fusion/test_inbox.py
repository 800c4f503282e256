"""The inbox: bounded, in order for each sensor, and nothing goes without being counted."""

from __future__ import annotations

from threading import Thread

from fusion.live.inbox import Heard, Inbox
from sensors.types import Features, Health, State
from tests.fusion.streams import START_NS, features


def taken(inbox: Inbox) -> list[Heard]:
    out = []
    while (heard := inbox.take(0)) is not None:
        out.append(heard)
    return out


def test_the_oldest_gives_way_and_is_counted_and_numbers_go_on() -> None:
    inbox = Inbox(["mic"], limit=3)
    for number in range(5):
        inbox.put("mic", features("mic", START_NS + number, 0))
    assert [heard.number for heard in taken(inbox)] == [2, 3, 4]
    assert inbox.dropped == {"mic": 2}


def test_a_change_of_health_never_gives_way() -> None:
    inbox = Inbox(["mic"], limit=1)
    inbox.put("mic", Health("mic", START_NS, State.DOWN, "gone"))
    for number in range(3):
        inbox.put("mic", features("mic", START_NS + number, 0))
    kept = taken(inbox)
    assert [isinstance(heard.item, Health) for heard in kept] == [True, False]
    assert inbox.dropped == {"mic": 2}


def test_whoever_is_named_first_is_heard_first() -> None:
    inbox = Inbox(["air", "eye"])
    inbox.put("eye", features("eye", START_NS, 0))
    inbox.put("air", features("air", START_NS + 1, 0))
    assert [heard.stream for heard in taken(inbox)] == ["air", "eye"]


def test_a_sensor_is_busy_while_it_is_at_work_and_while_something_waits() -> None:
    inbox = Inbox(["mic"])
    with inbox.working("mic") as reached:
        assert inbox.standing() == ({"mic"}, {})
        inbox.put("mic", features("mic", START_NS, 0))
        reached.append(START_NS)
    assert inbox.standing() == ({"mic"}, {"mic": START_NS})
    inbox.take(0)
    assert inbox.standing() == (set(), {"mic": START_NS})


def test_who_waits_is_woken_by_what_comes() -> None:
    inbox = Inbox(["mic"])
    came: list[Heard | None] = []
    waiting = Thread(target=lambda: came.append(inbox.take(30)))
    waiting.start()
    inbox.put("mic", features("mic", START_NS, 0))
    waiting.join(20)
    assert isinstance(came[0].item if came[0] else None, Features)
