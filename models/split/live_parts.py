"""A live net in torch from its exported graph, in two parts: for training what passes the cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import Tensor

from models.graph.plain import Conv, PlainNet
from models.nets.live import GATE_LIMIT
from models.split.transform import Cut

__all__ = ["live_cut", "read_live"]


def read_live(path: Path) -> PlainNet:
    """Reads a float graph that ``models.graph.writer`` wrote for a net without a previous picture.

    Raises ValueError for another one.
    """
    graph = onnx.load(path).graph
    # Arrays over the file's bytes cannot be written to, which torch warns of.
    numbers = {each.name: numpy_helper.to_array(each).copy() for each in graph.initializer}
    if "conv_past_w" in numbers or "first_w" not in numbers:
        raise ValueError(f"{path.parent.name} is no float graph of a net without a past")

    def conv(name: str) -> Conv:
        return Conv(numbers[f"{name}_w"], numbers[f"{name}_b"])

    scale = round(len(numbers["base_w"]) ** 0.5)
    body = [conv(f"conv{n}") for n in range(sum(name.startswith("conv") for name in numbers) // 2)]
    head = conv("head")
    # `GraphWriter.head` adds half a level, because a cast truncates.
    bias = head.bias.copy()
    bias[: scale**2] -= np.float32(0.5)
    return PlainNet(
        scale=scale,
        first=conv("first"),
        past=None,
        body=tuple(body),
        head=Conv(head.weight, bias),
        has_styles=len(head.weight) > scale**2,
        gate_limit=GATE_LIMIT,
        base=conv("base"),
    )


def live_cut(net: PlainNet, convs: int) -> Cut:
    """Both parts, cut behind `convs` of the body's convolutions; the faithful style."""
    if not 0 <= convs <= len(net.body):
        raise ValueError(f"the body has {len(net.body)} convolutions, not {convs}")

    def front(luma: Tensor) -> Tensor:
        x = F.relu(_run(net.first, F.pad(luma, (2,) * 4, mode="replicate"), pad=0))
        for conv in net.body[:convs]:
            x = F.relu(_run(conv, x))
        return x

    def back(features: Tensor, luma: Tensor) -> Tensor:
        x = features
        for conv in net.body[convs:]:
            x = F.relu(_run(conv, x))
        cells = net.scale**2
        y = _run(Conv(net.head.weight[:cells], net.head.bias[:cells]), x)
        base = _run(net.base, F.pad(luma, (2,) * 4, mode="replicate"), pad=0)
        return F.pixel_shuffle(y + base, net.scale)

    return Cut(front, back)


def _run(conv: Conv, x: Tensor, pad: int | None = None) -> Tensor:
    weight, bias = torch.from_numpy(conv.weight), torch.from_numpy(conv.bias)
    return F.conv2d(x, weight, bias, padding=conv.pad if pad is None else pad)
