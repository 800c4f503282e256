"""Scores in time to events with an onset and an end: two thresholds and some patience, per class.

Why two thresholds: a score that wavers about one threshold would make ten events of one siren. Why some classes must
last: half of what is taken for a siren or a cry is one moment of speech or traffic, and no siren is over in a moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sensors.audio.packs import Pack, Rule

NEXT_S = 1e-3
"""Seconds by which windows that follow each other may be apart."""


@dataclass(frozen=True, slots=True)
class Event:
    """A sound with a name.

    Attributes
    ----------
    label : str
        Its class.
    start_s, end_s : float
        From the beginning of the first window above the opening threshold to the end of the last above the closing
        one, seconds of media time; start_s < end_s.
    score : float
        Highest calibrated score, in (0, 1).
    """

    label: str
    start_s: float
    end_s: float
    score: float


class EventFinder:
    """Follows the alert classes of one stream; holds at most one open event a class.

    Parameters
    ----------
    pack : Pack
        Its labels, and the thresholds of those that are watched for.
    """

    def __init__(self, pack: Pack) -> None:
        self._watched: Mapping[int, tuple[str, Rule]] = {
            index: (label, pack.rule(label)) for index, label in enumerate(pack.labels) if label in pack.alerts
        }
        self._open: dict[int, Event] = {}
        self._rising: dict[int, tuple[float, Event]] = {}

    @property
    def active(self) -> Sequence[Event]:
        """Events that have begun and not ended."""
        return tuple(self._open.values())

    def add(
        self, start_s: float, end_s: float, scores: NDArray[np.float64], onset_s: float | None = None
    ) -> list[Event]:
        """Take the scores of the next window.

        Parameters
        ----------
        start_s, end_s : float
            The window, seconds; windows follow each other.
        scores : ndarray (C,)
            Calibrated, in the order of the pack's labels.
        onset_s : float, optional
            When within the window something began, seconds; its beginning otherwise.

        Returns
        -------
        list of Event
            Those known to have ended, in the order of the labels.
        """
        ended = []
        for index, (label, rule) in self._watched.items():
            score, event = float(scores[index]), self._open.get(index)
            if event is None:
                fresh = Event(label, start_s if onset_s is None else onset_s, end_s, score)
                self._rise(index, rule, start_s, fresh)
            elif score >= rule.close:
                self._open[index] = replace(event, end_s=end_s, score=max(score, event.score))
            elif end_s - event.end_s >= rule.hold_s:
                ended.append(self._open.pop(index))
        return ended

    def _rise(self, index: int, rule: Rule, start_s: float, fresh: Event) -> None:
        """Begin an event that has been above the threshold for long enough, without a break."""
        since_s, event = self._rising.pop(index, (start_s, fresh))
        if fresh.score < rule.open:
            return
        if start_s > event.end_s + NEXT_S:
            since_s, event = start_s, fresh
        event = replace(event, end_s=fresh.end_s, score=max(event.score, fresh.score))
        if event.end_s - since_s >= rule.lasts_s - NEXT_S:
            self._open[index] = event
        else:
            self._rising[index] = since_s, event

    def finish(self) -> list[Event]:
        """What is still open, as it stands: the stream ends, or has a gap."""
        ended = list(self._open.values())
        self._open.clear()
        self._rising.clear()
        return ended


def find_rise(samples: NDArray[np.float32], before: float, rate_hz: float) -> tuple[float | None, float]:
    """Where in a window the sound suddenly grows, if it does.

    Parameters
    ----------
    samples : ndarray (n,) float32
        The window, n a multiple of 16.
    before : float
        Mean power of the window before, >= 0.
    rate_hz : float
        Samples per second.

    Returns
    -------
    rise_s : float or None
        Seconds into the window at which the first sixteenth begins that is 10 dB above all that was before; None
        where there is none.
    power : float
        Mean power of the window, to be given with the next one.
    """
    blocks = samples.reshape(16, -1).astype(np.float64)
    powers = np.einsum("ij,ij->i", blocks, blocks) / blocks.shape[1]
    usual = np.maximum.accumulate(np.concatenate([[max(before, 1e-10)], powers]))[:-1]
    above = np.flatnonzero(powers > 10 * usual)
    rise_s = float(above[0]) * blocks.shape[1] / rate_hz if len(above) else None
    return rise_s, float(powers.mean())
