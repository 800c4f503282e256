"""Classifiers that hear a window at a time, behind the same seam: YAMNet with our heads, or a user's own ONNX.

Every quarter of a second they hear the last window anew; what lies before the beginning counts as 0.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.audio.classifier import Calibration, Hearing
from sensors.audio.engines import YAMNET_CLASSES, YAMNET_WIDTH, open_engine
from sensors.audio.frontend import HOP, Samples
from sensors.audio.packs import HEADS, Pack, Rule, load_pack
from sensors.errors import BadInputError

Floats = NDArray[np.float32]

FARTHEST = 1e-6
"""Probabilities nearer to 0 or 1 than this count as this when log-odds are taken."""


class WindowClassifier:
    """Hears the last window of a stream at every hop; keeps that window and nothing else.

    Parameters
    ----------
    pack : Pack
        Of kind "yamnet" or "window".
    """

    def __init__(self, pack: Pack) -> None:
        self._facts = pack.facts
        self._labels = pack.labels
        self._heads = load_heads(HEADS, len(pack.labels)) if pack.facts.kind == "yamnet" else None
        self._engine = open_engine(pack, YAMNET_CLASSES if self._heads else len(pack.facts.outputs))
        self._calibration = Calibration(pack)
        self._window: Samples = np.zeros(max(self._engine.length, HOP), np.float32)
        self._where = pack.folder / pack.facts.model
        places = {label: index for index, label in enumerate(self._labels)}
        self._places = np.array([-1 if out is None else places[out] for out in pack.facts.outputs], int)

    @property
    def labels(self) -> tuple[str, ...]:
        """Classes, in the order of the scores."""
        return self._labels

    def classify(self, samples: Samples) -> Hearing:
        """What is heard in the window that ends with the next hop.

        Raises
        ------
        BadInputError
            If the model gives numbers that are not finite, or no embedding where its heads need one.
        """
        self._window = np.concatenate([self._window[HOP:], samples])
        made = self._engine.run(self._window[-self._engine.length :])
        if self._heads is not None:
            if made.embedding is None:
                raise BadInputError("the model gives no embedding", where=self._where, mend="export YAMNet with it")
            logits, embedding = self._heads.logits(made.embedding), made.embedding
        else:
            raw = made.scores if self._facts.logits else log_odds(made.scores)
            logits, embedding = self._gathered(raw), raw if made.embedding is None else made.embedding
        if not (np.isfinite(logits).all() and np.isfinite(embedding).all()):
            raise BadInputError("the model gives numbers that are not finite", where=self._where, mend="repair it")
        return Hearing(logits, self._calibration.probabilities(logits), embedding)

    def reset(self) -> None:
        """Forget what came before."""
        self._window = np.zeros_like(self._window)

    def _gathered(self, raw: Floats) -> Floats:
        """Highest log-odds among the outputs that stand for each label."""
        logits = np.full(len(self._labels), -np.inf, np.float32)
        used = self._places >= 0
        np.maximum.at(logits, self._places[used], raw[used])
        return logits


class Heads:
    """Logistic regressions on an embedding.

    Parameters
    ----------
    weights : ndarray (C, E)
        One row a class.
    bias : ndarray (C,)
        Added.
    mean, scale : ndarray (E,)
        The embedding is taken as (embedding - mean) / scale; scale > 0.
    """

    def __init__(self, weights: Floats, bias: Floats, mean: Floats, scale: Floats) -> None:
        self._weights, self._bias, self._mean, self._scale = weights, bias, mean, scale

    def logits(self, embedding: Floats) -> Floats:
        """Log-odds of each class, (C,) float32."""
        return np.asarray(self._weights @ ((embedding - self._mean) / self._scale) + self._bias, np.float32)


def load_heads(path: Path, classes: int) -> Heads:
    """The heads in a file of plain arrays.

    Raises
    ------
    BadInputError
        If it is missing, or holds anything but finite arrays of the right shapes.
    """
    shapes = {
        "weights": (classes, YAMNET_WIDTH), "bias": (classes,), "mean": (YAMNET_WIDTH,), "scale": (YAMNET_WIDTH,)
    }  # fmt: skip
    arrays = _arrays(path)
    for name, shape in shapes.items():
        if name not in arrays or arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
            raise BadInputError(f"'{name}' is no finite array {shape}", where=path, mend="install Kizashi again")
    if not (arrays["scale"] > 0).all():
        raise BadInputError("a scale is not above 0", where=path, mend="install Kizashi again")
    return Heads(*(arrays[name].astype(np.float32) for name in shapes))


def yamnet_rules() -> dict[str, Rule]:
    """Rules of the alert classes under our heads: calibrated where the file of heads says how."""
    builtin = load_pack()
    arrays = _arrays(HEADS)
    ones, zeros = np.ones(len(builtin.labels)), np.zeros(len(builtin.labels))
    scale, offset = arrays.get("alert_scale", ones), arrays.get("alert_offset", zeros)
    return {
        label: Rule(float(scale[index]), float(offset[index]))
        for index, label in enumerate(builtin.labels)
        if label in builtin.alerts
    }


def log_odds(probabilities: Floats) -> Floats:
    """Log-odds of probabilities.

    Parameters
    ----------
    probabilities : ndarray
        In [0, 1].

    Returns
    -------
    ndarray
        Finite: at most 14 from 0.
    """
    bounded = np.clip(probabilities.astype(np.float64), FARTHEST, 1 - FARTHEST)
    return np.asarray(np.log(bounded / (1 - bounded)), np.float32)


def _arrays(path: Path) -> dict[str, NDArray[np.float64]]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name], np.float64) for name in arrays.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise BadInputError("the heads cannot be read", where=path, mend="install Kizashi again") from error
