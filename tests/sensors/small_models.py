"""Small ONNX models and packs, made where the test runs: their answers can be told by hand."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

LABELS = ("glass_break", "siren", "speech")
STATE = 2


def save(path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], **constants: NDArray[Any]) -> Path:
    held = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "small", inputs, outputs, held)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def tensor(name: str, *shape: int | str) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def write_streaming(path: Path, classes: int = 3, gain: float = 4.0) -> Path:
    """A network whose state is half the last one plus the mean frame, and whose first class is loudness."""
    weights = np.zeros((STATE, classes), np.float32)
    weights[0, 0] = gain
    weights[1, 1:] = -1.0
    nodes = [
        helper.make_node("ReduceMean", ["frames", "both"], ["mean"], keepdims=0),
        helper.make_node("Reshape", ["mean", "one"], ["row"]),
        helper.make_node("Mul", ["state", "half"], ["rest"]),
        helper.make_node("Add", ["rest", "row"], ["next_state"]),
        helper.make_node("MatMul", ["next_state", "weights"], ["logits"]),
        helper.make_node("ReduceMean", ["frames", "time"], ["embedding"], keepdims=0),
    ]
    return save(
        path, nodes, [tensor("frames", 1, 16, 64), tensor("state", 1, STATE)],
        [tensor("logits", 1, classes), tensor("embedding", 1, 64), tensor("next_state", 1, STATE)],
        both=np.array([1, 2]), one=np.array([1, 1]), half=np.array([0.5], np.float32), time=np.array([1]),
        weights=weights,
    )  # fmt: skip


def write_pack(folder: Path, gain: float = 4.0, **changes: Any) -> Path:
    """A streaming pack with that network; `changes` replace what its description says."""
    folder.mkdir(parents=True, exist_ok=True)
    model = write_streaming(folder / "model.onnx", gain=gain)
    facts: dict[str, Any] = {
        "format": 1, "name": "small", "version": "1", "kind": "streaming", "model": "model.onnx",
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(), "licence": "CC0", "source": "a test",
        "labels": LABELS, "alert": {"glass_break": {}, "siren": {"scale": 2.0, "offset": -1.0}},
    }  # fmt: skip
    (folder / "pack.json").write_text(json.dumps(facts | changes))
    return folder


def write_waveform(path: Path, *shape: int | str, classes: int = 3, bounded: bool = True) -> Path:
    """A classifier of waveforms: its first class is how loud the window is, the others are not there."""
    weights = np.zeros((1, classes), np.float32)
    weights[0, 0] = 4.0
    bias = np.full((1, classes), -2.0, np.float32)
    last = [helper.make_node("Sigmoid", ["raw"], ["scores"])] if bounded else []
    nodes = [
        helper.make_node("Abs", ["sound"], ["size"]),
        helper.make_node("ReduceMax", ["size"], ["peak"], keepdims=0),
        helper.make_node("Reshape", ["peak", "one"], ["row"]),
        helper.make_node("MatMul", ["row", "weights"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["raw" if bounded else "scores"]),
        *last,
    ]
    outputs = [tensor("scores", 1, classes)]
    return save(
        path, nodes, [tensor("sound", *shape)], outputs, one=np.array([1, 1]), weights=weights, bias=bias
    )  # fmt: skip


def write_yamnet(path: Path) -> Path:
    """Something with the inputs and outputs of YAMNet in ONNX: its embedding is the loudness, 1024 times."""
    nodes = [
        helper.make_node("Abs", ["waveform"], ["size"]),
        helper.make_node("ReduceMax", ["size"], ["peak"], keepdims=0),
        helper.make_node("Reshape", ["peak", "one"], ["row"]),
        helper.make_node("Expand", ["row", "wide"], ["embeddings"]),
        helper.make_node("Expand", ["row", "classes"], ["scores"]),
    ]
    outputs = [tensor("scores", "frames", 521), tensor("embeddings", "frames", 1024)]
    shapes = {"one": np.array([1, 1]), "wide": np.array([2, 1024]), "classes": np.array([2, 521])}
    return save(path, nodes, [tensor("waveform", "n")], outputs, **shapes)


def write_tflite(path: Path) -> Path:
    """Something with YAMNet's inputs and tensors in TFLite: embedding and scores are the window's first samples."""
    import flatbuffers  # type: ignore[import-untyped]
    from ai_edge_litert import schema_py_generated as schema  # type: ignore[import-untyped]

    def numbers(*values: int) -> Any:
        made = schema.BufferT()
        made.data = np.array(values, np.int32).view(np.uint8)
        return made

    def one(name: str, kind: int, shape: list[int], buffer: int) -> Any:
        made = schema.TensorT()
        made.name, made.type, made.shape, made.buffer = name.encode(), kind, shape, buffer
        return made

    def cut(source: int, begin: int, size: int, target: int) -> Any:
        made = schema.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = 0, [source, begin, size], [target]
        made.builtinOptionsType, made.builtinOptions = schema.BuiltinOptions.SliceOptions, schema.SliceOptionsT()
        return made

    real, whole = schema.TensorType.FLOAT32, schema.TensorType.INT32
    graph = schema.SubGraphT()
    graph.tensors = [
        one("waveform", real, [15_600], 0), one("begin", whole, [1], 1), one("wide", whole, [1], 2),
        one("classes", whole, [1], 3), one("small/reduce_mean", real, [1024], 0), one("scores", real, [521], 0),
    ]  # fmt: skip
    graph.operators = [cut(0, 1, 2, 4), cut(4, 1, 3, 5)]
    graph.inputs, graph.outputs = [0], [5]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SLICE
    code.version = 1
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [schema.BufferT(), numbers(0), numbers(1024), numbers(521)]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    path.write_bytes(builder.Output())
    return path
