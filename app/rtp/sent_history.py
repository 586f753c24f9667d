"""The units that one viewer was sent, for retransmission; no I/O, no clock."""

from __future__ import annotations

import bisect
import dataclasses

MAX_PACKETS = 1024
"""Packets that may be sent again; half the space of sequence numbers would be the limit."""

_TRIM_UNITS = 64
"""Units between two clearings of what is too old: moving a list costs more than an entry."""


@dataclasses.dataclass(slots=True)
class SentUnit:
    """One unit under the numbers of one viewer. The payloads are those of all viewers.

    It is not frozen, since making a frozen one takes three times as long.
    """

    payloads: tuple[bytes, ...]
    payload_type: int
    timestamp: int
    first: int
    "Sequence number of its first packet."


class SentHistory:
    """Finds the unit of a sequence number among the last packets.

    It holds one entry for each unit and no payload of its own: what a thousand viewers were sent
    stands in memory once.
    """

    def __init__(self) -> None:
        self._units: list[SentUnit] = []
        self._places: list[int] = []
        "Number of packets before each unit."
        self._count = 0
        "Packets sent so far."
        self._next = 0
        "The sequence number that follows."

    def add(self, unit: SentUnit) -> None:
        """Notes a unit; sequence numbers go on from the one before."""
        self._units.append(unit)
        self._places.append(self._count)
        self._count += len(unit.payloads)
        self._next = (unit.first + len(unit.payloads)) & 0xFFFF
        if len(self._units) % _TRIM_UNITS == 0:
            old = bisect.bisect_right(self._places, self._count - MAX_PACKETS) - 1
            if old > 0:
                del self._units[:old], self._places[:old]

    def find(self, sequence: int) -> tuple[SentUnit, int] | None:
        """Returns a packet's unit and its place within; None if it is too old or was not sent."""
        age = (self._next - sequence) & 0xFFFF
        if not 1 <= age <= min(MAX_PACKETS, self._count):
            return None
        place = self._count - age
        at = bisect.bisect_right(self._places, place) - 1
        return self._units[at], place - self._places[at]
