"""Check of the tokens and of the way to the server: what a public address needs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from urllib.parse import urlsplit

from cli.diagnostics.finding import Finding, fault, good, note
from wire.setting_types import is_loopback
from wire.settings import Settings

MIN_BITS = 40
"""Bits of a token that is not weak. One address may try twenty words a minute, ten thousand of them
take a thousand years for half of 2^40."""

_COMMON = ("password", "secret", "changeme", "sharpcast", "token", "admin", "letmein", "qwerty")
_CURE = "`python3 -c 'import secrets; print(secrets.token_urlsafe(24))'` prints a strong one"


def check(settings: Settings) -> Iterator[Finding]:
    """Looks at both tokens, and at the encryption between server and browsers."""
    tokens = {
        "publish": settings.publish_token.get_secret_value(),
        "admin": settings.admin_token.get_secret_value(),
    }
    yield from (token(name, text) for name, text in tokens.items())
    if tokens["publish"] and tokens["publish"] == tokens["admin"]:
        yield fault(
            "tokens",
            "both tokens are the same: whoever may publish may administer",
            f"Set SHARPCAST_ADMIN_TOKEN to another word: {_CURE}.",
        )
    yield encryption(settings)


def token(name: str, text: str) -> Finding:
    """Judges one token."""
    what, setting = f"{name} token", f"SHARPCAST_{name.upper()}_TOKEN"
    if not text:
        # Settings without tokens are refused for any address but loopback.
        return note(what, "not set; only this machine is served")
    if strength_bits(text) < MIN_BITS:
        return fault(what, "it can be guessed", f"Set {setting} to a random word: {_CURE}.")
    return good(what, "set")


def strength_bits(text: str) -> float:
    """Estimates the bits that a guesser needs: the alphabet's size by the length, words cut out."""
    rest = text.lower()
    for word in _COMMON:
        rest = rest.replace(word, "")
    # What repeats or counts on adds nothing.
    steps = {ord(b) - ord(a) for a, b in zip(rest, rest[1:], strict=False)}
    if not rest or len(steps) <= 1 or len(set(rest)) < 4:
        return float(len(set(rest)))
    alphabet = 26 if rest.isalpha() else 10 if rest.isdigit() else 36
    return len(rest) * math.log2(alphabet)


def encryption(settings: Settings) -> Finding:
    """Tells whether browsers reach the server by HTTPS."""
    public = urlsplit(settings.public_url)
    if settings.tls_cert:
        return good("TLS", "SHARPCAST_TLS_CERT is set")
    if public.scheme == "https":
        return good("TLS", f"a proxy speaks HTTPS for {public.hostname}")
    if settings.is_loopback and (not public.hostname or is_loopback(public.hostname)):
        return note(
            "TLS",
            "not set; browsers give the camera to https pages and to localhost only",
            "To serve others: `sharpcast up --public https://HOST` asks for what is needed.",
        )
    return fault(
        "TLS",
        "others are served without encryption: tokens can be read on the way, and browsers give "
        "the camera to https pages only",
        "Set SHARPCAST_TLS_CERT and SHARPCAST_TLS_KEY (`certbot certonly --standalone -d HOST`), "
        "or put a reverse proxy in front and set SHARPCAST_PUBLIC_URL=https://HOST.",
    )
