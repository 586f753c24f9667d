"""The part of what a link sends that is parity, over the last seconds. Pure: ``now`` in seconds."""

from __future__ import annotations

import collections

__all__ = ["WINDOW_S", "ParityMeter"]

WINDOW_S = 10.0
"""Time over which it is measured, as long as a lead counts hedges (``workers/team/hedging.py``)."""


class ParityMeter:
    """Bytes of parity for each byte of messages, by a link's counters."""

    def __init__(self) -> None:
        self._seen: collections.deque[tuple[float, int, int]] = collections.deque()

    def observe(self, content: int, parity: int, *, now: float) -> float:
        """Takes the sums of bytes since the link began; returns the part, 0 while it is not known.

        A link that begins anew counts from 0, so what the one before sent is forgotten.
        """
        seen = self._seen
        if seen and content < seen[-1][1]:
            seen.clear()
        # Of those that are old the newest stays, to measure from.
        while len(seen) > 1 and seen[1][0] <= now - WINDOW_S:
            seen.popleft()
        seen.append((now, content, parity))
        sent = content - seen[0][1]
        return (parity - seen[0][2]) / sent if sent > 0 else 0.0
