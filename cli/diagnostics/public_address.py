"""Checks of the public address: what peers are offered, and where SHARPCAST_PUBLIC_URL leads."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from app.webrtc.ice import choose_addresses
from app.webrtc.udp_port import bind_udp
from cli.diagnostics import stun_client
from cli.diagnostics.finding import Finding, fault, good, note
from cli.diagnostics.web_client import request
from wire.setting_types import is_loopback, parse_stun
from wire.settings import Settings


def check(settings: Settings) -> Iterator[Finding]:
    """Compares the addresses that peers are offered with the one that a STUN server sees, and asks
    the public address whether it leads to a Sharpcast.
    """
    seen = ""
    if server := stun_server(settings):
        finding, seen = _by_stun(settings, server)
        yield finding
    if settings.public_url and not is_loopback(urlsplit(settings.public_url).hostname or ""):
        yield by_url(settings, seen)


def check_stun(settings: Settings) -> list[Finding]:
    """Compares the addresses that peers are offered with the one that a STUN server sees."""
    server = stun_server(settings)
    return [_by_stun(settings, server)[0]] if server else []


def stun_server(settings: Settings) -> tuple[str, int] | None:
    """Returns the STUN server that the settings name, None without one."""
    named = [settings.ice_stun, *(each for each in settings.ice_servers if each[:5] == "stun:")]
    for each in filter(None, named):
        with contextlib.suppress(ValueError):
            return parse_stun(each)
    return None


def _by_stun(settings: Settings, server: tuple[str, int]) -> tuple[Finding, str]:
    """Asks a STUN server from the media port, or from any where that is taken."""
    what, place = "public address", f"{server[0]}:{server[1]}"
    addresses = choose_addresses(settings.ice_addresses, loopback_only=settings.is_loopback)
    (host,) = [each for each in addresses.local if ":" not in each][:1] or ["0.0.0.0"]
    try:
        with _socket(host, settings.udp_port) as udp:
            seen = stun_client.ask(udp, server)
    except OSError as error:
        return _silent(place, str(error.strerror)), ""
    if seen is None:
        return _silent(place, "no answer"), ""
    offers = (() if addresses.hides_local else addresses.local) + addresses.mapped
    if seen[0] in offers or settings.ice_stun:
        return good(what, f"{seen[0]}, as {place} sees it", address=seen[0]), seen[0]
    return (
        fault(
            what,
            f"{place} sees this machine as {seen[0]}, and peers are offered {', '.join(offers)}",
            f"Set SHARPCAST_ICE_ADDRESSES={seen[0]},{addresses.local[0]}, and pass UDP port "
            f"{settings.udp_port} on at the router.",
            address=seen[0],
            offered=list(offers),
        ),
        seen[0],
    )


def _silent(place: str, reason: str) -> Finding:
    return fault(
        "public address",
        f"the STUN server {place} cannot be asked ({reason}): UDP to the outside is blocked, or "
        "the server is gone",
        "Let UDP out at the firewall, or name another server in SHARPCAST_ICE_STUN.",
    )


def _socket(host: str, port: int) -> socket.socket:
    try:
        return bind_udp(host, port)
    except OSError:
        return bind_udp(host, 0)


def by_url(settings: Settings, seen: str = "") -> Finding:
    """Looks where the public URL leads. ``seen``: our address by STUN, where it is known."""
    what, url = "public URL", settings.public_url
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = {str(each[4][0]) for each in socket.getaddrinfo(host, port)}
    except OSError as error:
        return fault(
            what,
            f"the name {host} has no address ({error.strerror})",
            f"Add a DNS record for {host} that names this machine's public address"
            f"{f', {seen}' if seen else ''}, or correct SHARPCAST_PUBLIC_URL.",
        )
    status, is_ours = _ask(url)
    if is_ours:
        return good(what, f"{url} leads to a Sharpcast")
    if status:
        return fault(
            what,
            f"{url} leads to something else ({status})",
            "Correct SHARPCAST_PUBLIC_URL, or the reverse proxy: it must pass on the whole path, "
            "`/api` and `/whip` too.",
        )
    addresses = choose_addresses(settings.ice_addresses, loopback_only=settings.is_loopback)
    own = {*addresses.local, *addresses.mapped, *filter(None, [seen])}
    if found & own:
        return note(what, f"{host} is this machine, and nothing answers there yet")
    return _elsewhere(host, found, own)


def _elsewhere(host: str, found: set[str], own: Sequence[str] | set[str]) -> Finding:
    shown = ", ".join(sorted(found))
    if all(ipaddress.ip_address(each.partition("%")[0]).is_loopback for each in found):
        return note("public URL", f"{host} is {shown} here; from elsewhere it may be another")
    return fault(
        "public URL",
        f"{host} is {shown}, where nothing answers, and this machine is {', '.join(sorted(own))}",
        f"Correct the DNS record of {host} or SHARPCAST_PUBLIC_URL; behind a NAT or a proxy start "
        "the server and ask again, or ask from outside: `sharpcast doctor URL`.",
        addresses=sorted(found),
    )


def _ask(url: str) -> tuple[str, bool]:
    """Returns what answers at an address, "" for nothing, and whether it is a Sharpcast."""
    try:
        answer = request("GET", f"{url.rstrip('/')}/api/v1/server")
    except OSError:
        return "", False
    except http.client.HTTPException:
        return "it does not speak HTTP", False
    return f"HTTP {answer.status}", answer.is_ours
