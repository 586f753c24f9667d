"""A network of one machine: an ordinary interface, an address, and a default route into nothing.

What is sent away is never answered, as behind a firewall that drops. Only the calling thread and
the processes it starts live there, so nothing has to be cleaned up but the thread's own place.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

ADDRESS = "10.77.0.2"
GATEWAY = "10.77.0.1"
_CLONE_NEWNET = 0x40000000
_HERE = "/proc/thread-self/ns/net"
_LIBC = ctypes.CDLL(None, use_errno=True)

_SETUP = (
    "link set lo up",
    "link add eth0 type veth peer name far0",
    f"addr add {ADDRESS}/24 dev eth0",
    "link set far0 up",
    "link set eth0 up",
    f"route add default via {GATEWAY}",
    # A gateway that the kernel believes in: without it, sending fails at once.
    f"neigh add {GATEWAY} lladdr 02:00:00:00:00:01 dev eth0 nud permanent",
)


@contextlib.contextmanager
def island() -> Iterator[str]:
    """Moves the calling thread there for the time of the block, and gives the interface's address.
    Skips the test where that is forbidden.
    """
    if shutil.which("ip") is None:
        pytest.skip("ip is missing: apt-get install iproute2")
    mainland = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _LIBC.unshare(_CLONE_NEWNET) != 0:
            pytest.skip(f"no network namespace: {os.strerror(ctypes.get_errno())} (needs root)")
        try:
            for words in _SETUP:
                subprocess.run(["ip", *words.split()], check=True, timeout=10)
            yield ADDRESS
        finally:
            if _LIBC.setns(mainland, _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "the thread cannot come back from its island")
    finally:
        os.close(mainland)
