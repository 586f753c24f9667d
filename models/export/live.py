"""From a trained LiveNet to numpy weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from models.export.plain import Conv, PlainNet
from models.nets.live import SCALE, LiveConfig, LiveNet

__all__ = ["load_checkpoint", "plain_live"]


def plain_live(net: LiveNet) -> PlainNet:
    """The net with its branches collapsed. Ranges change from 0..1 to 0..255 inside and outside."""
    convs = [_conv(conv) for conv in net.fuse()]
    # The net is trained in 0..1. Scaling the first kernel down and the last one up moves its ends
    # to 0..255 and leaves everything between as trained, which saves two passes over the pixels.
    convs[0] = Conv(convs[0].weight / np.float32(255), convs[0].bias)
    convs[-1] = Conv(convs[-1].weight * np.float32(255), convs[-1].bias * np.float32(255))
    base = net.base.detach().numpy().astype(np.float32)
    return PlainNet(
        net.config.fold, SCALE, tuple(convs), Conv(base, np.zeros(len(base), np.float32))
    )


def load_checkpoint(path: Path) -> tuple[LiveNet, dict[str, Any]]:
    """The averaged net of a checkpoint written by `models.training`, and the checkpoint's other
    content.
    """
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    net = LiveNet(LiveConfig(**content["config"]))
    net.load_state_dict(content["ema"])
    return net.eval(), content


def _conv(conv: nn.Conv2d) -> Conv:
    assert conv.bias is not None
    weight, bias = (t.detach().numpy().astype(np.float32) for t in (conv.weight, conv.bias))
    return Conv(weight, bias)
