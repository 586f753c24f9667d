"""Limit of what a lead gives out of its frames, by whether its threads keep up with composing.

Decoding results and composing them takes the lead's cores, and what is given out has to be taken
back. Additive increase, multiplicative decrease, as in ``resource_budget.py``; no clock.
"""

from __future__ import annotations

import math

__all__ = ["MIN_PART", "REST_S", "LeadLoad"]

SHORT_S = 0.03
"""Time after its release at which the youngest frame of a while is taken, above which the lead is
short of cores: a frame of 30 a second waits behind another one."""

CHECK_S = 0.5
"""Seconds between two looks."""

FALL = 0.7
"""Factor on the part where the lead is short: half of it is gone within a second."""

STEP_UP = 0.04
"""Part given back at each look where it is not: all of it after twelve seconds."""

MIN_PART = 0.05
"""Part of the whole net's work, below which a team costs more than it brings."""

REST_S = 15.0
"""Seconds for which nothing is given out after even that was too much."""


class LeadLoad:
    """One lead's; ``took`` for each frame of its team."""

    def __init__(self) -> None:
        self.part = 1.0
        "Part of the whole net's work that is given out of a frame, at most."
        self._youngest_s = math.inf
        self._checked_at: float | None = None
        self._rests_until = -math.inf

    def rests(self, *, now: float) -> bool:
        """True while the lead's own cores have no time for a team."""
        return now < self._rests_until

    def took(self, late_s: float, *, now: float) -> None:
        """Takes how long after its release a frame was taken by the upscaler."""
        self._youngest_s = min(self._youngest_s, late_s)
        if self._checked_at is None:
            self._checked_at = now
        if now - self._checked_at < CHECK_S:
            return
        if self._youngest_s <= SHORT_S:
            self.part = min(1.0, self.part + STEP_UP)
        elif self.part > MIN_PART:
            self.part = max(MIN_PART, FALL * self.part)
        else:
            self._rests_until = now + REST_S
        self._checked_at, self._youngest_s = now, math.inf
