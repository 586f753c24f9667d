"""Processes that are held to a part of a core, by control groups of version 1 (root only)."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

_CONTROLLERS = (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup/cpuacct"))

PERIOD_US = 20_000
"""A group that used its quota stands still until the period ends, which must be short beside a
frame; the kernel's default of 100 ms would freeze a device for three of them."""

FIRST_WEIGHT = 32_768
"""Weight of a group that is served first; the kernel's default is 1024."""

_REMOVAL_S = 2.0
"""Time that the kernel may take to end killed processes."""


def missing() -> str:
    """Returns a sentence that says why there are no quotas here, or an empty one."""
    if not all((folder / "tasks").exists() for folder in _CONTROLLERS):
        return "There are no control groups of version 1 at /sys/fs/cgroup/cpu and cpuacct."
    if not all(os.access(folder, os.W_OK) for folder in _CONTROLLERS) or os.geteuid() != 0:
        return "Control groups need root."
    return ""


class CpuGroup:
    """A group of processes with a quota and a meter. Its creator removes it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._folders = [controller / name for controller in _CONTROLLERS]
        for folder in self._folders:
            folder.mkdir(exist_ok=True)

    def set_quota(self, cores: float | None) -> None:
        """Lets the group use so many cores; None: as many as there are."""
        folder = self._folders[0]
        if cores is None:
            (folder / "cpu.cfs_quota_us").write_text("-1")
            return
        (folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (folder / "cpu.cfs_quota_us").write_text(str(max(1000, int(PERIOD_US * cores))))

    def put_first(self) -> None:
        """Serves the group before others where there are fewer cores than all want: places do not
        share cores in truth, and a weak device must not take the hub's.
        """
        (self._folders[0] / "cpu.shares").write_text(str(FIRST_WEIGHT))

    def enter(self) -> None:
        """Puts the calling process into the group; all that it starts is in it too."""
        for folder in self._folders:
            (folder / "tasks").write_text("0")

    def adopt(self, pid: int) -> None:
        """Takes a process with all its threads in; those that it starts from then on are in it."""
        for folder in self._folders:
            (folder / "cgroup.procs").write_text(str(pid))

    def cpu_s(self) -> float:
        """The processor time that the group has used so far."""
        return int((self._folders[1] / "cpuacct.usage").read_text()) / 1e9

    def pids(self) -> list[int]:
        """The processes of the group."""
        try:
            return [int(line) for line in (self._folders[0] / "cgroup.procs").read_text().split()]
        except FileNotFoundError:
            return []

    def kill(self) -> None:
        """Kills (SIGKILL) all of its processes."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def remove(self) -> bool:
        """Kills its processes and removes it; False where the kernel keeps them."""
        deadline = time.monotonic() + _REMOVAL_S
        while True:
            self.kill()
            left = [folder for folder in self._folders if not _is_removed(folder)]
            if not left or time.monotonic() >= deadline:
                return not left
            # A killed process stays in its group until the kernel has taken it apart.
            time.sleep(0.01)


def _is_removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
