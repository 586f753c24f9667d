"""Settings that name others who say who may do what: an issuer of JWTs, and a hook."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from urllib.parse import urlsplit

_NAMES = ("issuer", "audience", "keys", "claim")
_CLAIM = re.compile(r"[A-Za-z0-9_.:/-]{1,128}\Z")
_FORM = "issuer=https://id.example audience=sharpcast keys=https://id.example/jwks.json"

CLAIM = "sharpcast"
"""Name of the claim that holds the rights, unless the setting says otherwise."""


@dataclasses.dataclass(frozen=True, slots=True)
class JwtIssuer:
    """The issuer whose JWTs are taken."""

    issuer: str
    "The claim ``iss``."
    audience: str
    "Name that the claim ``aud`` must have."
    keys: str
    "Address of its JWKS, or path of a file."
    claim: str = CLAIM
    "Name of the claim that holds the rights."


def is_web_address(text: str) -> bool:
    """True for an ``http`` or ``https`` address with a host."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """True for a name or an address that only this machine reaches."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_clear(address: str) -> bool:
    """True if what is sent to this address leaves the machine without encryption."""
    parts = urlsplit(address)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def _is_near(host: str) -> bool:
    """True for private addresses, and for names without a dot, as containers have them."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host


def _check_encryption(address: str, what: str) -> None:
    if is_clear(address) and not _is_near(urlsplit(address).hostname or ""):
        raise ValueError(
            f"http:// {what} on the way; use https://, or an address of this machine or of a "
            "private network"
        )


def parse_jwt_issuer(text: str) -> JwtIssuer:
    """Returns what ``issuer=... audience=... keys=...`` says. Raises ValueError."""
    found: dict[str, str] = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        if name not in _NAMES or not equals or not value:
            raise ValueError(f"{word!r} is no part of the form {_FORM}")
        if name in found:
            raise ValueError(f"{name}= stands there twice")
        found[name] = value
    for name in _NAMES[:3]:
        if name not in found:
            raise ValueError(f"{name}= is missing; the form is {_FORM}")
    if not _CLAIM.match(found.get("claim", CLAIM)):
        raise ValueError("claim= has letters, digits, _ . : / - and at most 128 of them")
    keys = found["keys"]
    if "://" in keys:
        if not is_web_address(keys):
            raise ValueError("keys= is the address of a JWKS, https://host[:port]/path, or a path")
        _check_encryption(keys, "lets others change the keys")
    return JwtIssuer(**found)


def check_jwt(value: str) -> str:
    """Returns the setting if it can be parsed. Raises ValueError."""
    if value:
        parse_jwt_issuer(value)
    return value


def check_hook(value: str) -> str:
    """Returns the address of the hook if it is one. Raises ValueError."""
    # An address may hold a secret of its own, so no sentence repeats it.
    if value and not is_web_address(value):
        raise ValueError("it must be of the form https://host[:port]/path")
    if value:
        _check_encryption(value, "lets others read tokens")
    return value
