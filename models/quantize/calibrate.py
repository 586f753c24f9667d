"""Post-training quantization: which numbers stand for which values."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from models.graph.plain import Conv, PlainNet
from models.quantize.scheme import Scheme

__all__ = ["Pictures", "Quantized", "calibrate", "first_stage", "round_weight"]


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures that a net is calibrated on; a few hundred patches are enough."""

    luma: NDArray[np.uint8]
    """Decoded patches, [n, H, W]."""
    previous: NDArray[np.uint8] | None = None
    """[n, sH, sW], where the net sees the previous picture."""


@dataclass(frozen=True, slots=True)
class Quantized:
    """A net and the scales to write it with; its first convs and its base stay float."""

    net: PlainNet
    """Biases corrected for what the rounding of the weights shifts on average."""
    scheme: Scheme
    weight_scales: tuple[NDArray[np.float32], ...]
    """Weight scales of each of `net.convs`, one for each output channel."""
    activation_scales: tuple[float, ...]
    """Scale of the input of each of `net.convs`."""


def calibrate(
    net: PlainNet, pictures: Pictures, scheme: Scheme, percentile: float = 99.999
) -> Quantized:
    """Scales from pictures of the kind that the net will see."""
    weight_scales = tuple(_weight_scale(conv.weight, scheme.weight_limit) for conv in net.convs)
    scales: list[float] = []
    corrected: list[Conv] = []
    exact = rough = first_stage(net, pictures)
    for conv, scale in zip(net.convs, weight_scales, strict=True):
        exact, rough = F.relu(exact), F.relu(rough)
        # Ranges are those behind rounded layers: the int8 graph never sees the exact ones.
        scales.append(_top(rough, percentile) / scheme.activation_limit)
        # torch.round and np.rint take ties to the even number, as QuantizeLinear does.
        levels = torch.clamp(torch.round(rough / scales[-1]), 0, scheme.activation_limit)
        rounded = round_weight(conv.weight, scale, scheme) * scale[:, None, None, None]
        exact = _apply(exact, conv.weight, conv)
        rough = _apply(levels * scales[-1], rounded, conv)
        # The rounded net walks beside the exact one: each bias makes up for all rounding before.
        shift = (exact - rough).mean((0, 2, 3))
        rough = rough + shift[:, None, None]
        corrected.append(Conv(conv.weight, conv.bias + shift.numpy()))
    result = replace(net, body=tuple(corrected[:-1]), head=corrected[-1])
    return Quantized(result, scheme, weight_scales, tuple(scales))


def first_stage(net: PlainNet, pictures: Pictures) -> Tensor:
    """The float part before the first ReLU, [n, channels, H, W]."""
    luma = torch.from_numpy(pictures.luma.astype(np.float32))[:, None]
    padded = F.pad(luma, (2,) * 4, mode="replicate")
    with torch.no_grad():
        x = F.conv2d(padded, *_tensors(net.first))
        if net.past is None or pictures.previous is None:
            return x
        before = torch.from_numpy(pictures.previous.astype(np.float32))[:, None]
        past = F.pixel_unshuffle(before, net.scale) - F.conv2d(padded, *_tensors(net.base))
        return x + F.conv2d(past, *_tensors(net.past), padding=net.past.pad)


def round_weight(
    weight: NDArray[np.float32], scale: NDArray[np.float32], scheme: Scheme
) -> NDArray[np.int8]:
    """Rounds a weight [out, in, side, side] to integers within the scheme's limit."""
    levels = np.rint(weight / scale[:, None, None, None])
    return np.asarray(np.clip(levels, -scheme.weight_limit, scheme.weight_limit), np.int8)


def _weight_scale(weight: NDArray[np.float32], limit: int) -> NDArray[np.float32]:
    """Finds the scale with the least squared error for each output channel.

    Clipping a few weights may be worth it.
    """
    # A channel of zeros gets a tiny scale instead of a division by zero.
    best = np.abs(weight).max((1, 2, 3)) / limit + 1e-12
    error = np.full(len(weight), np.inf)
    scale = best.copy()
    # Steps of 2 per cent, down to a scale that clips everything above 0.6 of the largest weight.
    for fraction in np.linspace(0.6, 1.0, 21):
        tried = (best * fraction).astype(np.float32)[:, None, None, None]
        back = np.clip(np.rint(weight / tried), -limit, limit) * tried
        found = ((back - weight) ** 2).sum((1, 2, 3))
        scale = np.where(found < error, tried[:, 0, 0, 0], scale)
        error = np.minimum(error, found)
    return np.asarray(scale, np.float32)


def _apply(x: Tensor, weight: NDArray[np.float32], conv: Conv) -> Tensor:
    kernel, bias = torch.from_numpy(weight.astype(np.float32)), torch.from_numpy(conv.bias)
    with torch.no_grad():
        return F.conv2d(x, kernel, bias, padding=conv.pad)


def _tensors(conv: Conv) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(conv.weight), torch.from_numpy(conv.bias)


def _top(x: Tensor, percentile: float) -> float:
    # Black pictures have no activation at all; a scale of zero would divide by zero in the graph.
    return max(float(np.percentile(x.numpy(), percentile)), 1e-6)
