"""The moment since which something holds without a break; no clock."""

from __future__ import annotations


def held_since(mark: float | None, holds: bool, *, now: float) -> float | None:
    """Returns the new mark: the time from which it holds, None while it does not."""
    if not holds:
        return None
    return now if mark is None else mark
