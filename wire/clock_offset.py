"""Age of a unit, computed across machines whose clocks differ.

The unit was stamped by the app's clock, its log entry by Redis' clock, and we read it on ours.
The app's own stamps give the time from arrival to the log; Redis' clock, compared with ours,
gives the time since.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from media.access_unit import AccessUnit, Checkpoint
from wire import clock

_QUICK_US = 1000
"""Difference of round trips in us that does not matter: an age is exact to half of it."""

_PATIENCE = 1.5
"""Growth of the accepted round trip for each comparison that was passed over. After five of them it
is seven times as long, so a network that became slow is believed within seconds."""


class ClockOffset:
    """Offset of Redis' clock from ours."""

    def __init__(self) -> None:
        self._ahead_us = 0
        self._round_trip_us: float | None = None

    async def measure(self, time_us: Callable[[], Awaitable[int]]) -> None:
        """Compares our clock with a server's, whose time in Unix us ``time_us`` returns; call it
        now and then. Raises what ``time_us`` does.
        """
        before_us = clock.now_us()
        redis_us = await time_us()
        after_us = clock.now_us()
        self.learn(redis_us, before_us=before_us, after_us=after_us)

    def learn(self, redis_us: int, *, before_us: int, after_us: int) -> None:
        """Takes one comparison, exact to half its round trip.

        A slow one is passed over for the quick one before it, but not for ever: a clock may
        have been set.
        """
        # As NTP does, the server's stamp is taken for the middle of the round trip; the error is at
        # most half of it, so a quick comparison beats a slow one that is newer.
        round_trip_us = after_us - before_us
        if self._round_trip_us is not None and round_trip_us > 2 * self._round_trip_us + _QUICK_US:
            self._round_trip_us *= _PATIENCE
            return
        self._round_trip_us = round_trip_us
        self._ahead_us = redis_us - (before_us + after_us) // 2

    def redis_us(self, *, now_us: int) -> int:
        """Returns Redis' time in Unix us, for ``now_us`` on our clock."""
        return now_us + self._ahead_us

    def in_stream_us(self, entry_id: str, *, now_us: int, since_us: int | None = None) -> int:
        """Returns the us since an entry was written; negative within the error of the offset.

        ``since_us`` is when the stream was last seen without this entry, on our clock: it cannot be
        older, even if Redis' clock was set forth since the clocks were compared.
        """
        # Redis makes the first part of an entry id of its own clock, in Unix ms.
        age_us = self.redis_us(now_us=now_us) - int(entry_id.split("-")[0]) * 1000
        return age_us if since_us is None else min(age_us, now_us - since_us)

    def age_s(
        self, unit: AccessUnit, entry_id: str, *, now_us: int, since_us: int | None = None
    ) -> float:
        """Returns the seconds since the unit's last packet reached the server; ``since_us`` as in
        ``in_stream_us``.
        """
        in_log_us = self.in_stream_us(entry_id, now_us=now_us, since_us=since_us)
        arrived_us = unit.stamp(Checkpoint.ARRIVED)
        logged_us = unit.stamp(Checkpoint.LOGGED)
        before_us = logged_us - arrived_us if logged_us and arrived_us else 0
        # The offset is exact to half a round trip, so a unit that just came may seem to come from
        # the future.
        return max(0, in_log_us + before_us) / 1_000_000
