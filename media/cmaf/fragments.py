"""Fragments: samples of some tracks as one ``moof`` and ``mdat``, which a player can append."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Sequence

from media.cmaf.boxes import box, full_box

MAX_OFFSET = (1 << 31) - 1
"""A composition offset has 32 bits with a sign; one beyond is a fault of the sender's clock."""

_SYNC, _NOT_SYNC = 0x02000000, 0x01010000
"""Sample flags (ISO/IEC 14496-12 section 8.8.3.1): depends on no other; depends on others and is
no sync sample."""

_BASE_IS_MOOF = 0x020000
_RUN_FLAGS = 0x1 | 0x100 | 0x200 | 0x400
"""A run tells the place of its bytes, and of each sample duration, size and flags."""

_HAS_OFFSETS = 0x800
_MAX_DURATION = (1 << 32) - 1


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """One unit in a track. Times are in ticks of the track's timescale."""

    data: bytes
    time: int
    "Time of decoding, 0 or more; greater than that of the sample before it in its track."
    duration: int
    "Time until the next sample is decoded. Players bridge what is missing up to twice of it."
    offset: int = 0
    "Time of showing minus time of decoding; may be negative."
    is_sync: bool = True
    "Decoding can start here."

    @property
    def end(self) -> int:
        """The time at which the next sample is expected."""
        return self.time + self.duration


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """Consecutive samples of one track."""

    track: int
    "Its number in the initialization segment, from 1."
    samples: Sequence[Sample]


def fragment(number: int, runs: Sequence[Run]) -> bytes:
    """Returns one fragment with the samples of all runs that have some; empty without any.

    ``number`` counts fragments. A sample's duration is set to reach to the next one of its run.
    """
    kept = [run for run in runs if run.samples]
    if not kept:
        return b""
    # The place of the bytes is counted from the beginning of the moof, whose length the number of
    # samples tells.
    sizes = [_traf_size(run) for run in kept]
    at = 8 + 16 + sum(sizes) + 8
    header = full_box(b"mfhd", 0, 0, struct.pack(">I", number & 0xFFFFFFFF))
    parts: list[bytes] = []
    for run in kept:
        parts.append(_traf(run, at))
        at += sum(len(sample.data) for sample in run.samples)
    return b"".join(
        (
            box(b"moof", header, *parts),
            box(b"mdat", *(sample.data for run in kept for sample in run.samples)),
        )
    )


def _has_offsets(run: Run) -> bool:
    return any(sample.offset for sample in run.samples)


def _traf_size(run: Run) -> int:
    # Headers of traf (8), tfhd (16), tfdt (20) and trun (20), then 12 or 16 bytes a sample.
    return 64 + len(run.samples) * (16 if _has_offsets(run) else 12)


def _traf(run: Run, at: int) -> bytes:
    has_offsets = _has_offsets(run)
    samples = run.samples
    # In a run each sample ends where the next begins, so a pause lengthens the one before it.
    durations = [after.time - each.time for each, after in zip(samples, samples[1:], strict=False)]
    durations.append(samples[-1].duration)
    numbers: list[int] = []
    for sample, duration in zip(samples, durations, strict=True):
        flags = _SYNC if sample.is_sync else _NOT_SYNC
        numbers += (min(max(duration, 0), _MAX_DURATION), len(sample.data), flags)
        if has_offsets:
            # Version 1 of a run has signed offsets.
            offset = min(max(sample.offset, -MAX_OFFSET), MAX_OFFSET)
            numbers.append(offset & 0xFFFFFFFF)
    table = struct.pack(f">Ii{len(numbers)}I", len(samples), at, *numbers)
    flags = _RUN_FLAGS | (_HAS_OFFSETS if has_offsets else 0)
    return box(
        b"traf",
        full_box(b"tfhd", 0, _BASE_IS_MOOF, struct.pack(">I", run.track)),
        full_box(b"tfdt", 1, 0, struct.pack(">Q", samples[0].time)),
        full_box(b"trun", 1, flags, table),
    )
