"""What is measured: a pack of ours and YAMNet, both as scores of the alert classes in time."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fusion.commands.listening import hear_file
from sensors.audio.classifier import open_classifier
from sensors.audio.events import find_rise
from sensors.audio.frontend import HOP, RATE_HZ, Samples
from sensors.audio.packs import ALERTS, Pack, Rule
from sensors.errors import BadInputError

Floats = NDArray[np.float64]
Rules = Mapping[str, Rule]

WINDOW, STEP = 15_600, 7_800
"""Samples that YAMNet hears at a time, and between two of its windows."""

AUDIOSET: Mapping[str, tuple[str, ...]] = {
    "alarm": (
        "Alarm", "Smoke detector, smoke alarm", "Fire alarm", "Alarm clock", "Buzzer", "Car alarm", "Beep, bleep",
    ),
    "baby_cry": ("Baby cry, infant cry", "Crying, sobbing"),
    "dog_bark": ("Dog", "Bark", "Yip", "Howl", "Bow-wow"),
    "explosion": ("Explosion", "Boom", "Eruption"),
    "glass_break": ("Glass", "Shatter", "Smash, crash", "Breaking"),
    "gunshot": ("Gunshot, gunfire", "Machine gun", "Fusillade", "Artillery fire", "Cap gun"),
    "scream": ("Screaming", "Yell", "Shout", "Bellow"),
    "siren": (
        "Siren", "Civil defense siren", "Emergency vehicle", "Police car (siren)", "Ambulance (siren)",
        "Fire engine, fire truck (siren)",
    ),
}  # fmt: skip
"""AudioSet's classes that stand for ours; the highest counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Scores of a sound in time.

    Attributes
    ----------
    start_s, end_s : ndarray (n,)
        The windows.
    onset_s : ndarray (n,)
        Where an event begins that is first heard in this window.
    scores : ndarray (n, 8)
        In (0, 1), in the order of `ALERTS`.
    """

    start_s: Floats
    end_s: Floats
    onset_s: Floats
    scores: Floats


class Ear(Protocol):
    """Hears files, and sound in memory."""

    name: str
    rules: Rules
    megabytes: float
    step_s: float

    def score_file(self, path: Path) -> Floats:
        """Highest score of each alert class, (8,)."""
        ...

    def listen(self, samples: Samples) -> Trace:
        """Scores in time."""
        ...

    def hear(self, samples: Samples) -> None:
        """One step and nothing more, for its cost."""
        ...


class PackEar:
    """A pack, as `kizashi audio` runs it."""

    step_s = HOP / RATE_HZ

    def __init__(self, pack: Pack) -> None:
        if missing := sorted(set(ALERTS) - set(pack.alerts)):
            mend = "give a pack that watches for all eight alert classes"
            raise BadInputError(f"it does not watch for '{missing[0]}'", where=pack.folder, mend=mend)
        self.name = pack.facts.name
        self.rules: Rules = {label: pack.rule(label) for label in ALERTS}
        self.megabytes = (pack.folder / pack.facts.model).stat().st_size / 1e6
        self._pack, self._classifier = pack, open_classifier(pack)
        self._columns = [pack.labels.index(label) for label in ALERTS]

    def score_file(self, path: Path) -> Floats:
        """Highest calibrated scores, as the command gives them."""
        return hear_file(path, self._pack, self._classifier).best.scores()[self._columns]

    def listen(self, samples: Samples) -> Trace:
        """Scores and onsets as the command makes events of them."""
        self._classifier.reset()
        count = len(samples) // HOP
        start_s = np.arange(count, dtype=np.float64) * self.step_s
        onset_s, scores = start_s.copy(), np.zeros((count, len(ALERTS)))
        power, last_s = 0.0, None
        for index, hop in enumerate(samples[: count * HOP].reshape(count, HOP)):
            rise_s, power = find_rise(hop, power, RATE_HZ)
            scores[index] = self._classifier.classify(hop).probabilities[self._columns]
            rose_s = None if rise_s is None else start_s[index] + rise_s
            onset_s[index] = next((at_s for at_s in (rose_s, last_s) if at_s is not None), start_s[index])
            last_s = rose_s
        return Trace(start_s, start_s + self.step_s, onset_s, scores)

    def hear(self, samples: Samples) -> None:
        """One hop, front end included."""
        self._classifier.classify(samples[:HOP])


class YamnetEar:
    """YAMNet as Google gives it: overlapping windows, its own classes mapped to ours.

    Why onsets are not the windows' beginnings: of a window of 0.975 s that would be half a second early, so that it
    gets ours where the sound rises, and the window's middle where it does not.
    """

    name = "YAMNet"
    step_s = STEP / RATE_HZ

    def __init__(self, model: Path, classes: Path) -> None:
        self.rules: Rules = {label: Rule() for label in ALERTS}
        self.megabytes = model.stat().st_size / 1e6
        self._columns = read_columns(classes)
        self._interpreter = _open_tflite(model)
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]

    def score_file(self, path: Path) -> Floats:
        """Highest score over windows and mapped classes."""
        import soundfile  # type: ignore[import-untyped]

        samples = soundfile.read(path, dtype="float32", always_2d=True)[0].mean(axis=1)
        return np.asarray(self.listen(samples).scores.max(axis=0))

    def listen(self, samples: Samples) -> Trace:
        """Scores of windows that overlap by half; the last is filled with silence."""
        count = 1 + max(0, -(-(len(samples) - WINDOW) // STEP))
        padded = np.pad(samples, (0, (count - 1) * STEP + WINDOW - len(samples)))
        start_s = np.arange(count, dtype=np.float64) * self.step_s
        onset_s, scores = start_s + WINDOW / RATE_HZ / 2, np.zeros((count, len(ALERTS)))
        power = 0.0
        for index in range(count):
            window = padded[index * STEP : index * STEP + WINDOW]
            rise_s, power = find_rise(window, power, RATE_HZ)
            if rise_s is not None:
                onset_s[index] = start_s[index] + rise_s
            given = self._run(window)
            scores[index] = [given[columns].max() for columns in self._columns]
        return Trace(start_s, start_s + WINDOW / RATE_HZ, onset_s, scores)

    def hear(self, samples: Samples) -> None:
        """One window."""
        self._run(samples[:WINDOW])

    def _run(self, window: Samples) -> NDArray[np.float32]:
        self._interpreter.set_tensor(self._input["index"], window.reshape(self._input["shape"]))
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._output["index"]), np.float32).reshape(-1)


def read_columns(path: Path) -> list[list[int]]:
    """Columns of YAMNet's scores that stand for each alert class."""
    with path.open(encoding="utf-8", newline="") as file:
        places = {row["display_name"]: int(row["index"]) for row in csv.DictReader(file)}
    return [[places[name] for name in AUDIOSET[label]] for label in ALERTS]


def _open_tflite(model: Path) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]
    except ImportError as error:
        mend = "install it: pip install ai-edge-litert"
        raise BadInputError("TFLite models need the runtime ai-edge-litert", where=model, mend=mend) from error
    interpreter = Interpreter(model_path=str(model), num_threads=1)
    interpreter.allocate_tensors()
    return interpreter
