"""Policy of refinement: how much time an encoder takes for a better picture at the same rate."""

from __future__ import annotations

import enum
import math

from wire.held_since import held_since


class Refinement(enum.IntEnum):
    """Steps of an encoder's settings, by growing time."""

    FAST = 0
    "The preset as it is."
    FINE = 1
    "Finer motion search and smaller blocks."


FINE_TIME_RATIO = 2.1
"""Time of FINE over that of FAST: 2.0 and 2.1 on two sets of clips, at 1.8 Mbit/s for 640x360. It
leaves 0.008 dB more of the net's gain, and 0.012 on busy clips, as a third more bits do there."""

UP_RATIO = 2.0
"""Idle time over what FINE takes beyond FAST, from which FINE is tried: as much is left then."""

DOWN_RATIO = 0.25
"""The same ratio, while it is FINE, below which nets are about to lack its time."""

UP_AFTER_S = 3.0
"""Seconds for which the time must have been idle."""

DOWN_AFTER_S = 0.5
"""Seconds for which nets must have lacked time: fifteen pictures at thirty per second."""

MAX_GAP_S = 1.0
"""Seconds without a picture, as while nobody watches, after which nothing is known of the time."""

MAX_FRACTION = 0.5
"""Fraction of a picture's interval that FINE may take: another one may wait behind it, and
processor time is not what passes while others work."""

MAX_SLOW = 3
"""Slow pictures, each a step up and each other one a step down, from which it is FAST at once."""

FIRST_PAUSE_S = 10.0
"""Seconds after a fall for which FINE is not tried; each further fall doubles them."""

MAX_PAUSE_S = 160.0
"""Most of these seconds."""

STEADY_S = 60.0
"""Seconds of FINE after which a fall counts as the first one again."""

_WEIGHT = 0.1
"""Weight of a picture in the average time: about the last ten count."""


class RefinementPolicy:
    """Chooses the refinement of one encoder. No clock, no I/O; for one thread.

    It changes with a key frame only, since x264 cannot be set anew while it runs: up with one that
    is due in any case, down with one that is asked for where pictures are slow or nets lack time.
    """

    def __init__(self) -> None:
        self.chosen = Refinement.FAST
        self._fast_s: float | None = None
        "Average time of a picture, as FAST takes it."
        self._idle_since: float | None = None
        self._short_since: float | None = None
        self._coded_at = -math.inf
        self._slow = 0
        self._is_over = False
        "FINE is to end with the next key frame."
        self._began_at = -math.inf
        self._barred_until = -math.inf
        self._pause_s = FIRST_PAUSE_S

    def coded(self, took_s: float, *, interval_s: float, idle_s: float, now: float) -> bool:
        """Takes what a picture took, and the seconds per second that stay idle.

        Returns True if a key frame is to be asked for, with which it falls to FAST.
        """
        self._forget_after_gap(now)
        self._coded_at = now
        is_fine = self.chosen is Refinement.FINE
        fast_s = took_s / FINE_TIME_RATIO if is_fine else took_s
        known_s = fast_s if self._fast_s is None else self._fast_s
        self._fast_s = known_s + _WEIGHT * (fast_s - known_s)
        extra_s = (FINE_TIME_RATIO - 1.0) * self._fast_s / interval_s
        if is_fine:
            return self._is_too_much(took_s > MAX_FRACTION * interval_s, idle_s / extra_s, now)
        fits = FINE_TIME_RATIO * self._fast_s <= MAX_FRACTION * interval_s
        self._idle_since = held_since(
            self._idle_since, fits and idle_s >= UP_RATIO * extra_s, now=now
        )
        return False

    def begin(self, *, now: float) -> Refinement:
        """Returns the refinement of the pictures from a key frame on."""
        self._forget_after_gap(now)
        if self._is_over:
            self._fall(now)
        elif self.chosen is Refinement.FAST and self._may_rise(now):
            self.chosen, self._began_at = Refinement.FINE, now
            self._short_since, self._slow = None, 0
        return self.chosen

    def _forget_after_gap(self, now: float) -> None:
        # A condition that held at both ends of a gap need not have held in between.
        if now - self._coded_at > MAX_GAP_S:
            self._idle_since, self._short_since, self._slow = None, None, 0

    def _may_rise(self, now: float) -> bool:
        since = self._idle_since
        return since is not None and now - since >= UP_AFTER_S and now >= self._barred_until

    def _is_too_much(self, is_slow: bool, ratio: float, now: float) -> bool:
        """Notes a picture of FINE; True once FINE is to end."""
        self._slow = max(0, self._slow + (1 if is_slow else -1))
        self._short_since = held_since(self._short_since, ratio < DOWN_RATIO, now=now)
        is_short = self._short_since is not None and now - self._short_since >= DOWN_AFTER_S
        self._is_over = self._is_over or is_short or self._slow >= MAX_SLOW
        return self._is_over

    def _fall(self, now: float) -> None:
        if now - self._began_at >= STEADY_S:
            self._pause_s = FIRST_PAUSE_S
        self._barred_until = now + self._pause_s
        self._pause_s = min(2.0 * self._pause_s, MAX_PAUSE_S)
        self.chosen, self._is_over, self._idle_since = Refinement.FAST, False, None
