"""Addresses of clients: their forms, and the key by which limits count them."""

from __future__ import annotations

import ipaddress

_SUBSCRIBER_BITS = 64
"""RFC 6177: a subscriber has at least a /64, and may change the address within it at will."""


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Parses an address of a socket or of X-Forwarded-For; brackets, zone and port are optional."""
    # X-Forwarded-For has no specification: some proxies add the port, some put IPv6 addresses in
    # brackets or quotes.
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    # A single colon separates a port; an IPv6 address has at least two.
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        # The zone of a link-local address (`%eth0`) names an interface of this machine, not the
        # client.
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A socket for both families shows an IPv4 client as ::ffff:192.0.2.7. Without this line all of
    # them would be in one /64 and share one bucket.
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def limit_key(address: str) -> str:
    """Returns the key under which an address is counted: an IPv4 address, or an IPv6 /64."""
    parsed = parse_address(address)
    if parsed is None:
        # Addresses that cannot be read share one key: nonsense is no way around the limits.
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, _SUBSCRIBER_BITS), strict=False))


def shown_address(address: str) -> str:
    """Returns an address as people write it: that of an IPv4 client at a socket for both families
    without the prefix of its mapping.
    """
    parsed = parse_address(address)
    return address if parsed is None else str(parsed)
