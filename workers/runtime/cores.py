"""Number of CPU cores that a worker may use."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


def usable_cores() -> int:
    """Returns the number of cores that the calling thread may run on, at least 1.

    A container, or the process that started this one, may allow fewer than the machine has.
    """
    # Python does not have the call on macOS and Windows.
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def granted_cores(groups: Path = _GROUPS, own: Path = _OWN) -> float:
    """Returns the cores whose time a quota of Linux grants this process; infinite without one.

    ``groups`` is where cgroups are mounted, ``own`` the list of this process's. Each group above
    its own may have a quota too (Linux, admin-guide/cgroup-v2 and scheduler/sched-bwc).
    """
    granted = math.inf
    for line in _text(own).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            granted = min(granted, _least(groups, path, _quota_v2))
        elif "cpu" in controllers.split(","):
            for mount in (groups / controllers, groups / "cpu"):
                granted = min(granted, _least(mount, path, _quota_v1))
    return granted


def available_cores() -> float:
    """Returns the cores whose time the calling thread may use: those it may run on, or fewer by a
    quota, which may change at any time.
    """
    return min(usable_cores(), granted_cores())


def _least(mount: Path, path: str, quota: Callable[[Path], float]) -> float:
    # A container sees its own group at the mount, whatever its path on the host.
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    places = [mount.joinpath(*parts[:count]) for count in range(len(parts) + 1)]
    return min(quota(place) for place in places)


def _quota_v2(group: Path) -> float:
    quota, _, period = _text(group / "cpu.max").partition(" ")
    return _ratio(quota, period)


def _quota_v1(group: Path) -> float:
    quota, period = _text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us")
    return _ratio(quota, period)


def _ratio(quota: str, period: str) -> float:
    """Returns the quota over its period; infinite for ``max``, -1 and whatever is no number."""
    try:
        granted = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return math.inf
    return granted if granted > 0.0 else math.inf


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        # Not Linux, or the group is hidden: then no quota is known.
        return ""
