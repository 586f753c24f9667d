"""Computes frames lost, freezes and rates of an ingest from the units of a source log (pure)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Unit(msgspec.Struct, frozen=True):
    """One picture of the source log."""

    at_s: float
    """Unix time at which a reader of the log had it."""
    pts: int
    """Ticks of 90 kHz."""
    bytes: int
    width: int
    is_key: bool
    is_gap: bool
    """Pictures before it were lost."""


class Sample(msgspec.Struct, frozen=True):
    """One report of a publisher about itself."""

    at_s: float
    frames: int
    """Pictures sent so far."""
    bytes: int
    """Bytes of video sent so far, retransmissions included."""
    target_bps: float = 0.0
    """Rate that its encoder was told to make."""
    available_bps: float = 0.0
    """Rate that its congestion control thinks the path bears."""
    width: int = 0
    limited: str = ""
    """Reason for the size of its pictures, in WebRTC's words."""


def decodable(units: Sequence[Unit]) -> list[Unit]:
    """Returns the units that a decoder can use: behind a gap those from the next key frame on."""
    found: list[Unit] = []
    is_broken = True
    for unit in units:
        is_broken = (is_broken or unit.is_gap) and not unit.is_key
        if not is_broken:
            found.append(unit)
    return found


def longest_freeze_s(units: Sequence[Unit], start_s: float, end_s: float) -> float:
    """Returns the longest time without a new picture that a viewer could see."""
    times = [unit.at_s for unit in decodable(units) if start_s <= unit.at_s <= end_s]
    edges = [start_s, *times, end_s]
    return max(b - a for a, b in zip(edges, edges[1:], strict=False))


def lost(units: Sequence[Unit], first: Sample, last: Sample) -> float:
    """Returns the fraction of the frames sent between two samples that nobody can decode."""
    sent = last.frames - first.frames
    came = sum(first.at_s <= unit.at_s < last.at_s for unit in decodable(units))
    return max(0.0, 1 - came / sent) if sent else 0.0


def lost_of_steady(units: Sequence[Unit], start_s: float, end_s: float) -> float:
    """Returns the same of a publisher that sends 30 frames a second and tells nothing."""
    came = [unit for unit in decodable(units) if start_s <= unit.at_s <= end_s]
    if len(came) < 2:
        return 1.0
    sent = round((came[-1].pts - came[0].pts) / 3000) + 1
    return max(0.0, 1 - len(came) / sent)


def nearest(samples: Sequence[Sample], at_s: float) -> Sample:
    """Returns the sample that was taken next to a time."""
    return min(samples, key=lambda sample: abs(sample.at_s - at_s))


def rates_kbps(units: Sequence[Unit], start_s: float, end_s: float, step_s: float) -> list[float]:
    """Returns the rate of the pictures in each step of time."""
    steps = int((end_s - start_s) / step_s + 0.5)
    found = [0.0] * steps
    for unit in units:
        place = int((unit.at_s - start_s) / step_s)
        if unit.at_s >= start_s and place < steps:
            found[place] += unit.bytes * 8 / 1000 / step_s
    return found


def reached_s(samples: Sequence[Sample], start_s: float, bps: float) -> float | None:
    """Returns the time from ``start_s`` until the path was thought to bear at least ``bps``."""
    return next(
        (s.at_s - start_s for s in samples if s.at_s >= start_s and s.available_bps >= bps), None
    )


def left_s(samples: Sequence[Sample], start_s: float, bps: float) -> float | None:
    """Returns the time from ``start_s`` until the path was thought to bear at most ``bps``."""
    return next(
        (s.at_s - start_s for s in samples if s.at_s >= start_s and s.available_bps <= bps), None
    )
