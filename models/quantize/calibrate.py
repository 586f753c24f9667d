"""Post-training quantization: which numbers stand for which values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from models.export.plain import Conv, PlainNet

__all__ = ["WEIGHT_LIMIT", "Quantized", "calibrate", "round_weight"]

WEIGHT_LIMIT = 63
"""7-bit weights. AVX2 without VNNI adds pairs of u8 x s8 products in 16 bits: 2 * 255 * 63 still
fits, 2 * 255 * 127 would saturate (VPMADDUBSW).
"""


@dataclass(frozen=True, slots=True)
class Quantized:
    """A net and the scales to write it with."""

    net: PlainNet
    """Biases corrected for what the rounding of the weights shifts on average."""
    weight_scales: tuple[NDArray[np.float32], ...]
    """For each body conv but the first, one for each output channel."""
    activation_scales: tuple[float, ...]
    """Of the uint8 input of each body conv but the first, which stays float; zero is zero."""


def calibrate(net: PlainNet, luma: NDArray[np.uint8], percentile: float = 99.99) -> Quantized:
    """Scales from pictures of the kind that the net will see, [n, H, W]; a few hundred patches are
    enough.
    """
    weight_scales = tuple(_weight_scale(conv.weight) for conv in net.body[1:])
    scales: list[float] = []
    body = [net.body[0]]
    exact = rough = _first(net, luma)
    for index, (conv, scale) in enumerate(zip(net.body[1:], weight_scales, strict=True), start=1):
        exact, rough = F.relu(exact), F.relu(rough)
        scales.append(_top(rough, percentile) / 255)
        rough = torch.clamp(torch.round(rough / scales[-1]), 0, 255) * scales[-1]
        rounded = round_weight(conv.weight, scale) * scale[:, None, None, None]
        exact = _apply(exact, conv.weight, conv.bias, net.pad(index))
        rough = _apply(rough, rounded, conv.bias, net.pad(index))
        # The rounded net walks beside the exact one: each bias makes up for all rounding before.
        shift = (exact - rough).mean((0, 2, 3))
        rough = rough + shift[:, None, None]
        body.append(Conv(conv.weight, conv.bias + shift.numpy()))
    corrected = PlainNet(net.fold, net.scale, tuple(body), net.base)
    return Quantized(corrected, weight_scales, tuple(scales))


def round_weight(weight: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.int8]:
    """[out, in, side, side] to integers of at most WEIGHT_LIMIT."""
    levels = np.rint(weight / scale[:, None, None, None])
    return np.asarray(np.clip(levels, -WEIGHT_LIMIT, WEIGHT_LIMIT), np.int8)


def _weight_scale(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each output channel the scale with the least squared error; clipping a few weights may be
    worth it.
    """
    best = np.abs(weight).max((1, 2, 3)) / WEIGHT_LIMIT + 1e-12
    error = np.full(len(weight), np.inf)
    scale = best.copy()
    for share in np.linspace(0.6, 1.0, 21):
        tried = (best * share).astype(np.float32)
        back = round_weight(weight, tried) * tried[:, None, None, None]
        found = ((back - weight) ** 2).sum((1, 2, 3))
        scale = np.where(found < error, tried, scale)
        error = np.minimum(error, found)
    return np.asarray(scale, np.float32)


def _first(net: PlainNet, luma: NDArray[np.uint8]) -> Tensor:
    """The first conv's output, before its ReLU."""
    x = torch.from_numpy(luma.astype(np.float32))[:, None]
    folded = F.pixel_unshuffle(F.pad(x, (2,) * 4, mode="replicate"), net.fold)
    return _apply(folded, net.body[0].weight, net.body[0].bias, net.pad(0))


def _apply(x: Tensor, weight: NDArray[np.float32], bias: NDArray[np.float32], pad: int) -> Tensor:
    kernel, offset = torch.from_numpy(weight.astype(np.float32)), torch.from_numpy(bias)
    with torch.no_grad():
        return F.conv2d(x, kernel, offset, padding=pad)


def _top(x: Tensor, percentile: float) -> float:
    return max(float(np.percentile(x.numpy(), percentile)), 1e-6)
