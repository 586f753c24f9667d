"""Check of the TLS certificate: its time, its names and its key."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from app.http.certificate import Certificate
from cli.diagnostics.finding import Finding, fault, good, note
from wire.errors import BadSettings
from wire.settings import Settings

WARN_DAYS = 14
"""Certbot renews a certificate of 90 days 30 days before its end: one this old was not renewed."""

_RENEW = "`certbot renew` renews it"


def check(settings: Settings) -> Iterator[Finding]:
    """Reads the certificate of the settings, where they name one."""
    if settings.tls_cert is None or settings.tls_key is None:
        return
    yield judge(
        settings.tls_cert,
        settings.tls_key,
        settings.public_url,
        datetime.datetime.now(datetime.UTC),
    )


def judge(cert: Path, key: Path, public_url: str, now: datetime.datetime) -> Finding:
    """Judges a certificate, its key, and whether it stands for the host of the public URL."""
    what = "certificate"
    try:
        Certificate(cert, key)
        found = x509.load_pem_x509_certificate(cert.read_bytes())
    except (BadSettings, OSError, ValueError) as error:
        return fault(
            what,
            str(error).rstrip("."),
            "Name files of one certificate: SHARPCAST_TLS_CERT its fullchain.pem, "
            "SHARPCAST_TLS_KEY its privkey.pem.",
        )
    return _by_time(found, now) or _by_name(found, public_url) or good(what, _until(found))


def _by_time(found: x509.Certificate, now: datetime.datetime) -> Finding | None:
    what = "certificate"
    if now >= found.not_valid_after_utc:
        return fault(what, f"it has expired: {_until(found)}", f"Renew it: {_RENEW}.")
    if now < found.not_valid_before_utc:
        return fault(
            what,
            f"it holds only from {found.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on",
            "Set this machine's clock (`timedatectl set-ntp true`), or wait.",
        )
    if found.not_valid_after_utc - now < datetime.timedelta(days=WARN_DAYS):
        return note(what, _until(found), f"Renew it: {_RENEW}, and its timer should have.")
    return None


def _by_name(found: x509.Certificate, public_url: str) -> Finding | None:
    host = urlsplit(public_url).hostname
    names = names_of(found)
    if not host or stands_for(names, host):
        return None
    return fault(
        "certificate",
        f"it stands for {', '.join(names) or 'no host'}, and not for {host}",
        f"Get one for {host}: `certbot certonly --standalone -d {host}`, or correct "
        "SHARPCAST_PUBLIC_URL.",
    )


def _until(found: x509.Certificate) -> str:
    names = ", ".join(names_of(found)) or "no host"
    return f"for {names}, until {found.not_valid_after_utc:%Y-%m-%d}"


def names_of(found: x509.Certificate) -> tuple[str, ...]:
    """Returns the host names and addresses that a certificate stands for."""
    try:
        alternatives = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    hosts = alternatives.get_values_for_type(x509.DNSName)
    addresses = alternatives.get_values_for_type(x509.IPAddress)
    return (*hosts, *map(str, addresses))


def stands_for(names: tuple[str, ...], host: str) -> bool:
    """Returns True if one of the names is the host's (RFC 9525 section 6.3)."""
    try:
        return str(ipaddress.ip_address(host)) in names
    except ValueError:
        pass
    parent = host.lower().partition(".")[2]
    wanted = {host.lower(), f"*.{parent}"} if parent else {host.lower()}
    return not wanted.isdisjoint(name.lower() for name in names)
