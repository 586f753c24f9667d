"""Second orders for tasks that are likely to be late, within a budget.

A tail of slow results is cut by asking a second device once a result is overdue ("The tail at
scale", Dean and Barroso 2013: hedged requests after the 95th percentile cost a few percent). All
that is sent or worked on for safety, the link's parity included, stays within a tenth. Pure.
"""

from __future__ import annotations

import collections
import dataclasses

__all__ = ["MAX_FRACTION", "HedgeBudget", "Spent"]

MAX_FRACTION = 0.1
"""Part of all bytes, and of all work, that hedges may be; of the bytes, together with parity."""

WINDOW_S = 10.0
"""Time over which the parts are measured: longer than any pause between bursts of loss."""

SLOT_S = 0.5
"""Resolution of that window."""

FIRST_SAMPLES = 20_000
"""Work that may be hedged before there is any to measure by: a quarter of a small picture, once."""


@dataclasses.dataclass(slots=True)
class Spent:
    """Bytes and work of a while."""

    samples: int = 0
    "Samples of all orders, halos included."
    hedged_samples: int = 0
    content_bytes: int = 0
    "Bytes of all tasks and results."
    hedged_bytes: int = 0
    parity_bytes: int = 0
    "Bytes that links added to results, for what is lost."


class HedgeBudget:
    """The budget of one lead for second orders. ``now`` never goes back."""

    def __init__(self) -> None:
        self._slots: collections.deque[tuple[float, Spent]] = collections.deque()
        self._sum = Spent()

    @property
    def spent(self) -> Spent:
        """The sums of the window."""
        return self._sum

    def add_work(self, samples: int, *, now: float) -> None:
        """Counts an order."""
        self._slot(now).samples += samples
        self._sum.samples += samples

    def add_bytes(self, count: int, *, now: float, parity: int = 0) -> None:
        """Counts the bytes of a result that was no second order's, and those that its link added to
        it; of a second order's, which were counted before, the latter alone.
        """
        for each in (self._slot(now), self._sum):
            each.content_bytes += count
            each.parity_bytes += parity

    def take(self, samples: int, expected_bytes: int, *, now: float) -> bool:
        """Takes the work and the bytes of a second order; False where there is no budget."""
        slot = self._slot(now)
        work_left = MAX_FRACTION * max(self._sum.samples, FIRST_SAMPLES / MAX_FRACTION)
        # Parity takes its part first, since it is decided for each message by the path's loss.
        bytes_left = MAX_FRACTION * self._sum.content_bytes - self._sum.parity_bytes
        if (
            self._sum.hedged_samples + samples > work_left
            or self._sum.hedged_bytes + expected_bytes > bytes_left
        ):
            return False
        for each in (slot, self._sum):
            each.samples += samples
            each.hedged_samples += samples
            each.content_bytes += expected_bytes
            each.hedged_bytes += expected_bytes
        return True

    def _slot(self, now: float) -> Spent:
        while self._slots and self._slots[0][0] <= now - WINDOW_S:
            _, old = self._slots.popleft()
            for field in dataclasses.fields(Spent):
                left = getattr(self._sum, field.name) - getattr(old, field.name)
                setattr(self._sum, field.name, left)
        if not self._slots or now - self._slots[-1][0] >= SLOT_S:
            self._slots.append((now, Spent()))
        return self._slots[-1][1]
