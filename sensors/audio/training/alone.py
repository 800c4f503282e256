"""What clips alone tell the last layer, added to what it learned in mixtures.

Why: the training hears every class in noise, rooms and company, where telling what is faint counts more than telling
apart what is clear. A regression on the same context of whole, clean clips errs elsewhere; on packages that a network
never heard, the mean of both was right more often than either (average precision over six alert classes .70 from
mixtures, .74 from clips alone, .76 together).
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray

from sensors.audio.packs import ALERTS
from sensors.audio.training.corpus import UNKNOWN, Clip
from sensors.audio.training.examine import TAIL_HOPS, clip_frames
from sensors.audio.training.heads import fit
from sensors.audio.training.network import Ear, Memory

Floats = NDArray[np.float32]

STRENGTH = 1e-4
"""Inverse of the penalty on large weights: a twentieth of what the heads on YAMNet's embedding have, because this
context was learned from the same clips."""


def add_alone(ear: Ear, labels: Sequence[str], clips: Sequence[Clip]) -> Ear:
    """A copy of the network whose alert classes are half what they were and half the regression, at equal spread.

    Parameters
    ----------
    ear : Ear
        Trained, with the names folded in or without.
    labels : sequence of str
        Classes in the order of its outputs.
    clips : sequence of Clip
        What it was trained on; those without a name of a class are left out, "other" counts against every class.

    Returns
    -------
    Ear
        As large as before: what is added is linear in what the last layer hears.
    """
    named = [clip for clip in clips if clip.label != UNKNOWN]
    present = {clip.label for clip in named}
    known = [label for label in ALERTS if label in labels and label in present]
    out = deepcopy(ear).eval().requires_grad_(False)
    if not known or len(present) == 1:
        return out
    columns = [list(labels).index(label) for label in known]
    contexts, own = zip(*(_heard(out, clip, columns) for clip in named), strict=True)
    owners = np.repeat(np.arange(len(named)), [len(context) for context in contexts])
    rows = np.concatenate(contexts)
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + np.float32(0.05)
    weights, bias = fit((rows - mean) / scale, owners, named, known, STRENGTH)
    weights = weights / scale
    bias = bias - weights @ mean
    told = np.stack([(context @ weights.T + bias).max(axis=0) for context in contexts])
    share = np.std(own, axis=0) / np.maximum(told.std(axis=0), 1e-6)
    layer = out.classify
    for row, column in enumerate(columns):
        layer.weight[column] = 0.5 * (layer.weight[column] + share[row] * torch.from_numpy(weights[row]))
        layer.bias[column] = 0.5 * (layer.bias[column] + float(share[row] * bias[row]))
        if out.names is not None:
            out.names.shares[:, column] *= 0.5
    return out


def _heard(ear: Ear, clip: Clip, columns: Sequence[int]) -> tuple[Floats, Floats]:
    """Context of every hop of a clip, (n, 3 size), and the highest logits of those classes, (k,)."""
    frames = clip_frames(clip)[: -TAIL_HOPS * 16]
    with torch.no_grad():
        logits, _, context = ear(torch.from_numpy(frames[None]), Memory())
    return context[0].numpy(), logits[0].amax(0).numpy()[list(columns)]
