"""Replays a recording of a live run: features in the order in which they were heard then, and the same verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from typing import cast

from fusion.assemble import Watch
from fusion.engine import EngineSettings
from fusion.events import Missing
from fusion.live.intake import Intake
from fusion.live.journal import Line, Run
from fusion.runner import Changes, Emit, Ending
from sensors.base import Sensor
from sensors.errors import BadInputError
from sensors.types import Features


def retrace(
    arrivals: Iterable[Line],
    sensors: Sequence[Sensor],
    watches: Sequence[Watch],
    settings: EngineSettings,
    emit: Emit,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Changes]:
    """Run the recording of a live run through watches.

    Parameters
    ----------
    arrivals : iterable of Line
        In which order what was heard.
    sensors : sequence of Sensor
        Those of the recording; what others brought is passed over.
    watches : sequence of Watch
        Each sees the streams that it has detectors for.
    settings : EngineSettings
        Those of the engines.
    emit : callable (Watch, Step) -> None
        Called for every tick of every watch, in order.
    progress : callable (int) -> None, optional
        Told the event time reached.

    Returns
    -------
    dict of str to sequence
        What closed because time was left out, or because the recording ended, by name of the watch.

    Raises
    ------
    BadInputError
        If a sensor's file holds less than was heard.
    """
    intakes = [Intake(watch, settings) for watch in watches]
    closed: dict[str, list[object]] = {watch.name: [] for watch in watches}
    with ExitStack() as stack:
        media = _Media(sensors, stack)
        for line in arrivals:
            for item in line.items:
                stream = item[0] if isinstance(item, tuple) else item.stream
                for heard in media.run(item) if isinstance(item, tuple) else [item.health()]:
                    for intake in intakes:
                        if stream in intake.watch.detectors:
                            intake.take(stream, heard)
            for intake in intakes:
                if line.shed is not None:
                    own = {stream: why for stream, why in line.shed.items() if stream in intake.watch.detectors}
                    intake.shed = tuple(Missing(stream, why) for stream, why in sorted(own.items()))
                if line.begin_ns is not None:
                    closed[intake.watch.name] += intake.begin_anew(line.begin_ns)
                if line.until_ns is not None:
                    for step in intake.answer(line.until_ns):
                        emit(intake.watch, step)
            if progress and line.until_ns is not None:
                progress(line.until_ns)
    return {
        intake.watch.name: cast("Changes", [*closed[intake.watch.name], *intake.engine.finish()]) for intake in intakes
    }


class _Media:
    """Features of each sensor by number, read once and forwards."""

    def __init__(self, sensors: Iterable[Sensor], stack: ExitStack) -> None:
        self._sensors: Mapping[str, Sensor] = {sensor.stream: sensor for sensor in sensors}
        self._stack = stack
        self._open: dict[str, Iterator[tuple[int, Features]]] = {}

    def run(self, wanted: Run) -> Iterator[Features]:
        """Features from the first to the last wanted; none of a sensor that is left out."""
        stream, first, last = wanted
        if stream not in self._sensors:
            return
        if stream not in self._open:
            read = self._sensors[stream].features()
            self._stack.enter_context(closing(cast("Ending", read)))
            self._open[stream] = enumerate(read)
        for number, features in self._open[stream]:
            if number >= first:
                yield features
            if number == last:
                return
        what = f"ends before number {last} of what was heard live"
        raise BadInputError(what, where=stream, mend="record it again")
