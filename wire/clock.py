"""The clock of stage stamps: Unix microseconds that never jump.

Anchored once per process: wall clock at import, advanced by the monotonic clock. Processes of
one machine agree to within the wall clock's own slew; across machines the stamps are as good as
the machines' NTP. Intervals inside one process use ``time.monotonic()``, never this.
"""

from __future__ import annotations

import time

# Read once: after a step of the wall clock a second reading would shift all later stamps against
# those that units carry already, and latencies would be off by the step.
_ANCHOR_NS = time.time_ns() - time.monotonic_ns()


def now_us() -> int:
    """Returns the Unix time in microseconds, monotonic within this process."""
    return (time.monotonic_ns() + _ANCHOR_NS) // 1000
