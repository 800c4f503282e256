"""The one loop: sensors' features in event-time order, through detectors and engine, to verdicts.

1. Features of all sensors are merged by event time; how sources cut their streams into chunks does not matter.
2. Each watch (an engine with its detectors) scores them; detectors ask the engine what was quiet before they learn.
3. The engine is told how far every stream has been read, and answers the ticks for which nothing is missing any more.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from typing import cast

from fusion.align import FOREVER
from fusion.assemble import Watch
from fusion.engine import Step
from fusion.events import Change, Incident
from fusion.live.inbox import Inbox
from fusion.live.vigil import Vigil
from sensors.base import Sensor
from sensors.clock import Clock
from sensors.types import NS, Features

Emit = Callable[[Watch, Step], None]
Changes = Sequence[tuple[Change, Incident]]


def merge(sensors: Iterable[Sensor]) -> Iterator[tuple[str, Features | None, int]]:
    """Features of all sensors in event-time order.

    Yields
    ------
    stream : str
        Whose turn it is.
    features : Features or None
        None once, when the stream has ended.
    next_ns : int
        Nothing of this stream that ends by then will come any more.
    """
    with ExitStack() as open_streams:
        heap: list[tuple[int, str, Features, Iterator[Features]]] = []
        for sensor in sensors:
            iterator = sensor.features()
            open_streams.enter_context(closing(cast("Ending", iterator)))
            first = next(iterator, None)
            if first is None:
                yield sensor.stream, None, FOREVER
            else:
                heap.append((first.end_ns, sensor.stream, first, iterator))
        heapq.heapify(heap)
        while heap:
            _, stream, features, iterator = heap[0]
            after = next(iterator, None)
            if after is None:
                heapq.heappop(heap)
                yield stream, features, FOREVER
            else:
                heapq.heapreplace(heap, (after.end_ns, stream, after, iterator))
                yield stream, features, after.end_ns - 1


def until(
    features: Iterable[tuple[str, Features | None, int]], end_ns: int | None
) -> Iterator[tuple[str, Features | None, int]]:
    """What `merge` gives, up to the end of the recording: what ends later was not recorded."""
    for stream, item, next_ns in features:
        if item is not None and end_ns is not None and item.end_ns > end_ns:
            return
        yield stream, item, next_ns


class Ending:
    """What `closing` wants: features come from generators, which can be closed."""

    def close(self) -> None:
        """Release what is open."""
        ...


def replay(
    features: Iterable[tuple[str, Features | None, int]],
    watches: Sequence[Watch],
    emit: Emit,
    end_ns: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Changes]:
    """Run a recording through watches.

    Parameters
    ----------
    features : iterable
        As `merge` gives them.
    watches : sequence of Watch
        Each sees the streams that it has detectors for.
    emit : callable (Watch, Step) -> None
        Called for every tick of every watch, in order.
    end_ns : int, optional
        Event time at which the recording ends; later features are left out, earlier ends are waited out.
    progress : callable (int) -> None, optional
        Told the event time reached.

    Returns
    -------
    dict of str to sequence
        What closed because the recording ended, by name of the watch.
    """
    reached = -FOREVER
    for stream, item, next_ns in until(features, end_ns):
        for watch in watches:
            detector = watch.detectors.get(stream)
            if detector is None:
                continue
            if item is not None:
                for said in detector.score(item, watch.engine.quiet):
                    watch.engine.push(said)
            watch.engine.reach(stream, next_ns)
        if item is not None:
            reached = max(reached, item.end_ns)
            for watch in watches:
                for step in watch.engine.advance(reached):
                    emit(watch, step)
            if progress:
                progress(reached)
    last = max(reached, end_ns if end_ns is not None else reached)
    for watch in watches:
        for stream in watch.detectors:
            watch.engine.reach(stream, last)
        for step in watch.engine.advance(last):
            emit(watch, step)
    return {watch.name: watch.engine.finish() for watch in watches}


def watch_live(
    inbox: Inbox, vigil: Vigil, clock: Clock, over: Callable[[], bool], beside: Callable[[int], None]
) -> None:
    """Watch until it is over.

    Parameters
    ----------
    inbox : Inbox
        Where sensors' threads put what they hear.
    vigil : Vigil
        Gives the verdicts.
    clock : Clock
        Event time.
    over : callable () -> bool
        Asked some times a tick.
    beside : callable (int) -> None
        Told the present moment as often, for what must happen now and then; quick.
    """
    busy: set[str] = set()
    while not over():
        heard = inbox.take((vigil.due_ns(busy) - clock.now_ns()) / NS)
        if heard is not None:
            vigil.take(heard)
        busy, reached = inbox.standing()
        now_ns = clock.now_ns()
        vigil.answer(now_ns, busy, reached)
        beside(now_ns)
