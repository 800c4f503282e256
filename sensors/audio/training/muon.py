"""Muon: steps along orthogonalised momentum.

Why not Adam alone: on this network 160 steps of Muon bring the teachers' embedding as near as some 400 of AdamW.
PyTorch's own takes matrices only; kernels of convolutions are flattened to (outputs, inputs x 9) here.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic iteration that drives all singular values towards 1."""

ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Momentum whose update is replaced by the nearest matrix with equal singular values.

    Parameters
    ----------
    params : iterable of Tensor
        Weights of two axes or more.
    lr : float
        Step size, > 0.
    momentum : float
        In [0, 1).
    decay : float
        Decoupled weight decay, per `lr`.

    References
    ----------
    Jordan, K. et al. (2024). Muon: an optimizer for hidden layers in neural networks.
    Liu, J. et al. (2025). Muon is scalable for LLM training. doi:10.48550/arXiv.2502.16982
    """

    def __init__(self, params: Iterable[Tensor], lr: float, momentum: float = 0.95, decay: float = 0.01) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move the weights once."""
        for group in self.param_groups:
            for weights in group["params"]:
                if weights.grad is None:
                    continue
                state = self.state[weights]
                if "mean" not in state:
                    state["mean"] = torch.zeros_like(weights)
                state["mean"].lerp_(weights.grad, 1 - group["momentum"])
                update = weights.grad.lerp(state["mean"], group["momentum"]).flatten(1)
                update = orthogonalise(update) * max(1.0, update.shape[0] / update.shape[1]) ** 0.5
                weights.mul_(1 - group["lr"] * group["decay"])
                weights.add_(update.reshape(weights.shape), alpha=-group["lr"])


def orthogonalise(matrix: Tensor) -> Tensor:
    """A matrix with the same singular vectors and singular values near 1.

    Parameters
    ----------
    matrix : Tensor (m, n)
        Not all zero.

    Returns
    -------
    Tensor (m, n)
        Singular values within about [0.7, 1.2], by Newton-Schulz iteration in bfloat16.
    """
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).bfloat16()
    x = x / (x.norm() + 1e-7)
    for _ in range(ITERATIONS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    out: Tensor = x.T if tall else x
    return out.float()
