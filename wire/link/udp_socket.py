"""A UDP socket that moves many datagrams for one call of the system, where Linux can.

Datagrams of one length that go to one address leave as one, which the kernel or the network card
cuts (UDP_SEGMENT), and may arrive as one (UDP_GRO). Each comes with the time at which the kernel
had it: a process that was kept from its socket does not take its own delay for the path's.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence

from wire.udp_segments import CAN_CUT, run_end, send_run

Address = tuple[str, int]
Take = Callable[[memoryview, Address, float], None]

BUFFER_BYTES = 1 << 20
"""Buffers of the socket that are asked for: a quarter of a second of 30 Mbit/s."""

MAX_READS = 32
"""Calls for what has arrived before the loop's other work gets its turn."""

MAX_AGE_S = 1.0
"""Times of the kernel that are older are none: somebody has set the clock."""

# From <asm-generic/socket.h> and <linux/udp.h>; Python names none of them.
_SO_TIMESTAMPNS = 35
_SOL_UDP, _UDP_GRO = 17, 104
_GRO_SIZE = struct.Struct("=i")
_TIME = struct.Struct("@ll")
_ANCILLARY_BYTES = 128
_LARGEST = 1 << 16
_CLOCK_READ_S, _CLOCK_TRIES = 50e-6, 3


class UdpSocket:
    """A bound UDP socket that never blocks."""

    def __init__(self, udp: socket.socket) -> None:
        udp.setblocking(False)
        self._udp = udp
        self._buffer = memoryview(bytearray(_LARGEST))
        self._buffers = [self._buffer]
        self._ahead_s = time.time() - time.monotonic()
        self._moved = 0
        self.unsent = 0
        "Datagrams that the system did not take."
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            udp.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
        self._cuts = CAN_CUT
        if sys.platform == "linux":
            with contextlib.suppress(OSError):  # an emulated Linux may lack any of them
                udp.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
                udp.setsockopt(_SOL_UDP, _UDP_GRO, 1)

    @property
    def moved(self) -> int:
        """Datagrams that were received or sent."""
        return self._moved

    @property
    def port(self) -> int:
        """The port of the socket."""
        return int(self._udp.getsockname()[1])

    def fileno(self) -> int:
        """The file that an event loop waits for."""
        return self._udp.fileno()

    def receive(self, take: Take, *, now: float) -> int:
        """Hands over what has arrived: data that is valid during the call, whose it is, and when
        it came. Returns the number of datagrams.
        """
        since = self._since()
        count = 0
        for _ in range(MAX_READS):
            try:
                size, told, _, address = self._udp.recvmsg_into(self._buffers, _ANCILLARY_BYTES)
            except BlockingIOError:
                break
            except OSError:
                continue  # an error of an earlier datagram, which was ours
            at, cut = now, size
            for level, kind, data in told:
                if kind == _SO_TIMESTAMPNS and level == socket.SOL_SOCKET:
                    seconds, nanoseconds = _TIME.unpack_from(data)
                    at = seconds + nanoseconds / 1e9 - since
                elif kind == _UDP_GRO and level == _SOL_UDP:
                    cut = _GRO_SIZE.unpack_from(data)[0]
            if at > now:  # it came after this turn began
                at = min(at, time.monotonic())
            elif at < now - MAX_AGE_S:
                at = now
            place = address[:2]
            for begin in range(0, size, cut or 1):
                take(self._buffer[begin : min(size, begin + cut)], place, at)
                count += 1
        self._moved += count
        return count

    def _since(self) -> float:
        """Returns what the kernel's clock, which can be set, is ahead of ours."""
        for _ in range(_CLOCK_TRIES):
            before, kernels, after = time.monotonic(), time.time(), time.monotonic()
            # Whoever was interrupted in between would be wrong by as much.
            if after - before < _CLOCK_READ_S:
                self._ahead_s = kernels - before
                break
        return self._ahead_s

    def send(self, datagrams: Sequence[bytes], address: Address) -> None:
        """Sends datagrams in their order. What the system does not take is lost, and counted."""
        self._moved += len(datagrams)
        begin = 0
        while begin < len(datagrams):
            end = run_end(datagrams, begin) if self._cuts else begin + 1
            if end == begin + 1:
                self._send_one(datagrams[begin], address)
            elif not self._send_run(datagrams[begin:end], address):
                continue  # once more, one by one
            begin = end

    def _send_one(self, datagram: bytes, address: Address) -> None:
        try:
            self._udp.sendto(datagram, address)
        except OSError:
            self.unsent += 1

    def _send_run(self, run: Sequence[bytes], address: Address) -> bool:
        try:
            send_run(self._udp, run, address)
        except BlockingIOError:
            self.unsent += len(run)
        except OSError:
            self._cuts = False  # this system or its network card cannot
            return False
        return True

    def close(self) -> None:
        """Closes the socket."""
        self._udp.close()


def bound_socket(host: str, port: int = 0) -> socket.socket:
    """Returns a UDP socket of an address. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    family, kind, protocol, _, address = found[0]
    udp = socket.socket(family, kind, protocol)
    try:
        udp.bind(address)
    except OSError:
        udp.close()
        raise
    return udp
