"""The price from which work is planned for a team: it falls while helpers have time left.

A single worker leaves small errors alone, since its time is short. Devices that would idle else
remove them too, the worst first, until something is left that nobody has time for: water-filling,
with the price of work as its level. No clock.
"""

from __future__ import annotations

import math

from workers.temporal.refresh_planner import PRICE_OF_GAIN

__all__ = ["CHECK_S", "MIN_OF_GAIN", "PlanningPrice"]

MIN_OF_GAIN = 0.02
"""Error removed for a sample of work, as a fraction of the mean gain, below which nothing is done:
nine tenths of the gain are there by then, and the coder of results sends next to nothing."""

CHECK_S = 0.5
"""Seconds between two changes: the price has to show in plans before it is judged again."""

WINDOW_S = 2.0
"""Time over which planned and left work is averaged: a key frame, whose picture is all new, leaves
more than devices have time for, and calm pictures follow."""

FEW_LEFT, MANY_LEFT = 0.12, 0.25
"""Parts of the planned work that nobody had time for, below which the price falls, and above which
it rises."""

DOWN, UP = 0.85, 1.2
"""Factors on the price. Up is faster: what is left over is often what is worth most in the next
picture, and each region has a cost besides its samples."""


class PlanningPrice:
    """The price of one team's plans; ``planned`` for each picture that follows another."""

    def __init__(self) -> None:
        self.of_gain = PRICE_OF_GAIN
        "Error removed for a sample of work, as a fraction of the mean gain, that is worth it."
        self._planned = self._left = 0.0
        self._checked_at: float | None = None

    def planned(self, samples: int, *, left: int, is_short: bool, now: float) -> None:
        """Takes the planned work of a picture, and what nobody had time for; ``is_short``: the lead
        has hardly time for what it is sent.
        """
        self._planned += samples
        self._left += left
        if self._checked_at is None:
            self._checked_at = now
        if now - self._checked_at < CHECK_S:
            return
        part = self._left / self._planned if self._planned else 0.0
        fade = math.exp((self._checked_at - now) / WINDOW_S)
        if is_short or part > MANY_LEFT:
            self.of_gain = min(PRICE_OF_GAIN, UP * self.of_gain)
        elif part < FEW_LEFT:
            self.of_gain = max(MIN_OF_GAIN, DOWN * self.of_gain)
        self._checked_at = now
        self._planned, self._left = fade * self._planned, fade * self._left
