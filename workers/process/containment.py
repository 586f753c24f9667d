"""Limits on a process that decodes foreign bits, so that its end is short and harms nobody else."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

OOM_SCORE = 500
"""When memory ends, the kernel ends a worker before the app and Redis: its streams go on elsewhere,
or come back as soon as it is started again."""

_OOM_SCORE_FILE = Path("/proc/self/oom_score_adj")


def contain() -> None:
    """Sets the limits for this process and its children: they write no core files (these hold
    people's pictures, and writing one takes longer than a new start), and the kernel ends them
    first when memory runs out.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    with contextlib.suppress(OSError):  # not Linux, or not allowed to
        if int(_OOM_SCORE_FILE.read_text()) < OOM_SCORE:
            _OOM_SCORE_FILE.write_text(str(OOM_SCORE))
