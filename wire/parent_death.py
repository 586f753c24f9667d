"""A child that does not outlive its parent, whatever ends it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from functools import partial

# From <linux/prctl.h>; the standard library has no call of it.
_PR_SET_PDEATHSIG = 1

# Looked up here and not in the child: a lock of the dynamic linker that another thread holds while
# we fork stays locked in the child for ever.
_prctl = getattr(ctypes.CDLL(None), "prctl", None)


def die_with_parent() -> Callable[[], None]:
    """Returns a ``preexec_fn``: the kernel kills the child when the starting thread ends.

    Start such children from the main thread. On systems other than Linux it does nothing.
    """
    return partial(_die_with_parent, os.getpid())


def _die_with_parent(parent: int) -> None:
    """Runs in the child, before its program."""
    if sys.platform == "linux" and _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)
