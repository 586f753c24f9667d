"""Placement of the stages of a net on devices, by dynamic programming over measured costs.

All devices reach each other through one hub, so each has one rate and one delay. Everybody has the
decoded source: nothing passes before the first stage.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

__all__ = [
    "BranchCost",
    "MeasuredDevice",
    "Placement",
    "StageRun",
    "Stage",
    "frame_time_s",
    "joined",
    "place_branches",
]
__all__ += ["place_chain"]

MAX_DEVICES = 8
"""The search goes over all subsets of the devices: 256 of 8."""


@dataclasses.dataclass(frozen=True, slots=True)
class MeasuredDevice:
    """A device as it was measured."""

    macs_s: float
    """Multiply-adds of this kind of net a second."""
    bit_s: float
    """Rate of its link, in each direction."""
    delay_s: float = 0.0
    """One way to the hub."""


@dataclasses.dataclass(frozen=True, slots=True)
class Stage:
    """A part of a net between two cut points."""

    name: str
    macs: float
    """Multiply-adds of a frame."""
    passed_bits: float
    """Bits that cross the cut behind it for a frame, as they are coded."""
    is_in_loop: bool = False
    """Its result for a frame is needed, through the net's memory, to begin the next frame."""


@dataclasses.dataclass(frozen=True, slots=True)
class StageRun:
    """Consecutive stages on one device."""

    device: int
    first: int
    end: int


@dataclasses.dataclass(frozen=True, slots=True)
class Placement:
    """Runs in the order of the stages."""

    runs: tuple[StageRun, ...]
    period_s: float
    """Time between two frames: that of the slowest device or link."""
    latency_s: float
    """Time from a frame's beginning until its result has left the last device."""


def joined(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """The stages with each loop as one stage, named by its first and last.

    Frames cannot follow each other through a loop: spread over devices it would take the time of
    all its parts and of the links between them for each frame, so it stays on one device.
    """
    found: list[Stage] = []
    for stage in stages:
        if stage.is_in_loop and found and found[-1].is_in_loop:
            before = found.pop()
            name = f"{before.name.partition('..')[0]}..{stage.name}"
            found.append(Stage(name, before.macs + stage.macs, stage.passed_bits, True))
        else:
            found.append(stage)
    return tuple(found)


def place_chain(stages: Sequence[Stage], devices: Sequence[MeasuredDevice]) -> Placement:
    """The placement with the least period, and among those the one with the least latency.

    Devices may be used in any order, each at most once, and not all of them. The last stage's
    `passed_bits` is the coded result.
    """
    if not stages or not 1 <= len(devices) <= MAX_DEVICES:
        raise ValueError(f"{len(stages)} stages on {len(devices)} devices cannot be placed")
    # A period is the largest part and a latency the sum of all, so one pass cannot minimize both in
    # turn: the first finds the least period, the second the least latency within it.
    period = _search(stages, devices, limit=float("inf"), by_latency=False)[0]
    _, runs = _search(stages, devices, limit=period, by_latency=True)
    return Placement(runs, period, _latency_s(stages, devices, runs))


def _search(
    stages: Sequence[Stage], devices: Sequence[MeasuredDevice], *, limit: float, by_latency: bool
) -> tuple[float, tuple[StageRun, ...]]:
    """The best value and its runs; parts above the limit are not used."""
    # best[mask] holds, for each number of placed stages, the best way with exactly these devices.
    best: list[dict[int, tuple[float, tuple[StageRun, ...]]]] = [
        {} for _ in range(1 << len(devices))
    ]
    best[0][0] = (0.0, ())
    for mask in range(1 << len(devices)):
        for placed, (value, runs) in best[mask].items():
            for device in range(len(devices)):
                if mask & 1 << device:
                    continue
                following = best[mask | 1 << device]
                for end in range(placed + 1, len(stages) + 1):
                    period, latency = _part_s(stages, devices[device], placed, end)
                    if period > limit:
                        continue
                    total = value + latency if by_latency else max(value, period)
                    if end not in following or total < following[end][0]:
                        following[end] = (total, (*runs, StageRun(device, placed, end)))
    ends = [way[len(stages)] for way in best if len(stages) in way]
    return min(ends, key=lambda way: way[0])


def _part_s(
    stages: Sequence[Stage], device: MeasuredDevice, first: int, end: int
) -> tuple[float, float]:
    """Period and latency of stages first..end-1 on a device."""
    compute = sum(stage.macs for stage in stages[first:end]) / device.macs_s
    taken = stages[first - 1].passed_bits / device.bit_s if first else 0.0
    given = stages[end - 1].passed_bits / device.bit_s
    # Receiving, computing and sending of different frames go on at the same time.
    latency = taken + compute + given + device.delay_s * (2 if first else 1)
    return max(compute, taken, given), latency


def _latency_s(
    stages: Sequence[Stage], devices: Sequence[MeasuredDevice], runs: Sequence[StageRun]
) -> float:
    return sum(_part_s(stages, devices[run.device], run.first, run.end)[1] for run in runs)


@dataclasses.dataclass(frozen=True, slots=True)
class BranchCost:
    """One of several parts of a net that work side by side on what the entry gives."""

    macs: float
    taken_bits: float
    """Bits that it needs of the entry."""
    given_bits: float
    """Bits that it gives to the gather stage."""


def place_branches(
    entry_macs: float,
    branches: Mapping[str, BranchCost],
    gather_macs: float,
    devices: Sequence[MeasuredDevice],
) -> tuple[dict[str, int], float]:
    """The device of each branch with the least time of a frame, and that time in seconds.

    The first device computes entry and gather stage. All placements are tried, since a net has few
    branches. The time of a frame is also its period where the net has a memory.
    """
    if not 1 <= len(devices) <= MAX_DEVICES:
        raise ValueError(f"branches cannot be placed on {len(devices)} devices")
    ways = itertools.product(range(len(devices)), repeat=len(branches))
    best = min(ways, key=lambda way: _branches_s(branches, way, devices))
    ends = (entry_macs + gather_macs) / devices[0].macs_s
    return dict(zip(branches, best, strict=True)), ends + _branches_s(branches, best, devices)


def _branches_s(
    branches: Mapping[str, BranchCost], way: Sequence[int], devices: Sequence[MeasuredDevice]
) -> float:
    """The time from the entry's end until the last branch is back at the first device."""
    lead = devices[0]
    slowest = 0.0
    for number, device in enumerate(devices):
        mine = [b for b, where in zip(branches.values(), way, strict=True) if where == number]
        spent = sum(branch.macs for branch in mine) / device.macs_s
        if mine and number:
            bits = sum(branch.taken_bits + branch.given_bits for branch in mine)
            # There and back; each transfer passes the link of the lead and the helper's own.
            spent += bits / device.bit_s + bits / lead.bit_s
            spent += 2 * (device.delay_s + lead.delay_s)
        slowest = max(slowest, spent)
    return slowest


def frame_time_s(stages: Sequence[Stage], device: MeasuredDevice) -> float:
    """The time of a frame on one device alone."""
    return sum(stage.macs for stage in stages) / device.macs_s
