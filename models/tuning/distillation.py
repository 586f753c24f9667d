"""Trains a net on the pictures of one stream, to give what its teacher gives."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.graph.plain import PlainNet
from models.tuning.tunable_net import TunableNet

__all__ = ["DistillationConfig", "Lesson", "distil"]

Bytes = npt.NDArray[np.uint8]

MARGIN = 4
"""Enlarged pixels at the border of a patch that do not count: the net sees padding there."""


@dataclass(frozen=True, slots=True)
class DistillationConfig:
    """Length and speed of a training."""

    steps: int = 150
    batch: int = 8
    side: int = 48
    "Side of a patch in decoded pixels."
    rate: float = 0.02
    """Size of a first step of Adam over the root mean square of each tensor; it falls to zero along
    a cosine."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Lesson:
    """A decoded picture and what the teacher makes of it."""

    luma: Bytes
    "Decoded luma, [H, W]."
    faithful: Bytes
    "Teacher's picture of strength 0, [sH, sW]."
    crisp: Bytes
    "Teacher's picture of strength 1; ``faithful`` again for a net without styles."


def distil(net: PlainNet, lessons: list[Lesson], config: DistillationConfig) -> PlainNet:
    """Returns the net after training. Deterministic on one thread.

    Source: knowledge distillation (Hinton et al., 2015) on the stream's own pictures, with the
    squared error as the measure, as the net itself was trained.
    """
    torch.manual_seed(config.seed)
    student = TunableNet(net)
    groups = [_group(parameter) for parameter in student.parameters()]
    optimizer = torch.optim.Adam(groups)
    rng = np.random.default_rng(config.seed)
    for step in range(config.steps):
        falling = config.rate * (0.5 + 0.5 * math.cos(math.pi * step / config.steps))
        for group in optimizer.param_groups:
            group["lr"] = falling * group["size"]
        luma, wanted, strength = _batch(lessons, net.scale, config, rng)
        made = student(luma, strength)
        inner = (slice(None), slice(None), slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
        loss = ((made - wanted)[inner] ** 2).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return student.plain()


def _group(parameter: torch.nn.Parameter) -> dict[str, object]:
    # Kernels of the first conv and of the heads differ by a factor of a thousand, since the net's
    # ends are in levels: one step size for all would not move the one, or destroy the other.
    size = float(parameter.detach().pow(2).mean().sqrt())
    return {"params": [parameter], "size": max(size, 1e-6)}


def _batch(
    lessons: list[Lesson], scale: int, config: DistillationConfig, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns patches, what is wanted of them, and their strengths."""
    small: list[Bytes] = []
    large: list[Bytes] = []
    strengths = rng.integers(2, size=config.batch)
    for strength in strengths:
        lesson = lessons[rng.integers(len(lessons))]
        high, wide = (min(config.side, side) for side in lesson.luma.shape)
        top = int(rng.integers(lesson.luma.shape[0] - high + 1))
        left = int(rng.integers(lesson.luma.shape[1] - wide + 1))
        patch = lesson.luma[top : top + high, left : left + wide]
        whole = lesson.crisp if strength else lesson.faithful
        wanted = whole[scale * top : scale * (top + high), scale * left : scale * (left + wide)]
        if rng.random() < 0.5:
            patch, wanted = patch[:, ::-1], wanted[:, ::-1]
        small.append(patch)
        large.append(wanted)
    return (
        _levels(small),
        _levels(large),
        torch.from_numpy(strengths.astype(np.float32))[:, None, None, None],
    )


def _levels(patches: list[Bytes]) -> Tensor:
    return torch.from_numpy(np.stack(patches).astype(np.float32))[:, None]
