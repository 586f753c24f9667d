"""Declared cut points of the nets: `live`, EDVR, BasicVSR's forward direction, and the U-net."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.graph.plain import Conv, PlainNet
from models.nets.basicvsr import CausalBasicVSR
from models.nets.blocks import LEAK, ShuffleUpsampler, enlarge, flow_warp
from models.nets.edvr import EDVR
from models.nets.unet import UNetVSR
from models.split.chain import Chain, Part, Tensors, count_macs
from models.split.placement import BranchCost

__all__ = ["basicvsr_chain", "edvr_chain", "live_chain", "unet_branches"]


def live_chain(net: PlainNet) -> Chain:
    """Cuts behind each convolution of the body. Frames: luma [N, 1, H, W] in 0..255; faithful."""

    def first(frames: Tensor, carried: Tensors, memory: Tensors) -> Tensors:
        return (F.relu(_plain(net.first, _padded(frames), pad=0)),)

    def last(frames: Tensor, carried: Tensors, memory: Tensors) -> Tensors:
        cells = net.scale**2
        head = Conv(net.head.weight[:cells], net.head.bias[:cells])
        y = _plain(head, carried[0]) + _plain(net.base, _padded(frames), pad=0)
        return (F.pixel_shuffle(y, net.scale),)

    body = [
        Part(f"body{n}", _single(lambda x, conv=conv: F.relu(_plain(conv, x))))  # type: ignore[misc]
        for n, conv in enumerate(net.body)
    ]
    return Chain((Part("first", first), *body, Part("head", last)))


def edvr_chain(net: EDVR) -> Chain:
    """Cuts behind pyramid, alignment, fusion, and each block of the reconstruction. Frames as in
    VideoNet.
    """

    def pyramid(frames: Tensor, carried: Tensors, memory: Tensors) -> Tensors:
        return tuple(net._pyramid(frames.flatten(0, 1)))

    def align(frames: Tensor, carried: Tensors, memory: Tensors) -> Tensors:
        levels = [level.reshape(*frames.shape[:2], *level.shape[1:]) for level in carried]
        centre = [level[:, net.window // 2] for level in levels]
        windows = [[level[:, n] for level in levels] for n in range(net.window)]
        return (torch.cat([net.pcd_align(window, centre) for window in windows], dim=1),)

    parts = [Part("pyramid", pyramid), Part("align", align), Part("fusion", _single(net.fusion))]
    parts += [Part(f"block{n}", _single(block)) for n, block in enumerate(net.reconstruction)]
    base = net.window // 2
    return Chain((*parts, *_tail(net, lambda frames: enlarge(frames[:, base], net.scale))))


def basicvsr_chain(net: CausalBasicVSR) -> Chain:
    """Cuts behind the flow, each block of the trunk, and each shuffle.

    Frames [N, 2, colours, H, W]: the one before, which everybody has decoded too, and this one.
    The memory is the features.
    """

    def flow(frames: Tensor, carried: Tensors, memory: Tensors) -> Tensors:
        now, before = frames[:, 1], frames[:, 0]
        if net.colours == 1:
            now, before = (x.expand(-1, 3, -1, -1) for x in (now, before))
        return (net.spynet(now, before),)

    entry, activation, blocks = net.forward_trunk.main

    def warp(frames: Tensor, carried: Tensors, memory: Tensors) -> Tensors:
        moved = flow_warp(memory[0], carried[0])
        return (activation(entry(torch.cat((frames[:, 1], moved), dim=1))),)

    parts = [Part("flow", flow), Part("warp", warp, True)]
    assert isinstance(blocks, nn.Sequential)
    parts += [Part(f"block{n}", _single(block), True) for n, block in enumerate(blocks)]
    return Chain((*parts, *_tail(net, lambda frames: enlarge(frames[:, 1], net.scale))))


def unet_branches(
    net: UNetVSR, frames: Tensor, memory: Tensors, *, value_bits: float
) -> tuple[int, dict[str, BranchCost], int]:
    """Multiply-adds of the entry, cost of each branch, and multiply-adds of the gather stage."""
    made: dict[str, Tensor] = {}
    parts: dict[str, Tensor] = {}
    found: dict[str, BranchCost] = {}
    with torch.no_grad():
        entry_macs = count_macs(lambda: made.update(entry=net.enter(frames, *memory)))
        for name, branch in net.branches.items():
            small = branch.shrink(made["entry"])  # type: ignore[operator]
            macs = count_macs(lambda: parts.update({name: branch(small)}))  # noqa: B023
            found[name] = BranchCost(
                macs, value_bits * small.numel(), value_bits * parts[name].numel()
            )
        gather_macs = count_macs(lambda: _merge(net, frames, made["entry"], parts))
    return entry_macs, found, gather_macs


def _merge(net: UNetVSR, frames: Tensor, entry: Tensor, parts: dict[str, Tensor]) -> None:
    net.merge(frames, entry, parts)


def _tail(net: ShuffleUpsampler, base: Callable[[Tensor], Tensor]) -> list[Part]:
    """The upsampler in parts: a cut behind each shuffle."""
    convs = [net.upconv1] if net.upconv2 is None else [net.upconv1, net.upconv2]

    def last(frames: Tensor, carried: Tensors, memory: Tensors) -> Tensors:
        x = F.leaky_relu(net.conv_hr(carried[0]), LEAK)
        return (net.conv_last(x) + base(frames),)

    shuffles = [
        Part(
            f"upconv{n}",
            _single(lambda x, conv=conv: F.leaky_relu(F.pixel_shuffle(conv(x), 2), LEAK)),  # type: ignore[misc]
        )
        for n, conv in enumerate(convs, start=1)
    ]
    return [*shuffles, Part("last", last)]


def _single(layer: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensors, Tensors], Tensors]:
    """A part of one tensor to one tensor."""
    return lambda frames, carried, memory: (layer(carried[0]),)


def _padded(luma: Tensor) -> Tensor:
    return F.pad(luma, (2,) * 4, mode="replicate")


def _plain(conv: Conv, x: Tensor, pad: int | None = None) -> Tensor:
    weight, bias = torch.from_numpy(conv.weight), torch.from_numpy(conv.bias)
    return F.conv2d(x, weight, bias, padding=conv.pad if pad is None else pad)
