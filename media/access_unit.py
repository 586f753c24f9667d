"""One coded frame or one Opus packet, with its times: what a stream consists of everywhere."""

from __future__ import annotations

import dataclasses
import enum

from media.codec import Codec
from media.treatment import Treatment


class Kind(enum.IntEnum):
    """Kinds of media; an access unit holds one."""

    VIDEO = 1
    AUDIO = 2


class Flags(enum.IntFlag):
    """Properties of one access unit."""

    NONE = 0
    KEY = 1
    "Decoding can start here. Every audio unit has it."
    BYPASS = 2
    "A unit of an enhanced log that holds the source's own bits."
    DISCONTINUITY = 4
    "Units before this one were lost or left out; a decoder must not rely on them."


class Checkpoint(enum.IntEnum):
    """Places where units are stamped; a unit carries at most one stamp of each, in this order."""

    ARRIVED = 1
    "The last packet of the unit reached the ingest."
    LOGGED = 2
    "About to be appended to the source log."
    FETCHED = 3
    "The worker has it."
    DECODED = 4
    "Pixels are there."
    ENHANCED = 5
    "Pixels are enhanced."
    ENCODED = 6
    "Coded again."
    PUBLISHED = 7
    "About to be appended to the enhanced log."
    DELIVERED = 8
    "Read by the app that sends it to viewers."


# Plain numbers are compared, because the operators of IntFlag look a member up each time.
_KEY = int(Flags.KEY)


@dataclasses.dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded frame or one Opus packet."""

    kind: Kind
    codec: Codec
    flags: Flags
    sequence: int
    "Counts the units of its kind in this log from its writer's start, modulo 2**32."
    pts: int
    "Presentation time in ticks of 1/clock_rate s; the publisher's unwrapped RTP time stamp."
    clock_rate: int
    "Ticks per second, 1..192000; the time base is 1/clock_rate."
    capture_us: int
    "Time of capture on the server's clock, Unix us; audio and video share it."
    arrival_us: int
    "Time at which its first packet reached the server, Unix us."
    payload: bytes
    width: int = 0
    "Luma samples, 0 if unknown or audio."
    height: int = 0
    "Luma rows, 0 if unknown or audio."
    stamps: tuple[tuple[Checkpoint, int], ...] = ()
    "(stage, Unix us) in the order of travel."
    treatment: Treatment = Treatment.UNSAID
    "Treatment of the picture by a worker."
    net: str = ""
    "Name of the net that made it; empty where none did."

    @property
    def is_key(self) -> bool:
        """True where decoding can start."""
        return int(self.flags) & _KEY != 0

    def stamped(self, stage: Checkpoint, at_us: int) -> AccessUnit:
        """Returns the same unit with one more stamp."""
        return dataclasses.replace(self, stamps=(*self.stamps, (stage, at_us)))

    def stamp(self, stage: Checkpoint) -> int | None:
        """Returns the time of a stage in Unix us, or None where it was not passed."""
        for have, at_us in self.stamps:
            if have is stage:
                return at_us
        return None
