"""TDAN: deformable convolutions align the neighbouring pictures to the current frame."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.nets.blocks import residual_blocks
from models.nets.deform import DeformConv

__all__ = ["TDAN", "TDANConfig"]


@dataclass(frozen=True, kw_only=True)
class TDANConfig:
    """The defaults are the published net's."""

    colours: int = 3
    scale: int = 4
    channels: int = 64
    window: int = 5
    groups: int = 8
    extract: int = 5
    reconstruct: int = 10


class TDAN(nn.Module):
    """Each neighbouring frame aligned to the current one by four deformable convolutions, as a
    picture; then a plain net over these and the current frame itself.

    Paper: TDAN (Tian et al., CVPR 2020), sections 3.2 and 3.3: only the supporting frames are
    aligned. Parameter names are those of the published model. Input, output: see VideoNet; window
    `config.window`, the current frame in the middle. The published net works on -0.5..0.5, which
    is done inside. Nothing is added to its output.
    """

    size_multiple = 1
    smallest = 8

    def __init__(self, config: TDANConfig) -> None:
        super().__init__()
        if config.scale not in (2, 4):
            raise ValueError(f"scale {config.scale} is neither 2 nor 4")
        self.config = config
        self.scale, self.colours, self.window = config.scale, config.colours, config.window
        self.lookahead = config.window // 2
        # 18 offsets for each group: down and right for each of the nine taps of a 3x3 kernel.
        width, moves = config.channels, config.groups * 18
        self.conv_first = _conv(config.colours, width)
        self.residual_layer = residual_blocks(config.extract, width)
        self.cr = _conv(2 * width, width)
        self.off2d_1, self.dconv_1 = _conv(width, moves), DeformConv(width)
        self.off2d_2, self.deconv_2 = _conv(width, moves), DeformConv(width)
        self.off2d_3, self.deconv_3 = _conv(width, moves), DeformConv(width)
        self.off2d, self.dconv = _conv(width, moves), DeformConv(width)
        self.recon_lr = _conv(width, config.colours)
        self.fea_ex = nn.Sequential(_conv(config.window * config.colours, width), nn.ReLU())
        self.recon_layer = residual_blocks(config.reconstruct, width)
        doublings: list[nn.Module] = []
        # Scale 2 takes one doubling, scale 4 two.
        for _ in range(config.scale // 2):
            doublings += [_conv(width, 4 * width), nn.PixelShuffle(2)]
        last = nn.Conv2d(width, config.colours, 3, padding=1, bias=False)
        self.up = nn.Sequential(nn.Sequential(*doublings), last)

    def start(self, height: int, width: int, *, batch: int = 1) -> tuple[Tensor, ...]:
        return ()

    def step(self, frames: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        return (self(frames),)

    def forward(self, frames: Tensor) -> Tensor:
        return self.with_aligned(frames)[0]

    def with_aligned(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """The enhanced frame, and the window with every frame but the middle one aligned to that,
        [N, window, C, H, W]: the paper's loss holds them to the middle frame (eq. 9).
        """
        batch, window, colours, height, width = frames.shape
        flat = (frames - 0.5).reshape(batch * window, colours, height, width)
        features = self.residual_layer(F.relu(self.conv_first(flat)))
        features = features.reshape(batch, window, -1, height, width)
        centre = window // 2
        reference, pictures = features[:, centre], flat.reshape(frames.shape)
        aligned = torch.stack(
            [
                pictures[:, n] if n == centre else self._align(features[:, n], reference)
                for n in range(window)
            ],
            dim=1,
        )
        fused = self.fea_ex(aligned.reshape(batch, window * colours, height, width))
        return self.up(self.recon_layer(fused)) + 0.5, aligned + 0.5

    def _align(self, supporting: Tensor, reference: Tensor) -> Tensor:
        x = self.cr(torch.cat((reference, supporting), dim=1))
        x = self.dconv_1(x, self.off2d_1(x))
        x = self.deconv_2(x, self.off2d_2(x))
        # From here on the supporting frame itself is moved.
        x = self.deconv_3(supporting, self.off2d_3(x))
        return self.recon_lr(self.dconv(x, self.off2d(x)))


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)
