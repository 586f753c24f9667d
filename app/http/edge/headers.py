"""CORS and security headers of all answers."""

from __future__ import annotations

from urllib.parse import urlsplit

from app.http.edge.areas import METHODS, Area
from app.http.edge.origins import OriginVerdict

Headers = list[tuple[bytes, bytes]]

_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob: mediastream:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors {ancestors}; form-action 'self'"
)


def content_policy(ancestors: tuple[str, ...] = ("'self'",)) -> str:
    """Returns the content security policy of a page; ``ancestors`` may have it in a frame."""
    return _POLICY.format(ancestors=" ".join(ancestors))


_SECURITY = {
    "content-security-policy": content_policy(),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(self), display-capture=(self)",
}
_HSTS = "max-age=15552000"
"""Half a year, the minimum of Mozilla's guidelines."""


def security_headers(public_url: str) -> Headers:
    """Returns the security headers of an answer.

    HTTP Strict Transport Security holds for a host with all its ports, so it is sent only where
    the public address is https on the usual port: then the host is ours.
    """
    found = dict(_SECURITY)
    parts = urlsplit(public_url)
    if parts.scheme == "https" and parts.port in (None, 443):
        found["strict-transport-security"] = _HSTS
    return [(name.encode(), value.encode()) for name, value in found.items()]


# Scripts of other origins see only the headers named here. WHIP and WHEP clients need the first
# two.
_EXPOSED = (b"access-control-expose-headers", b"Location, Link, Retry-After, ETag")
_ANY = (b"access-control-allow-origin", b"*")
# The answer depends on the page that asks, which a cache between must know.
_VARY = (b"vary", b"Origin")


def cors_headers(verdict: OriginVerdict) -> Headers:
    """Returns the CORS headers of an answer; ``*`` suffices, since no answer needs cookies."""
    if verdict in (OriginVerdict.OPEN, OriginVerdict.MAY_NOT_WATCH):
        return [_ANY, _EXPOSED, _VARY]
    return [_VARY]


def preflight_headers(area: Area, path: str) -> Headers:
    """Returns a preflight's headers besides ``cors_headers`` (RFC 9725 section 4.2, Fetch)."""
    found = [
        (b"access-control-allow-methods", METHODS[area].encode()),
        (b"access-control-allow-headers", b"Authorization, Content-Type, If-Match, If-None-Match"),
        # Seconds: one day, the longest that Firefox keeps it. Chromium keeps it for two hours.
        (b"access-control-max-age", b"86400"),
        (b"allow", METHODS[area].encode()),
    ]
    if area in (Area.PUBLISH, Area.WATCH):
        # Below a viewer's session are WHEP's extensions, which take JSON.
        is_extension = path.count("/") > 3
        found.append((b"accept-post", b"application/json" if is_extension else b"application/sdp"))
        if path.count("/") == 3:  # a session (RFC 9725 section 4.3.1)
            found.append((b"accept-patch", b"application/trickle-ice-sdpfrag"))
    return found
