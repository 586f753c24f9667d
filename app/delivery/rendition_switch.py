"""The switch between a viewer's rendition and the source in its place; no I/O, no clock.

Its states stand in ``switch_state.py``.
"""

from __future__ import annotations

import collections
import enum

from app.delivery.switch_state import SWITCH, Showing, SwitchEvent
from wire.state_machine import StateMachine

MIN_STALL_S = 0.15
"""A source unit that waited this long for its preferred counterpart shows a stall, at the least:
five frames at 30 fps, and three times what a worker in good health takes."""

MAX_STALL_S = 0.5
"""The same for a worker that is late as a rule: a viewer's picture stands no longer than this."""

FIRST_STALL_S = 0.3
"""The limit for a viewer who has just joined: a rendition that nobody watched wakes up first."""

_LATE_FACTOR = 1.5
"""A stall is this many times the longest lag of the last second."""

_FORGET = 0.98
"""The longest lag decays by this factor per unit: to half after a second at 30 fps."""

MAX_STEP_BACK = 900_000
"""Ticks (10 s of video). A key frame that is further back belongs to another time line."""

SETTLED_S = 5.0
"""A stall sooner than this after a return says that the return came too early."""

MAX_PATIENCE_S = 8.0
"""The source stays for 1, 2, 4, at most so many seconds after stalls in a row: each change costs a
group of pictures to decode, which a machine that is too slow already could not afford."""

MAX_WAITING = 256
"""Source units that are remembered while their counterparts are awaited; the oldest go."""


class Pick(enum.Enum):
    """The action for a unit."""

    DROP = "drop"
    SEND = "send"
    CATCH_UP = "catch up"
    "Send the source's group of pictures up to this unit."
    WANT_KEY = "want key"
    "Drop it; with a key frame of its rendition the viewer could change over."
    RETURN = "return"
    "Send the preferred rendition's group of pictures up to this unit."


class RenditionSwitch:
    """Changes over with whole groups of pictures, and shows every media time at most once.

    Units of both renditions are told to it, also while the other one is sent. Units of a group
    that are needed for decoding but were shown already are not its matter: whoever carries out
    CATCH_UP or RETURN gives those a time of no length.
    """

    def __init__(self, *, preferred: str, fallback: str | None) -> None:
        self._preferred = preferred
        self._fallback = fallback
        self._life = StateMachine(SWITCH, owner="rendition switch")
        self._waiting: collections.deque[tuple[int, float]] = collections.deque(maxlen=MAX_WAITING)
        "Media time and arrival of source units whose counterparts did not come yet."
        # The limit is FIRST_STALL_S until lags were measured.
        self._longest_lag = FIRST_STALL_S / _LATE_FACTOR
        self._returned_at = -SETTLED_S
        self._patience_s = 0.0
        self._stays_until = 0.0
        self.shown: int | None = None
        "Media time of the last unit that was let through."
        self.stalls = 0
        "Times that the fallback stood in."

    @property
    def state(self) -> Showing:
        """The rendition that is shown now."""
        return self._life.state

    @property
    def current(self) -> str:
        """The rendition whose key frames matter now."""
        if self._life.state is Showing.FALLBACK and self._fallback is not None:
            return self._fallback
        return self._preferred

    @property
    def stall_s(self) -> float:
        """The limit: longer for a worker that is late as a rule."""
        return min(MAX_STALL_S, max(MIN_STALL_S, _LATE_FACTOR * self._longest_lag))

    def is_stalled(self, *, now: float) -> bool:
        """True while the source goes on and the preferred rendition does not follow."""
        return bool(self._waiting) and now - self._waiting[0][1] > self.stall_s

    def joined(self, pts: int) -> None:
        """Notes that the viewer was given the preferred rendition up to this media time."""
        self.shown = pts

    def restart(self) -> None:
        """Begins anew: another session's media times follow, and what was awaited never comes."""
        self._waiting.clear()
        self.shown = None

    def take_preferred(self, pts: int, *, is_key: bool, can_start: bool, now: float) -> Pick:
        """Decides on one video unit of the preferred rendition.

        ``can_start``: its group of pictures is at hand, from the key frame to this unit.
        """
        # Another session's times begin elsewhere. Only a step back needs care: whatever is beyond
        # what was shown is shown anyway.
        if is_key and self.shown is not None and pts < self.shown - MAX_STEP_BACK:
            self.restart()
        self._note_arrival(pts, now)
        if self._life.state is Showing.PREFERRED:
            if not is_key or self.shown is None or pts > self.shown:
                return self._show(pts, Pick.SEND)
            # A new writer begins with pictures that the one before put out already.
            self._go(SwitchEvent.AGAIN)
        if self._life.state is Showing.FALLBACK and now < self._stays_until:
            return Pick.DROP
        if not can_start:
            return Pick.WANT_KEY
        if self.shown is None or pts > self.shown:
            self._go(SwitchEvent.BEYOND)
            self._returned_at = now
            return self._show(pts, Pick.RETURN)
        # It is close behind what was shown. The source is not sent from here on, so that the first
        # picture beyond comes from this rendition.
        if self._life.state is Showing.FALLBACK and not self.is_stalled(now=now):
            self._go(SwitchEvent.CLOSE)
            self._returned_at = now
        return Pick.DROP

    def take_fallback(self, pts: int, *, can_start: bool, can_show: bool, now: float) -> Pick:
        """Decides on one video unit of the source.

        ``can_start``: its group of pictures is at hand. ``can_show``: the viewer has its codec.
        """
        if self._fallback is None:
            return Pick.DROP
        self._waiting.append((pts, now))
        if self._life.state is Showing.FALLBACK:
            return self._show(pts, Pick.SEND)
        if not can_show or not self.is_stalled(now=now):
            return Pick.DROP
        if not can_start:
            return Pick.WANT_KEY
        self._go(SwitchEvent.STALL)
        is_soon = now - self._returned_at < SETTLED_S
        # 0 s for the first stall after a settled return, then 1, 2, 4 and 8 s.
        self._patience_s = min(MAX_PATIENCE_S, max(1.0, 2 * self._patience_s)) if is_soon else 0.0
        self._stays_until = now + self._patience_s
        return self._show(pts, Pick.CATCH_UP)

    def _note_arrival(self, pts: int, now: float) -> None:
        # A unit answers for all source units up to its time, since a worker may leave frames out.
        lag = 0.0
        while self._waiting and self._waiting[0][0] <= pts:
            lag = max(lag, now - self._waiting.popleft()[1])
        # After a stall the lag is the stall's length, which says nothing of the worker now.
        if lag <= MAX_STALL_S:
            self._longest_lag = max(lag, _FORGET * self._longest_lag)

    def _show(self, pts: int, pick: Pick) -> Pick:
        self.shown = pts if self.shown is None else max(pts, self.shown)
        return pick

    def _go(self, event: SwitchEvent) -> None:
        self.stalls += self._life.apply(event) is Showing.FALLBACK
