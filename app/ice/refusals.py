"""Counts packets that are not taken, by reason: for one peer, and for all of the process."""

from __future__ import annotations

import collections

Refusals = collections.Counter[str]
"""Packets that were dropped unread, or could not be read, by reason."""


class PacketRefusals:
    """Refused packets of one peer; ``totals`` counts for all peers that share it."""

    __slots__ = ("_totals", "refused")

    def __init__(self, totals: Refusals) -> None:
        self._totals = totals
        self.refused = Refusals()

    def refuse(self, reason: str) -> None:
        """Counts one packet as dropped."""
        self.refused[reason] += 1
        self._totals[reason] += 1
