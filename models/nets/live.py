"""The live family: small luma nets over a bicubic base, fast enough for video as it arrives."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["GATE_LIMIT", "CollapsibleConv", "LiveConfig", "LiveNet", "bicubic_kernel"]

GATE_LIMIT = 0.9
"""Most of the previous picture's difference that is carried on. Below 1, so an error of it shrinks
from frame to frame whatever the net does: after n frames at most 0.9 ** n of it is left on the
direct path.
"""


@dataclass(frozen=True, kw_only=True)
class LiveConfig:
    scale: int = 2
    """2, 3 or 4."""
    channels: int = 16
    """Multiple of 8, the vector width of the smallest CPU that is aimed at."""
    body: int = 4
    """3x3 convs between the first and the heads."""
    crisp: int = 3
    """Side of the crisp head's kernel, 1 or 3; 0: no such head."""
    previous: bool = False
    """True if the net also sees the previous enhanced picture, moved to this frame."""
    expansion: int = 128
    """Hidden channels of each collapsible conv while training; no cost at run time."""


class CollapsibleConv(nn.Module):
    """A conv trained as one to `hidden` channels followed by a 1x1, beside a plain one and the
    identity.

    Paper: Collapsible Linear Blocks for Super-Efficient Super Resolution (Bhardwaj et al., MLSys
    2022), section 3. The plain conv beside them is ours. As there, the kernels are multiplied
    before each step and one small conv runs.
    """

    def __init__(self, inputs: int, outputs: int, *, hidden: int, side: int, pad: int) -> None:
        super().__init__()
        self.direct = nn.Parameter(torch.empty(outputs, inputs, side, side))
        self.expand = nn.Parameter(torch.empty(hidden, inputs, side, side))
        self.project = nn.Parameter(torch.empty(outputs, hidden))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.pad = pad
        self.identity = inputs == outputs
        for kernel in (self.direct, self.expand):
            nn.init.kaiming_normal_(kernel, nonlinearity="relu")
        # The product of `project` and `expand` gets half of Kaiming's deviation: the sum over
        # `hidden` terms of variance 0.25 / hidden. The direct kernel gets the other half below.
        nn.init.normal_(self.project, std=0.5 / hidden**0.5)
        with torch.no_grad():
            self.direct.mul_(0.5)

    def damp(self, factor: float) -> None:
        """Makes what it adds at the start of training small."""
        with torch.no_grad():
            self.direct.mul_(factor)
            self.project.mul_(factor)

    def kernel(self) -> Tensor:
        """The one kernel that this module stands for, [out, in, side, side], in full precision."""
        with torch.autocast(self.project.device.type, enabled=False):
            product = torch.einsum("oh,hikl->oikl", self.project, self.expand)
        kernel = self.direct + product
        # The identity is a kernel of ones in its centre, so it costs nothing at run time.
        if self.identity:
            eye = torch.eye(kernel.shape[0], dtype=kernel.dtype, device=kernel.device)
            kernel = kernel + F.pad(eye[:, :, None, None], (self.direct.shape[-1] // 2,) * 4)
        return kernel

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.kernel(), self.bias, padding=self.pad)

    def forward_expanded(self, x: Tensor) -> Tensor:
        """Computes the same as ``forward`` by the branches, for comparison; slower."""
        hidden = F.conv2d(x, self.expand, padding=self.pad)
        y = F.conv2d(hidden, self.project[:, :, None, None], self.bias)
        y = y + F.conv2d(x, self.direct, padding=self.pad)
        if self.identity:
            y = y + x
        return y

    def fuse(self) -> nn.Conv2d:
        """The plain conv that computes the same."""
        outputs, inputs, side = self.direct.shape[:3]
        conv = nn.Conv2d(inputs, outputs, side, padding=self.pad)
        with torch.no_grad():
            conv.weight.copy_(self.kernel())
            conv.bias.copy_(self.bias)  # type: ignore[union-attr]
        return conv


class LiveNet(nn.Module):
    """Luma for live-coded video: a few convs with ReLU over a fixed bicubic base, in two styles.

    The faithful head gives what a squared error asks for; the crisp head gives what to add to it
    for edges and texture as strong as the original's, times a strength that the caller chooses for
    each frame. With `previous` a third head says, for each output pixel, how much of the
    difference between the previous enhanced picture (moved to this frame) and the base to keep: a
    recursive temporal filter whose gain the net controls.

    Paper: none whole. The residual over a fixed base outside the convs follows ABPN (Du et al.,
    CVPRW 2021), the training form SESR (see CollapsibleConv), the previous output as input FRVSR
    (Sajjadi et al., CVPR 2018).

    Input: [N, 1, H, W] luma in 0..1; `previous` [N, 1, sH, sW] likewise. Output: [N, 1, sH, sW],
    same range, not clipped.
    """

    base: Tensor

    def __init__(self, config: LiveConfig) -> None:
        super().__init__()
        self.config = config
        width, hidden, cells = config.channels, config.expansion, config.scale**2

        def conv(inputs: int, outputs: int, side: int = 3) -> CollapsibleConv:
            return CollapsibleConv(inputs, outputs, hidden=hidden, side=side, pad=side // 2)

        self.first = CollapsibleConv(1, width, hidden=hidden, side=5, pad=0)
        self.past = conv(cells, width) if config.previous else None
        self.body = nn.ModuleList([conv(width, width) for _ in range(config.body)])
        self.faithful = conv(width, cells)
        self.crisp = conv(width, cells, config.crisp) if config.crisp else None
        self.gate = conv(width, cells) if config.previous else None
        # Starting from the base alone saves the first hundreds of steps.
        for head in (self.faithful, self.crisp, self.gate):
            if head is not None:
                head.damp(0.1)
        if self.gate is not None:
            # Between closed and the limit: at either end the clamp has no gradient and the gate
            # would not learn.
            nn.init.constant_(self.gate.bias, 0.3)
        # The scale determines it, so checkpoints do not hold it.
        self.register_buffer("base", bicubic_kernel(config.scale), persistent=False)

    def forward(
        self, luma: Tensor, previous: Tensor | None = None, strength: float | Tensor = 0.0
    ) -> Tensor:
        features, base, past = self.features(luma, previous)
        y = base + self.faithful(features)
        if self.gate is not None and past is not None:
            y = y + self.gate(features).clamp(0, GATE_LIMIT) * past
        # At strength 0 the head is left out, which keeps the faithful picture to the last bit.
        if self.crisp is not None and (isinstance(strength, Tensor) or strength != 0):
            y = y + strength * self.crisp(features)
        return F.pixel_shuffle(y, self.config.scale)

    def features(
        self, luma: Tensor, previous: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Returns the heads' input, the folded base, and the previous picture less that base."""
        # Edge replication is what OpenCV's bicubic does; zeros would darken the border.
        padded = F.pad(luma, (2,) * 4, mode="replicate")
        # bfloat16 has 8 digits: levels of a picture would be rounded, differences are not.
        with torch.autocast(luma.device.type, enabled=False):
            base = F.conv2d(padded, self.base)
            x = self.first(padded)
        past = None
        if self.past is not None:
            if previous is None:
                raise ValueError("this net needs the previous picture")
            # The difference to the base is near zero where the past tells nothing, as a residual
            # should be.
            past = F.pixel_unshuffle(previous, self.config.scale) - base
            x = x + self.past(past)
        x = F.relu(x)
        for conv in self.body:
            x = F.relu(conv(x))
        return x, base, past

    def enlarge(self, luma: Tensor) -> Tensor:
        """The base alone, [N, 1, sH, sW]: what `previous` is before there was one."""
        padded = F.pad(luma, (2,) * 4, mode="replicate")
        return F.pixel_shuffle(F.conv2d(padded, self.base), self.config.scale)


def bicubic_kernel(scale: int) -> Tensor:
    """Bicubic enlargement as one conv to scale**2 channels; equals cv2.INTER_CUBIC (Keys, a =
    -0.75).

    [scale**2, 1, 5, 5]; it reads 2 input pixels beyond each border.
    """
    # The kernel covers four input pixels: two left and two right of the output's centre. For some
    # phases these begin two left of the input pixel, for others one; five taps hold both.
    taps = torch.zeros(scale, 5)
    for phase in range(scale):
        # The centre of output pixel `phase` seen from its input pixel's centre, in input pixels.
        offset = (phase + 0.5) / scale - 0.5
        for tap in range(5):
            taps[phase, tap] = _keys(abs(tap - 2 - offset))
    return torch.einsum("uy,vx->uvyx", taps, taps).reshape(scale**2, 1, 5, 5)


def _keys(t: float, a: float = -0.75) -> float:
    """Keys, Cubic convolution interpolation (IEEE TASSP 1981), eq. 4 with a free `a`."""
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    if t < 2:
        return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a
    return 0.0
