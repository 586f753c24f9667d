"""SPyNet: optical flow by a pyramid, which BasicVSR moves its features along."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.nets.blocks import flow_warp

__all__ = ["SPyNet"]


class SPyNet(nn.Module):
    """Optical flow, coarse to fine: each level corrects the flow of the one before.

    Paper: Optical Flow Estimation using a Spatial Pyramid Network (Ranjan and Black, CVPR 2017),
    section 3. Parameter names are those of BasicSR's checkpoints.

    Input: two [N, 3, H, W] pictures in 0..1. Output: [N, 2, H, W] in pixels, x then y: where in the
    second picture the first one's content lies, less its own place.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, *, levels: int = 6, channels: int = 32) -> None:
        """The published net has 6 levels and 32 channels. Sizes are brought to multiples of
        2**(levels - 1).
        """
        super().__init__()
        self.basic_module = nn.ModuleList([FlowCorrection(channels) for _ in range(levels)])
        # Mean and deviation of ImageNet's colours, which the published weights expect. They are
        # buffers because the published files hold them.
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1))

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        height, width = first.shape[-2:]
        unit = 2 ** (len(self.basic_module) - 1)
        size = (math.ceil(height / unit) * unit, math.ceil(width / unit) * unit)
        one, two = (_resized((x - self.mean) / self.std, size) for x in (first, second))
        flow = _resized(self._estimate(one, two), (height, width))
        # The flow counts pixels of the resized picture, so it is scaled back with the sides.
        return flow * flow.new_tensor([width / size[1], height / size[0]]).reshape(1, 2, 1, 1)

    def _estimate(self, one: Tensor, two: Tensor) -> Tensor:
        pyramid = [(one, two)]
        for _ in range(len(self.basic_module) - 1):
            one, two = F.avg_pool2d(one, 2), F.avg_pool2d(two, 2)
            pyramid.append((one, two))
        coarsest = pyramid[-1][0]
        flow = torch.zeros_like(coarsest[:, :2])
        for level, correction in enumerate(self.basic_module):
            one, two = pyramid[-1 - level]
            if level > 0:
                # Twice as many pixels to each side, so each vector is twice as long. align_corners
                # is what the published weights were trained with, here and in flow_warp.
                flow = F.interpolate(flow, scale_factor=2, mode="bilinear", align_corners=True) * 2
            moved = flow_warp(two, flow, padding="border")
            flow = flow + correction(torch.cat((one, moved, flow), dim=1))
        return flow


class FlowCorrection(nn.Module):
    """One level of the pyramid, which tells what the flow lacks.

    Input: [N, 8, H, W], the picture, the moved other one and the flow. Output: [N, 2, H, W].
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        widths = (8, channels, 2 * channels, channels, channels // 2, 2)
        layers: list[nn.Module] = []
        for inputs, outputs in zip(widths, widths[1:], strict=False):
            layers += [nn.Conv2d(inputs, outputs, 7, padding=3), nn.ReLU()]
        self.basic_module = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        return self.basic_module(x)


def _resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(x.shape[-2:]) == size:
        return x
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
