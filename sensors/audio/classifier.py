"""The seam behind which every classifier stands: a quarter of a second of sound in, what is heard out.

Why log-odds travel beside probabilities: thresholds and distances far out need them, where a probability is all nines.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sensors.audio.frontend import BANDS, FRAMES, HOP, FrontEnd, Samples, natural
from sensors.audio.packs import Pack, load_pack
from sensors.errors import BadInputError

Floats = NDArray[np.float32]

_ANOTHER = "choose another model, or add it again with `kizashi models add`"


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a classifier made of a hop.

    Attributes
    ----------
    logits : ndarray (C,) float32
        Log-odds of each class, as the model gives them.
    probabilities : ndarray (C,) float64
        Calibrated, in (0, 1).
    embedding : ndarray (D,) float32
        What the sound is like, in the model's own terms.
    """

    logits: Floats
    probabilities: NDArray[np.float64]
    embedding: Floats


class Classifier(Protocol):
    """Hears one stream."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Classes, in the order of the scores."""
        ...

    def classify(self, samples: Samples) -> Hearing:
        """What is heard at the end of the next `HOP` samples, (HOP,) float32 in [-1, 1]."""
        ...

    def reset(self) -> None:
        """Forget what came before: the stream begins, or had a gap."""
        ...


class Calibration:
    """Log-odds of a model to scores that mean the same for every class.

    Parameters
    ----------
    pack : Pack
        Says scale and offset of each class.

    Attributes
    ----------
    terms : ndarray (2, C)
        Scales, then offsets.
    """

    def __init__(self, pack: Pack) -> None:
        rules = [pack.rule(label) for label in pack.labels]
        self.terms = np.array([[rule.scale for rule in rules], [rule.offset for rule in rules]])

    def logits(self, logits: NDArray[Any]) -> NDArray[np.float64]:
        """Calibrated log-odds (C,)."""
        scale, offset = self.terms
        return np.asarray(scale * logits + offset, np.float64)

    def probabilities(self, logits: NDArray[Any]) -> NDArray[np.float64]:
        """Calibrated scores (C,), in (0, 1)."""
        return sigmoid(self.logits(logits))


def sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds to probabilities in (0, 1), without overflow.

    Parameters
    ----------
    logits : ndarray
        Any shape; beyond +-36, where a float64 cannot tell the result from 0 or 1, the bound counts.

    Returns
    -------
    ndarray
        The same shape.
    """
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -36.0, 36.0))))


class StreamingClassifier:
    """Our own network: frames and a state in, log-odds, embedding and the next state out.

    Parameters
    ----------
    pack : Pack
        Of kind "streaming".

    Raises
    ------
    BadInputError
        If the model is another than the pack describes.
    """

    def __init__(self, pack: Pack) -> None:
        self.labels = pack.labels
        self._run = open_session(pack)
        self._front = FrontEnd()
        self._calibration = Calibration(pack)
        self._state: Floats = np.zeros((1, _state_size(self._run, pack)), np.float32)
        self._check(pack)

    def classify(self, samples: Samples) -> Hearing:
        """What is heard at the end of the next hop."""
        logits, embedding = self._step(natural(self._front.push(samples)))
        return Hearing(logits, self._calibration.probabilities(logits), embedding)

    def reset(self) -> None:
        """Forget what came before."""
        self._front.reset()
        self._state = np.zeros_like(self._state)

    def _step(self, frames: Floats) -> tuple[Floats, Floats]:
        given = {"frames": frames[np.newaxis], "state": self._state}
        logits, embedding, self._state = self._run.run(("logits", "embedding", "next_state"), given)
        return logits[0], embedding[0]

    def _check(self, pack: Pack) -> None:
        """Hear a hop of silence: shapes and numbers must be what a pack promises."""
        shape = self._state.shape
        try:
            logits, embedding = self._step(natural(self._front.push(np.zeros(HOP, np.float32))))
        except Exception as error:
            raise _misfit(pack, f"the model does not run ({str(error).splitlines()[0]})") from error
        if logits.shape != (len(self.labels),) or embedding.ndim != 1 or self._state.shape != shape:
            raise _misfit(pack, f"the model gives {logits.shape[0]} classes, the pack names {len(self.labels)}")
        if not all(np.isfinite(array).all() for array in (logits, embedding, self._state)):
            raise _misfit(pack, "the model gives numbers that are not finite")
        self.reset()


def open_classifier(model: str | Pack) -> Classifier:
    """A classifier for one stream; streams of a process share the model and have states of their own.

    Raises
    ------
    BadInputError
        If there is no such pack, or it does not hold what it says.
    """
    pack = load_pack(model) if isinstance(model, str) else model
    if pack.facts.kind == "streaming":
        return StreamingClassifier(pack)
    from sensors.audio.windowed import WindowClassifier

    return WindowClassifier(pack)


def open_session(pack: Pack) -> Any:
    """The pack's model in onnxruntime, one thread; opened once a process.

    Raises
    ------
    BadInputError
        If it is no ONNX model, or not the one that the pack names.
    """
    with _OPENING:
        if pack.facts.sha256 not in _SESSIONS:
            _SESSIONS[pack.facts.sha256] = _session(pack)
            _release_heap()
        return _SESSIONS[pack.facts.sha256]


_SESSIONS: dict[str, Any] = {}
_OPENING = Lock()


def _session(pack: Pack) -> Any:
    import onnxruntime  # type: ignore[import-untyped]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(pack.verified_path()), options, providers=["CPUExecutionProvider"])
    except BadInputError:
        raise
    except Exception as error:
        raise _misfit(pack, f"this is no model that can be run ({str(error).splitlines()[0]})") from error


def _release_heap() -> None:
    """Give back what optimising a model left on the heap: 20 MB that would stay resident for as long as we run."""
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _state_size(session: Any, pack: Pack) -> int:
    shapes = {given.name: given.shape for given in session.get_inputs()}
    gives = {out.name for out in session.get_outputs()}
    state = shapes.get("state", ())
    if shapes.get("frames") != [1, FRAMES, BANDS] or len(state) != 2 or not isinstance(state[1], int):
        raise _misfit(pack, f"the model must take frames (1, {FRAMES}, {BANDS}) and a state")
    if not {"logits", "embedding", "next_state"} <= gives:
        raise _misfit(pack, "the model must give logits, embedding and next_state")
    return int(state[1])


def _misfit(pack: Pack, what: str) -> BadInputError:
    return BadInputError(what, where=pack.folder / pack.facts.model, mend=_ANOTHER)
