"""Media time without jumps, from RTP times that may jump either way."""

from __future__ import annotations

BACK_S = 1
"""A time stamp may lie this far behind the newest one: pictures with B-frames come in the order of
decoding."""

AHEAD_S = 2
"""It may be this far ahead of what the time since the last unit explains."""


class MediaTimeline:
    """One track's media time: the RTP time, shifted anew where the sender's clock jumped.

    Senders restart their clocks with a device, a file that loops, or a new SSRC. No I/O.
    """

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._shift = 0
        self._newest: int | None = None
        self._arrival_us = 0
        self.jumps = 0

    def at(self, pts: int, *, arrival_us: int) -> int:
        """Returns the media time, in ticks, of the unit with the unwrapped RTP time ``pts``."""
        time = pts + self._shift
        if self._newest is None:
            self._newest = time
        elapsed = max(0, arrival_us - self._arrival_us) * self._clock_rate // 1_000_000
        step = time - self._newest
        # The limit ahead grows with the time since the last unit, so a pause of the sender is no
        # jump.
        if not -BACK_S * self._clock_rate <= step <= elapsed + AHEAD_S * self._clock_rate:
            # The unit stands as far behind the newest one as it arrived later, and at least a tick,
            # since two pictures must not have one time.
            time = self._newest + max(elapsed, 1)
            self._shift = time - pts
            self.jumps += 1
        self._newest = max(self._newest, time)
        self._arrival_us = max(self._arrival_us, arrival_us)
        return time
