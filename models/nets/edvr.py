"""EDVR: a pyramid of deformable convolutions aligns the frames, and attention fuses them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.nets.blocks import LEAK, ShuffleUpsampler, enlarge, residual_blocks
from models.nets.deform import ModulatedDeformConv

__all__ = ["EDVR", "EDVRConfig"]


@dataclass(frozen=True, kw_only=True)
class EDVRConfig:
    """The defaults are EDVR-M's; EDVR-L has 128 channels and 40 blocks behind the fusion."""

    colours: int = 3
    scale: int = 4
    channels: int = 64
    tail: int = 64
    """Channels at full size."""
    window: int = 5
    groups: int = 8
    """Groups of the deformable convolutions; divides `channels`."""
    extract: int = 5
    """Residual blocks on each frame."""
    reconstruct: int = 10
    """Residual blocks behind the fusion."""
    attention: bool = True
    """Temporal and spatial attention (TSA) in the fusion; without it a 1x1 conv fuses."""


class EDVR(ShuffleUpsampler):
    """Frames aligned to the current one by deformable convolutions on a pyramid, fused, enlarged.

    Paper: EDVR (Wang et al., CVPRW 2019), sections 3.2 (PCD alignment) and 3.3 (TSA fusion).
    Parameter names are those of BasicSR's checkpoints. Input, output: see VideoNet; window
    `config.window`, the current frame in the middle; sizes are multiples of 4.
    """

    size_multiple = 4
    smallest = 16

    def __init__(self, config: EDVRConfig) -> None:
        super().__init__()
        self.config = config
        self.scale, self.colours, self.window = config.scale, config.colours, config.window
        self.lookahead = config.window // 2
        width = config.channels
        self.conv_first = nn.Conv2d(config.colours, width, 3, padding=1)
        self.feature_extraction = residual_blocks(config.extract, width)
        self.conv_l2_1 = nn.Conv2d(width, width, 3, stride=2, padding=1)
        self.conv_l2_2 = nn.Conv2d(width, width, 3, padding=1)
        self.conv_l3_1 = nn.Conv2d(width, width, 3, stride=2, padding=1)
        self.conv_l3_2 = nn.Conv2d(width, width, 3, padding=1)
        self.pcd_align = PyramidAlignment(width, config.groups)
        self.fusion: nn.Module
        if config.attention:
            self.fusion = AttentionFusion(width, config.window)
        else:
            self.fusion = nn.Conv2d(config.window * width, width, 1)
        self.reconstruction = residual_blocks(config.reconstruct, width)
        self.build_tail(width, config.tail, scale=config.scale, colours=config.colours)

    def start(self, height: int, width: int, *, batch: int = 1) -> tuple[Tensor, ...]:
        return ()

    def step(self, frames: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        return (self(frames),)

    def forward(self, frames: Tensor) -> Tensor:
        # A frame has the same features wherever it stands in the window: all go as one batch.
        batch, window, colours, height, width = frames.shape
        flat = frames.reshape(batch * window, colours, height, width)
        levels = [level.reshape(batch, window, *level.shape[1:]) for level in self._pyramid(flat)]
        centre = window // 2
        reference = [level[:, centre] for level in levels]
        aligned = [
            self.pcd_align([level[:, n] for level in levels], reference) for n in range(window)
        ]
        stacked = torch.cat(aligned, dim=1)
        features = self.reconstruction(self.fusion(stacked))
        return self.upsample(features) + enlarge(frames[:, centre], self.scale)

    def _pyramid(self, x: Tensor) -> list[Tensor]:
        """Features at full, half and quarter size."""
        full = self.feature_extraction(_leaky(self.conv_first(x)))
        half = _leaky(self.conv_l2_2(_leaky(self.conv_l2_1(full))))
        quarter = _leaky(self.conv_l3_2(_leaky(self.conv_l3_1(half))))
        return [full, half, quarter]


class PyramidAlignment(nn.Module):
    """PCD: pyramid, cascading and deformable alignment; paper: EDVR section 3.2, figure 3."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()

        def conv(inputs: int) -> nn.Conv2d:
            return nn.Conv2d(inputs, channels, 3, padding=1)

        twice = 2 * channels
        self.offset_conv1 = nn.ModuleDict({f"l{n}": conv(twice) for n in (3, 2, 1)})
        self.offset_conv2 = nn.ModuleDict(
            {f"l{n}": conv(channels if n == 3 else twice) for n in (3, 2, 1)}
        )
        self.offset_conv3 = nn.ModuleDict({f"l{n}": conv(channels) for n in (2, 1)})
        self.dcn_pack = nn.ModuleDict(
            {f"l{n}": ModulatedDeformConv(channels, groups) for n in (3, 2, 1)}
        )
        self.feat_conv = nn.ModuleDict({f"l{n}": conv(twice) for n in (2, 1)})
        self.cas_offset_conv1 = conv(twice)
        self.cas_offset_conv2 = conv(channels)
        self.cas_dcnpack = ModulatedDeformConv(channels, groups)

    def forward(self, neighbour: list[Tensor], reference: list[Tensor]) -> Tensor:
        """Both are lists of levels, finest first; the neighbour's finest level, aligned."""
        # The coarsest level begins, since large motion is small there; finer levels correct it.
        x = torch.cat((neighbour[2], reference[2]), dim=1)
        offset = _leaky(self.offset_conv2["l3"](_leaky(self.offset_conv1["l3"](x))))
        aligned = _leaky(self.dcn_pack["l3"](neighbour[2], offset))
        for name, level in (("l2", 1), ("l1", 0)):
            # An offset of one pixel is one of two on the next finer level.
            coarse_offset, coarse = enlarge(offset, 2) * 2, enlarge(aligned, 2)
            x = torch.cat((neighbour[level], reference[level]), dim=1)
            x = torch.cat((_leaky(self.offset_conv1[name](x)), coarse_offset), dim=1)
            offset = _leaky(self.offset_conv3[name](_leaky(self.offset_conv2[name](x))))
            moved = self.dcn_pack[name](neighbour[level], offset)
            aligned = self.feat_conv[name](torch.cat((moved, coarse), dim=1))
            # The finest level goes into the cascade without an activation, as in the published net.
            if level > 0:
                aligned = _leaky(aligned)
        x = torch.cat((aligned, reference[0]), dim=1)
        offset = _leaky(self.cas_offset_conv2(_leaky(self.cas_offset_conv1(x))))
        return _leaky(self.cas_dcnpack(aligned, offset))


class AttentionFusion(nn.Module):
    """TSA: temporal and spatial attention; paper: EDVR section 3.3, figure 4.

    [N, window * C, H, W] aligned features, the current frame's in the middle, to [N, C, H, W].
    """

    def __init__(self, channels: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.temporal_attn1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.temporal_attn2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.feat_fusion = nn.Conv2d(window * channels, channels, 1)
        self.spatial_attn1 = nn.Conv2d(window * channels, channels, 1)
        self.spatial_attn2 = nn.Conv2d(2 * channels, channels, 1)
        self.spatial_attn3 = nn.Conv2d(channels, channels, 3, padding=1)
        self.spatial_attn4 = nn.Conv2d(channels, channels, 1)
        self.spatial_attn5 = nn.Conv2d(channels, channels, 3, padding=1)
        self.spatial_attn_l1 = nn.Conv2d(channels, channels, 1)
        self.spatial_attn_l2 = nn.Conv2d(2 * channels, channels, 3, padding=1)
        self.spatial_attn_l3 = nn.Conv2d(channels, channels, 3, padding=1)
        self.spatial_attn_add1 = nn.Conv2d(channels, channels, 1)
        self.spatial_attn_add2 = nn.Conv2d(channels, channels, 1)

    def forward(self, aligned: Tensor) -> Tensor:
        weighed = self._weigh(aligned)
        features = _leaky(self.feat_fusion(weighed))
        attention = _leaky(self.spatial_attn2(_pooled(_leaky(self.spatial_attn1(weighed)))))
        coarse = _leaky(self.spatial_attn_l2(_pooled(_leaky(self.spatial_attn_l1(attention)))))
        coarse = enlarge(_leaky(self.spatial_attn_l3(coarse)), 2)
        attention = _leaky(self.spatial_attn3(attention)) + coarse
        attention = self.spatial_attn5(enlarge(_leaky(self.spatial_attn4(attention)), 2))
        added = self.spatial_attn_add2(_leaky(self.spatial_attn_add1(attention)))
        # 2 * sigmoid(0) is 1: an attention of zero leaves the features as they are.
        return features * torch.sigmoid(attention) * 2 + added

    def _weigh(self, aligned: Tensor) -> Tensor:
        """Each frame times its likeness to the current one, pixel by pixel."""
        batch, channels, height, width = aligned.shape
        frames = aligned.reshape(batch, self.window, channels // self.window, height, width)
        reference = self.temporal_attn1(frames[:, self.window // 2])
        # One scalar product of embedded features for each frame and pixel: badly aligned places
        # count less.
        likeness = [
            (self.temporal_attn2(frames[:, n]) * reference).sum(1, keepdim=True)
            for n in range(self.window)
        ]
        weighed = frames * torch.sigmoid(torch.stack(likeness, dim=1))
        return weighed.reshape(batch, channels, height, width)


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, LEAK)


def _pooled(x: Tensor) -> Tensor:
    """Largest and mean of each 3x3, at half size."""
    return torch.cat((F.max_pool2d(x, 3, 2, 1), F.avg_pool2d(x, 3, 2, 1)), dim=1)
