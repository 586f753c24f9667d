"""A recurrent U-net whose three branches work side by side at different scales."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.nets.blocks import LEAK, enlarge, residual_blocks

__all__ = ["UNetConfig", "UNetVSR"]


@dataclass(frozen=True, kw_only=True)
class UNetConfig:
    colours: int = 3
    scale: int = 4
    channels: int = 64
    blocks: tuple[int, ...] = (5, 3, 2)
    """Residual blocks of the branches at full, half and quarter size."""


class UNetVSR(nn.Module):
    """A recurrent U-net: branches at three scales read one entry, side by side, and are summed.

    Paper: in the spirit of AnimeSR (Wu et al., NeurIPS 2022), section 3.3: the last enhanced frame
    and features come back as input; a multi-scale cell stands for alignment, since what moved is
    near at a quarter of the size. Unlike a classical U-net (Ronneberger et al., MICCAI 2015) no
    branch waits for another, so that each can run on a device of its own: `enter`, then
    `branches[...]` in any order or place, then `merge`.

    See VideoNet; the state is the last enhanced frame [N, colours, scale*H, scale*W] and features
    [N, channels, H, W].
    """

    window = 1
    lookahead = 0
    # The branch at a quarter of the size halves each side twice.
    size_multiple = 4
    smallest = 8

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        if config.scale not in (2, 4) or len(config.blocks) != len(SCALES):
            raise ValueError("scale must be 2 or 4, and blocks a number for each of three branches")
        self.config = config
        self.scale, self.colours = config.scale, config.colours
        width, outputs = config.channels, config.colours * config.scale**2
        seen = config.colours + outputs + width
        self.entry = nn.Conv2d(seen, width, 3, padding=1)
        self.branches = nn.ModuleDict(
            {
                name: Branch(width, count, shrink=2**level)
                for level, (name, count) in enumerate(zip(SCALES, config.blocks, strict=True))
            }
        )
        self.memory = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, outputs, 3, padding=1)
        with torch.no_grad():
            # A small last layer starts the net near its base, the bilinear enlargement.
            self.last.weight.mul_(0.1)

    def start(self, height: int, width: int, *, batch: int = 1) -> tuple[Tensor, ...]:
        # Zeros say that nothing was seen: the first frame then depends on itself alone.
        like, scale = self.entry.weight, self.scale
        return (
            like.new_zeros(batch, self.colours, scale * height, scale * width),
            like.new_zeros(batch, self.config.channels, height, width),
        )

    def step(self, frames: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        entry = self.enter(frames, *state)
        parts = {}
        for name, branch in self.branches.items():
            assert isinstance(branch, Branch)
            parts[name] = branch(branch.shrink(entry))
        return self.merge(frames, entry, parts)

    def enter(self, frames: Tensor, *state: Tensor) -> Tensor:
        """Computes the features that all branches read, [N, channels, H, W]."""
        before, features = state
        folded = F.pixel_unshuffle(before, self.scale)
        x = torch.cat((frames[:, -1], folded, features), dim=1)
        return F.leaky_relu(self.entry(x), LEAK)

    def merge(self, frames: Tensor, entry: Tensor, parts: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """The enhanced frame and the new state. A branch may be missing (a device that is late):
        its part counts as zero.
        """
        total = entry
        for level, name in enumerate(SCALES):
            if name in parts:
                part = parts[name]
                total = total + (part if level == 0 else enlarge(part, 2**level))
        features = F.leaky_relu(self.memory(total), LEAK)
        residual = F.pixel_shuffle(self.last(total), self.scale)
        enhanced = residual + enlarge(frames[:, -1], self.scale)
        return enhanced, enhanced, features


SCALES = ("at_full", "at_half", "at_quarter")


class Branch(nn.Module):
    """Residual blocks at one scale; [N, channels, H / shrink, W / shrink] to the same.

    `shrink` makes that input from the entry, so that only as much as the branch needs travels.
    """

    def __init__(self, channels: int, blocks: int, *, shrink: int) -> None:
        super().__init__()
        self.factor = shrink
        self.blocks = residual_blocks(blocks, channels)

    def shrink(self, entry: Tensor) -> Tensor:
        return entry if self.factor == 1 else F.avg_pool2d(entry, self.factor)

    def forward(self, x: Tensor) -> Tensor:
        # Residual blocks return their input plus what they add. The entry is added once, in
        # `merge`; a branch that gave it too would count it three times, and a missing branch would
        # take some of it away.
        return self.blocks(x) - x
