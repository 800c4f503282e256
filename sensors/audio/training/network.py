"""A residual network over log-mel frames that looks back only.

Every convolution in time sees the present and the past; halved five times in frequency and four times in time, one
output stands for 16 frames, a quarter of a second, and says the same whether the sound came whole or frame by frame.
`Streaming` is the same network with all that it remembers as one input and one output.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from sensors.audio.frontend import BANDS, FRAMES

CONTEXT = 8
"""Hops whose embeddings are averaged beside the newest: 2 s."""


class Memory:
    """What a network remembers between hops, as one vector; or nothing, when a whole sound is heard at once."""

    def __init__(self, flat: Tensor | None = None) -> None:
        self.flat, self.place = flat, 0
        self.kept: list[Tensor] = []

    def extend(self, x: Tensor, count: int, fill: float = 0.0) -> Tensor:
        """Put the last `count` steps of axis 2 before `x`, and remember those that the next hop will need."""
        shape = (x.shape[0], x.shape[1], count, x.shape[3])
        if self.flat is None:
            before = x.new_full(shape, fill)
        else:
            size = shape[1] * count * shape[3]
            before = self.flat[:, self.place : self.place + size].reshape(1, shape[1], count, shape[3])
            self.place += size
        whole = torch.cat([before, x], dim=2)
        self.kept.append(whole[:, :, -count:].flatten(1))
        return whole


class Convolution(nn.Module):
    """3 x 3, causal in time, then batch normalisation."""

    def __init__(self, inputs: int, outputs: int, stride: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.past = 3 - stride[0]
        self.kernel = nn.Conv2d(inputs, outputs, 3, stride, padding=(0, 1), bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor, memory: Memory) -> Tensor:
        """(batch, inputs, time, bands) -> (batch, outputs, time / stride, bands / stride)."""
        out: Tensor = self.norm(self.kernel(memory.extend(x, self.past)))
        return out


class Residual(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = Convolution(width, width), Convolution(width, width)

    def forward(self, x: Tensor, memory: Memory) -> Tensor:
        """Keeps the shape."""
        return functional.relu(x + self.second(functional.relu(self.first(x, memory)), memory))


class Names(nn.Module):
    """What the teacher's names for a class add to its logit: as much as the likeliest of them, softly.

    Parameters
    ----------
    weight : Tensor (groups * names, 3 size)
        Of the names, those of a group after each other, as many in each.
    bias : Tensor (groups * names,)
        Of the names.
    shares : Tensor (groups, classes)
        What each group adds to each class.
    """

    def __init__(self, weight: Tensor, bias: Tensor, shares: Tensor) -> None:
        super().__init__()
        self.names = nn.Linear(weight.shape[1], weight.shape[0])
        self.names.weight.data.copy_(weight)
        self.names.bias.data.copy_(bias)
        self.shares = nn.Parameter(shares)

    def forward(self, context: Tensor) -> Tensor:
        """(batch, n, 3 size) -> (batch, n, classes)."""
        heard = self.names(context).unflatten(2, (self.shares.shape[0], -1))
        out: Tensor = torch.logsumexp(heard, 3) @ self.shares
        return out


class Ear(nn.Module):
    """Log-mel frames -> logits of the classes and an embedding, every 16 frames.

    Parameters
    ----------
    classes : int
        Number of classes.
    widths : tuple of 4 int
        Channels from the second stage on.
    size : int
        Length of the embedding.
    """

    def __init__(self, classes: int, widths: tuple[int, ...] = (32, 64, 128, 256), size: int = 256) -> None:
        super().__init__()
        a, b, c, d = widths
        self.stem = nn.ModuleList([Convolution(1, 16, (1, 2)), Convolution(16, a, (2, 2)), Convolution(a, b, (2, 2))])
        self.low = Residual(b)
        self.down = Convolution(b, c, (2, 2))
        self.middle = Residual(c)
        self.deep = Convolution(c, d, (2, 2))
        self.high = Residual(d)
        self.embed = nn.Linear(2 * d, size)
        self.drop = nn.Dropout(0.2)
        self.classify = nn.Linear(3 * size, classes)
        self.names: Names | None = None

    def forward(self, frames: Tensor, memory: Memory) -> tuple[Tensor, Tensor, Tensor]:
        """Hear (batch, 16 n, 64) frames.

        Returns
        -------
        logits : Tensor (batch, n, classes)
        embedding : Tensor (batch, n, size)
        context : Tensor (batch, n, 3 size)
            The embedding with the mean and the largest of the last `CONTEXT`.
        """
        x = frames[:, None]
        for layer in self.stem:
            x = functional.relu(layer(x, memory))
        x = self.low(x, memory)
        x = self.middle(functional.relu(self.down(x, memory)), memory)
        x = self.high(functional.relu(self.deep(x, memory)), memory)
        x = torch.cat([x.mean(dim=3), x.amax(dim=3)], dim=1).transpose(1, 2)
        embedding = functional.relu(self.embed(x))
        past = memory.extend(embedding.transpose(1, 2)[..., None], CONTEXT - 1)[..., 0]
        windows = past.unfold(2, CONTEXT, 1) if memory.flat is None else past[:, :, None, :]
        context = torch.cat([embedding, windows.mean(3).transpose(1, 2), windows.amax(3).transpose(1, 2)], dim=2)
        logits = self.classify(self.drop(context))
        if self.names is not None:
            logits = logits + self.names(context)
        return logits, embedding, context


class Pupil(nn.Module):
    """The network while it learns: with what foretells the teachers' opinions, which is thrown away afterwards."""

    def __init__(self, ear: Ear, size: int = 256, sounds: int = 521, yamnet: int = 1024, effects: int = 512) -> None:
        super().__init__()
        self.ear = ear
        self.yamnet = nn.Linear(3 * size, yamnet)
        self.sounds = nn.Linear(3 * size, sounds)
        self.effects = nn.Linear(3 * size, effects)


class Streaming(nn.Module):
    """One hop at a time: (frames (1, 16, 64), state (1, S)) -> (logits (1, C), embedding (1, D), next state)."""

    def __init__(self, ear: Ear) -> None:
        super().__init__()
        self.ear = ear

    def forward(self, frames: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Hear one hop."""
        memory = Memory(state)
        logits, embedding, _ = self.ear(frames, memory)
        return logits[:, 0], embedding[:, 0], torch.cat(memory.kept, dim=1)


def state_size(ear: Ear) -> int:
    """Length of the state vector."""
    memory = Memory()
    with torch.no_grad():
        ear.eval()(torch.zeros(1, FRAMES, BANDS), memory)
    return sum(part.shape[1] for part in memory.kept)


def copy_average(average: nn.Module, model: nn.Module, decay: float) -> None:
    """Move an exponential average of the weights one step on."""
    new: dict[str, Any] = model.state_dict()
    with torch.no_grad():
        for name, value in average.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(new[name], 1 - decay)
            else:
                value.copy_(new[name])
