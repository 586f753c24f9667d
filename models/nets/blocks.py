"""Layers that several nets share: residual blocks, upsampling by shuffles, warping by a flow."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = [
    "LEAK",
    "ResidualBlock",
    "ShuffleUpsampler",
    "damp",
    "enlarge",
    "flow_warp",
    "pixel_grid",
    "residual_blocks",
]

LEAK = 0.1
"""Negative slope of every leaky ReLU in EDVR and BasicVSR."""


class ResidualBlock(nn.Module):
    """x + conv2(relu(conv1(x))), without normalization; [N, C, H, W] to the same.

    Paper: Enhanced Deep Residual Networks for Single Image Super-Resolution (Lim et al., CVPRW
    2017), figure 2c. The parameter names are those of the published video checkpoints.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        damp(self.conv1, self.conv2)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.relu(self.conv1(x)))


class ShuffleUpsampler(nn.Module):
    """Features to an image of two or four times the size by pixel shuffles; the tail that EDVR and
    BasicVSR share. [N, C, H, W] to [N, colours, scale*H, scale*W], with nothing added.

    Its parameters have no prefix of their own in published checkpoints, so a net inherits from it
    instead of holding one, and must build them in its constructor by `build_tail`.

    Paper: EDVR (Wang et al., CVPRW 2019), figure 2; the shuffle is ESPCN's (Shi et al., CVPR 2016).
    """

    upconv1: nn.Conv2d
    upconv2: nn.Conv2d | None
    conv_hr: nn.Conv2d
    conv_last: nn.Conv2d

    def build_tail(self, channels: int, tail: int, *, scale: int, colours: int) -> None:
        """`tail` channels at full size: 64 in every published net. `scale` 2 needs one shuffle."""
        if scale not in (2, 4):
            raise ValueError(f"scale {scale} is neither 2 nor 4")
        # At scale 4 the first shuffle feeds `upconv2`, at scale 2 `conv_hr`, which is `tail` wide.
        between = channels if scale == 4 else tail
        self.upconv1 = nn.Conv2d(channels, between * 4, 3, padding=1)
        self.upconv2 = nn.Conv2d(between, tail * 4, 3, padding=1) if scale == 4 else None
        self.conv_hr = nn.Conv2d(tail, tail, 3, padding=1)
        self.conv_last = nn.Conv2d(tail, colours, 3, padding=1)

    def upsample(self, features: Tensor) -> Tensor:
        x = F.leaky_relu(F.pixel_shuffle(self.upconv1(features), 2), LEAK)
        if self.upconv2 is not None:
            x = F.leaky_relu(F.pixel_shuffle(self.upconv2(x), 2), LEAK)
        return self.conv_last(F.leaky_relu(self.conv_hr(x), LEAK))


def residual_blocks(count: int, channels: int) -> nn.Sequential:
    """`count` ResidualBlocks one after the other."""
    return nn.Sequential(*(ResidualBlock(channels) for _ in range(count)))


def enlarge(x: Tensor, scale: int) -> Tensor:
    """The base that most video nets add their residual to: bilinear, [N, C, scale*H, scale*W]."""
    return F.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=False)


def damp(*convs: nn.Conv2d, factor: float = 0.1) -> None:
    """Starts residual branches small, so that a deep trunk starts near the identity.

    Paper: ESRGAN (Wang et al., ECCVW 2018), supplement: a tenth of Kaiming's initialization.
    """
    for conv in convs:
        nn.init.kaiming_normal_(conv.weight)
        with torch.no_grad():
            conv.weight.mul_(factor)
        if conv.bias is not None:
            nn.init.zeros_(conv.bias)


def pixel_grid(like: Tensor) -> tuple[Tensor, Tensor]:
    """The row and column of each pixel of `like`'s last two dimensions: [H, 1] and [1, W]."""
    height, width = like.shape[-2:]
    rows = torch.arange(height, dtype=like.dtype, device=like.device)
    columns = torch.arange(width, dtype=like.dtype, device=like.device)
    return rows[:, None], columns[None, :]


def flow_warp(x: Tensor, flow: Tensor, *, padding: str = "zeros") -> Tensor:
    """Each output pixel is `x` read bilinearly at its own place plus `flow`.

    x: [B, C, H, W]; flow: [B, 2, H, W] in pixels, x then y. `padding` says what lies beyond the
    border, as in torch's grid_sample: "zeros" or "border".
    """
    height, width = x.shape[-2:]
    rows, columns = pixel_grid(x)
    # align_corners=True puts -1 and 1 on the centres of the outermost pixels.
    # A side of one pixel, as at the top of a pyramid, is read at that pixel whatever the grid says.
    across = (columns + flow[:, 0]) * (2.0 / max(width - 1, 1)) - 1.0
    down = (rows + flow[:, 1]) * (2.0 / max(height - 1, 1)) - 1.0
    grid = torch.stack((across, down), dim=-1)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode=padding, align_corners=True)
