"""Conversion of the settings into the options of the ASGI layer."""

from __future__ import annotations

import socket

from app.http.certificate import Certificate
from app.http.edge.addresses import TrustedProxies
from app.http.edge.asgi import EdgeOptions
from app.http.edge.origins import Names, Origins
from wire.settings import Settings


def edge_options(settings: Settings, certificate: Certificate | None) -> EdgeOptions:
    """Returns the server's names, its trusted proxies, and which of its areas have a token."""
    # An IPv6 address may be given in brackets, as it is in a URL.
    allowed = tuple(host.strip("[]") for host in settings.allowed_hosts)
    machine = socket.gethostname().lower()
    names = Names(
        bound=settings.http_host.lower(),
        public_url=settings.public_url,
        # The last one is the name by which multicast DNS finds the machine in its local network.
        others=(*allowed, machine, f"{machine.split('.')[0]}.local"),
        certified=(lambda: certificate.names) if certificate else tuple,
    )
    return EdgeOptions(
        Origins(
            names,
            publish_token=settings.has_publish_token,
            admin_token=settings.has_admin_token,
            # `*` says that this server may be called by any name. It must not mean that pages of
            # all sites are trusted.
            pages=tuple(host for host in allowed if host != "*"),
        ),
        TrustedProxies.parse(settings.trusted_proxies),
    )
