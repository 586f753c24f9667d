"""Checks of the ports of the web server and of the media."""

from __future__ import annotations

import errno
import http.client
import socket
from collections.abc import Iterator

from app.webrtc.ice import choose_addresses
from app.webrtc.udp_port import bind_udp
from cli.diagnostics.finding import Finding, fault, good
from cli.diagnostics.web_client import request
from wire.settings import Settings

ASK_S = 2.0
"""Time limit of a question to a server on this machine, in seconds."""


def check(settings: Settings) -> Iterator[Finding]:
    """Looks whether the ports can be had; a Sharpcast that runs already may have them."""
    runs = is_running(settings)
    yield web_port(settings, runs=runs)
    yield media_port(settings, runs=runs)


def web_port(settings: Settings, *, runs: bool = False) -> Finding:
    """Binds the port of the web server as the server does."""
    host, what = settings.http_host, "web port"
    place = f"{host}:{settings.http_port}"
    if runs:
        return good(what, f"a Sharpcast runs at {place}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the server binds: otherwise a server that has just ended would make its port look
        # taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, settings.http_port))
            probe.listen()
        except OSError as error:
            return _refused(settings, error)
    return good(what, f"{place} is free")


def _refused(settings: Settings, error: OSError) -> Finding:
    what, host = "web port", settings.http_host
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return fault(
            what,
            f"{host} is no address of this machine ({error.strerror})",
            "Set SHARPCAST_HTTP_HOST=0.0.0.0 for all addresses, or to one that `ip address` shows.",
        )
    if error.errno == errno.EACCES:
        return fault(
            what,
            f"port {settings.http_port} needs rights that this user has not",
            "Set SHARPCAST_HTTP_PORT above 1023 behind a reverse proxy, or let the systemd unit "
            "have AmbientCapabilities=CAP_NET_BIND_SERVICE.",
        )
    return fault(
        what,
        f"{host}:{settings.http_port} is taken ({error.strerror})",
        f"Set SHARPCAST_HTTP_PORT to a free port, or end the program that has this one: "
        f"`ss -ltnp 'sport = :{settings.http_port}'` names it.",
    )


def media_port(settings: Settings, *, runs: bool = False) -> Finding:
    """Binds the UDP port of all peers at each address that they are offered."""
    what = "media port"
    addresses = choose_addresses(settings.ice_addresses, loopback_only=settings.is_loopback)
    offered = ", ".join((() if addresses.hides_local else addresses.local) + addresses.mapped)
    if runs:
        return good(what, f"a Sharpcast runs; peers are offered {offered}")
    for host in addresses.local:
        try:
            bind_udp(host, settings.udp_port).close()
        except OSError as error:
            return fault(
                what,
                f"UDP {host}:{settings.udp_port} cannot be had ({error.strerror})",
                f"Set SHARPCAST_UDP_PORT to a free port, or end the program that has this one: "
                f"`ss -lunp 'sport = :{settings.udp_port}'` names it.",
            )
    port = f"UDP port {settings.udp_port}" if settings.udp_port else "any UDP port"
    return good(what, f"{port} is free; peers are offered {offered}")


def is_running(settings: Settings) -> bool:
    """Returns True where a Sharpcast answers on the web port of these settings already."""
    if not settings.http_port:
        return False
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.http_host, settings.http_host)
    place = f"[{host}]" if ":" in host else host
    scheme = "https" if settings.tls_cert else "http"
    url = f"{scheme}://{place}:{settings.http_port}/api/v1/server"
    try:
        return request("GET", url, timeout_s=ASK_S).is_ours
    except (OSError, http.client.HTTPException):
        return False
