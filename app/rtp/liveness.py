"""Judges whether a publisher is still there, and whether it sends pictures."""

from __future__ import annotations

MEDIA_TIMES = 30
"""Media may be silent for this many time-outs while other signs of life come: two minutes, by the
usual setting. A still screen, a muted track and a phone in a pocket send nothing for a while."""

PAUSED_S = 1.5
"""Viewers are told when no picture came for longer than this. Browsers send one a second of what
stands still."""

_STALL_S = 1.0
"""A check that comes later than the last one by this much more than expected: we stood still
ourselves, and what publishers sent meanwhile waits to be read."""


class Liveness:
    """Judges by signs of life (media, RTCP, connectivity checks). No I/O; times are arguments, in
    seconds of one clock.
    """

    def __init__(self, *, connect_s: float, timeout_s: float, now: float) -> None:
        self._connect_s = connect_s
        self._timeout_s = timeout_s
        self._connected = False
        self._sign_at = self._media_at = self._checked_at = now
        self._picture_at: float | None = None
        self._has_begun = False

    @property
    def is_connected(self) -> bool:
        """True once the connection stood."""
        return self._connected

    def on_connected(self, *, now: float) -> None:
        """Notes that the connection stands."""
        self._connected = True
        self._sign_at = self._media_at = now

    def on_sign(self, *, now: float) -> None:
        """Notes that something came from the peer."""
        self._sign_at = now

    def on_media(self, *, is_picture: bool, now: float) -> None:
        """Notes that a unit came."""
        # Media proves the connection. The transport's own event may be told later than the first
        # packet.
        self._connected = self._has_begun = True
        self._sign_at = self._media_at = now
        if is_picture:
            self._picture_at = now

    def is_paused(self, *, now: float) -> bool:
        """True while no pictures come from a publisher that sent some."""
        return self._picture_at is not None and now - self._picture_at > PAUSED_S

    def judge(self, *, now: float, every_s: float) -> str:
        """Returns why the publisher is gone, or "" while it is there; called each ``every_s``."""
        # What publishers sent while this process stood still waits to be read. So every sign counts
        # as that much newer, at most as new as now.
        stall = now - self._checked_at - every_s
        self._checked_at = now
        if stall > _STALL_S:
            self._sign_at = min(now, self._sign_at + stall)
            self._media_at = min(now, self._media_at + stall)
            if self._picture_at is not None:
                self._picture_at = min(now, self._picture_at + stall)
        limit = self._timeout_s if self._connected else self._connect_s
        if now - self._sign_at > limit:
            return f"nothing arrived for {limit:.0f} s"
        # Whoever never sent anything pauses nothing, and holds a name that others may want.
        limit = MEDIA_TIMES * self._timeout_s if self._has_begun else self._connect_s
        if self._connected and now - self._media_at > limit:
            return f"no sound and no picture arrived for {limit:.0f} s"
        return ""
