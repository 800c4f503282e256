"""Weights to a pack: `model.onnx` with half-precision weights, `pack.json`."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sensors.audio.frontend import BANDS, FRAMES
from sensors.audio.training.network import Ear, Streaming, state_size

OPSET = 17


def export(ear: Ear, folder: Path, labels: list[str], told: Mapping[str, Any]) -> Path:
    """Write a pack.

    Parameters
    ----------
    ear : Ear
        The network.
    folder : Path
        Made if need be.
    labels : list of str
        Classes in the order of its outputs.
    told : mapping
        What else `pack.json` says: name, version, licence, source, alert.

    Returns
    -------
    Path
        The model's path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    net = Streaming(fuse(ear))
    example = (torch.zeros(1, FRAMES, BANDS), torch.zeros(1, state_size(ear)))
    names = ["logits", "embedding", "next_state"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net, example, str(path), input_names=["frames", "state"], output_names=names, opset_version=OPSET,
            dynamo=False,
        )  # fmt: skip
    halve(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    pack = {"format": 1, "kind": "streaming", "model": path.name, "sha256": digest, "labels": labels, **told}
    (folder / "pack.json").write_text(json.dumps(pack, indent=1) + "\n", "utf-8")
    return path


def fuse(ear: Ear) -> Ear:
    """A copy for use, not for training."""
    from copy import deepcopy

    return deepcopy(ear).eval().requires_grad_(False)


def halve(path: Path) -> None:
    """Store large weights in 16 bit; they are widened when the model is loaded, so sums stay in 32 bit."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(path))
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 256:
            continue
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}_half"))
        casts.append(helper.make_node("Cast", [f"{tensor.name}_half"], [tensor.name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
