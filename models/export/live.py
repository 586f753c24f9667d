"""Conversion of a trained LiveNet to plain convolutions in numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.graph.plain import Conv, PlainNet
from models.nets.live import GATE_LIMIT, CollapsibleConv, LiveConfig, LiveNet

__all__ = ["load_checkpoint", "plain_live"]

LEVELS = np.float32(255)


def plain_live(net: LiveNet) -> PlainNet:
    """The net with its branches collapsed. Ranges change from 0..1 to 0..255 inside and outside."""
    # The net is trained in 0..1. Scaling the first kernels down and the heads up moves its ends
    # to 0..255 and leaves everything between as trained, which saves two passes over the pixels.
    first = _conv(net.first)
    past = _conv(net.past) if net.past is not None else None
    heads = [_levels(_conv(net.faithful))]
    if net.crisp is not None:
        heads.append(_levels(_widened(_conv(net.crisp))))
    if net.gate is not None:
        # A gate is a factor in 0..1 in both ranges, so its kernel stays as it is.
        heads.append(_conv(net.gate))
    base = net.base.detach().numpy().astype(np.float32)
    return PlainNet(
        scale=net.config.scale,
        first=Conv(first.weight / LEVELS, first.bias),
        past=None if past is None else Conv(past.weight / LEVELS, past.bias),
        body=tuple(_conv(conv) for conv in net.body),
        head=Conv(
            np.concatenate([head.weight for head in heads]),
            np.concatenate([head.bias for head in heads]),
        ),
        has_styles=net.crisp is not None,
        gate_limit=GATE_LIMIT,
        base=Conv(base, np.zeros(len(base), np.float32)),
    )


def load_checkpoint(path: Path) -> tuple[LiveNet, dict[str, Any]]:
    """The averaged net of a checkpoint written by `models.training`, and the checkpoint's other
    content.
    """
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    # The averaged weights are the ones that ship; `net` in the file is where the training goes on.
    net = LiveNet(LiveConfig(**content["config"]))
    net.load_state_dict(content["ema"])
    return net.eval(), content


def _conv(conv: Any) -> Conv:
    assert isinstance(conv, CollapsibleConv)
    plain = conv.fuse()
    assert plain.bias is not None
    weight, bias = (t.detach().numpy().astype(np.float32) for t in (plain.weight, plain.bias))
    return Conv(weight, bias)


def _levels(conv: Conv) -> Conv:
    return Conv(conv.weight * LEVELS, conv.bias * LEVELS)


def _widened(conv: Conv) -> Conv:
    """A 1x1 kernel as the 3x3 one that it is; the heads run as one conv."""
    side = conv.weight.shape[-1]
    if side == 3:
        return conv
    # The 3x3 conv pads with a ring of zeros, and the ring of zero weights ignores it: the output is
    # the same.
    return Conv(np.pad(conv.weight, ((0, 0), (0, 0), (1, 1), (1, 1))), conv.bias)
