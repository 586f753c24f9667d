"""The sockets that all peers of this process share, and the table that finds a datagram's peer."""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress
import logging
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from app.ice.lite_agent import Address, LiteAgent, Path, PortSocket
from app.ice.peer_table import PeerTable
from app.ice.public_address import PublicAddress
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
        self._public: dict[PortSocket, tuple[PublicAddress, Address]] = {}
        "Questions to a STUN server by port, and the address of the server."
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

    async def ask_public(self, host: str, port: int) -> None:
        """Asks a STUN server for our public address from each UDP port that reaches it, from now
        on. Raises OSError where its name is not known.
        """
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        servers = [(str(address[0]), int(address[1])) for *_, address in found]
        now = time.monotonic()
        for udp in self._udp:
            # An address of loopback reaches loopback alone.
            fitting = [s for s in servers if _reaches(udp.host, s[0])]
            if fitting:
                self._public[udp] = (PublicAddress(now=now), fitting[0])
        self._ask(now)

    def _ask(self, now: float) -> None:
        for outlet, (public, server) in self._public.items():
            question = public.question(now=now)
            if question is not None:
                outlet.send([question], server)

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
        self._public.clear()
        self._udp.clear()
        self._tcp.clear()

    def candidates(self, route: PeerRoute) -> list[str]:
        """Returns the values of our ``a=candidate`` lines, the best for the peer's way first."""
        udp, tcp = self._offered(self._udp, is_tcp=False), self._offered(self._tcp, is_tcp=True)
        found = list(dict.fromkeys([*udp, *tcp]))
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
        # Named as a host candidate, which it is to peers: FFmpeg tries no other kind.
        told = [self._public[port][0].address for port in ports if port in self._public]
        yield from (OwnCandidate(*address, is_tcp) for address in told if address is not None)

    def _take(self, data: bytes, path: Path, now: float) -> None:
        if self._public:
            asked = self._public.get(path[0])
            if asked is not None and path[1] == asked[1] and asked[0].take(data, now=now):
                return
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
        self._schedule()  # first: what one peer's owner does wrong must not stop the others' timers
        now = time.monotonic()
        self._ask(now)
        for agent in self.table.agents():
            self._send_requests(agent, now)


def _reaches(local: str, server: str) -> bool:
    one, other = ipaddress.ip_address(local), ipaddress.ip_address(server.partition("%")[0])
    return one.version == other.version and one.is_loopback == other.is_loopback


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


async def _ask_public(ports: PeerPorts, host: str, port: int) -> None:
    try:
        await ports.ask_public(host, port)
    except OSError as error:
        # The names may be back later, but who starts without them serves with what it knows.
        log.warning(
            "SHARPCAST_ICE_STUN: %s is not known: %s",
            host,
            error.strerror,
            extra={"action": "no_stun"},
        )


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
        if settings.ice_stun:
            await _ask_public(ports, *settings.stun_server)
    except OSError as error:
        ports.close()
        raise BadSettings(f"SHARPCAST_{name}: {port} cannot be had: {error.strerror}.") from error
    try:
        yield ports
    finally:
        ports.close()
