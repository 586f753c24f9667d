"""The criteria by which a number of streams is sustained, and the number that is tried next."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.capacity.run import Outcome

__all__ = ["COUNTS", "is_sustained", "next_count", "sustained", "twice"]

COUNTS = (1, 2, 3, 4, 6, 8)
"""Streams at once."""

MIN_OUT_FRACTION = 0.99
"""Fraction of the frames that must come out."""

MIN_NET_FRACTION = 0.95
"""Fraction of the frames that must be by the chosen net, whole or where propagation wants it."""

MAX_P95_MS = 66.0
"""95th percentile of the age at output: two frames at 30 a second."""


def is_sustained(outcome: Outcome) -> bool:
    """True where nearly all frames come out, by the chosen net, in time."""
    return (
        outcome.timing.out_fraction >= MIN_OUT_FRACTION
        and outcome.served.net_fraction >= MIN_NET_FRACTION
        and outcome.timing.p95_ms <= MAX_P95_MS
    )


def sustained(outcomes: Sequence[Outcome]) -> int:
    """The greatest number up to which every one that was tried is sustained; 0 where none is."""
    most = 0
    # A larger number that passes by luck after one that failed does not count.
    for outcome in sorted(outcomes, key=lambda one: one.streams):
        if not is_sustained(outcome):
            break
        most = outcome.streams
    return most


def next_count(outcomes: Sequence[Outcome], *, to_the_end: bool) -> int | None:
    """The next of COUNTS, None after the last one; after the first that is not sustained too,
    unless all are wanted ``to_the_end``.
    """
    if not to_the_end and any(not is_sustained(outcome) for outcome in outcomes):
        return None
    tried = {outcome.streams for outcome in outcomes}
    return next((count for count in COUNTS if count not in tried), None)


def twice(outcomes: Sequence[Outcome]) -> int:
    """Twice what is sustained, or two where nothing is."""
    return 2 * max(1, sustained(outcomes))
