"""Limits for a process that decodes foreign bits, so that its crash is quick and harms no other."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

OOM_SCORE = 500
"""Score by which the kernel kills a worker before the app and Redis when memory runs out: its
streams continue on another worker, or as soon as it is restarted."""

_OOM_SCORE_FILE = Path("/proc/self/oom_score_adj")


def contain() -> None:
    """Sets the limits for this process and its children.

    They write no core files: these would hold people's pictures, and writing one takes longer than
    a restart. The kernel kills them first when memory runs out.
    """
    # The hard limit stays: whoever debugs a crash can raise the soft one again without root.
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    with contextlib.suppress(OSError):  # not Linux, or not permitted
        # A higher score was set on purpose, by the operator or the container, and stays.
        if int(_OOM_SCORE_FILE.read_text()) < OOM_SCORE:
            _OOM_SCORE_FILE.write_text(str(OOM_SCORE))
