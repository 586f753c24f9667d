"""Small published single-picture nets, to hold ours against.

The x2 weights are ETDS's (Chao et al., CVPR 2023), which retrained every net here in RGB on DIV2K,
so they may differ from each net's own paper; the classes say where. Layers have the names of those
files, so that nothing is renamed on loading.

Every net: input [N, 3, H, W] RGB in 0..1, output [N, 3, sH, sW], same range; zeros lie beyond the
border.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from models.nets.checkpoint import load_published

__all__ = [
    "ABPN",
    "ECBSR",
    "ESPCN",
    "ETDS",
    "FSRCNN",
    "PUBLISHED",
    "Baseline",
    "Published",
    "count_macs",
    "load_baselines",
]

RGB = 3
LUMA_WEIGHTS = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in luma: ITU-R BT.601, as in the Y-PSNR of all papers."""


class FSRCNN(nn.Module):
    """Shrinks the features, maps them, widens them again and enlarges by a transposed conv.

    Paper: Accelerating the Super-Resolution Convolutional Neural Network (Dong et al., ECCV 2016),
    section 3, FSRCNN(d, s, m). There luma only. The output is not clipped.
    """

    def __init__(
        self, *, scale: int = 2, wide: int = 56, narrow: int = 12, mappings: int = 4
    ) -> None:
        super().__init__()
        self.first_part = nn.Sequential(_conv(RGB, wide, 5), nn.PReLU(wide))
        middle: list[nn.Module] = [_conv(wide, narrow, 1), nn.PReLU(narrow)]
        for _ in range(mappings):
            middle += [_conv(narrow, narrow), nn.PReLU(narrow)]
        self.mid_part = nn.Sequential(*middle, _conv(narrow, wide, 1), nn.PReLU(wide))
        # With this output padding (H - 1) * scale - 2 * 4 + 9 + (scale - 1) is scale * H.
        self.last_part = nn.ConvTranspose2d(
            wide, RGB, 9, stride=scale, padding=4, output_padding=scale - 1
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.last_part(self.mid_part(self.first_part(x)))


class ESPCN(nn.Module):
    """Three convs and the first pixel shuffle.

    Paper: Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
    Convolutional Neural Network (Shi et al., CVPR 2016), section 3, with its tanh. There luma only
    and the last conv without activation; these weights were trained with a sigmoid after it.
    """

    def __init__(self, *, scale: int = 2) -> None:
        super().__init__()
        self.scale = scale
        self.conv1 = _conv(RGB, 64, 5)
        self.conv2 = _conv(64, 32)
        self.conv3 = _conv(32, RGB * scale**2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.tanh(self.conv2(torch.tanh(self.conv1(x))))
        return F.pixel_shuffle(torch.sigmoid(self.conv3(x)), self.scale)


class ECBSR(nn.Module):
    """3x3 convs with PReLU whose output is added to the repeated input, in its run-time form.

    Paper: Edge-oriented Convolution Block for Real-time Super Resolution on Mobile Devices (Zhang
    et al., ACM MM 2021), section 3. Each conv was trained as an edge-oriented block of several
    branches; the file holds the convs that these collapse to. There luma only. The output is not
    clipped.
    """

    def __init__(self, *, scale: int = 2, body: int = 4, channels: int = 16) -> None:
        super().__init__()
        self.scale = scale
        widths = [RGB, *[channels] * (body + 1)]
        blocks = [
            nn.Sequential(_conv(inputs, outputs), nn.PReLU(outputs))
            for inputs, outputs in zip(widths[:-1], widths[1:], strict=True)
        ]
        last = nn.Sequential(_conv(channels, RGB * scale**2))
        self.backbone = nn.Sequential(*blocks, last)

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(self.backbone(x) + _repeat(x, self.scale), self.scale)


class ABPN(nn.Module):
    """3x3 convs with ReLU, one more conv in image space, added to the repeated input (the anchor).

    Paper: Anchor-based Plain Net for Mobile Image Super-Resolution (Du et al., CVPRW 2021),
    section 3. Output clipped to 0..1, as there.
    """

    def __init__(self, *, scale: int = 2, body: int = 4, channels: int = 28) -> None:
        super().__init__()
        self.scale = scale
        cells = RGB * scale**2
        self.backbone = nn.Sequential(
            _conv(RGB, channels),
            nn.ReLU(),
            # Nested, because the published file numbers its layers so (`backbone.2.0.weight`).
            *(nn.Sequential(_conv(channels, channels), nn.ReLU()) for _ in range(body)),
            _conv(channels, cells),
            nn.ReLU(),
            _conv(cells, cells),
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.backbone(x) + _repeat(x, self.scale)
        return F.pixel_shuffle(y, self.scale).clamp(0, 1)


class ETDS(nn.Module):
    """3x3 convs with ReLU and nothing beside them, in its run-time form.

    Paper: Equivalent Transformation and Dual Stream Network Construction for Mobile Image
    Super-Resolution (Chao et al., CVPR 2023), section 3. The second stream and the anchor of
    training are folded into a few channels of every conv. `conv_last` gives 1 - y and `conv_clip`
    takes that from 1, so that the two ReLUs after them clip y to 0..1.
    """

    def __init__(self, *, scale: int = 2, body: int = 5, channels: int = 16) -> None:
        super().__init__()
        self.scale = scale
        cells = RGB * scale**2
        self.conv_first = _conv(RGB, channels)
        self.backbone_convs = nn.ModuleList([_conv(channels, channels) for _ in range(body)])
        self.conv_last = _conv(channels, cells)
        self.conv_clip = _conv(cells, cells, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv_first(x))
        for conv in self.backbone_convs:
            x = F.relu(conv(x))
        x = F.relu(self.conv_clip(F.relu(self.conv_last(x))))
        return F.pixel_shuffle(x, self.scale)


@dataclass(frozen=True, slots=True)
class Published:
    """A net as it can be had from others."""

    name: str
    file: str
    """Name of the file in the folder of weights."""
    paper: str
    build: Callable[[], nn.Module]
    """Builds the net with fresh weights, at the size of the file."""
    scale: int = 2
    licence: str = "Apache-2.0"
    """Licence of the weights."""


_FSRCNN = "Dong et al., Accelerating the Super-Resolution Convolutional Neural Network, ECCV 2016"
_ESPCN = (
    "Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel"
    " Convolutional Neural Network, CVPR 2016"
)
_ECBSR = (
    "Zhang et al., Edge-oriented Convolution Block for Real-time Super Resolution on Mobile"
    " Devices, ACM MM 2021"
)
_ABPN = "Du et al., Anchor-based Plain Net for Mobile Image Super-Resolution, CVPRW 2021"
_ETDS = (
    "Chao et al., Equivalent Transformation and Dual Stream Network Construction for Mobile Image"
    " Super-Resolution, CVPR 2023"
)

PUBLISHED = (
    Published("ESPCN", "ESPCN_x2.pth", _ESPCN, ESPCN),
    Published("FSRCNN", "FSRCNN_x2.pth", _FSRCNN, FSRCNN),
    Published("ECBSR-M4C16", "ECBSR_M4C16_x2.pth", _ECBSR, ECBSR),
    Published("ABPN-M4C28", "ABPN_M4C28_x2.pth", _ABPN, ABPN),
    Published("ETDS-T", "ETDS_M5C16_x2.pth", _ETDS, ETDS),
    Published("ETDS-M", "ETDS_M6C32_x2.pth", _ETDS, lambda: ETDS(body=6, channels=32)),
    Published("ETDS-L", "ETDS_M7C48_x2.pth", _ETDS, lambda: ETDS(body=7, channels=48)),
)


@dataclass(frozen=True, slots=True)
class Baseline:
    """A published net with its weights, called with one picture's luma."""

    name: str
    paper: str
    """Authors, title, venue."""
    licence: str
    """Licence of the weights."""
    scale: int
    colour: Literal["luma", "rgb"]
    """Range of the values that the net takes and gives."""
    parameters: int
    """Parameters of the net as it runs: kernels, biases and PReLU slopes."""
    macs_per_input_pixel: int
    """Multiply-adds by count_macs, with all three colours, as published. The same net cut to luma
    would do less in its first and last conv only."""
    bytes: int
    """Size of the file with the weights."""
    net: nn.Module = field(repr=False)

    def __call__(self, luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Enlarges luma [H, W] to [sH, sW], rounded; on the CPU, with the threads that torch has.

        Every net here takes RGB, so it gets grey, r = g = b = luma, and the luma of what it gives
        counts (BT.601; other weights change nothing, as what it gives is nearly grey). Values go in
        as they are, whether full or limited range. Stretching limited-range video to full range
        first costs up to 0.2 dB on clean camera and animation clips; it gains 0.1 to 0.8 dB on
        rendered text, where clipping at black and white then removes overshoots.
        """
        if luma.dtype != np.uint8 or luma.ndim != 2:
            raise ValueError(f"needs uint8 [H, W], not {luma.dtype} {list(luma.shape)}")
        grey = torch.from_numpy(luma.astype(np.float32) / 255).expand(1, RGB, -1, -1)
        with torch.inference_mode():
            y = torch.tensordot(torch.tensor(LUMA_WEIGHTS), self.net(grey)[0], dims=1)
        return np.asarray(y.mul(255).round().clamp(0, 255).byte().numpy())


def load_baselines(folder: Path) -> dict[str, Baseline]:
    """The nets of PUBLISHED whose files are in `folder`, by name, in that order.

    Empty if there is no such folder. Raises BadCheckpoint for a file that is damaged or does not
    hold exactly the tensors of its net.
    """
    found = {}
    for entry in PUBLISHED:
        path = folder / entry.file
        if not path.is_file():
            continue
        net = entry.build()
        load_published(net, path)
        # Nothing is trained here, and gradients would keep every layer's activations in memory.
        net.eval().requires_grad_(False)
        found[entry.name] = Baseline(
            name=entry.name,
            paper=entry.paper,
            licence=entry.licence,
            scale=entry.scale,
            colour="rgb",
            parameters=sum(parameter.numel() for parameter in net.parameters()),
            macs_per_input_pixel=count_macs(net),
            bytes=path.stat().st_size,
            net=net,
        )
    return found


def count_macs(net: nn.Module) -> int:
    """Multiply-adds of the convs per input pixel, for nets whose convs all run at input size.

    There a conv does one multiply-add per weight and pixel. So does a transposed conv: each input
    pixel is multiplied with each weight once. (Published counts for FSRCNN count those per output
    pixel, scale**2 times as many, most of them with zeros.) Biases, activations, clipping and the
    added input are not counted.
    """
    convs = (m for m in net.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d))
    return sum(conv.weight.numel() for conv in convs)


def _conv(inputs: int, outputs: int, side: int = 3) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, side, padding=side // 2)


def _repeat(x: Tensor, scale: int) -> Tensor:
    """Returns channels that a pixel shuffle turns into the nearest-neighbour enlargement of `x`."""
    # A pixel shuffle takes scale**2 channels in a row for each colour; equal ones become one block.
    return x.repeat_interleave(scale**2, dim=1)
