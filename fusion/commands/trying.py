"""Tries live sensors: all at once, each until it gives something, or says why not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from threading import Event, Thread
from typing import cast

from sensors.base import LiveSource, Sensor
from sensors.types import Health, State

WITHIN_S = 15.0
"""How long a sensor may take to give something, seconds."""


class Trial:
    """One sensor, tried in a thread.

    Attributes
    ----------
    reason : str
        Why it gave nothing; empty where it did.
    after_s : float
        How long it took, seconds.
    """

    def __init__(self, sensor: Sensor, within_s: float) -> None:
        self.stream, self.reason, self.after_s = sensor.stream, f"gave nothing within {within_s:g} s", within_s
        self._source, self._sensor = cast(LiveSource, sensor.source), sensor
        self._told, self._within_s, self._began_s = Event(), within_s, time.monotonic()
        self._source.on_health = self._note
        self._thread = Thread(target=self._run, daemon=True, name=f"try {sensor.stream}")
        self._thread.start()

    def wait(self) -> None:
        """Until it is known."""
        self._told.wait(max(0.0, self._began_s + self._within_s - time.monotonic()))
        self._source.stop()
        self._thread.join(3.0)

    def _run(self) -> None:
        try:
            with closing(self._source.chunks()) as chunks:  # type: ignore[type-var]
                for chunk in chunks:
                    list(self._sensor.extractor.extract(chunk))
                    self.reason, self.after_s = "", time.monotonic() - self._began_s
                    return
        except Exception as error:
            self.reason = f"it failed ({type(error).__name__})"
        finally:
            self._told.set()

    def _note(self, health: Health) -> None:
        if health.state is State.DOWN and health.reason:
            self.reason = health.reason


def try_live(sensors: Sequence[Sensor], within_s: float = WITHIN_S) -> list[Trial]:
    """Try all of them at once."""
    trials = [Trial(sensor, within_s) for sensor in sensors]
    for trial in trials:
        trial.wait()
    return trials
