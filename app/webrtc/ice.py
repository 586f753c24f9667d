"""Chooses the addresses that peers are offered, and describes STUN and TURN servers."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

import ifaddr

from app.webrtc.udp_port import bind_udp

_LOOPBACK = "127.0.0.1"

_BRIDGES = ("docker", "br-", "virbr", "veth", "cni", "podman", "lxc", "lxd")
"""Name prefixes of interfaces that nobody outside reaches."""


@dataclasses.dataclass(frozen=True, slots=True)
class IceAddresses:
    """Addresses of this installation."""

    local: tuple[str, ...]
    "Bound here; offered as they are, unless only mapped ones were wanted."
    mapped: tuple[str, ...]
    "Not of this machine (NAT, container host): offered with the port of a local one."
    hides_local: bool = False
    "True if only mapped addresses were wanted."


def choose_addresses(wanted: tuple[str, ...], *, loopback_only: bool) -> IceAddresses:
    """Returns the addresses of a setting; an empty one means loopback, or all of this machine's."""
    found = _host_addresses()
    bridges = _bridge_addresses()
    # Link-local addresses are left out, because they mean nothing without a scope, which candidates
    # do not have. Those of bridges go last, since some peers try only the first.
    own = sorted((a for a in found if not a.startswith("fe80")), key=lambda a: a in bridges)
    if not wanted:
        return IceAddresses((_LOOPBACK,) if loopback_only or not own else tuple(own), ())
    local = tuple(a for a in wanted if a in own or _can_bind(a))
    mapped = tuple(a for a in wanted if a not in local)
    if mapped and not local:
        return IceAddresses(tuple(own) or (_LOOPBACK,), mapped, hides_local=True)
    return IceAddresses(local, mapped)


def _host_addresses() -> list[str]:
    """Returns the addresses of this machine's interfaces, but for loopback and scoped ones."""
    found = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            if ip.is_IPv4 and ip.ip != _LOOPBACK:
                found.append(str(ip.ip))
            elif ip.is_IPv6 and ip.ip[0] != "::1" and not ip.ip[2]:
                found.append(str(ip.ip[0]))
    return found


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
