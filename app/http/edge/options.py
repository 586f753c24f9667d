"""From the settings to what the edge needs of them."""

from __future__ import annotations

import socket
from pathlib import Path

from cryptography import x509

from app.http.edge.addresses import TrustedProxies
from app.http.edge.asgi import EdgeOptions
from app.http.edge.origins import Names, Origins
from wire.settings import Settings


def edge_options(settings: Settings) -> EdgeOptions:
    """Who this server is, whom it trusts, and what guards it."""
    allowed = tuple(host.strip("[]") for host in settings.allowed_hosts)
    machine = socket.gethostname().lower()
    certified = certificate_names(settings.tls_cert) if settings.tls_cert else ()
    names = Names(
        bound=settings.http_host.lower(),
        public_url=settings.public_url,
        others=(*allowed, *certified, machine, f"{machine.split('.')[0]}.local"),
    )
    return EdgeOptions(
        Origins(
            names,
            publish_token=settings.has_publish_token,
            admin_token=settings.has_admin_token,
            pages=tuple(host for host in allowed if host != "*"),
        ),
        TrustedProxies.parse(settings.trusted_proxies),
    )


def certificate_names(path: Path) -> tuple[str, ...]:
    """The DNS names that a certificate stands for; none if it names none."""
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(name.lower() for name in found.value.get_values_for_type(x509.DNSName))
