from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["SCALE", "CollapsibleConv", "LiveConfig", "LiveNet", "folded_bicubic"]

SCALE = 2


@dataclass(frozen=True, kw_only=True)
class LiveConfig:
    fold: int = 1
    """Space-to-depth factor of the input, 1 or 2. At 2 (with 32 channels) the same work sees twice
    as far and keeps a CPU core busier, but the net learns detail much more slowly; see
    models/zoo/README.md.
    """
    channels: int = 16
    """Multiple of 8, the vector width of the smallest CPU that is aimed at."""
    body: int = 4
    """3x3 convs between the first and the last."""
    expansion: int = 128
    """Hidden channels of each collapsible conv while training; no cost at run time."""

    @property
    def first(self) -> int:
        """Side of the first kernel: as wide as the fixed base's, so that both share one padded
        input.
        """
        return 5 if self.fold == 1 else 3


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
        nn.init.normal_(self.project, std=0.5 / hidden**0.5)
        with torch.no_grad():
            self.direct.mul_(0.5)

    def kernel(self) -> Tensor:
        """The one kernel that this module stands for, [out, in, side, side]."""
        product = torch.einsum("oh,hikl->oikl", self.project, self.expand)
        kernel = self.direct + product
        if self.identity:
            eye = torch.eye(kernel.shape[0], dtype=kernel.dtype, device=kernel.device)
            kernel = kernel + F.pad(eye[:, :, None, None], (self.direct.shape[-1] // 2,) * 4)
        return kernel

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.kernel(), self.bias, padding=self.pad)

    def forward_expanded(self, x: Tensor) -> Tensor:
        """The same by its branches, for comparison; slower."""
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
    """Luma x2 for live-coded video: a few convs with ReLU over a fixed bicubic base.

    Paper: none whole. The residual over a fixed base outside the convs follows ABPN (Du et al.,
    CVPRW 2021), the training form SESR (see CollapsibleConv), the folded variant Bicubic++ (Bilecen
    and Ayazoglu, CVPRW 2023).

    Input: [N, 1, H, W] luma in 0..1, H and W multiples of `fold`. Output: [N, 1, 2H, 2W], same
    range, not clipped. Window: 1 frame.
    """

    base: Tensor

    def __init__(self, config: LiveConfig) -> None:
        super().__init__()
        self.config = config
        fold, hidden = config.fold, config.expansion
        widths = [fold**2, *[config.channels] * (config.body + 1), (fold * SCALE) ** 2]
        first = CollapsibleConv(widths[0], widths[1], hidden=hidden, side=config.first, pad=0)
        others = zip(widths[1:], widths[2:], strict=False)
        rest = [CollapsibleConv(i, o, hidden=hidden, side=3, pad=1) for i, o in others]
        self.convs = nn.ModuleList([first, *rest])
        # Starting from the base alone saves the first hundreds of steps.
        last = rest[-1]
        with torch.no_grad():
            last.direct.mul_(0.1)
            last.project.mul_(0.1)
        self.register_buffer("base", folded_bicubic(fold), persistent=False)

    def forward(self, luma: Tensor) -> Tensor:
        fold = self.config.fold
        folded = F.pixel_unshuffle(F.pad(luma, (2,) * 4, mode="replicate"), fold)
        x = folded
        *body, last = self.convs
        for conv in body:
            x = F.relu(conv(x))
        x = last(x) + F.conv2d(folded, self.base)
        return F.pixel_shuffle(x, fold * SCALE)

    def fuse(self) -> list[nn.Conv2d]:
        """The body as plain convs, first to last."""
        return [conv.fuse() for conv in self.convs if isinstance(conv, CollapsibleConv)]


def folded_bicubic(fold: int) -> Tensor:
    """Bicubic x2 as one conv between folded layouts; equals cv2.INTER_CUBIC (Keys, a = -0.75).

    [4, 1, 5, 5] for fold 1, [16, 4, 3, 3] for fold 2; either way it reads 2 input pixels beyond
    each border.
    """
    cells = 5 if fold == 1 else 3
    taps = torch.zeros(fold * SCALE, cells * fold)
    for pixel in range(fold):
        # An even output lies a quarter pixel before its input pixel, an odd one a quarter after.
        for phase, (first, distance) in enumerate([(-2, 1.75), (-1, 1.25)]):
            for tap in range(4):
                taps[pixel * SCALE + phase, 2 + pixel + first + tap] = _keys(abs(distance - tap))
    outputs = (fold * SCALE) ** 2
    kernel = torch.einsum("uy,vx->uvyx", taps, taps).reshape(outputs, cells, fold, cells, fold)
    return kernel.permute(0, 2, 4, 1, 3).reshape(outputs, fold**2, cells, cells).contiguous()


def _keys(t: float, a: float = -0.75) -> float:
    """Keys, Cubic convolution interpolation (IEEE TASSP 1981), eq. 4 with a free `a`."""
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a
