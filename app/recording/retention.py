"""The policy that decides which recordings go, and whether there is space for more; no I/O."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

_DAY_US = 86_400_000_000

MAX_FLOOR_BYTES = 512 * 2**20
"""Free space below which nothing is recorded: Redis, logs and the system need it too."""

FLOOR_FRACTION = 0.05
"""The same for small disks, as a part of the disk; the smaller of both counts."""

RESUME_FACTOR = 1.25
"""Recording goes on with this many times the floor, or it would begin a file for each second."""


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """A file that is kept."""

    stream: str
    name: str
    ended_us: int
    "Unix us; for files that tell no end, the time of their last change."
    size: int
    is_fixed: bool
    "It is being written, or cannot be removed."


@dataclasses.dataclass(frozen=True, slots=True)
class RetentionRule:
    """The days and bytes that are kept at most; 0 is no limit."""

    days: float = 0.0
    max_bytes: int = 0

    def surplus(self, files: Iterable[Kept], *, now_us: int) -> list[Kept]:
        """Returns the files that go, the oldest first; never one that is fixed."""
        by_age = sorted(files, key=lambda kept: (kept.ended_us, kept.stream, kept.name))
        total = sum(kept.size for kept in by_age)
        gone: list[Kept] = []
        for kept in by_age:
            is_old = self.days > 0 and now_us - kept.ended_us > self.days * _DAY_US
            is_over = 0 < self.max_bytes < total
            if (is_old or is_over) and not kept.is_fixed:
                gone.append(kept)
                total -= kept.size
        return gone


def floor_bytes(total: int) -> int:
    """Returns the free bytes that a disk of ``total`` bytes needs, or nothing is recorded."""
    return min(MAX_FLOOR_BYTES, int(total * FLOOR_FRACTION))


class SpaceGuard:
    """Says whether the disk has space, by its free and total bytes."""

    def __init__(self) -> None:
        self.is_full = False

    def judge(self, *, free: int, total: int) -> bool:
        """Returns True while there is space for recordings."""
        self.is_full = free < floor_bytes(total) * (RESUME_FACTOR if self.is_full else 1.0)
        return not self.is_full
