"""The client's address behind trusted proxies."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Sequence

from app.client_address import parse_address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclasses.dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, words: Sequence[str]) -> TrustedProxies:
        """Parses addresses and networks in CIDR form. Raises ValueError."""
        return cls(tuple(ipaddress.ip_network(word, strict=False) for word in words))

    def trust(self, address: str) -> bool:
        """Returns True if the address is one of the proxies."""
        parsed = parse_address(address)
        return parsed is not None and any(parsed in network for network in self.networks)

    def client(self, peer: str, forwarded_for: Sequence[str]) -> str:
        """Returns the client's address: the last in X-Forwarded-For that is not a trusted proxy.

        The client wrote the entries to the left of it, and they may be anything.
        """
        if not self.trust(peer):
            return peer
        chain = [part for value in forwarded_for for part in value.split(",") if part.strip()]
        client = peer
        for part in reversed(chain):
            parsed = parse_address(part)
            if parsed is None:
                # A trusted proxy would not write this, so whatever is to its left is not believed.
                break
            client = str(parsed)
            if not self.trust(client):
                break
        return client
