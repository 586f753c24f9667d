"""A child that does not outlive its parent, whatever ends it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from functools import partial

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def die_with_parent() -> Callable[[], None]:
    """Returns a ``preexec_fn``: the kernel kills the child when the starting thread ends.

    Start such children from the main thread. On systems other than Linux it does nothing.
    """
    return partial(_die_with_parent, os.getpid())


def _die_with_parent(parent: int) -> None:
    """Runs in the child, before its program."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)
