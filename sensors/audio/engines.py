"""Models of others that take a piece of waveform: ONNX by onnxruntime, YAMNet's TFLite by the extra `yamnet`."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sensors.audio.classifier import open_session
from sensors.audio.frontend import RATE_HZ, Samples
from sensors.audio.packs import Pack
from sensors.errors import BadInputError

Floats = NDArray[np.float32]

YAMNET_CLASSES = 521
YAMNET_WIDTH = 1024
YAMNET_WINDOW = 15_600
"""Samples that YAMNet hears at a time: 0.975 s."""

LONGEST = 160_000
"""Longest window that a model may take, samples: 10 s."""

_OWN = "give a model that takes a waveform (n,) or (1, n) of float32 at 16 kHz"


@dataclass(frozen=True, slots=True)
class Output:
    """What a model gave for a window.

    Attributes
    ----------
    scores : ndarray (K,)
        One a class; the highest where the model cut the window into several.
    embedding : ndarray (E,) or None
        Mean over those, if the model gives one.
    """

    scores: Floats
    embedding: Floats | None


class Engine(Protocol):
    """A model that hears windows."""

    length: int

    def run(self, window: Samples) -> Output:
        """Scores of a window, (length,) float32 in [-1, 1]."""
        ...


class OnnxEngine:
    """A classifier of waveforms in ONNX.

    Parameters
    ----------
    pack : Pack
        Of kind "yamnet" or "window".
    classes : int
        Scores that it must give.

    Raises
    ------
    BadInputError
        If it takes something else than a waveform, or gives something else.
    """

    def __init__(self, pack: Pack, classes: int) -> None:
        self._session = open_session(pack)
        self._where = pack.folder / pack.facts.model
        self._classes = classes
        given = self._session.get_inputs()
        shape: list[Any] = given[0].shape if len(given) == 1 and given[0].type == "tensor(float)" else []
        if len(shape) not in (1, 2) or (len(shape) == 2 and isinstance(shape[0], int) and shape[0] != 1):
            raise BadInputError("the model takes no waveform", where=self._where, mend=_OWN)
        fallback = YAMNET_WINDOW if pack.facts.kind == "yamnet" else round(RATE_HZ)
        self.length = shape[-1] if isinstance(shape[-1], int) else fallback
        if not 0 < self.length <= LONGEST:
            raise BadInputError(
                f"the model takes {self.length / RATE_HZ:.1f} s at a time", where=self._where, mend=_OWN
            )
        self._name, self._flat = given[0].name, len(shape) == 1
        self._widths = (classes, YAMNET_WIDTH if pack.facts.kind == "yamnet" else 0)
        self._outputs = [out.name for out in self._session.get_outputs()]

    def run(self, window: Samples) -> Output:
        """Scores of a window."""
        given = window if self._flat else window[np.newaxis]
        try:
            made = self._session.run(self._outputs, {self._name: given})
        except Exception as error:
            what = f"the model does not run ({str(error).splitlines()[0]})"
            raise BadInputError(what, where=self._where, mend=_OWN) from error
        rows = [array.reshape(-1, array.shape[-1]) for array in made if isinstance(array, np.ndarray) and array.size]
        classes, width = self._widths
        scores = next((array for array in rows if array.shape[1] == classes), None)
        if scores is None:
            found = ", ".join(str(array.shape[1]) for array in rows) or "nothing"
            raise BadInputError(
                f"the model gives {found}, not {classes} classes",
                where=self._where,
                mend="name every class in --labels",
            )
        inner = next((array for array in rows if width and array.shape[1] == width), None)
        return Output(scores.max(axis=0), None if inner is None else inner.mean(axis=0))


class TfliteEngine:
    """YAMNet as TFLite: its scores, and its embedding from the tensor that the last layer reads.

    Why all tensors are kept: the file names only the scores as an output, and the heads need the embedding.
    """

    length = YAMNET_WINDOW

    def __init__(self, pack: Pack) -> None:
        self._interpreter, self._lock = _interpreter(pack)
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        tensors = self._interpreter.get_tensor_details()
        inner = [t for t in tensors if t["name"].endswith("/reduce_mean") and t["shape"][-1] == YAMNET_WIDTH]
        if self._input["shape"][-1] != self.length or self._output["shape"][-1] != YAMNET_CLASSES or len(inner) != 1:
            where = pack.folder / pack.facts.model
            raise BadInputError("this is no YAMNet", where=where, mend="give YAMNet's TFLite classification model")
        self._inner = inner[0]

    def run(self, window: Samples) -> Output:
        """Scores of a window."""
        with self._lock:
            self._interpreter.set_tensor(self._input["index"], window.reshape(self._input["shape"]))
            self._interpreter.invoke()
            scores = self._interpreter.get_tensor(self._output["index"]).reshape(-1)
            inner = self._interpreter.get_tensor(self._inner["index"]).reshape(-1)
        scale, zero = self._inner["quantization"]
        embedding = (inner.astype(np.float32) - zero) * np.float32(scale) if scale else inner
        return Output(np.asarray(scores, np.float32), np.asarray(embedding, np.float32))


def open_engine(pack: Pack, classes: int) -> Engine:
    """The engine that runs the pack's model."""
    with pack.verified_path().open("rb") as file:
        mark = file.read(8)
    return TfliteEngine(pack) if is_tflite(mark) else OnnxEngine(pack, classes)


def is_tflite(content: bytes) -> bool:
    """Whether a file is TFLite: the mark of its flatbuffer."""
    return content[4:8] == b"TFL3"


_INTERPRETERS: dict[str, tuple[Any, Lock]] = {}
_OPENING = Lock()


def _interpreter(pack: Pack) -> tuple[Any, Lock]:
    with _OPENING:
        if pack.facts.sha256 not in _INTERPRETERS:
            _INTERPRETERS[pack.facts.sha256] = _load(pack), Lock()
        return _INTERPRETERS[pack.facts.sha256]


def _load(pack: Pack) -> Any:
    where = pack.folder / pack.facts.model
    try:
        from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]
    except ImportError as error:
        mend = "install it: pip install 'kizashi[yamnet]'"
        raise BadInputError("TFLite models need the runtime ai-edge-litert", where=where, mend=mend) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = Interpreter(
                model_content=pack.verified_path().read_bytes(), num_threads=1, experimental_preserve_all_tensors=True
            )
            made.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise BadInputError(f"the model does not load ({error})", where=where, mend="download it again") from error
    return made
