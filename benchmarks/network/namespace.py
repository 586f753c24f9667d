"""Network namespaces without names, and TUN interfaces in them (root only).

A namespace lives as long as a process is in it or a file of it is open, so nothing is left when
these end, whatever ends them.
"""

from __future__ import annotations

import ctypes
import fcntl
import functools
import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

# From <linux/sched.h> and <linux/if_tun.h>; Python has the calls from version 3.12 on.
_CLONE_NEWNET = 0x4000_0000
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000

_libc = ctypes.CDLL(None, use_errno=True)
# Looked up here and not in a child after a fork (see wire.parent_death).
_setns, _unshare = getattr(_libc, "setns", None), getattr(_libc, "unshare", None)

MTU_BYTES = 1500
TUN_QUEUE_PACKETS = 2000
"""More than the emulated queue holds, so that no packet is lost before it is counted."""


def missing() -> str:
    """Returns a sentence that says why there can be no namespaces here, or an empty one."""
    if _setns is None or _unshare is None or not Path("/proc/self/ns/net").exists():
        return "Network namespaces need Linux."
    if os.geteuid() != 0:
        return "Network namespaces need root."
    if not Path("/dev/net/tun").exists():
        return "There is no /dev/net/tun."
    if shutil.which("ip") is None:
        return "There is no ip (Debian: iproute2)."
    return "" if _may_unshare() else "This machine does not let root make network namespaces."


@functools.cache
def _may_unshare() -> bool:
    # Containers often forbid it; only a process that is thrown away can try.
    try:
        subprocess.run(["ip", "-V"], preexec_fn=_unshare_network, stdout=subprocess.DEVNULL)
    except subprocess.SubprocessError:
        return False
    return True


def _unshare_network() -> None:
    assert _unshare is not None
    if _unshare(_CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def make_namespace() -> int:
    """Moves the calling thread into a new namespace and returns a file that keeps it."""
    _unshare_network()
    run_ip("link set lo up")
    return os.open("/proc/self/ns/net", os.O_RDONLY)


def enter(path: str) -> None:
    """Moves the calling thread into the namespace of a file."""
    file = os.open(path, os.O_RDONLY)
    try:
        if _setns is None or _setns(file, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {path}")
    finally:
        os.close(file)


def entering(path: str) -> Callable[[], None]:
    """Returns a ``preexec_fn`` that starts a child in the namespace."""
    return functools.partial(enter, path)


def make_tun(name: str, address: str, peer: str) -> int:
    """Makes an interface in the namespace of the calling thread; returns its packets' file.

    The interface is gone when the file is closed.
    """
    file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI)
    fcntl.ioctl(file, _TUNSETIFF, request)
    run_ip(
        f"addr add {address} peer {peer} dev {name}",
        f"link set {name} mtu {MTU_BYTES} txqueuelen {TUN_QUEUE_PACKETS} up",
    )
    return file


def run_ip(*commands: str) -> None:
    """Runs commands of iproute2 in the namespace of the calling thread. Raises OSError."""
    done = subprocess.run(
        ["ip", "-batch", "-"], input="\n".join(commands), capture_output=True, text=True
    )
    if done.returncode:
        raise OSError(f"ip {'; '.join(commands)}: {done.stderr.strip()}")
