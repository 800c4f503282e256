"""Four times a second, how the last 250 ms sounded: mel bands, measures of the microphone, and what a classifier heard.

No sound is kept: the last hop and what is needed to continue from it, here and in the classifier, and nothing else.
Speech is a class like any other; what was said is in none of the values.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sensors.audio.classifier import Classifier, open_classifier
from sensors.audio.frontend import BANDS, HOP, RATE_HZ, FrontEnd
from sensors.audio.measures import MEASURES, Meter
from sensors.audio.packs import BUILTIN, Pack
from sensors.framing import Framer
from sensors.types import NS, Chunk, Features

LOGIT = "logit_"
"""Before the name of a class."""

SPAN_NS = round(HOP * NS / RATE_HZ)
"""Time between features, and that each describes, nanoseconds."""


class AudioExtractor:
    """Features of a microphone.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    model : str or Pack
        The classifier's pack; it is opened with the first chunk.
    """

    def __init__(self, stream: str, model: str | Pack = BUILTIN) -> None:
        self.stream = stream
        self._model = model
        self._classifier: Classifier | None = None
        self._front = FrontEnd()
        self._meter = Meter()
        self._framer = Framer(RATE_HZ, HOP, HOP)
        self._names: tuple[str, ...] = ()

    def extract(self, chunk: Chunk) -> Iterator[Features]:
        """Features every 250 ms, the first 250 ms after the start or a gap.

        Raises
        ------
        ValueError
            If the chunk is not sampled at 16 kHz.
        BadInputError
            If the classifier cannot be opened.
        """
        if chunk.rate_hz != RATE_HZ:
            raise ValueError(f"{chunk.stream}: audio must come at {RATE_HZ:g} Hz, not {chunk.rate_hz:g}")
        classifier = self._classifier = self._classifier or open_classifier(self._model)
        for end_ns, samples, fresh in self._framer.frames(chunk):
            if fresh:
                self._front.reset()
                self._meter.reset()
                classifier.reset()
            values = self._values(classifier, samples)
            yield Features(self.stream, end_ns, SPAN_NS, self._names, values)

    def _values(self, classifier: Classifier, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        bands = self._front.push(samples).astype(np.float64).mean(axis=0)
        heard = classifier.classify(samples)
        self._names = self._names or self._name(classifier.labels, len(heard.embedding))
        return np.concatenate([bands, self._meter.measure(samples), heard.logits, heard.embedding])

    def _name(self, labels: tuple[str, ...], width: int) -> tuple[str, ...]:
        bands = (f"mel_{round(hz)}hz_db" for hz in self._front.centres_hz)
        return (*bands, *MEASURES, *(LOGIT + label for label in labels), *(f"embedding_{n}" for n in range(width)))


class Layout:
    """Where in the values of `AudioExtractor` everything stands.

    Parameters
    ----------
    classes : int
        Labels of the classifier.
    """

    def __init__(self, classes: int) -> None:
        first = BANDS + len(MEASURES)
        self.bands = slice(0, BANDS)
        self.measures = slice(BANDS, first)
        self.logits = slice(first, first + classes)
        self.embedding = slice(first + classes, None)
