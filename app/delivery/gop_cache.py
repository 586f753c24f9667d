"""The units since the last key frame, for viewers who join; bounded, without I/O or clocks."""

from __future__ import annotations

import dataclasses

from app.rtp.send_queue import PacketizedFrame

# 8.3 s at 30 fps. The ingest session asks for another key frame after 8 s.
MAX_UNITS = 250
MAX_PACKETS = 800
"""Fewer than a sender keeps for retransmission, and paced they take a third of a second."""

MAX_BYTES = 1024 * 1024
"""A longer replay would take a viewer's link longer than a fresh key frame takes to come."""


class GopCache:
    """Keeps one group of pictures; too long a one is of no use and is given up."""

    def __init__(self) -> None:
        self._units: list[PacketizedFrame] = []
        self._packets = 0
        self._bytes = 0
        self._usable = False

    def add(self, unit: PacketizedFrame) -> None:
        """Takes one video unit; they come in order."""
        if unit.is_key:
            self.clear()
            self._usable = True
        # Nothing can be decoded from the middle of a group, so what comes before a first key frame,
        # or behind a group that was given up, is of no use to anybody.
        if not self._usable:
            return
        self._units.append(unit)
        self._packets += len(unit.payloads)
        self._bytes += unit.size
        # A key frame alone is kept however large: one asked for instead would be as large.
        if not unit.is_key and (
            len(self._units) > MAX_UNITS or self._packets > MAX_PACKETS or self._bytes > MAX_BYTES
        ):
            self.clear()

    def clear(self) -> None:
        """Forgets everything: units were lost, or the log began anew."""
        self._units, self._packets, self._bytes, self._usable = [], 0, 0, False

    @property
    def has_group(self) -> bool:
        """True while a decoder could begin with what is kept."""
        return bool(self._units)

    def group(self) -> list[PacketizedFrame]:
        """Returns the units as they came; empty if a key frame must be asked for instead."""
        return list(self._units)

    def replay(self) -> list[PacketizedFrame]:
        """Returns the units with their times squeezed to 1 ms apart, ending at the live one.

        A browser then decodes and shows them at once instead of playing the past at its own
        pace, and no delay remains. Empty if a key frame must be asked for instead.
        """
        if not self._units:
            return []
        last = self._units[-1]
        # The last unit keeps its time, because what follows it live continues from there.
        tick = last.clock_rate // 1000
        count = len(self._units)
        squeezed = [
            dataclasses.replace(unit, pts=last.pts - (count - 1 - index) * tick, is_live=False)
            for index, unit in enumerate(self._units[:-1])
        ]
        return [*squeezed, last]
