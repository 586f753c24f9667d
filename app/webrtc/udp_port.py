"""The UDP socket that all peers of a process share at one local address."""

from __future__ import annotations

import asyncio
import collections
import errno
import socket
import time
from collections.abc import Callable, Sequence

from app.ice.lite_agent import Address, Path
from wire.udp_segments import CAN_CUT, run_end, send_run

Take = Callable[[bytes, Path, float], None]
"""(datagram, where it came from, now)"""

MAX_READS = 64
"""Datagrams read before the loop's other work gets its turn: a few milliseconds at most."""

BUFFER_BYTES = 4 << 20
"""Buffers of the socket that are asked for: what 300 publishers send in 100 ms. Linux grants no
more than ``net.core.rmem_max`` and ``wmem_max``."""

MAX_WAITING_BYTES = 1 << 20
"""Bytes that wait here while the socket's own buffer is full; then the newest are dropped."""

_READ_BYTES = 2048
"""More than any datagram that is taken; what is longer is cut, and refused as too long."""

_CANNOT_CUT = frozenset({errno.EIO, errno.ENOPROTOOPT, errno.EOPNOTSUPP})
"""Errors of a system or a network card that cuts no runs. Others concern one destination."""


class UdpPort:
    """One bound socket. Datagrams of anybody are handed to ``take``, as many as there are."""

    def __init__(self, udp: socket.socket, take: Take) -> None:
        self._udp = udp
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._cuts = CAN_CUT
        self._waiting: collections.deque[tuple[Sequence[bytes], Address]] = collections.deque()
        self._waiting_bytes = 0
        self.unsent = 0
        "Datagrams that the system did not take."
        udp.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            udp.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
        self.host, self.port = udp.getsockname()[:2]
        self._loop.add_reader(udp, self._read)

    def _read(self) -> None:
        for _ in range(MAX_READS):
            try:
                data, address = self._udp.recvfrom(_READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                continue  # an error of an earlier datagram, which was ours
            self._take(data, (self, address[:2]), time.monotonic())

    def send(self, datagrams: Sequence[bytes], address: Address) -> None:
        """Sends datagrams in their order, those of one length by few calls. What the system does
        not take, and is too much to wait, is lost and counted.
        """
        if self._waiting:
            self._keep(datagrams, address)
            return
        begin = self._send_some(datagrams, address)
        if begin < len(datagrams):
            self._keep(datagrams[begin:], address)
            if self._waiting:
                self._loop.add_writer(self._udp, self._flush)

    def _send_some(self, datagrams: Sequence[bytes], address: Address) -> int:
        """Returns the number of datagrams that left or are lost; the others may leave later."""
        begin = 0
        cuts = self._cuts
        while begin < len(datagrams):
            end = run_end(datagrams, begin) if cuts else begin + 1
            try:
                if end == begin + 1:
                    self._udp.sendto(datagrams[begin], address)
                else:
                    send_run(self._udp, datagrams[begin:end], address)
            except BlockingIOError:
                return begin
            except OSError as error:
                if end > begin + 1:
                    # Once more, one by one: the path may be too narrow for the run, not for its
                    # datagrams.
                    cuts = False
                    self._cuts = self._cuts and error.errno not in _CANNOT_CUT
                    continue
                self.unsent += 1
            begin = end
        return begin

    def _keep(self, datagrams: Sequence[bytes], address: Address) -> None:
        size = sum(map(len, datagrams))
        if self._waiting_bytes + size > MAX_WAITING_BYTES:
            self.unsent += len(datagrams)
            return
        self._waiting.append((datagrams, address))
        self._waiting_bytes += size

    def _flush(self) -> None:
        while self._waiting:
            datagrams, address = self._waiting.popleft()
            self._waiting_bytes -= sum(map(len, datagrams))
            begin = self._send_some(datagrams, address)
            if begin < len(datagrams):
                rest = datagrams[begin:]
                self._waiting.appendleft((rest, address))
                self._waiting_bytes += sum(map(len, rest))
                return
        self._loop.remove_writer(self._udp)

    def close(self) -> None:
        """Closes the socket; calling it twice is harmless."""
        if self._udp.fileno() < 0:
            return
        if not self._loop.is_closed():
            self._loop.remove_reader(self._udp)
            self._loop.remove_writer(self._udp)
        self._udp.close()


def bind_udp(host: str, port: int) -> socket.socket:
    """Binds a UDP socket; port 0 takes a free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    udp = socket.socket(family, socket.SOCK_DGRAM)
    try:
        udp.setblocking(False)
        udp.bind((host, port))
    except OSError:
        udp.close()
        raise
    return udp
