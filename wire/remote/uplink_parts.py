"""The part of a device's link that is left for a rendition that it leads. Sans-I/O."""

from __future__ import annotations

import collections

MEDIA_PART = 0.8
"""Part of a link's rate that is media: a tenth is parity and repetitions, heads take 7 %."""

WINDOW_S = 1.0
"""Time over which it is measured what others send: their traffic comes with each frame."""


class UplinkParts:
    """Knows what each rendition and the team's messages take. ``now`` in seconds, never going
    back. A rendition gets what the others leave, and an equal part at least.
    """

    def __init__(self) -> None:
        self._sent: collections.deque[tuple[float, str, int]] = collections.deque()
        self._bytes: collections.Counter[str] = collections.Counter()

    def note_team(self, size: int, *, now: float) -> None:
        """Notes a team message that was sent."""
        self.note_media("", size, now=now)

    def note_media(self, entry: str, size: int, *, now: float) -> None:
        """Notes a batch of the rendition of a job that was sent."""
        self._sent.append((now, entry, size))
        self._bytes[entry] += size
        self._forget(now=now)

    def granted_kbps(self, entry: str, rate_bps: float, *, now: float) -> float:
        """Returns the rate of media for the rendition of a job, in kbit/s; it may be 0."""
        self._forget(now=now)
        left_bps = MEDIA_PART * rate_bps - self._bps("")
        others = [self._bps(other) for other in self._bytes if other not in ("", entry)]
        granted_bps = max(left_bps / (1 + len(others)), left_bps - sum(others))
        return max(0.0, granted_bps) / 1000

    def _bps(self, entry: str) -> float:
        return self._bytes[entry] * 8 / WINDOW_S if entry in self._bytes else 0.0

    def _forget(self, *, now: float) -> None:
        while self._sent and self._sent[0][0] <= now - WINDOW_S:
            _, entry, size = self._sent.popleft()
            self._bytes[entry] -= size
            if not self._bytes[entry]:
                del self._bytes[entry]
