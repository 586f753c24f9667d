"""BasicVSR: optical flow carries features through a clip, in two directions or forward alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.nets.blocks import LEAK, ShuffleUpsampler, enlarge, flow_warp, residual_blocks
from models.nets.spynet import SPyNet

__all__ = ["BasicVSR", "BasicVSRConfig", "CausalBasicVSR"]


@dataclass(frozen=True, kw_only=True)
class BasicVSRConfig:
    """The defaults are the published net's."""

    colours: int = 3
    scale: int = 4
    channels: int = 64
    tail: int = 64
    """Channels at full size."""
    blocks: int = 30
    """Residual blocks for each direction."""
    flow_levels: int = 6
    """Levels of SPyNet's pyramid."""
    flow_channels: int = 32


class BasicVSR(ShuffleUpsampler):
    """Features carried through the whole clip, backward and forward, along the optical flow.

    Paper: BasicVSR (Chan et al., CVPR 2021), section 3. Parameter names are those of BasicSR's
    checkpoints. Needs the whole clip, so it is no VideoNet: a teacher and a measure.

    Input: [N, T, colours, H, W] in 0..1, sides of at least 64 for the published weights. Output:
    [N, T, colours, scale*H, scale*W], not clipped.
    """

    def __init__(self, config: BasicVSRConfig) -> None:
        super().__init__()
        self.config = config
        self.scale, self.colours = config.scale, config.colours
        self.spynet = SPyNet(levels=config.flow_levels, channels=config.flow_channels)
        self.backward_trunk = Trunk(config)
        self.forward_trunk = Trunk(config)
        self.fusion = nn.Conv2d(2 * config.channels, config.channels, 1)
        self.build_tail(config.channels, config.tail, scale=config.scale, colours=config.colours)

    def forward(self, clip: Tensor) -> Tensor:
        length = clip.shape[1]
        features = clip.new_zeros(clip.shape[0], self.config.channels, *clip.shape[-2:])
        # The whole backward pass comes first, because the fusion of a frame needs both directions
        # of it. That is why this net cannot run live.
        backward: list[Tensor] = []
        for t in reversed(range(length)):
            if t < length - 1:
                # flow_warp reads the features at each pixel's place in the other frame, so the flow
                # goes from this frame to that one.
                flow = _flow(self.spynet, clip[:, t], clip[:, t + 1])
                features = flow_warp(features, flow)
            features = self.backward_trunk(clip[:, t], features)
            backward.insert(0, features)
        features = torch.zeros_like(features)
        enhanced = []
        for t in range(length):
            if t > 0:
                flow = _flow(self.spynet, clip[:, t], clip[:, t - 1])
                features = flow_warp(features, flow)
            features = self.forward_trunk(clip[:, t], features)
            both = torch.cat((backward[t], features), dim=1)
            fused = F.leaky_relu(self.fusion(both), LEAK)
            enhanced.append(self.upsample(fused) + enlarge(clip[:, t], self.scale))
        return torch.stack(enhanced, dim=1)


class CausalBasicVSR(ShuffleUpsampler):
    """BasicVSR's forward direction alone, frame by frame: features of the frame before, moved along
    the flow to this one.

    Paper: BasicVSR (Chan et al., CVPR 2021), section 3.2, unidirectional. Takes what fits from a
    two-way checkpoint (all but `backward_trunk` and `fusion`); that tail was trained on fused
    features, so such weights want fine-tuning. See VideoNet; the state is the last frame [N,
    colours, H, W] and its features [N, channels, H, W]. Before the first frame both are zero, and
    so is what any flow moves.
    """

    window = 1
    lookahead = 0
    size_multiple = 1

    def __init__(self, config: BasicVSRConfig) -> None:
        super().__init__()
        self.config = config
        self.scale, self.colours = config.scale, config.colours
        # The coarsest level of the flow has 2 pixels on each side then (64 in full for 6 levels).
        # In one pixel there is no motion to find, so smaller pictures are better padded.
        self.smallest = 2**config.flow_levels
        self.spynet = SPyNet(levels=config.flow_levels, channels=config.flow_channels)
        self.forward_trunk = Trunk(config)
        self.build_tail(config.channels, config.tail, scale=config.scale, colours=config.colours)

    def start(self, height: int, width: int, *, batch: int = 1) -> tuple[Tensor, ...]:
        # New tensors take the device and the type of the net's own weights, wherever it was moved.
        like = self.conv_last.weight
        return (
            like.new_zeros(batch, self.colours, height, width),
            like.new_zeros(batch, self.config.channels, height, width),
        )

    def step(self, frames: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        before, features = state
        now = frames[:, -1]
        features = flow_warp(features, _flow(self.spynet, now, before))
        features = self.forward_trunk(now, features)
        return self.upsample(features) + enlarge(now, self.scale), now, features


class Trunk(nn.Module):
    """A frame and the features that were carried to it -> new features, [N, channels, H, W]."""

    def __init__(self, config: BasicVSRConfig) -> None:
        super().__init__()
        entry = nn.Conv2d(config.channels + config.colours, config.channels, 3, padding=1)
        blocks = residual_blocks(config.blocks, config.channels)
        self.main = nn.Sequential(entry, nn.LeakyReLU(LEAK), blocks)

    def forward(self, frame: Tensor, features: Tensor) -> Tensor:
        return self.main(torch.cat((frame, features), dim=1))


def _flow(spynet: SPyNet, now: Tensor, other: Tensor) -> Tensor:
    """SPyNet knows colour pictures only: luma stands for all three."""
    if now.shape[1] == 1:
        now, other = now.expand(-1, 3, -1, -1), other.expand(-1, 3, -1, -1)
    return spynet(now, other)
