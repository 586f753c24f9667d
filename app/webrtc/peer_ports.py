"""The sockets that all peers of this process share, and the table that finds a datagram's peer."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from app.ice.lite_agent import LiteAgent, Path
from app.ice.peer_table import PeerTable
from app.ice.refusals import Refusals
from app.webrtc.ice import IceAddresses, PeerRoute, best_first, choose_addresses
from app.webrtc.tcp_port import TcpPort
from app.webrtc.udp_port import UdpPort, bind_udp
from wire.errors import BadSettings
from wire.settings import Settings

log = logging.getLogger(__name__)

TICK_S = 0.5
"""Seconds between the looks at all agents' timers; the shortest time that matters is 5 s."""

_HOST_PREFERENCE = 126
"""Type preference of a host candidate (RFC 8445 section 5.1.2.2)."""

_TCP_PREFERENCE = 90
"""Type preference of one of TCP, behind all of UDP (RFC 6544 section 4.2)."""


@dataclasses.dataclass(frozen=True, slots=True)
class OwnCandidate:
    """One of our addresses, as the answer names it."""

    host: str
    port: int
    is_tcp: bool = False

    def line(self, *, foundation: int, rank: int) -> str:
        """Returns the value of ``a=candidate`` (RFC 8839 section 5.1); ``rank`` 0 is the best."""
        preference = _TCP_PREFERENCE if self.is_tcp else _HOST_PREFERENCE
        # RFC 8445 section 5.1.2.1: no two alike. There is one component.
        priority = preference << 24 | (65535 - rank) << 8 | 255
        place = f"{priority} {self.host} {self.port}"
        if self.is_tcp:
            return f"{foundation} 1 tcp {place} typ host tcptype passive"
        return f"{foundation} 1 udp {place} typ host"


class PeerPorts:
    """Opens one UDP port at each local address while anybody holds them (``acquire``)."""

    def __init__(self, addresses: IceAddresses, *, udp_port: int = 0) -> None:
        self.table = PeerTable()
        self._addresses = addresses
        self._udp_port = udp_port
        self._udp: list[UdpPort] = []
        self._tcp: list[TcpPort] = []
        self._holders = 0
        self._error: OSError | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def refused(self) -> Refusals:
        """Packets that belong to no peer, by reason."""
        return self.table.refused

    @property
    def unsent(self) -> int:
        """Datagrams that the system, or a TCP peer, did not take."""
        return sum(p.unsent for p in self._udp) + sum(p.unsent for p in self._tcp)

    @property
    def cut_off(self) -> int:
        """TCP connections above a limit."""
        return sum(port.cut_off for port in self._tcp)

    def open(self) -> None:
        """Opens the ports for as long as the process serves. Raises OSError if none can be had."""
        self.acquire()
        if not self._udp and self._error is not None:
            raise self._error

    def acquire(self) -> None:
        """Opens the UDP ports, if nobody else has; those that cannot be had are left out."""
        self._holders += 1
        if self._udp:
            return
        for host in self._addresses.local:
            try:
                self._udp.append(UdpPort(bind_udp(host, self._udp_port), self._take))
            except OSError as error:
                self._error = error
                text = error.strerror
                log.warning("no UDP port at %s: %s", host, text, extra={"action": "no_port"})
        if self._timer is None:
            self._schedule()

    async def listen_tcp(self, port: int) -> None:
        """Listens for ICE over TCP too, at each local address. Raises OSError."""
        for host in self._addresses.local:
            made = TcpPort(take=self._take, is_known=self._is_known, on_lost=self._lose)
            await made.listen(host, port)
            self._tcp.append(made)

    def release(self) -> None:
        """Closes all ports when nobody holds them any more."""
        self._holders -= 1
        if self._holders <= 0:
            self.close()

    def close(self) -> None:
        """Closes all ports, whoever holds them."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for udp in self._udp:
            udp.close()
        for tcp in self._tcp:
            tcp.close()
        self._udp.clear()
        self._tcp.clear()

    def candidates(self, route: PeerRoute) -> list[str]:
        """Returns the values of our ``a=candidate`` lines, the best for the peer's way first."""
        found = [*self._offered(self._udp, is_tcp=False), *self._offered(self._tcp, is_tcp=True)]
        order = best_first(dict.fromkeys(c.host for c in found), route)
        found.sort(key=lambda c: (c.is_tcp, order.index(c.host)))
        return [each.line(foundation=n + 1, rank=n) for n, each in enumerate(found)]

    def _offered(
        self, ports: list[UdpPort] | list[TcpPort], *, is_tcp: bool
    ) -> Iterator[OwnCandidate]:
        if not self._addresses.hides_local:
            yield from (OwnCandidate(port.host, port.port, is_tcp) for port in ports)
        # A mapped address is offered with the port of a local one of its IP version: NATs and
        # container hosts are set up to pass ports on unchanged.
        for host in self._addresses.mapped:
            same = {port.port for port in ports if (":" in host) == (":" in port.host)}
            yield from (OwnCandidate(host, number, is_tcp) for number in sorted(same))

    def _take(self, data: bytes, path: Path, now: float) -> None:
        answer = self.table.take(data, path, now=now)
        if answer is None:
            return
        path[0].send([answer], path[1])
        agent = self.table.owner_of(path)
        if agent is not None:
            # A pair that was just nominated is measured at once, before the first NACK needs it.
            self._send_requests(agent, now)

    def _is_known(self, path: Path) -> bool:
        return self.table.owner_of(path) is not None

    def _lose(self, path: Path) -> None:
        agent = self.table.owner_of(path)
        if agent is not None:
            agent.lose(path)

    def _send_requests(self, agent: LiteAgent, now: float) -> None:
        for data, (outlet, address) in agent.on_time(now=now):
            outlet.send([data], address)

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        now = time.monotonic()
        for agent in self.table.agents():
            self._send_requests(agent, now)
        self._schedule()


_installed = PeerPorts(IceAddresses(("127.0.0.1",), ()))


def installed() -> PeerPorts:
    """Returns the ports of this process; at loopback and any port until ``install``."""
    return _installed


def install(addresses: IceAddresses, *, udp_port: int = 0) -> PeerPorts:
    """Makes every peer from now on use these addresses and this port (0: any)."""
    global _installed
    _installed.close()
    _installed = PeerPorts(addresses, udp_port=udp_port)
    return _installed


@asynccontextmanager
async def opened_ports(settings: Settings, *, number: int = 0) -> AsyncIterator[PeerPorts]:
    """Opens the ports of this process. Raises BadSettings where they cannot be had.

    The ports of process ``number`` are that many above those of the settings.
    """
    addresses = choose_addresses(settings.ice_addresses, loopback_only=settings.is_loopback)
    name, port = "UDP_PORT", settings.udp_port and settings.udp_port + number
    ports = install(addresses, udp_port=port)
    try:
        ports.open()
        if settings.ice_tcp_port:
            name, port = "ICE_TCP_PORT", settings.ice_tcp_port + number
            await ports.listen_tcp(port)
    except OSError as error:
        ports.close()
        raise BadSettings(f"SHARPCAST_{name}: {port} cannot be had: {error.strerror}.") from error
    try:
        yield ports
    finally:
        ports.close()
