"""A plain net as a module of torch, whose convolutions can be trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.graph.plain import Conv, PlainNet

__all__ = ["TunableNet"]

Floats = npt.NDArray[np.float32]


class TunableNet(nn.Module):
    """The net in levels, 0 to 255, neither clipped nor rounded; its base is fixed.

    Input: luma [N, 1, H, W] and strengths [N, 1, 1, 1]. Output: [N, 1, sH, sW].
    """

    base_weight: Tensor
    base_bias: Tensor

    def __init__(self, net: PlainNet) -> None:
        super().__init__()
        self._net = net
        convs = (net.first, *net.convs)
        self.weights = nn.ParameterList([_parameter(conv.weight) for conv in convs])
        self.biases = nn.ParameterList([_parameter(conv.bias) for conv in convs])
        self.register_buffer("base_weight", torch.from_numpy(net.base.weight))
        self.register_buffer("base_bias", torch.from_numpy(net.base.bias))

    def forward(self, luma: Tensor, strength: Tensor) -> Tensor:
        padded = F.pad(luma, (2,) * 4, mode="replicate")
        base = F.conv2d(padded, self.base_weight, self.base_bias)
        x = F.conv2d(padded, self.weights[0], self.biases[0])
        for weight, bias in zip(list(self.weights)[1:], list(self.biases)[1:], strict=True):
            x = F.conv2d(F.relu(x), weight, bias, padding=weight.shape[-1] // 2)
        cells = self._net.scale**2
        total = base + x[:, :cells]
        if self._net.has_styles:
            total = total + strength * x[:, cells : 2 * cells]
        return F.pixel_shuffle(total, self._net.scale)

    def plain(self) -> PlainNet:
        """Returns the net with the weights of now."""
        first, *body, head = (
            Conv(_array(weight), _array(bias))
            for weight, bias in zip(self.weights, self.biases, strict=True)
        )
        return replace(self._net, first=first, body=tuple(body), head=head)


def _parameter(values: Floats) -> nn.Parameter:
    return nn.Parameter(torch.from_numpy(values.copy()))


def _array(values: Tensor) -> Floats:
    return np.asarray(values.detach().numpy(), np.float32).copy()
