"""Places the pictures of a simulcast layer on the time line of the source; no I/O, no clock."""

from __future__ import annotations

import dataclasses

from media.access_unit import AccessUnit

MAX_DRIFT_US = 50_000
"""A layer's times are moved anew once they are off by more than this: what a viewer who changes
layers sees as a jerk, and more than capture times waver while the clocks are being learnt."""


class LayerTimeline:
    """A constant shift from a layer's media times to the source's.

    RTP times of two layers have nothing in common (RFC 3550 section 5.1), so capture times, which
    sender reports give, join them.
    """

    def __init__(self) -> None:
        self._shift: int | None = None

    def place(self, unit: AccessUnit, source: AccessUnit) -> AccessUnit:
        """Returns the unit at its place beside ``source``, the source's last picture."""
        apart_us = unit.capture_us - source.capture_us
        expected = source.pts + apart_us * unit.clock_rate // 1_000_000
        limit = MAX_DRIFT_US * unit.clock_rate // 1_000_000
        if self._shift is None or abs(unit.pts + self._shift - expected) > limit:
            self._shift = expected - unit.pts
        return dataclasses.replace(unit, pts=unit.pts + self._shift)
