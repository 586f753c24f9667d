"""Checks of the machine: Python, processor and its quota, memory, open files, GPU."""

from __future__ import annotations

import math
import os
import platform
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from app.main import files_needed
from app.open_files import WANTED
from cli.diagnostics.finding import Finding, fault, good, note
from wire.settings import Settings
from workers.runtime.cores import granted_cores

MIN_CORES = 1.0
"""A stream of 480x270 at 30 fps takes 0.35 to 0.45 of a core with VNNI, three quarters without it,
and app and Redis a quarter."""

MIN_FREE_BYTES = 1 << 30
"""App, worker and Redis take half of it at the start."""

_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "asimd", "asimddp", "i8mm")


def check(_: Settings) -> Iterator[Finding]:
    """Looks at the machine itself."""
    version = platform.python_version()
    yield good("python", f"{version} at {sys.executable}", version=version)
    yield processor()
    yield cores(os.cpu_count() or 1, granted_cores())
    yield memory()
    yield gpu()


def processor() -> Finding:
    """Names the instructions that decide how fast the nets are."""
    info = Path("/proc/cpuinfo")
    # Linux lists the flags there; other systems have no such file, and the list stays empty.
    words = set(info.read_text().split()) if info.exists() else set()
    flags = [name for name in _FLAGS if name in words]
    count = os.cpu_count() or 1
    # The flags are those of x86: their absence says nothing of another architecture.
    if "avx2" not in flags and platform.machine() == "x86_64":
        return note(
            "processor",
            f"{count} cores without AVX2: the nets are several times slower",
            "Use a processor from 2014 or later, or show its instructions to the virtual machine "
            "(QEMU: -cpu host).",
            cores=count,
            flags=flags,
        )
    return good("processor", f"{count} cores, {' '.join(flags)}", cores=count, flags=flags)


def cores(count: int, granted: float) -> Finding:
    """Judges a quota of processor time, as containers have it."""
    if math.isinf(granted) or granted >= count:
        return good("processor time", f"no quota: all of {count} cores", granted=count)
    detail = f"a quota grants {granted:.2f} of {count} cores"
    if granted >= MIN_CORES:
        return good("processor time", detail, granted=granted)
    return fault(
        "processor time",
        f"{detail}: too little for one enhanced stream",
        "Raise the limit of this container or unit to one core at least: docker --cpus=2, Compose "
        "`cpus`, Kubernetes `limits.cpu`, or systemd CPUQuota=200%.",
        granted=granted,
    )


def memory() -> Finding:
    """Looks at the free memory."""
    found = psutil.virtual_memory()
    detail = f"{found.total / 2**30:.1f} GiB, {found.available / 2**30:.1f} GiB free"
    values = {"total": found.total, "free": found.available}
    if found.available > MIN_FREE_BYTES:
        return good("memory", detail, **values)
    return note(
        "memory", detail, "End other programs, or add memory: 1 GiB should be free.", **values
    )


def check_open_files(settings: Settings) -> Iterator[Finding]:
    """Compares the limit of open files, up to which the server raises its own, with the need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED if hard == resource.RLIM_INFINITY else max(soft, min(hard, WANTED))
    needed = files_needed(settings)
    values = {"limit": most, "needed": needed}
    if most >= needed:
        yield good("open files", f"{most} may be open, {needed} may be needed", **values)
        return
    yield fault(
        "open files",
        f"{most} may be open, and {needed} may be needed by streams, viewers and web connections",
        f"Raise the hard limit above {needed}: LimitNOFILE=65536 in a systemd unit, "
        "`ulimits: nofile: 65536` in Compose, or /etc/security/limits.conf.",
        **values,
    )


def gpu() -> Finding:
    """Tells whether there is an NVIDIA GPU."""
    # The driver makes this file. Asking CUDA would take seconds, and memory of the device.
    if not Path("/dev/nvidiactl").exists():
        return note("GPU", "none; nets run on the processor")
    return note(
        "GPU",
        "there; the engines that use it have not run on hardware yet, and `auto` takes one only "
        "if it is faster and gives the same picture",
    )
