"""Chooses the addresses and ports that peers are offered, and the candidates of theirs to check."""

from __future__ import annotations

import dataclasses
import errno
import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

import aioice.ice
import ifaddr

_LOOPBACK = "127.0.0.1"

_BRIDGES = ("docker", "br-", "virbr", "veth", "cni", "podman", "lxc", "lxd")
"""Name prefixes of interfaces that nobody outside reaches."""

MAX_REMOTE_CANDIDATES = 8
"""Candidates of one peer that we check before it checks us: each costs up to seven packets."""


@dataclasses.dataclass(frozen=True, slots=True)
class IceAddresses:
    """Addresses of this installation."""

    local: tuple[str, ...]
    "Bound here; offered as they are, unless only mapped ones were wanted."
    mapped: tuple[str, ...]
    "Not of this machine (NAT, container host): offered with the port of a local one."
    hides_local: bool = False
    "True if only mapped addresses were wanted."
    configured: bool = False
    "True if an operator named them, who vouches that peers reach them."

    @property
    def reached(self) -> frozenset[int]:
        """IP versions in which peers can be expected to reach us without our help."""
        found = [ipaddress.ip_address(address) for address in (*self.local, *self.mapped)]
        if all(address.is_loopback for address in found):
            return frozenset((4, 6))
        return frozenset(a.version for a in found if self.configured or a.is_global)


class RemoteCandidates:
    """Decides which candidates that a peer names are checked by us; for one peer.

    Our answer holds all of our candidates and the peer checks those, so its own are of use only
    where we sit behind a NAT that nobody told us of. Whoever posts an offer may name any address,
    so the others are not sent anything. Private ones are not either: such a peer reaches us.
    """

    def __init__(self, reached: frozenset[int]) -> None:
        self._reached = reached
        self._left = MAX_REMOTE_CANDIDATES

    def may_check(self, host: str, transport: str, component: int) -> bool:
        """True for few, of UDP, at global addresses of a version in which nobody reaches us."""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False  # a name (mDNS); the peer's own checks make the pair
        if component != 1 or transport.lower() != "udp" or address.version in self._reached:
            return False
        if not address.is_global or address.is_multicast or self._left <= 0:
            return False
        self._left -= 1
        return True


MAX_TRIES = 1024
"""Ports tried for one socket: 20 ms of the event loop, and more than peers take in a row."""


class UdpPorts:
    """Binds sockets within a range of ports, which begins anew behind the last one tried."""

    def __init__(self, first: int, last: int) -> None:
        self._first = first
        self._count = last - first + 1
        self._next = 0

    def bind(self, address: str) -> socket.socket:
        """Binds a socket to the address. Raises OSError, also when the ports tried are taken."""
        for _ in range(min(self._count, MAX_TRIES)):
            # Begins behind the last port that was tried, where a free one is most likely.
            port = self._first + self._next
            self._next = (self._next + 1) % self._count
            try:
                return bind_udp(address, port)
            except OSError as error:
                # Any other error concerns the address, and would come for every port.
                if error.errno != errno.EADDRINUSE:
                    raise
        raise OSError(errno.EADDRINUSE, "all UDP ports of the range are taken")


def bind_udp(address: str, port: int) -> socket.socket:
    """Binds a UDP socket; port 0 takes a free one. Raises OSError."""
    version = ipaddress.ip_address(address).version
    made = socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.bind((address, port))
    except OSError:
        made.close()
        raise
    return made


def choose_addresses(wanted: tuple[str, ...], *, loopback_only: bool) -> IceAddresses:
    """Returns the addresses of a setting; an empty one means loopback, or all of this machine's."""
    found = aioice.ice.get_host_addresses(True, True)
    bridges = _bridge_addresses()
    # Link-local addresses are left out, because they mean nothing without a scope, which candidates
    # do not have. Those of bridges go last, since some peers try only the first.
    own = sorted((a for a in found if not a.startswith("fe80")), key=lambda a: a in bridges)
    if not wanted:
        return IceAddresses((_LOOPBACK,) if loopback_only or not own else tuple(own), ())
    local = tuple(a for a in wanted if a in own or _can_bind(a))
    mapped = tuple(a for a in wanted if a not in local)
    if mapped and not local:
        return IceAddresses(tuple(own) or (_LOOPBACK,), mapped, hides_local=True, configured=True)
    return IceAddresses(local, mapped, configured=True)


def _bridge_addresses() -> set[str]:
    """Returns addresses of networks inside this machine: containers', virtual machines'."""
    return {
        str(ip.ip if ip.is_IPv4 else ip.ip[0])
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if adapter.name.startswith(_BRIDGES)
    }


def _can_bind(address: str) -> bool:
    try:
        bind_udp(address, 0).close()
    except OSError:
        return False
    return True


@dataclasses.dataclass(frozen=True, slots=True)
class PeerRoute:
    """The way on which a peer's offer came in; its fields are empty where they are not known."""

    served_at: str = ""
    "Our address of its HTTP connection."
    client: str = ""
    "The address it came from."
    key: str = ""
    "The address under which limits count the peer."

    @property
    def is_from_outside(self) -> bool:
        """True for a client at a global address."""
        try:
            return ipaddress.ip_address(self.client.partition("%")[0]).is_global
        except ValueError:
            return False


UNKNOWN_ROUTE = PeerRoute()


def best_first(addresses: Iterable[str], route: PeerRoute) -> list[str]:
    """Sorts addresses in the order in which a peer had better try them; some try only the first.

    First the one at which its request came in (but no private one for a peer outside), then those
    of its side of a NAT, then IPv4, as given.
    """

    def rank(address: str) -> tuple[bool, bool, bool]:
        parsed = ipaddress.ip_address(address)
        is_elsewhere = route.is_from_outside and not parsed.is_global
        return (
            address != route.served_at or is_elsewhere,
            is_elsewhere or (bool(route.client) and not route.is_from_outside and parsed.is_global),
            parsed.version != 4,
        )

    return sorted(addresses, key=rank)


@dataclasses.dataclass(slots=True)
class Installed:
    """The addresses and ports that peers of this process use."""

    addresses: IceAddresses
    ports: UdpPorts | None

    def bind(self, address: str) -> socket.socket:
        """Binds a socket for one peer. Raises OSError."""
        return self.ports.bind(address) if self.ports else bind_udp(address, 0)


_installed = Installed(IceAddresses((_LOOPBACK,), ()), None)


def installed() -> Installed:
    """Returns the addresses and ports of this process; loopback and any port until ``install``."""
    return _installed


def install(addresses: IceAddresses, ports: tuple[int, int] | None = None) -> None:
    """Makes every peer from now on use these addresses and this range of ports.

    aioice leaves out loopback and has no setting for its addresses, so its own function for them
    is replaced too.
    """
    _installed.addresses = addresses
    _installed.ports = UdpPorts(*ports) if ports else None

    def get_host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        kept = []
        for address in addresses.local:
            version = ipaddress.ip_address(address).version
            if use_ipv4 if version == 4 else use_ipv6:
                kept.append(address)
        return kept

    aioice.ice.get_host_addresses = get_host_addresses


def _quote(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


@dataclasses.dataclass(frozen=True, slots=True)
class IceServer:
    """One STUN or TURN server for browsers."""

    urls: str
    username: str = ""
    credential: str = ""

    @classmethod
    def parse(cls, text: str) -> IceServer:
        """Parses ``stun:host:port`` or ``turn:user:password@host:port``."""
        scheme, _, rest = text.partition(":")
        # The last @ ends the login, so a password may hold others.
        login, at, place = rest.rpartition("@")
        if not at:
            return cls(urls=text)
        parts = urlsplit(f"//{login}@{place.split('?')[0]}")
        return cls(
            urls=f"{scheme}:{place}",
            username=parts.username or "",
            credential=parts.password or "",
        )

    @property
    def is_turn(self) -> bool:
        """True if it relays, which needs a login."""
        return self.urls.startswith(("turn:", "turns:"))

    def link_header(self) -> str:
        """Returns the value of the Link header (RFC 9725 section 4.6)."""
        value = f'<{self.urls}>; rel="ice-server"'
        if self.username:
            value += f'; username="{_quote(self.username)}"; credential="{_quote(self.credential)}"'
            value += '; credential-type="password"'
        return value
