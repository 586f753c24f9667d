"""The size of picture to send at a rate, where the server enhances what it gets.

A small picture at enough bits for each pixel, enhanced, looks better than a large one at too few.
``send_sizes.json`` says from which rate on each size looks best; ``python -m benchmarks.sending``
measured it. ``static/js/media/send-size.js`` is the same policy for the page.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

PATH = Path(__file__).with_name("send_sizes.json")

HYSTERESIS = 0.15
"""Fraction by which a rate must be beyond a limit before the size changes: estimates of a line
waver by about a tenth."""

DWELL_UP_S = 10.0
"""Least time at a size before a larger one: each change costs a key frame, and a line that has
just recovered may not last."""

DWELL_DOWN_S = 3.0
"""Least time at a size before a smaller one."""


@dataclasses.dataclass(frozen=True, slots=True)
class SendSize:
    """One size and the rates at which it looks best."""

    fraction: float
    "Width sent over the full picture's; 1 is the full picture."
    min_bpp: float
    "Bits for each pixel of the full picture and frame from which on it beats the smaller sizes."


def shipped_sizes() -> tuple[SendSize, ...]:
    """Reads the table that ships, smallest size first."""
    rows = json.loads(PATH.read_text())["sizes"]
    return tuple(SendSize(row["fraction"], row["min_bpp"]) for row in rows)


class SizeChooser:
    """Chooses a size for each estimate of the line; it has no clock."""

    def __init__(self, sizes: Sequence[SendSize], *, pixels_per_s: float) -> None:
        """Takes the table, smallest size first, and the full picture's pixels a second."""
        self._sizes = tuple(sizes)
        self._pixels_per_s = pixels_per_s
        self._index = -1
        self._changed_at = 0.0

    def choose(self, kbps: float, *, now: float) -> float:
        """Returns the fraction of width and height to send at a rate; ``now`` in seconds."""
        bpp = kbps * 1000.0 / self._pixels_per_s
        wanted = self._best(bpp)
        if self._index < 0:
            self._index, self._changed_at = wanted, now
        elif wanted > self._index:
            self._go(max(self._index, self._best(bpp / (1.0 + HYSTERESIS))), DWELL_UP_S, now)
        elif wanted < self._index:
            self._go(min(self._index, self._best(bpp * (1.0 + HYSTERESIS))), DWELL_DOWN_S, now)
        return self._sizes[self._index].fraction

    def _best(self, bpp: float) -> int:
        """Returns the index of the largest size that the rate is enough for; 0 at least."""
        enough = [index for index, size in enumerate(self._sizes) if bpp >= size.min_bpp]
        return enough[-1] if enough else 0

    def _go(self, index: int, dwell_s: float, now: float) -> None:
        if index != self._index and now - self._changed_at >= dwell_s:
            self._index, self._changed_at = index, now
