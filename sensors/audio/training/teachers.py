"""Larger networks that lend their ears to the training. Their weights are read, never shipped.

`Yamnet` (Google, Apache-2.0; MobileNetV1 on AudioSet, Gemmeke et al. 2017, doi:10.1109/ICASSP.2017.7952261) knows
521 sounds. `SoundEffects` (Ma & Lerch, ISMIR 2022; weights CC BY 4.0) knows commercial sound-effects libraries, and
is good at what YAMNet is weak at: glass and explosions.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.errors import BadInputError

Floats = NDArray[np.float32]

WINDOW = 15_600
"""Samples of 16 kHz that YAMNet hears at once: 0.975 s."""


class Yamnet:
    """Embedding (1024,) and scores (521,) of 0.975 s."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._net: Any = Interpreter(str(path), num_threads=1, experimental_preserve_all_tensors=True)
        self._net.allocate_tensors()
        self._in = self._net.get_input_details()[0]["index"]
        self._out = self._net.get_output_details()[0]["index"]
        means = [d for d in self._net.get_tensor_details() if d["name"].endswith("reduce_mean")]
        if len(means) != 1:
            raise BadInputError("this is not YAMNet", where=path, mend="give yamnet.tflite")
        self._embedding = means[0]["index"]
        self._scale, self._zero = means[0]["quantization"]

    def hear(self, samples: Floats) -> tuple[Floats, Floats]:
        """What it makes of `WINDOW` samples in [-1, 1]."""
        self._net.set_tensor(self._in, np.ascontiguousarray(samples, np.float32))
        self._net.invoke()
        embedding = (self._net.get_tensor(self._embedding).ravel().astype(np.float32) - self._zero) * self._scale
        return embedding, self._net.get_tensor(self._out).ravel().astype(np.float32)


class SoundEffects:
    """Embedding (512,) of a clip: the mean over blocks of 2.3 s."""

    def __init__(self, path: Path) -> None:
        import torch
        from numpy._core.multiarray import scalar

        kinds = [type(np.dtype(kind)) for kind in (np.float64, np.float32, np.int64)]
        with torch.serialization.safe_globals([(scalar, "numpy.core.multiarray.scalar"), np.dtype, *kinds]):
            weights = torch.load(path, map_location="cpu", weights_only=True)[0]
        layers: list[Any] = []
        for block in (1, 2, 3, 4):
            for conv in (1, 2):
                prefix = f"embedding_net.conv_block{block}."
                kernel = weights[f"{prefix}conv{conv}.weight"]
                layer = torch.nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=1, bias=False)
                norm = torch.nn.BatchNorm2d(kernel.shape[0])
                layer.load_state_dict({"weight": kernel})
                norm.load_state_dict({k: weights[f"{prefix}bn{conv}.{k}"] for k in norm.state_dict()})
                layers += [layer, norm, torch.nn.ReLU()]
            if block < 4:
                layers.append(torch.nn.MaxPool2d(2))
        self._net = torch.nn.Sequential(*layers).eval()
        self._bank = htk_bank(44_100, 2048, 96)

    def hear(self, samples: Floats) -> Floats:
        """What it makes of a clip at 16 kHz."""
        import soxr  # type: ignore[import-untyped]
        import torch

        wide = soxr.resample(samples, 16_000, 44_100)
        wide = wide / max(float(np.abs(wide).max()), 1e-9)
        wide = np.pad(wide, (1024, 1024 + 2048))
        frames = np.lib.stride_tricks.sliding_window_view(wide, 2048)[::1024]
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2048) / 2048)
        power = np.abs(np.fft.rfft(frames * window)) ** 2
        spectrum = np.log10(power @ self._bank * 10_000 + 1) / 9.457798957824707
        count = max(1, round(len(spectrum) / 100))
        blocks = np.zeros((count, 100, 96), np.float32)
        for index in range(count):
            part = spectrum[index * 100 : (index + 1) * 100]
            blocks[index, : len(part)] = part
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            out = self._net(torch.from_numpy(blocks)[:, None]).float().mean(dim=3).amax(dim=2)
        return np.asarray(out.mean(dim=0).numpy(), np.float32)


def htk_bank(rate_hz: float, fft: int, bands: int) -> NDArray[np.float64]:
    """Triangles on the HTK mel scale, each of sum 1: (fft // 2 + 1, bands)."""
    top = 2595 * np.log10(1 + rate_hz / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    bins = np.arange(fft // 2 + 1)[:, None] * (rate_hz / fft)
    rising = (bins - edges[None, :-2]) / np.diff(edges)[None, :-1]
    falling = (edges[None, 2:] - bins) / np.diff(edges)[None, 1:]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(triangles / np.maximum(triangles.sum(axis=0), 1e-12))
