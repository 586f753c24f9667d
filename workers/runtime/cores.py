"""Number of CPU cores that a worker may use."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Returns the number of cores that the calling thread may run on, at least 1.

    A container, or the process that started this one, may allow fewer than the machine has.
    """
    # Python does not have the call on macOS and Windows.
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
