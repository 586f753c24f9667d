"""Keeps a process from real-time scheduling that a library gives it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

__all__ = ["ordinary_scheduling"]


@contextlib.contextmanager
def ordinary_scheduling() -> Iterator[None]:
    """Gives the calling thread its scheduling back, whatever a library makes of it meanwhile.

    SVT-AV1 gives its threads, and the one that opens it, SCHED_FIFO at the highest priority where
    root runs it. All threads and processes that are started afterwards would inherit it, and leave
    no time to the kernel's own. Does nothing where the system has no such scheduling.
    """
    if not hasattr(os, "sched_getscheduler"):
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)
