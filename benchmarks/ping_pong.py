"""Short clips made long."""

from __future__ import annotations

__all__ = ["back_and_forth"]


def back_and_forth(frames: int, count: int) -> list[int]:
    """0, 1 ... n-1, n-2 ... 0, 1: motion goes on without a cut."""
    there = list(range(frames))
    back = there[-2:0:-1]
    loop = there + back
    return (loop * (count // len(loop) + 1))[:count]
