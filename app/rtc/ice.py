"""Which addresses peers are offered, and two corrections to aioice.

aioice leaves out loopback and has no setting for its addresses, so its own function for them is
replaced, once, before the first connection.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import aioice.ice

_LOOPBACK = "127.0.0.1"


@dataclasses.dataclass(frozen=True, slots=True)
class IceAddresses:
    """Addresses of this installation."""

    local: tuple[str, ...]
    "Bound here and offered as they are."
    mapped: tuple[str, ...]
    "Not of this machine (NAT, container host): offered in the place of local ones."


def choose_addresses(wanted: tuple[str, ...], *, loopback_only: bool) -> IceAddresses:
    """From the setting; empty means loopback, or all of this machine's if it serves others."""
    own = [a for a in aioice.ice.get_host_addresses(True, True) if not a.startswith("fe80")]
    if not wanted:
        return IceAddresses((_LOOPBACK,) if loopback_only or not own else tuple(own), ())
    local = tuple(a for a in wanted if a in own or _can_bind(a))
    mapped = tuple(a for a in wanted if a not in local)
    if mapped and not local:
        local = tuple(own) or (_LOOPBACK,)
    return IceAddresses(local, mapped)


def _can_bind(address: str) -> bool:
    version = ipaddress.ip_address(address).version
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def install(addresses: IceAddresses) -> None:
    """Makes aioice offer these addresses and forgive checks without a priority."""

    def get_host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        kept = []
        for address in addresses.local:
            version = ipaddress.ip_address(address).version
            if use_ipv4 if version == 4 else use_ipv6:
                kept.append(address)
        return kept

    aioice.ice.get_host_addresses = get_host_addresses
    if not getattr(aioice.ice.Connection.check_incoming, "forgiving", False):
        original = aioice.ice.Connection.check_incoming

        def check_incoming(self: Any, message: Any, address: Any, protocol: Any) -> None:
            # RFC 8445 section 7.1.1 asks for PRIORITY; older ffmpeg builds leave it out, and
            # without a value aioice raises KeyError after it has answered.
            message.attributes.setdefault("PRIORITY", 1)
            original(self, message, address, protocol)

        check_incoming.forgiving = True  # type: ignore[attr-defined]
        aioice.ice.Connection.check_incoming = check_incoming  # type: ignore[method-assign, assignment]


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
        """From ``stun:host:port`` or ``turn:user:password@host:port``."""
        scheme, _, rest = text.partition(":")
        login, at, place = rest.rpartition("@")
        if not at:
            return cls(urls=text)
        parts = urlsplit(f"//{login}@{place.split('?')[0]}")
        return cls(
            urls=f"{scheme}:{place}", username=parts.username or "",
            credential=parts.password or "",
        )  # fmt: skip

    @property
    def is_turn(self) -> bool:
        """True if it relays, which needs a login."""
        return self.urls.startswith(("turn:", "turns:"))

    def link_header(self) -> str:
        """RFC 9725 section 4.6's Link value."""
        value = f'<{self.urls}>; rel="ice-server"'
        if self.username:
            value += f'; username="{_quote(self.username)}"; credential="{_quote(self.credential)}"'
            value += '; credential-type="password"'
        return value
