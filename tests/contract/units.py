"""Small access units for the logs of the contract suite."""

from __future__ import annotations

from media.access_unit import AccessUnit, Flags, Kind
from media.codec import Codec
from wire.batch import Batch


def video(sequence: int, *, key: bool = False, size: int = 20) -> AccessUnit:
    """A video unit that only its sequence number tells from others."""
    return AccessUnit(
        kind=Kind.VIDEO,
        codec=Codec.H264,
        flags=Flags.KEY if key else Flags.NONE,
        sequence=sequence,
        pts=sequence * 3000,
        clock_rate=90_000,
        capture_us=1,
        arrival_us=2,
        payload=bytes(size),
    )


def audio(sequence: int) -> AccessUnit:
    """An Opus packet."""
    return AccessUnit(
        kind=Kind.AUDIO,
        codec=Codec.OPUS,
        flags=Flags.KEY,
        sequence=sequence,
        pts=sequence * 960,
        clock_rate=48_000,
        capture_us=1,
        arrival_us=2,
        payload=b"\xfc",
    )


def batch(epoch: int, *units: AccessUnit) -> Batch:
    """A batch of them."""
    return Batch(epoch=epoch, units=units)
