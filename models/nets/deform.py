"""Deformable convolutions of 3x3 taps, with and without a mask, by grid sampling."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.nets.blocks import pixel_grid

__all__ = ["DeformConv", "ModulatedDeformConv", "deform_conv"]

TAPS = 9


def deform_conv(x: Tensor, offset: Tensor, weight: Tensor, mask: Tensor | None = None) -> Tensor:
    """A 3x3 convolution whose taps are moved by `offset` and, with `mask`, weighed.

    Paper: Deformable Convolutional Networks (Dai et al., ICCV 2017), eq. 2; with `mask` Deformable
    ConvNets v2 (Zhu et al., CVPR 2019), eq. 1. By grid sampling, so that it runs and exports
    wherever that does; equals ONNX DeformConv.

    x: [N, C, H, W], H and W at least 2; offset: [N, G * 18, H, W] in pixels, for each group and tap
    first down, then right; mask: [N, G * 9, H, W]; weight: [out, C, 3, 3]. Beyond the border lie
    zeros. Stride 1, padding 1. G divides C.
    """
    batch, channels, height, width = x.shape
    groups = offset.shape[1] // (2 * TAPS)
    moves = offset.reshape(batch * groups, TAPS, 2, height, width)
    rows, columns = pixel_grid(x)
    # Taps are in reading order, as the weights are: from above left (-1, -1) to below right (1, 1).
    down = torch.arange(3, dtype=x.dtype, device=x.device).repeat_interleave(3) - 1
    right = torch.arange(3, dtype=x.dtype, device=x.device).repeat(3) - 1
    y = moves[:, :, 0] + rows + down[:, None, None]
    z = moves[:, :, 1] + columns + right[:, None, None]
    # align_corners=True puts -1 and 1 on the centres of the outermost pixels.
    grid = torch.stack((z * (2 / (width - 1)) - 1, y * (2 / (height - 1)) - 1), dim=-1)
    grid = grid.reshape(batch * groups, TAPS * height, width, 2)
    source = x.reshape(batch * groups, channels // groups, height, width)
    taken = F.grid_sample(source, grid, mode="bilinear", padding_mode="zeros", align_corners=True)
    taken = taken.reshape(batch, groups, channels // groups, TAPS, height, width)
    if mask is not None:
        taken = taken * mask.reshape(batch, groups, 1, TAPS, height, width)
    # Nine taken values for each channel turn the 3x3 convolution into a 1x1 one over nine times the
    # channels, which every runtime has.
    columns_of_taps = taken.reshape(batch, channels * TAPS, height, width)
    return F.conv2d(columns_of_taps, weight.reshape(weight.shape[0], channels * TAPS, 1, 1))


class DeformConv(nn.Module):
    """Version 1, as TDAN uses it: no mask, no bias, offsets from the caller."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, channels, 3, 3))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)

    def forward(self, x: Tensor, offset: Tensor) -> Tensor:
        return deform_conv(x, offset, self.weight)


class ModulatedDeformConv(nn.Module):
    """Version 2, as EDVR uses it: offsets and masks by a conv of its own from given features.
    Starts as an ordinary convolution at half strength: no offset, every mask 0.5.
    """

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.conv_offset = nn.Conv2d(channels, groups * 3 * TAPS, 3, padding=1)
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        nn.init.zeros_(self.conv_offset.weight)
        nn.init.zeros_(self.conv_offset.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        # Published weights order these channels so that the first two thirds, joined again, are the
        # list of (down, right) pairs. They are no separate lists of down and right.
        first, second, mask = self.conv_offset(features).chunk(3, dim=1)
        offset = torch.cat((first, second), dim=1)
        y = deform_conv(x, offset, self.weight, torch.sigmoid(mask))
        return y + self.bias[:, None, None]
