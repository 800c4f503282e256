"""The network of a pack as something that can be trained on.

A pack holds no batch normalisation: it was folded into the kernels. It is measured anew here, on scenes, and taken out
of the kernels again, so that the network says what it said and can go on learning. The heads that foretell the
teachers were thrown away; they begin from nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sensors.audio.packs import FACTS
from sensors.audio.training.network import Convolution, Ear, Memory
from sensors.errors import BadInputError

Floats = NDArray[np.float32]

GAIN = 2.0
"""Root mean square of a kernel's singular values after it was taken out: where `Muon` left such kernels."""


def revive(folder: Path, frames: Floats) -> tuple[list[str], Ear]:
    """Read a streaming pack of our own.

    Parameters
    ----------
    folder : Path
        Holds `pack.json` and `model.onnx`, as `export` wrote them.
    frames : ndarray (n, 16 hops, 64) float32
        Scenes on which the spread of every channel is measured; some dozens.

    Returns
    -------
    labels : list of str
        Classes, in the order of the network's outputs.
    ear : Ear
        The same function as the pack's, in 32 bit, but for what the teacher's names add: their heads begin anew.

    Raises
    ------
    BadInputError
        If it is no such pack.
    """
    facts = json.loads((folder / FACTS).read_text("utf-8"))
    labels = [str(label) for label in facts["labels"]]
    ear = Ear(len(labels)).eval().requires_grad_(False)
    kernels, matrices = _tensors(folder / facts["model"])
    layers = [layer for layer in ear.modules() if isinstance(layer, Convolution)]
    linears = [ear.embed, ear.classify]
    shapes = [tuple(layer.kernel.weight.shape) for layer in layers] + [tuple(one.weight.shape) for one in linears]
    if [kernel.shape for kernel, _ in kernels] + [weight.T.shape for weight, _ in matrices] != shapes:
        raise BadInputError("this is no network of ours", where=folder, mend="give a pack that `kizashi train` wrote")
    for linear, (weight, bias) in zip(linears, matrices, strict=True):
        linear.weight.copy_(torch.from_numpy(weight.T.copy()))
        linear.bias.copy_(torch.from_numpy(bias.copy()))
    for layer, (kernel, bias) in zip(layers, kernels, strict=True):
        _plain(layer, torch.from_numpy(kernel.copy()), torch.from_numpy(bias.copy()))
    _unfold(ear, layers, torch.from_numpy(frames))
    return labels, ear.requires_grad_(True)


def _tensors(path: Path) -> tuple[list[tuple[Floats, Floats]], list[tuple[Floats, Floats]]]:
    """Kernels with their biases, and the two matrices with theirs, in the order in which the graph uses them.

    What the teacher's names add lies behind these and is left out.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    known = {tensor.name: numpy_helper.to_array(tensor).astype(np.float32) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type in ("Cast", "Identity") and node.input[0] in known:
            known[node.output[0]] = known[node.input[0]]
    return list(_pairs(graph, "Conv", known)), list(islice(_pairs(graph, "MatMul", known), 2))


def _pairs(graph: Any, kind: str, known: dict[str, Floats]) -> Iterator[tuple[Floats, Floats]]:
    for node in graph.node:
        if node.op_type != kind or node.input[1] not in known:
            continue
        if kind == "Conv":
            yield known[node.input[1]], known[node.input[2]]
            continue
        after = next(other for other in graph.node if other.op_type == "Add" and node.output[0] in other.input)
        yield known[node.input[1]], next(known[name] for name in after.input if name in known)


def _plain(layer: Convolution, kernel: Tensor, bias: Tensor) -> None:
    """A normalisation that does nothing but add the bias."""
    norm = layer.norm
    layer.kernel.weight.copy_(kernel)
    norm.running_mean.zero_()  # type: ignore[union-attr]
    norm.running_var.fill_(1.0 - norm.eps)  # type: ignore[union-attr]
    norm.weight.fill_(1.0)
    norm.bias.copy_(bias)


def _unfold(ear: Ear, layers: Sequence[Convolution], frames: Tensor) -> None:
    """Measure what each kernel gives, and let the normalisation take its mean and spread out and put them back."""
    seen: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    def measure(module: nn.Module, _: Any, out: Tensor) -> None:
        seen[module] = out.mean((0, 2, 3)), out.var((0, 2, 3))

    hooks = [layer.kernel.register_forward_hook(measure) for layer in layers]
    with torch.no_grad():
        ear(frames, Memory())
    for hook in hooks:
        hook.remove()
    for layer in layers:
        mean, spread = seen[layer.kernel]
        weight, norm = layer.kernel.weight, layer.norm
        flat = weight.flatten(1)
        size = GAIN * min(flat.shape) ** 0.5 / float(flat.norm())
        weight.mul_(size)
        mean, spread = mean * size, spread * size**2
        norm.running_mean.copy_(mean)  # type: ignore[union-attr]
        norm.running_var.copy_(spread)  # type: ignore[union-attr]
        norm.weight.copy_((spread + norm.eps).sqrt() / size)
        norm.bias.add_(mean / size)
