"""Sends datagrams of one length to one address by one call (UDP generic segmentation offload).

The kernel or the network card cuts what leaves as one (UDP_SEGMENT, Linux 4.18 and later).
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Sequence

CAN_CUT = sys.platform == "linux"
"""True if it is worth a try: the network card has its say, too."""

MAX_SEGMENTS = 48
"""Datagrams of one call; Linux takes 64, and 65,507 bytes hold 54 of 1200."""

MAX_RUN_BYTES = 65_000
"""Bytes of one call, below what a datagram of 64 KiB holds."""

# From <linux/udp.h>; Python names neither.
_SOL_UDP, _UDP_SEGMENT = 17, 103
_SIZE = struct.Struct("=H")


def run_end(datagrams: Sequence[bytes], begin: int) -> int:
    """Returns the end of the datagrams from ``begin`` on that can leave as one: all have the length
    of the first, but for the last, which may be shorter.
    """
    size = len(datagrams[begin])
    most = max(1, min(MAX_SEGMENTS, MAX_RUN_BYTES // max(size, 1)))
    last = min(len(datagrams), begin + most)
    end = begin + 1
    while end < last and len(datagrams[end]) == size:
        end += 1
    return end + 1 if end < last and len(datagrams[end]) < size else end


def send_run(udp: socket.socket, run: Sequence[bytes], address: tuple[str, int]) -> None:
    """Sends a run that ``run_end`` found. Raises OSError."""
    told = [(_SOL_UDP, _UDP_SEGMENT, _SIZE.pack(len(run[0])))]
    udp.sendmsg(run, told, 0, address)
