"""The gain of cutting each net over four devices, by its measured parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from models.manifest import load_manifest, model_file
from models.nets.basicvsr import CausalBasicVSR
from models.nets.edvr import EDVR
from models.nets.table import build
from models.nets.unet import UNetVSR
from models.split.chain import measure
from models.split.chains import basicvsr_chain, edvr_chain, live_chain, unet_branches
from models.split.live_parts import read_live
from models.split.placement import (
    BranchCost,
    MeasuredDevice,
    Stage,
    frame_time_s,
    joined,
    place_branches,
    place_chain,
)

__all__ = ["DEVICES", "Row", "UNetRow", "place_all", "place_unet"]

DEVICES = 4

DEVICE_MACS_S = 0.3 * 40e9
"""0.3 of a core at the 40 billion multiply-adds a second that OpenVINO does in float here."""

LINK_BIT_S, DELAY_S = 20e6, 0.02
"""The profile of the team's acceptance test: 20 Mbit/s and 40 ms there and back."""

RESULT_BIT_S = 4e6
"""Rate of a finished picture at 30 frames a second, as a helper sends it."""

SIDE = 64
"""Side of the picture that parts are counted on; everything grows with the pixels."""

PIXELS = 480 * 270
FPS = 30

BYTES, CODES = 8.0, 0.2
"""Bits of a number that passes a cut: as it is in int8, and at a fortieth of that."""

NO_LIMIT_BIT_S = 1e15

RADIUS = {"live-l": 10, "basicvsr-causal": 63}
"""Decoded pixels around a region that a frame's result feels: the manifest's; the entry, 60
convolutions of the trunk and the upsampler.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One net as a chain."""

    net: str
    gmacs: float
    """Billions of multiply-adds of a frame of 480x270."""
    loop_fraction: float
    """Part of the multiply-adds inside the loop of the net's memory."""
    alone_fps: float
    """Frames a second on one device."""
    free: float
    """Times faster on four devices with links that cost nothing."""
    bytes_gain: float
    """The same over LINK_BIT_S with features of 8 bits."""
    codes_gain: float
    """The same with features at a fortieth of that."""
    codes_latency_s: float
    """Time until a frame's result is back, in that placement."""
    cuts: str
    """Stages behind which that placement cuts."""
    regions: float | None
    """Times faster with a quarter of the picture and its halo on each device; None where a
    deformable convolution reads from anywhere.
    """


def place_all() -> list[Row]:
    """Every net that is a chain."""
    torch.manual_seed(0)
    return [_row(name, _stages(name)) for name in ("live-l", "edvr-m", "basicvsr-causal")]


def _stages(name: str) -> tuple[Stage, ...]:
    manifest = load_manifest(name)
    result_bits = RESULT_BIT_S / FPS * SIDE**2 / PIXELS
    if manifest.architecture is None:
        chain = live_chain(read_live(model_file(manifest, "fp32")))
        return measure(
            chain, torch.zeros(1, 1, SIDE, SIDE), value_bits=1.0, result_bits=result_bits
        )
    # Tensors of shapes alone: nothing is computed, and the shapes are what is counted.
    with torch.device("meta"):
        net = build(manifest.architecture.net, manifest.architecture.config).eval()
        if isinstance(net, EDVR):
            frames = torch.zeros(1, net.window, net.colours, SIDE, SIDE)
            return measure(edvr_chain(net), frames, value_bits=1.0, result_bits=result_bits)
        assert isinstance(net, CausalBasicVSR)
        memory: tuple[Tensor, ...] = (net.start(SIDE, SIDE)[1],)
        frames = torch.zeros(1, 2, net.colours, SIDE, SIDE)
        return measure(basicvsr_chain(net), frames, memory, value_bits=1.0, result_bits=result_bits)


def _scaled(stages: Sequence[Stage], value_bits: float) -> tuple[Stage, ...]:
    """The stages at 480x270, with so many bits for a number at every cut."""
    grow = PIXELS / SIDE**2
    scaled = [
        dataclasses.replace(s, macs=s.macs * grow, passed_bits=s.passed_bits * grow * value_bits)
        for s in stages[:-1]
    ]
    last = stages[-1]
    result = dataclasses.replace(last, macs=last.macs * grow, passed_bits=last.passed_bits * grow)
    return joined((*scaled, result))


def _row(name: str, stages: tuple[Stage, ...]) -> Row:
    whole = sum(stage.macs for stage in stages)
    loop = sum(stage.macs for stage in stages if stage.is_in_loop)
    device = MeasuredDevice(DEVICE_MACS_S, LINK_BIT_S, DELAY_S)
    alone = frame_time_s(_scaled(stages, BYTES), device)
    free = place_chain(
        _scaled(stages, BYTES), [MeasuredDevice(DEVICE_MACS_S, NO_LIMIT_BIT_S, DELAY_S)] * DEVICES
    )
    as_bytes = place_chain(_scaled(stages, BYTES), [device] * DEVICES)
    coded = _scaled(stages, CODES)
    as_codes = place_chain(coded, [device] * DEVICES)
    return Row(
        net=name,
        gmacs=whole * PIXELS / SIDE**2 / 1e9,
        loop_fraction=loop / whole,
        alone_fps=1 / alone,
        free=alone / free.period_s,
        bytes_gain=alone / as_bytes.period_s,
        codes_gain=alone / as_codes.period_s,
        codes_latency_s=as_codes.latency_s,
        cuts=", ".join(coded[run.end - 1].name for run in as_codes.runs[:-1]) or "none",
        regions=_regions(RADIUS.get(name)),
    )


def _regions(radius: int | None) -> float | None:
    """Quarters of 480x270 with a halo at their two inner sides."""
    if radius is None:
        return None
    return PIXELS / ((480 // 2 + radius) * (270 // 2 + radius))


@dataclasses.dataclass(frozen=True, slots=True)
class UNetRow:
    """The U-net by branches, on one link."""

    link: str
    alone_s: float
    """Time of a frame on one device."""
    spread_s: float
    """Time of a frame with the branches where they are best."""
    away: str
    """Branches that are not at home."""


def place_unet() -> list[UNetRow]:
    """`unet-xs` on links that cost nothing, on a local network, and on the wide-area profile."""
    manifest = load_manifest("unet-xs")
    assert manifest.architecture is not None
    net = build(manifest.architecture.net, manifest.architecture.config).eval()
    assert isinstance(net, UNetVSR)
    frames, memory = torch.zeros(1, 1, net.colours, SIDE, SIDE), net.start(SIDE, SIDE)
    entry, branches, gather = unet_branches(net, frames, memory, value_bits=CODES)
    grow = PIXELS / SIDE**2
    grown = {
        name: BranchCost(each.macs * grow, each.taken_bits * grow, each.given_bits * grow)
        for name, each in branches.items()
    }
    rows = []
    for link, bit_s, delay_s in (
        ("no cost", NO_LIMIT_BIT_S, 0.0),
        ("1 Gbit/s, 0.4 ms there and back", 1e9, 0.0002),
        ("20 Mbit/s, 40 ms there and back", LINK_BIT_S, DELAY_S),
    ):
        devices = [MeasuredDevice(DEVICE_MACS_S, bit_s, delay_s)] * 3
        where, spread = place_branches(entry * grow, grown, gather * grow, devices)
        _, alone = place_branches(entry * grow, grown, gather * grow, devices[:1])
        away = ", ".join(name for name, device in where.items() if device) or "none"
        rows.append(UNetRow(link, alone, spread, away))
    return rows
