"""Access units for recordings."""

from __future__ import annotations

from benchmarks.team.recording import Received
from media.access_unit import AccessUnit, Flags, Kind
from media.codec import Codec

TICKS = 3000
"""Of a clock of 90 kHz, for a frame at 30 a second."""


def received(
    log: int,
    number: int,
    arrival_us: int,
    received_us: int,
    payload: bytes = b"x",
    *,
    is_key: bool = True,
) -> Received:
    unit = AccessUnit(
        kind=Kind.VIDEO,
        codec=Codec.H264,
        flags=Flags.KEY if is_key else Flags.NONE,
        sequence=number,
        pts=number * TICKS,
        clock_rate=90_000,
        capture_us=arrival_us,
        arrival_us=arrival_us,
        payload=payload,
    )
    return Received(log, received_us, unit)
