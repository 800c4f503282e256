"""What all live ears share: `LiveAudioSource`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.reader.source import ReaderSource
from sensors.reader.timeline import Timeline
from sensors.reader.wire import Message
from sensors.types import Modality


class LiveAudioSource(ReaderSource):
    """Sound that comes from somewhere for ever. Where something is missing the next chunk starts later.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    rate_hz : int
        Samples per second of the chunks.
    chunk_s : float
        Length of a chunk, seconds > 0; where times overlap one is shorter.
    channel : int, optional
        Which channel, from 0; all are averaged otherwise.
    queue_s : float
        How much sound waits for a slow consumer before the oldest is dropped, seconds.
    options
        Those of `ReaderSource`.
    """

    modality = Modality.AUDIO
    module, what = "sensors.audio.live.reader", "sound"
    dropping = "sound is dropped, since it is not taken in time"
    reads = ""

    def __init__(
        self, stream: str, *, rate_hz: int = 16_000, chunk_s: float = 0.1, channel: int | None = None,
        queue_s: float = 2.0, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(stream, **options)
        self._rate_hz, self._chunk_s, self._channel, self._queue_s = rate_hz, chunk_s, channel, queue_s

    def _order(self) -> Mapping[str, Any]:
        queue = max(1, round(self._queue_s / self._chunk_s))
        length = max(1, round(self._chunk_s * self._rate_hz))
        return {
            "reads": self.reads, "rate_hz": self._rate_hz, "length": length, "channel": self._channel, "queue": queue,
        }  # fmt: skip

    def _placing(self) -> SoundPlacing:
        return SoundPlacing(self._rate_hz)


class SoundPlacing:
    """Puts samples in event time.

    Parameters
    ----------
    rate_hz : int
        Samples per second.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz, self._timeline = rate_hz, Timeline(rate_hz)

    def begin(self) -> None:
        """Another reader has taken over."""
        self._timeline.begin()

    def place(self, message: Message, epoch_ns: int) -> tuple[int, float, NDArray[np.float32]] | None:
        """Event time, rate and samples; None where that time is already taken."""
        samples = np.frombuffer(message.body, np.float32)
        run, captured_ns = message.run, message.captured_ns
        start_ns, skip = self._timeline.place(run, message.position, len(samples), captured_ns, epoch_ns)
        return (start_ns, float(self._rate_hz), samples[skip:]) if skip < len(samples) else None
